"""The steps of the schema, one folder for each database, and how they are applied."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.domain.errors import BotError

_FOLDERS = Path(__file__).parent
_LOCK_ID = 4_851_001  #: of the advisory lock; any number that nothing else in this database uses


class DatabaseTooNew(BotError):
    """The database was written by a newer release than this one."""


def migrate(url: str, path: Path | None, *, before: Callable[[], None]) -> None:
    """Bring the database to the schema of this release; call *before* ahead of the first pending step of one that has data.

    The caller holds the database's own lock (one process on SQLite, an advisory lock here on PostgreSQL), so that a lock of
    yoyo's that is found was left behind by a process that is dead.

    Raises:
        DatabaseTooNew: It has steps that this release does not know.
    """
    if path is not None:
        _prepare(path)
        _apply(f"sqlite:///{path}", "sqlite", before)
        return
    import psycopg  # noqa: PLC0415 — an optional extra, and not needed on SQLite

    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK_ID,))
        _apply(url.replace("postgresql://", "postgresql+psycopg://", 1), "postgresql", before)


def schema_version() -> str:
    """Return the name of the newest step."""
    return max(step.stem for step in (_FOLDERS / "sqlite").glob("*.sql"))


def _prepare(path: Path) -> None:
    """Create the file for our eyes only, and set what can only be set before the first table."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")


def _apply(uri: str, folder: str, before: Callable[[], None]) -> None:
    yoyo: Any = import_module("yoyo")  # 40 ms that only a start needs; it has no types
    with yoyo.get_backend(uri) as backend:
        backend.init_database()
        backend.break_lock()
        with backend.lock():
            steps = yoyo.read_migrations(str(_FOLDERS / folder))
            known = {step.hash for step in steps}
            applied = set(backend.get_applied_migration_hashes())
            if applied - known:
                raise DatabaseTooNew("The database was written by a newer release than this one: install that release or newer.")
            pending = backend.to_apply(steps)
            if pending and applied:
                before()
            backend.apply_migrations(pending)
