"""Where everything is wired: settings, database, services, scheduler, transports; and the order in which they start and stop."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import socket
import sqlite3
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from bot import wiring
from bot.domain.errors import BotError
from bot.domain.ids import Clock
from bot.scheduler.composing import Composing
from bot.scheduler.control import Control
from bot.scheduler.drafts import Rules
from bot.scheduler.execution import Executor
from bot.scheduler.reconciling import Reconciling
from bot.services import backup_keys, key_file
from bot.services.administration import Administration
from bot.services.alerting import Alerting
from bot.services.applying import Applying
from bot.services.closing import Closing
from bot.services.delivering import Delivering
from bot.services.dialogs import Dialogs
from bot.services.enrolling import Enrolling
from bot.services.health import Health
from bot.services.idling import Idling
from bot.services.inviting import Inviting
from bot.services.matching import Matching
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.profiles import Profiles
from bot.services.pulse import Pulse
from bot.services.rating import Rating
from bot.services.reaching import Reaching
from bot.services.relaying import Relaying
from bot.services.requesting import Requesting
from bot.services.restoring import MustBeRestored, way_back
from bot.services.serving import Serving
from bot.services.transferring import Transferring
from bot.services.vault import Vault
from bot.settings import Settings, SettingsError
from bot.storage import keys, migrations
from bot.storage.condition import DatabaseDamaged, check_file, is_damage
from bot.storage.database import Database
from bot.tasks.installed import add_installed

#: How long a thread waits for the interpreter at most. At Python's 5 ms each statement of the database's thread waits that long
#: for a loop that is busy, and so does the loop for a thread that computes.
_SWITCH_SECONDS = 0.0005
_OBJECTS_UNTIL_COLLECTED = 5_000


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
    reaching: Reaching
    relaying: Relaying
    closing: Closing
    transferring: Transferring
    rating: Rating
    idling: Idling
    enrolling: Enrolling
    profiles: Profiles
    applying: Applying
    serving: Serving
    delivering: Delivering
    health: Health
    admin: Administration
    inviting: Inviting
    executor: Executor
    control: Control
    composing: Composing
    reconciling: Reconciling

    @property
    def pulse(self) -> Pulse:
        """What Telegram did last."""
        return self.health.pulse

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
        WrongSetup: Data would lie where it does not last, or what PostgreSQL needs is not installed.
    """
    if settings.is_postgresql and not (find_spec("psycopg") and find_spec("procrastinate")):
        raise WrongSetup("DATABASE_URL names PostgreSQL: install what that needs with pip install '.[postgres]'.")
    _check_folders(settings)


async def prepare(settings: Settings) -> None:
    """Bring the schema up to date, behind a backup; the caller holds the lock of the database.

    Raises:
        DatabaseTooNew: The database is of a newer release.
        DatabaseUnavailable: The server cannot be reached.
        MustBeRestored: The database is damaged.
    """
    url, path = settings.database_url, settings.sqlite_path
    with _showing_the_way_back(settings):
        if path is not None:
            await asyncio.to_thread(check_file, path)
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
        MustBeRestored: The database is damaged, or turned out to be while it was used.
    """
    add_installed()
    with _showing_the_way_back(settings):
        db = await _open_database(settings, is_guest=is_guest)
        try:
            wrapping = await _encryption_keys(settings, db)
            await backup_keys.put_back(db, wrapping, settings.backup_dir, at=clock())
            vault = await Vault.open(db, wrapping, at=clock())
            yield wire(settings, db, vault, owner=owner_of(kind), clock=clock)
        finally:
            await db.close()
        if db.condition.damaged.is_set():
            raise DatabaseDamaged("found while it was used")


def settle() -> None:
    """Keep Python from making the loop wait, in a process that lives on; call it once all is imported and opened.

    The collector of cyclic garbage would look through all modules each time that it looks everywhere, and nothing else goes on
    for these 40 ms: what is there now is not looked at again. A match makes ten thousands of objects that live until its end;
    it need not look at them a hundred times either.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)


def wire(settings: Settings, db: Database, vault: Vault, *, owner: str, clock: Clock) -> App:
    """Return the services over one database, each made once."""
    outbox = Outbox(vault=vault)
    people = People(db=db, vault=vault, clock=clock, admin_ids=frozenset(settings.admin_ids))
    alerting = Alerting(outbox=outbox, people=people)
    dialogs = Dialogs(db=db, clock=clock, vault=vault)
    offering = Offering(db=db, clock=clock, outbox=outbox, people=people, capacity=settings.max_sessions_per_counselor)
    reaching = Reaching(db=db, clock=clock, outbox=outbox, people=people, offering=offering)
    profiles = Profiles(db=db, clock=clock, vault=vault, dialogs=dialogs, alerting=alerting)
    matching = wiring.matching(settings, clock, outbox, alerting, db)
    requesting = Requesting(db=db, clock=clock, vault=vault, dialogs=dialogs, offering=offering)
    closing = Closing(db=db, clock=clock, outbox=outbox, people=people, requesting=requesting)
    transferring = Transferring(db=db, clock=clock, outbox=outbox, people=people)
    pulse = Pulse(db=db, clock=clock)
    idling = Idling(db=db, clock=clock, outbox=outbox, closing=closing, pulse=pulse, timeout=settings.session_timeout)
    health = Health(db=db, clock=clock, pulse=pulse, sqlite_path=settings.sqlite_path, backup_dir=settings.backup_dir)
    watching = wiring.watching(settings, matching, offering, transferring, idling, health)
    tasks = wiring.task_services(settings, vault, matching, watching)
    control = Control(db=db, clock=clock, rules=Rules(zone=settings.timezone, max_retries=settings.scheduler_default_retries))
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
        requesting=requesting,
        reaching=reaching,
        relaying=Relaying(db=db, clock=clock, vault=vault, outbox=outbox, people=people),
        closing=closing,
        transferring=transferring,
        rating=Rating(db=db, clock=clock, vault=vault, dialogs=dialogs),
        idling=idling,
        enrolling=Enrolling(db=db, clock=clock, vault=vault, outbox=outbox, people=people),
        profiles=profiles,
        applying=Applying(db=db, clock=clock, vault=vault, dialogs=dialogs, alerting=alerting, profiles=profiles),
        serving=Serving(db=db, clock=clock, offering=offering),
        delivering=Delivering(db=db, clock=clock, outbox=outbox, reaching=reaching),
        health=health,
        admin=wiring.administration(dialogs, offering, matching, transferring, tasks.reporting),
        inviting=Inviting(db=db, clock=clock, outbox=outbox, people=people),
        executor=Executor(db=db, clock=clock, owner=owner, services=tasks, alerting=alerting),
        control=control,
        composing=Composing(db=db, clock=clock, dialogs=dialogs, control=control),
        reconciling=Reconciling(db=db, clock=clock, zone=settings.timezone, max_retries=settings.scheduler_default_retries),
    )


@contextmanager
def _showing_the_way_back(settings: Settings) -> Generator[None]:
    """Say with what to restore a database that is found to be damaged in the block."""
    try:
        yield
    except (DatabaseDamaged, sqlite3.DatabaseError) as error:
        if settings.sqlite_path is None or (isinstance(error, sqlite3.Error) and not is_damage(error)):
            raise
        raise MustBeRestored(way_back(settings.sqlite_path, settings.backup_dir)) from error


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
        if data.exists() and not os.access(data, os.R_OK | os.W_OK):
            raise SettingsError([f"DATABASE_URL: the file {data} cannot be written; change its owner or its mode"])
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
