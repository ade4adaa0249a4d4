"""In what condition a database is: whether it can be used, which the log says when it changes, and whether it is damaged."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bot.storage.database import Collided, DatabaseUnavailable

logger = logging.getLogger(__name__)

#: Files up to this size are read as a whole at each start: 0.75 ms for each MB that is in memory, about 4 from a cheap disk.
_READ_WHOLE_BYTES = 64 * 1024 * 1024
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DatabaseDamaged(DatabaseUnavailable):
    """What is read from the database makes no sense, and waiting does not help: it has to be restored."""


class Condition:
    """What the users of one database last found: a fault is said once, when it begins, and once when it is over."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_quiet = is_quiet  #: a command that says by itself what it met
        self._failing_since: float | None = None
        self.damaged = asyncio.Event()  #: set for good

    @property
    def is_failing(self) -> bool:
        """Whether the last that was heard of the database is a fault."""
        return self._failing_since is not None

    def note(self, error: Exception) -> Exception:
        """Take note of what somebody met; return it."""
        if isinstance(error, DatabaseDamaged) and not self.damaged.is_set():
            self.damaged.set()
            logger.error("The database is damaged (%s).", error)
        elif isinstance(error, DatabaseUnavailable) and not isinstance(error, Collided) and self._failing_since is None:
            self._failing_since = time.monotonic()
            if not self._is_quiet:
                logger.error("%s Nothing is lost, and everything is tried again until it works.", error)
        return error

    def works(self) -> None:
        """Take note that something was written."""
        if self._failing_since is not None:
            if not self._is_quiet:
                logger.info("The database works again, after %.0f s.", time.monotonic() - self._failing_since)
            self._failing_since = None


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether SQLite says with *error* that the file makes no sense."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def check_file(path: Path) -> None:
    """Pass where the SQLite file at *path* is sound, as far as a start has time to look.

    All of a small file is read, and the schema of a large one; what is damaged elsewhere shows when it is used.

    Raises:
        DatabaseDamaged: It is not.
        sqlite3.Error: It cannot be read.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if path.stat().st_size > _READ_WHOLE_BYTES:
                return
            problems = [row[0] for row in connection.execute("PRAGMA quick_check(1)") if row[0] != "ok"]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DatabaseDamaged(str(error)) from error
        raise
    if problems:
        raise DatabaseDamaged("its pages contradict each other")
