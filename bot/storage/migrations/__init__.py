"""The steps of the schema, one folder for each database, and how they are applied."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, nullcontext, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.domain.errors import BotError
from bot.storage.database import DatabaseUnavailable

if TYPE_CHECKING:
    import psycopg

_FOLDERS = Path(__file__).parent
_LOCK_ID = 4_851_001  #: of the advisory lock; any number that nothing else in this database uses


class DatabaseTooNew(BotError):
    """The database was written by a newer release than this one."""


def is_current(url: str, path: Path | None) -> bool:
    """Return whether exactly the steps of this release are applied, and on PostgreSQL what carries runs is there.

    Asks the table in which yoyo keeps that, so that most starts never load it: 40 ms and 3 MB.

    Raises:
        DatabaseUnavailable: The server cannot be reached.
    """
    if path is None and not _has_carrier(url):
        return False
    applied = _applied_on_sqlite(path) if path is not None else _applied_on_postgresql(url)
    return applied == {step.stem for step in (_FOLDERS / "sqlite").glob("*.sql")}


def migrate(url: str, path: Path | None) -> None:
    """Bring the database to the schema of this release.

    The caller holds the database's own lock (one process on SQLite, an advisory lock here on PostgreSQL), so that a lock of
    yoyo's that is found was left behind by a process that is dead.

    Raises:
        DatabaseTooNew: It has steps that this release does not know.
        DatabaseUnavailable: The server cannot be reached.
        MayNotCreate: The user of the database may not create what carries runs.
    """
    if path is not None:
        _prepare(path)
    with _backend(url, path) as (backend, steps):
        backend.break_lock()
        with backend.lock(), redirect_stdout(io.StringIO()):  # yoyo prints what SQLite answers to some ALTER TABLE
            backend.apply_migrations(backend.to_apply(steps))
            if path is None:
                _bring_carrier(url)


def is_behind(url: str, path: Path | None) -> bool:
    """Return whether there is a database that lacks steps of this release.

    Raises:
        DatabaseTooNew: It has steps that this release does not know.
        DatabaseUnavailable: The server cannot be reached.
    """
    if path is not None and not path.exists():
        return False
    with _backend(url, path) as (backend, steps):
        return bool(backend.get_applied_migration_hashes()) and bool(backend.to_apply(steps))


def schema_version() -> str:
    """Return the name of the newest step."""
    return max(step.stem for step in (_FOLDERS / "sqlite").glob("*.sql"))


def _applied_on_sqlite(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_yoyo_migration'").fetchone():
            return set()
        return {row[0] for row in connection.execute("SELECT migration_id FROM _yoyo_migration")}


def _applied_on_postgresql(url: str) -> set[str]:
    with _connected(url) as connection:
        if connection.execute("SELECT to_regclass('_yoyo_migration')").fetchone() == (None,):
            return set()
        return {str(row[0]) for row in connection.execute("SELECT migration_id FROM _yoyo_migration")}


def _has_carrier(url: str) -> bool:
    from bot.storage import carrier  # noqa: PLC0415 — needs an optional extra

    with _connected(url) as connection:
        return carrier.is_there(connection)


def _bring_carrier(url: str) -> None:
    """Create the tables of the carrier of runs where they are not there; the caller holds the lock."""
    from bot.storage import carrier  # noqa: PLC0415 — needs an optional extra

    with _connected(url) as connection:
        if not carrier.is_there(connection):
            carrier.create(connection)


def _prepare(path: Path) -> None:
    """Create the file for our eyes only, and set what can only be set before the first table."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _backend(url: str, path: Path | None) -> Generator[tuple[Any, Any]]:
    """Lend yoyo's connection to the database and its list of our steps."""
    with _guard(url) if path is None else nullcontext():
        yoyo: Any = import_module("yoyo")  # 40 ms that only a start needs; it has no types
        uri = f"sqlite:///{quote(str(path))}" if path is not None else url.replace("postgresql://", "postgresql+psycopg://", 1)
        with yoyo.get_backend(uri) as backend:
            backend.init_database()
            steps = yoyo.read_migrations(str(_FOLDERS / ("postgresql" if path is None else "sqlite")))
            if set(backend.get_applied_migration_hashes()) - {step.hash for step in steps}:
                raise DatabaseTooNew("The database was written by a newer release than this one: install that release or newer.")
            yield backend, steps


@contextmanager
def _guard(url: str) -> Generator[None]:
    """Let one process at a time change the schema of a PostgreSQL database."""
    with _connected(url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_ID,))
        yield


@contextmanager
def _connected(url: str) -> Generator[psycopg.Connection]:
    import psycopg  # noqa: PLC0415 — an optional extra, and not needed on SQLite

    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable("The PostgreSQL server cannot be reached: start it, or correct DATABASE_URL.") from error
    with connection:
        yield connection
