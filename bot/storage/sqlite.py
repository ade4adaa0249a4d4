"""SQLite through the standard library: one writer with a queue in front of it, two readers beside it.

A statement that looks up or writes a few rows takes 5 to 30 µs, a journey to another thread and back ten times that. So the
short statements of a conversation run where they are called, and what waits for the disk or for another process (BEGIN, COMMIT,
maintenance that takes long) runs in the connection's own thread. Measured with ``bench relay`` against a thread for everything:
1.6 times the messages a second, two thirds of the CPU for each.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

from bot.domain.ids import RunId
from bot.storage.condition import Condition, DatabaseDamaged, is_damage
from bot.storage.database import (
    PARAMETER,
    Ambient,
    Channel,
    DatabaseBusy,
    DatabaseUnavailable,
    Row,
    Savepoints,
    Subscriptions,
    Transaction,
    Turn,
    UniqueViolation,
    Value,
    only_reads,
)
from bot.storage.holding import DatabaseInUse, lock_file
from bot.storage.turns import Line

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BUSY_SECONDS = 10.0  #: how long we wait for another process that writes
_BUSY_AGAIN_SECONDS = 0.25  #: and how long once we have waited in vain, so that nobody queues up behind those who wait
_NOTICE_MORE_SECONDS = 0.1  #: and while it writes on: a log that somebody is always writing to is rarely empty
_NOTICE_SECONDS = 1.5  #: how often we look whether another process wrote (CONTRACT.md: within 2 s)
_REST = 4  #: how much longer a guest leaves the file free than it held it: the bot, which looks after 1, 3, 8 ms, is soon in
_SERIALIZED = 3  #: connections may be handed from thread to thread (PEP 249, *threadsafety*)
_STATEMENTS = 512  #: kept prepared for each connection; more than we have
_UNAVAILABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}

_SETTINGS: tuple[LiteralString, ...] = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # what undoes a statement, too: many rows at once would write it to a file, page by page
)


#: A checkpoint is part of the commit that is due for it, and everybody waits: four small ones rather than a large one. While a
#: million messages were erased, the slowest hundredth of the pieces took 5 ms in place of 11 (``bench cleanup``).
_LOG_PAGES: LiteralString = "PRAGMA wal_autocheckpoint = 250"


class Done(NamedTuple):
    """What a statement gave."""

    rows: list[Row]
    changed: int  #: rows


class Connection:
    """A connection, and the thread that does for it what may take long."""

    def __init__(self, path: Path, condition: Condition, *settings: LiteralString) -> None:
        self._condition = condition
        self._patience_seconds = _BUSY_SECONDS
        self._changes = 0  #: rows, until the transaction began
        self._connection = sqlite3.connect(
            path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False, cached_statements=_STATEMENTS
        )
        for setting in settings:
            self._connection.execute(setting)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")

    def now(self, sql: LiteralString, values: dict[str, Value]) -> Done:
        """Run a statement here; nothing of this connection may be under way in its thread."""
        try:
            return self._execute(sql, values)
        except DatabaseUnavailable as error:
            self._condition.note(error)
            raise

    def data_version(self) -> int:
        """Return what changes when another connection commits."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return version

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    async def later(self, sql: LiteralString, values: dict[str, Value]) -> Done:
        """Run a statement in the thread, behind what was sent there before, also by a caller who was cancelled since."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, sql, values)
        except DatabaseUnavailable as error:
            self._condition.note(error)
            raise

    async def begin(self) -> None:
        """Begin to write, behind another process that does; with little patience after one that held us up for long."""
        patience = _BUSY_AGAIN_SECONDS if self._condition.is_failing else _BUSY_SECONDS
        if patience != self._patience_seconds:
            self._connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
            self._patience_seconds = patience
        await self.later("BEGIN IMMEDIATE", {})
        self._changes = self._connection.total_changes

    async def commit(self) -> None:
        """Commit what was written."""
        await self.later("COMMIT", {})
        if self._condition.is_failing and self._connection.total_changes > self._changes:
            self._condition.works()  # an empty transaction ends well on a full disk too

    def _execute(self, sql: LiteralString, values: dict[str, Value]) -> Done:
        try:
            text, names = _rewritten(sql)
            cursor = self._connection.execute(text, _stored(values, names))
            return Done(_to_rows(cursor), cursor.rowcount)
        except sqlite3.Error as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()


class SqliteTransaction:
    """Statements on one connection; also stands for the savepoints inside it."""

    holding: LiteralString = ""

    def __init__(self, connection: Connection, turn: Turn, *, is_reading: bool = False) -> None:
        self._connection = connection
        self._is_quick = turn is not Turn.MAINTENANCE
        self._is_reading = is_reading
        self.channels: set[Channel] = set()
        self.savepoints = Savepoints(self._run)

    async def execute(self, sql: LiteralString, /, **values: Value) -> int:
        """Run a statement; return how many rows it changed."""
        await self.savepoints.before_statement()
        return (await self._run(sql, values)).changed

    async def fetch_one(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """Run a statement; return its first row, None where there is none."""
        rows = await self.fetch_all(sql, **values)
        return rows[0] if rows else None

    async def fetch_all(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        """Run a statement; return its rows."""
        if not only_reads(sql):
            await self.savepoints.before_statement()
        return (await self._run(sql, values)).rows

    def notify(self, channel: Channel) -> None:
        """Wake whoever waits on *channel* once this is committed."""
        self.channels.add(channel)

    def carry(self, run_id: RunId) -> None:
        """Do nothing: the runner of this process looks for runs by itself."""

    async def _run(self, sql: LiteralString, values: dict[str, Value] | None = None) -> Done:
        if not self._is_reading and not self._connection.is_in_transaction:
            # by itself, at an error of the disk: what followed would be committed one by one
            raise DatabaseUnavailable("The database has undone the transaction.")
        if self._is_quick:
            return self._connection.now(sql, values or {})
        return await self._connection.later(sql, values or {})


class SqliteDatabase:
    """One file, through one connection that writes and two that read: for the conversation, and for maintenance."""

    skip_locked: LiteralString = ""
    writers = 1

    def __init__(
        self, writer: Connection, readers: dict[Turn, Connection], condition: Condition, *, guest_at: Path | None = None
    ) -> None:
        self.condition = condition
        self._guest_at = guest_at  #: the file, where another process may be the one that lives with it
        self._writer = writer
        self._readers = readers
        self._queue = Line()
        self._ambient: Ambient[SqliteTransaction] = Ambient()
        self._subscriptions = Subscriptions()
        self._watcher = asyncio.create_task(self._watch_other_processes(writer.data_version()))

    @classmethod
    async def open(cls, path: Path, *, is_guest: bool = False) -> SqliteDatabase:
        """Open a migrated database.

        Args:
            path: The file.
            is_guest: Whether another process may be the one that lives with this file: while it does we never checkpoint, because
                SQLite before 3.51.3 has a rare corruption where two processes do (sqlite.org/wal.html, *WAL-reset bug*).

        Raises:
            DatabaseUnavailable: The file cannot be opened.
        """
        if sqlite3.threadsafety != _SERIALIZED:
            raise DatabaseUnavailable("The SQLite of this Python was built without its locks: use another build of Python.")
        try:
            condition = Condition(is_quiet=is_guest)
            log_pages = "PRAGMA wal_autocheckpoint = 0" if is_guest else _LOG_PAGES
            writer = Connection(path, condition, *_SETTINGS, log_pages)
            readers = {
                turn: Connection(path, condition, "PRAGMA query_only = ON") for turn in (Turn.CONVERSATION, Turn.MAINTENANCE)
            }
            return cls(writer, readers, condition, guest_at=path if is_guest else None)
        except sqlite3.Error as error:
            raise _translated(error) from error

    @asynccontextmanager
    async def transaction(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:
        """Open a transaction, or a savepoint of the one that is open here."""
        outer = self._ambient.get()
        if outer is not None:
            async with outer.savepoints.level():
                yield outer
            return
        await self._queue.acquire(turn)
        tx = SqliteTransaction(self._writer, turn)
        is_committing = False
        try:
            with self._ambient.opened(tx):
                await self._writer.begin()
                began_at = asyncio.get_running_loop().time()
                yield tx
                is_committing = True  # from here on it may be carried out, also where we are cancelled
                await self._writer.commit()
        except BaseException:
            await asyncio.shield(self._roll_back())  # also where we are cancelled a second time
            raise
        finally:
            self._queue.release()
            if is_committing and tx.channels:
                self._subscriptions.wake(*tx.channels)
        if self._guest_at is not None and turn is not Turn.CONVERSATION:
            await self._give_way(self._guest_at, asyncio.get_running_loop().time() - began_at)

    @asynccontextmanager
    async def reading(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:
        """Lend a reading connection; each statement sees what is committed when it begins."""
        self._ambient.forbid()
        yield SqliteTransaction(self._readers[turn], turn, is_reading=True)

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Return an event that is set by each commit that wrote such rows."""
        return self._subscriptions.subscribe(*channels)

    async def close(self) -> None:
        """Close all connections."""
        self._watcher.cancel()
        for connection in (*self._readers.values(), self._writer):
            await connection.close()

    async def _roll_back(self) -> None:
        """Undo what is open.

        A cancelled COMMIT may have been carried out all the same, and SQLite undoes some failed transactions by itself (a full
        disk): there is nothing left to undo then.
        """
        try:
            await self._writer.later("ROLLBACK", {})
        except sqlite3.OperationalError as error:
            if "no transaction is active" not in str(error):
                raise

    async def _give_way(self, path: Path, held_seconds: float) -> None:
        """Let the bot find the file free: it looks at intervals, and who is always back at once would be there before it.

        Where no bot lives with the file nobody is kept waiting, but nobody empties the log either; then we do, under its lock.
        """
        try:
            with lock_file(path):
                await self._aside("PRAGMA wal_checkpoint(PASSIVE)")
        except DatabaseInUse:
            await asyncio.sleep(_REST * held_seconds)

    async def _empty_the_log(self) -> None:
        """Checkpoint what a guest wrote, as far as that is due: it never does, and we may have nothing to commit for a minute.

        By a commit, which finds something to do at each checkpoint: the corruption needs one that finds nothing.
        """
        if self._guest_at is None:
            await self._aside("PRAGMA user_version = 0")

    async def _aside(self, sql: LiteralString) -> list[Row]:
        """Run a statement on the writer while nobody writes: it has one place for the error of its last statement."""
        await self._queue.acquire(Turn.MAINTENANCE)
        try:
            return (await asyncio.shield(self._writer.later(sql, {}))).rows
        finally:
            self._queue.release()

    async def _watch_other_processes(self, seen: int) -> None:
        """Wake everybody when another process has committed: ``data_version`` changes for its commits and not for ours."""
        while True:
            pause_seconds = _NOTICE_SECONDS
            try:
                (row,) = await self._aside("PRAGMA data_version")
            except (DatabaseUnavailable, sqlite3.Error) as error:
                logger.debug("What other processes write is not noticed (%s); looking again.", type(error).__name__)
            else:
                if seen != row["data_version"]:
                    seen = row["data_version"]
                    self._subscriptions.wake()
                    await self._empty_the_log()
                    pause_seconds = _NOTICE_MORE_SECONDS
            await asyncio.sleep(pause_seconds)


@lru_cache(maxsize=1024)
def _rewritten(sql: LiteralString) -> tuple[str, list[str]]:
    """Return *sql* with a ``?`` in place of each of our parameters, and their names in that order.

    SQLite finds the name of a parameter by going through those before it, so that a statement with 600 of them, each bound by its
    name, spends three quarters of its time on that.
    """
    return PARAMETER.sub("?", sql), PARAMETER.findall(sql)


def _stored(values: dict[str, Value], names: list[str]) -> list[Value]:
    """Return the values with these names as the columns hold them: instants in microseconds since 1970."""
    wanted = [values[name] for name in names]
    return [(value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value for value in wanted]


def _instant(stored: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stored)


@lru_cache(maxsize=512)
def _readers_of(columns: tuple[str, ...]) -> list[tuple[str, Callable[[Any], object]]]:
    """Return the columns that hold something else than they say, and how each is read."""
    instants = [(column, _instant) for column in columns if column.endswith("_at")]
    return [*instants, *((column, bool) for column in columns if column.startswith(("is_", "has_")))]


def _to_rows(cursor: sqlite3.Cursor) -> list[Row]:
    """Return what a statement gave; a long queue is ten thousand rows, so that what is the same for all is done once."""
    stored = cursor.fetchall()
    if not stored:
        return []
    columns = tuple(column[0] for column in cursor.description)
    rows: list[dict[str, Any]] = [dict(zip(columns, values, strict=True)) for values in stored]
    for column, read in _readers_of(columns):
        for row in rows:
            if row[column] is not None:
                row[column] = read(row[column])
    return list[Row](rows)


def _translated(error: sqlite3.Error) -> Exception:
    """Return our word for a condition that callers act on, else the error itself."""
    code = error.sqlite_errorcode & 0xFFFF if hasattr(error, "sqlite_errorcode") else 0
    if code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return UniqueViolation(str(error))
    if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseBusy("Another process is writing to the database for longer than we wait.")
    if is_damage(error):
        return DatabaseDamaged(str(error))
    if code & 0xFF in _UNAVAILABLE:
        return DatabaseUnavailable(f"The database cannot be used right now: {error}.")
    return error
