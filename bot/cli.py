"""The command line: ``python -m bot`` and ``run_scheduled_tasks.py``. What needs no Telegram imports none of it."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from bot import app as root
from bot import logs, texts
from bot.app import App
from bot.domain.errors import BotError, InvalidInput
from bot.domain.people import OPERATOR, Gender, display_name
from bot.scheduler.execution import TaskBusy
from bot.services.enrolling import Volunteer
from bot.services.vault import WrongKey
from bot.settings import Settings, SettingsError, load
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from bot.storage.holding import DatabaseInUse, lock_file
from bot.storage.migrations import DatabaseTooNew
from bot.storage.runs import NewRun, Run, RunState, Trigger
from bot.tasks import TASKS

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
_BUSY_POLL_SECONDS = 0.25
Result = TypeVar("Result")

ALL = ("backup", "cleanup", "match")  #: what ``all`` does, in this order

app = typer.Typer(help="The HU Counseling bot.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
people_app = typer.Typer(help="Counselors and admins.", no_args_is_help=True)
app.add_typer(people_app, name="people")


@app.callback()
def main() -> None:
    """Anonymous talks with trained volunteers, and the maintenance that keeps them safe."""


@app.command()
def run() -> None:
    """Run the bot until SIGTERM or SIGINT."""
    settings = _settings()
    from bot import lifecycle  # noqa: PLC0415 — imports telegram

    _run(lambda: lifecycle.run(settings))


@app.command()
def demo(*, script: Annotated[bool, typer.Option("--script", help="End after the story.")] = False) -> None:
    """Play a whole conversation between made-up people, without a token and without Telegram."""
    if _settings().bot_token is not None:
        _fail("BOT_TOKEN is set (here or in .env), and the demo must not meet real people: run it in another folder.", WRONG)
    from bot import demonstration  # noqa: PLC0415 — imports telegram and the playground

    _run(lambda: demonstration.run(ends=script))


@people_app.command("add-counselor")
def add_counselor(
    telegram_id: Annotated[int, typer.Option(help="Their Telegram id, a number; @userinfobot tells it.")],
    name: Annotated[str, typer.Option(help="The name that students see, 2 to 50 characters.")],
    topics: Annotated[str, typer.Option(help=f"Keys separated by commas, the first counts most: {', '.join(texts.topics())}.")],
    gender: Annotated[Gender, typer.Option(help="For the wishes of students.")] = Gender.ANONYMOUS,
) -> None:
    """Make somebody a counselor, approved and online; also beside a running bot."""
    keys = [key.strip() for key in topics.split(",") if key.strip()]
    volunteer = Volunteer(telegram_id=telegram_id, name=name, topics=keys, gender=gender)

    async def add(settings: Settings) -> None:
        async with _beside_the_bot(settings) as opened:
            await opened.enrolling.add_counselor(OPERATOR, volunteer)

    settings = _settings()
    _run(lambda: add(settings))
    typer.echo(f"{display_name(name)} is a counselor now, approved and online.")


TheirId = Annotated[str, typer.Option(help="Their Telegram id, a number; they must have written to the bot before.")]


@people_app.command("appoint-admin")
def appoint_admin(telegram_id: TheirId) -> None:
    """Make somebody an admin, beside those of ADMIN_IDS; also beside a running bot."""

    async def appoint(settings: Settings) -> None:
        async with _beside_the_bot(settings) as opened:
            await opened.admin.appointing.appoint_by_telegram_id(OPERATOR, telegram_id)

    settings = _settings()
    _run(lambda: appoint(settings))
    typer.echo("They are an admin now.")


@people_app.command("dismiss-admin")
def dismiss_admin(telegram_id: TheirId) -> None:
    """Take the role of an admin away from somebody who was appointed; also beside a running bot."""

    async def dismiss(settings: Settings) -> None:
        async with _beside_the_bot(settings) as opened:
            await opened.admin.appointing.dismiss_by_telegram_id(OPERATOR, telegram_id)

    settings = _settings()
    _run(lambda: dismiss(settings))
    typer.echo("They are no longer an admin.")


def run_scheduled_tasks(
    task: Annotated[str, typer.Argument(help="A task by name, all (backup, cleanup, match), or list.")],
    *,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a run of the same task elsewhere.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON.")] = False,
) -> None:
    """Run scheduled tasks once, beside a running bot or alone."""
    if task == "list":
        typer.echo(json.dumps(list(TASKS)) if as_json else "\n".join(TASKS))
        return
    if task not in {*TASKS, "all"}:
        _fail(f"There is no task {task}: choose from {', '.join(TASKS)}, all, list.", WRONG)
    names = ALL if task == "all" else (task,)
    settings = _settings()
    outcomes: list[dict[str, Any]] = []
    code = _run(lambda: _run_tasks(settings, names, wait, outcomes))
    if as_json:
        typer.echo(json.dumps(outcomes))
    raise typer.Exit(code or DONE)


async def _run_tasks(settings: Settings, names: tuple[str, ...], wait: float, outcomes: list[dict[str, Any]]) -> int:
    codes: list[int] = []
    async with _beside_the_bot(settings) as opened:
        for name in names:
            try:
                finished = await opened.executor.execute(await _begin(opened, name, wait))
            except (TaskBusy, DatabaseUnavailable) as error:
                typer.echo(str(error), err=True)
                is_busy = isinstance(error, TaskBusy | DatabaseBusy)
                outcomes.append({"task": name, "state": "busy" if is_busy else "failed", "error": str(error)})
                codes.append(BUSY if is_busy else FAILED)
            else:
                outcomes.append({"task": name, "state": finished.state, "result": finished.result, "error": finished.error})
                codes.append(DONE if finished.state is RunState.SUCCEEDED else FAILED)
                if finished.error:
                    typer.echo(f"{name}: {finished.error}", err=True)
        await _send(opened)
    failed = [code for code in codes if code]
    return FAILED if len(names) > 1 and failed else max(codes)


async def _begin(opened: App, name: str, wait: float) -> Run:
    """Begin a run of a task; wait while one is under way elsewhere.

    Raises:
        TaskBusy: It still is after *wait* seconds.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait
    while True:
        new = NewRun(task=name, trigger=Trigger.CLI, requested_by="cli", max_attempts=1, scheduled_for=opened.clock())
        try:
            return await opened.executor.begin(new)
        except TaskBusy:
            if loop.time() >= give_up_at:
                raise
        await asyncio.sleep(_BUSY_POLL_SECONDS)


async def _send(opened: App) -> None:
    """Tell people what this command owes them, unless a bot is there to do it."""
    own = set(opened.outbox.made)
    if not own:
        return
    if opened.settings.bot_token is None:
        typer.echo(f"{len(own)} messages wait for the bot: BOT_TOKEN is not set here.", err=True)
        return
    from bot import lifecycle  # noqa: PLC0415 — imports telegram, only where there is something to send

    try:
        left = await lifecycle.send_own(opened, own)
    except DatabaseInUse:
        return  # the bot runs, and sends them
    if left:
        typer.echo(f"{len(left)} messages wait for the bot.", err=True)


@asynccontextmanager
async def _beside_the_bot(settings: Settings) -> AsyncGenerator[App]:
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
        pass  # the one who holds it has done so
    async with root.opened(settings, kind="cli", is_guest=True) as opened:
        yield opened


def _settings() -> Settings:
    try:
        settings = load()
    except SettingsError as error:
        _fail(str(error), WRONG)
    logs.configure(level=settings.log_level, fmt=settings.log_format, file=settings.log_file, secrets=settings.secrets)
    return settings


def _run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run *work*; a refusal becomes one line and an exit code."""
    try:
        return asyncio.run(work())
    except BotError as error:
        _fail(str(error), next((code for kind, code in _CODES if isinstance(error, kind)), FAILED))
    except SettingsError as error:
        _fail(str(error), WRONG)
    except DatabaseUnavailable as error:
        _fail(str(error), BUSY if isinstance(error, DatabaseBusy) else FAILED)
    except sqlite3.DatabaseError as error:
        _fail(f"The database cannot be used: {error}.", FAILED)
    except Exception:
        logger.exception("Stopped by an error that nobody thought of.")
        sys.exit(FAILED)


def _fail(line: str, code: int) -> NoReturn:
    typer.echo(line, err=True)
    sys.exit(code)


def main_of_script() -> None:
    """Run ``run_scheduled_tasks.py``."""
    typer.run(run_scheduled_tasks)
