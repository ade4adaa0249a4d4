"""Where everything is wired: settings, database, services, scheduler, transports; and the order in which they start and stop."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from bot.domain.errors import BotError
from bot.domain.ids import Clock
from bot.domain.retention import Generations
from bot.scheduler.control import Control
from bot.scheduler.execution import Executor
from bot.services import key_file
from bot.services.alerting import Alerting
from bot.services.backups import Backups
from bot.services.closing import Closing
from bot.services.delivering import Delivering
from bot.services.dialogs import Dialogs
from bot.services.enrolling import Enrolling
from bot.services.erasing import Erasing
from bot.services.matching import Matching
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.relaying import Relaying
from bot.services.requesting import Requesting
from bot.services.vault import Vault
from bot.settings import Settings, SettingsError
from bot.storage import keys, migrations
from bot.storage.database import Database
from bot.tasks.base import TaskServices


class WrongSetup(BotError):
    """The machine or its settings are not as they must be; the sentence says what would be right."""


def utc_now() -> datetime:
    """Return the current instant."""
    return datetime.now(UTC)  # noqa: TID251 — the one place where it is read


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything below the transports, for one process."""

    settings: Settings
    clock: Clock
    db: Database
    vault: Vault
    owner: str  #: this process, in leases
    outbox: Outbox
    people: People
    alerting: Alerting
    dialogs: Dialogs
    matching: Matching
    offering: Offering
    requesting: Requesting
    relaying: Relaying
    closing: Closing
    enrolling: Enrolling
    delivering: Delivering
    executor: Executor
    control: Control

    @property
    def owned_intervals(self) -> dict[str, timedelta]:
        """The intervals that the environment owns, by name of the schedule."""
        minutes = {
            "backup": self.settings.backup_interval_minutes,
            "cleanup": self.settings.cleanup_interval_minutes,
            "match": self.settings.match_interval_minutes,
        }
        return {name: timedelta(minutes=value) for name, value in minutes.items() if value is not None}


def owner_of(kind: str) -> str:
    """Return a name for this process that no other has, nor one after a restart."""
    return f"{kind}:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def check(settings: Settings) -> None:
    """Check what must be there before a database is touched.

    Raises:
        SettingsError: A folder cannot be written.
        WrongSetup: Data would lie where it does not last, or the driver is missing.
    """
    if settings.is_postgresql and find_spec("psycopg") is None:
        raise WrongSetup("DATABASE_URL names PostgreSQL: install the driver with pip install '.[postgres]'.")
    _check_folders(settings)


async def prepare(settings: Settings) -> None:
    """Bring the schema up to date, behind a backup; the caller holds the lock of the database.

    Raises:
        DatabaseTooNew: The database is of a newer release.
        DatabaseUnavailable: The server cannot be reached.
    """
    url, path = settings.database_url, settings.sqlite_path
    if await asyncio.to_thread(migrations.is_current, url, path):
        return
    if await asyncio.to_thread(migrations.is_behind, url, path):
        async with opened(settings, kind="upgrade") as app:
            await app.executor.services.backups.create()
    await asyncio.to_thread(migrations.migrate, url, path)


@asynccontextmanager
async def opened(settings: Settings, *, kind: str, is_guest: bool = False, clock: Clock = utc_now) -> AsyncGenerator[App]:
    """Open the database and wire everything below the transports.

    Args:
        settings: As they were loaded.
        kind: What this process is, for its name in leases.
        is_guest: Whether the bot may run beside this process on the same SQLite file.
        clock: What tells the time.

    Raises:
        WrongKey: ``ENCRYPTION_KEY`` does not open this database.
    """
    db = await _open_database(settings, is_guest=is_guest)
    try:
        vault = await Vault.open(db, await _encryption_keys(settings, db), at=clock())
        yield wire(settings, db, vault, owner=owner_of(kind), clock=clock)
    finally:
        await db.close()


def wire(settings: Settings, db: Database, vault: Vault, *, owner: str, clock: Clock) -> App:
    """Return the services over one database, each made once."""
    outbox = Outbox(vault=vault)
    people = People(db=db, vault=vault, clock=clock, admin_ids=frozenset(settings.admin_ids))
    alerting = Alerting(outbox=outbox, people=people)
    dialogs = Dialogs(db=db, vault=vault)
    offering = Offering(db=db, clock=clock, outbox=outbox, people=people, capacity=settings.max_sessions_per_counselor)
    matching = Matching(
        db=db,
        clock=clock,
        outbox=outbox,
        alerting=alerting,
        capacity=settings.max_sessions_per_counselor,
        offer_timeout=settings.offer_timeout,
        crisis_offer_timeout=settings.crisis_offer_timeout,
    )
    tasks = TaskServices(
        backups=_backups(settings, db, vault, clock),
        erasing=Erasing(db=db, clock=clock, vault=vault, retention=settings.session_retention),
        matching=matching,
    )
    return App(
        settings=settings,
        clock=clock,
        db=db,
        vault=vault,
        owner=owner,
        outbox=outbox,
        people=people,
        alerting=alerting,
        dialogs=dialogs,
        matching=matching,
        offering=offering,
        requesting=Requesting(db=db, clock=clock, vault=vault, dialogs=dialogs, offering=offering),
        relaying=Relaying(db=db, clock=clock, vault=vault, outbox=outbox, people=people),
        closing=Closing(db=db, clock=clock, outbox=outbox, people=people),
        enrolling=Enrolling(db=db, clock=clock, vault=vault, outbox=outbox, people=people),
        delivering=Delivering(db=db, clock=clock, outbox=outbox, offering=offering),
        executor=Executor(db=db, clock=clock, owner=owner, services=tasks, alerting=alerting),
        control=Control(db=db, clock=clock, max_retries=settings.scheduler_default_retries),
    )


def _backups(settings: Settings, db: Database, vault: Vault, clock: Clock) -> Backups:
    return Backups(
        db=db,
        clock=clock,
        vault=vault,
        folder=settings.backup_dir,
        url=settings.database_url,
        sqlite_path=settings.sqlite_path,
        programs=settings.pg_bin_dir,
        generations=Generations(
            daily=settings.backup_keep_daily, weekly=settings.backup_keep_weekly, monthly=settings.backup_keep_monthly
        ),
    )


async def _open_database(settings: Settings, *, is_guest: bool) -> Database:
    if settings.sqlite_path is not None:
        from bot.storage.sqlite import SqliteDatabase  # noqa: PLC0415 — the driver that is needed, and only that

        return await SqliteDatabase.open(settings.sqlite_path, is_guest=is_guest)
    from bot.storage.postgresql import PostgresDatabase  # noqa: PLC0415 — as above

    return await PostgresDatabase.open(settings.database_url)


async def _encryption_keys(settings: Settings, db: Database) -> Sequence[bytes]:
    """Return ``ENCRYPTION_KEY``, or the key that the first start made and keeps beside the database."""
    if settings.encryption_key:
        return settings.encryption_key
    path = (settings.sqlite_path or Path(key_file.NAME)).with_name(key_file.NAME)
    if settings.render and settings.is_postgresql:
        raise SettingsError(["ENCRYPTION_KEY: not set, and no file lasts here; make one with openssl rand -base64 32 and set it"])
    if path.absolute().is_relative_to(settings.backup_dir.absolute()):
        raise SettingsError(["BACKUP_DIR: holds the folder of the database, and with it the key; name another folder"])
    async with db.reading() as tx:
        is_new = not await keys.of_the_service(tx) and not await keys.is_wanted(tx)
    return [key_file.load(path, may_make=is_new)]


def _check_folders(settings: Settings) -> None:
    data = settings.sqlite_path
    if data is not None:
        _writable(data.parent, "the database", "DATABASE_URL")
    _writable(settings.backup_dir, "backups", "BACKUP_DIR")
    if settings.render:
        for path, name in ((data, "DATABASE_URL"), (settings.backup_dir, "BACKUP_DIR")):
            if path is not None and not _is_mounted(path):
                raise WrongSetup(
                    f"{name}: {path} is on no disk of its own, so a deploy would delete it: "
                    "attach a disk to this service and put the path under its mount, for example /var/data."
                )


def _writable(folder: Path, what: str, variable: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"{variable}: the folder for {what}, {folder}, cannot be made ({error.strerror})"]) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            [f"{variable}: the folder for {what}, {folder}, cannot be written; change its owner or name another one"]
        )


def _is_mounted(path: Path) -> bool:
    """Return whether *path* lies under a mount point other than the root."""
    return any(os.path.ismount(folder) for folder in (path.absolute(), *path.absolute().parents) if folder != Path("/"))
