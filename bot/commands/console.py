"""What every command needs: its settings, the database beside a running bot, exit codes, questions, JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import typer

from bot import app as root
from bot import logs
from bot.app import App
from bot.domain.errors import BotError, InvalidInput
from bot.scheduler.execution import TaskBusy
from bot.services.vault import WrongKey
from bot.settings import Settings, SettingsError, load
from bot.storage import migrations
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from bot.storage.holding import DatabaseInUse, lock_file
from bot.storage.migrations import DatabaseTooNew

logger = logging.getLogger(__name__)

#: CONTRACT.md, *Exit codes*.
DONE, FAILED, WRONG, BUSY = 0, 1, 2, 75
_CODES: tuple[tuple[type[BotError], int], ...] = (
    (DatabaseInUse, BUSY),
    (TaskBusy, BUSY),
    (InvalidInput, WRONG),
    (WrongKey, WRONG),
    (DatabaseTooNew, WRONG),
)
_PREPARING_SECONDS = 30.0
_POLL_SECONDS = 0.1
Result = TypeVar("Result")


def load_settings() -> Settings:
    """Return the settings, and log as they say; end with 2 where one of them cannot be."""
    try:
        settings = load()
    except SettingsError as error:
        fail(str(error), WRONG)
    logs.configure(level=settings.log_level, fmt=settings.log_format, file=settings.log_file, secrets=settings.secrets)
    return settings


def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run *work*; a refusal becomes one line and an exit code."""
    try:
        return asyncio.run(work())
    except BotError as error:
        fail(str(error), code_of(error))
    except SettingsError as error:
        fail(str(error), WRONG)
    except DatabaseUnavailable as error:
        fail(str(error), BUSY if isinstance(error, DatabaseBusy) else FAILED)
    except sqlite3.DatabaseError as error:
        fail(f"The database cannot be used: {error}.", FAILED)
    except BrokenPipeError:  # whoever read the output has seen enough, such as head; click ends quietly then
        raise
    except Exception:
        logger.exception("Stopped by an error that nobody thought of.")
        sys.exit(FAILED)


def run_with(work: Callable[[App], Coroutine[Any, Any, Result]]) -> Result:
    """Run *work* with everything below the transports, beside a running bot or alone; refusals as in ``run``."""
    settings = load_settings()

    async def opened() -> Result:
        async with beside_the_bot(settings) as app:
            return await work(app)

    return run(opened)


def code_of(error: BotError) -> int:
    """Return what a command ends with that is refused like this."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def fail(line: str, code: int) -> NoReturn:
    """End with one line on stderr."""
    typer.echo(line, err=True)
    sys.exit(code)


def say_json(value: object) -> None:
    """Print *value* as JSON, on one line."""
    typer.echo(json.dumps(value))


def is_at_terminal() -> bool:
    """Return whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, is_sure: bool, default: bool = True) -> None:
    """Ask for a yes, unless *is_sure* or nobody is there; end with 1 where it is a no. *default* is what Enter means."""
    if not is_sure and is_at_terminal() and not typer.confirm(question, default=default, err=True):
        fail("Nothing was changed.", FAILED)


@asynccontextmanager
async def beside_the_bot(settings: Settings) -> AsyncGenerator[App]:
    """Open the database for a short while; bring its schema up to date first where no bot lives with it."""
    root.check(settings)
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        logger.warning("There was no database at %s: a new one is made.", settings.sqlite_path.absolute())
    try:
        if settings.sqlite_path is None:
            await root.prepare(settings)
        else:
            with lock_file(settings.sqlite_path):
                await root.prepare(settings)
    except DatabaseInUse:
        await _prepared_elsewhere(settings)
    async with root.opened(settings, kind="cli", is_guest=True) as opened:
        yield opened


async def _prepared_elsewhere(settings: Settings) -> None:
    """Wait until whoever lives with the SQLite file has brought it up to date; nearly always that was long ago.

    Raises:
        DatabaseInUse: It is not in time, or never will be: who holds it is of another release.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + _PREPARING_SECONDS
    while not await asyncio.to_thread(migrations.is_current, settings.database_url, settings.sqlite_path):
        if loop.time() > give_up_at:
            raise DatabaseInUse("Another process is bringing the database up to date, or is of another release: try again later.")
        await asyncio.sleep(_POLL_SECONDS)
