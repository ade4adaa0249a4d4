"""SQLite through aiosqlite: one writer with a queue in front of it, one reader beside it."""

from __future__ import annotations

import asyncio
import heapq
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import aiosqlite

from bot.storage.database import (
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
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BUSY_MILLISECONDS = 10_000  #: how long we wait for another process that writes
_NOTICE_SECONDS = 1.5  #: how often we look whether another process wrote (CONTRACT.md: within 2 s)
_UNAVAILABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}

_SETTINGS: tuple[LiteralString, ...] = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)


class WriterQueue:
    """A lock whose next holder is the one with the most urgent turn, then the one who asked first."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: list[tuple[Turn, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def acquire(self, turn: Turn) -> None:
        """Wait for the lock."""
        if not self._is_held and not self._waiting:
            self._is_held = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.release()  # it was ours already
            raise

    def release(self) -> None:
        """Hand the lock to the next in line."""
        while self._waiting:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._is_held = False


class SqliteTransaction:
    """Statements on one connection; also stands for the savepoints inside it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.channels: set[Channel] = set()
        self.savepoints = Savepoints(self.run)

    async def run(self, sql: LiteralString) -> None:
        """Run a statement that is about the transaction itself."""
        try:
            await self._connection.execute(sql)
        except sqlite3.Error as error:
            raise _translated(error) from error

    async def execute(self, sql: LiteralString, /, **values: Value) -> int:
        """Run a statement; return how many rows it changed."""
        await self.savepoints.before_statement()
        try:
            cursor = await self._connection.execute(sql, _stored(values))
        except sqlite3.Error as error:
            raise _translated(error) from error
        return cursor.rowcount

    async def fetch_one(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """Run a statement; return its first row, None where there is none."""
        rows = await self.fetch_all(sql, **values)
        return rows[0] if rows else None

    async def fetch_all(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        """Run a statement; return its rows."""
        if not _only_reads(sql):
            await self.savepoints.before_statement()
        try:
            rows: Any = await self._connection.execute_fetchall(sql, _stored(values))
        except sqlite3.Error as error:
            raise _translated(error) from error
        return list(rows)

    def notify(self, channel: Channel) -> None:
        """Wake whoever waits on *channel* once this is committed."""
        self.channels.add(channel)


class SqliteDatabase:
    """One file, through one writing and one reading connection."""

    skip_locked: LiteralString = ""
    writers = 1

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = SqliteTransaction(reader)
        self._reading_connection = reader
        self._queue = WriterQueue()
        self._ambient: Ambient[SqliteTransaction] = Ambient()
        self._subscriptions = Subscriptions()
        self._watcher = asyncio.create_task(self._watch_other_processes())

    @classmethod
    async def open(cls, path: Path, *, is_guest: bool = False) -> SqliteDatabase:
        """Open a migrated database.

        Args:
            path: The file.
            is_guest: Whether another process may be the one that lives with this file: then we never checkpoint, because
                SQLite before 3.51.3 has a rare corruption where two processes do (sqlite.org/wal.html, *WAL-reset bug*).
        """
        writer = await _connect(path, *_SETTINGS, *(("PRAGMA wal_autocheckpoint = 0",) if is_guest else ()))
        try:
            reader = await _connect(path, "PRAGMA query_only = ON")
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader)

    @asynccontextmanager
    async def transaction(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:
        """Open a transaction, or a savepoint of the one that is open here."""
        outer = self._ambient.get()
        if outer is not None:
            async with outer.savepoints.level():
                yield outer
            return
        await self._queue.acquire(turn)
        tx = SqliteTransaction(self._writer)
        news: set[Channel] = set()
        try:
            with self._ambient.opened(tx):
                await tx.run("BEGIN IMMEDIATE")
                yield tx
                news = tx.channels  # from here on: a COMMIT whose caller is cancelled may be carried out all the same
                await tx.run("COMMIT")
        except BaseException:
            await self._roll_back()
            raise
        finally:
            self._queue.release()
            if news:
                self._subscriptions.wake(*news)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        """Lend the reading connection; each statement sees what is committed when it begins."""
        self._ambient.forbid()
        yield self._reader

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Return an event that is set by each commit that wrote such rows."""
        return self._subscriptions.subscribe(*channels)

    async def close(self) -> None:
        """Close both connections; a connection of aiosqlite that stays open keeps the process from exiting."""
        self._watcher.cancel()
        await self._reading_connection.close()
        await self._writer.close()

    async def _roll_back(self) -> None:
        """Undo what is open.

        A cancelled COMMIT may have been carried out all the same, and SQLite undoes some failed transactions by itself (a full
        disk): there is nothing left to undo then. Statements reach the connection's thread in the order in which they were
        sent, also those whose caller was cancelled, so that the next BEGIN comes behind this.
        """
        try:
            await self._writer.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "no transaction is active" not in str(error):
                raise

    async def _watch_other_processes(self) -> None:
        """Wake everybody when another process has committed: ``data_version`` changes for its commits and not for ours."""
        seen = None
        while True:
            (row,) = await self._writer.execute_fetchall("PRAGMA data_version")
            version = dict(row)["data_version"]
            if seen not in {None, version}:
                self._subscriptions.wake()
            seen = version
            await asyncio.sleep(_NOTICE_SECONDS)


async def _connect(path: Path, *settings: LiteralString) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_MILLISECONDS / 1000)
    try:
        for setting in settings:
            await connection.execute_fetchall(setting)
    except BaseException:
        await connection.close()
        raise
    connection.row_factory = _to_row  # pyright: ignore[reportAttributeAccessIssue] — typed for sqlite3.Row only, takes any factory
    return connection


@lru_cache(maxsize=512)
def _only_reads(sql: LiteralString) -> bool:
    return sql.lstrip()[:6].upper() == "SELECT"


def _stored(values: dict[str, Value]) -> dict[str, Value]:
    """Return *values* as the columns hold them: instants in microseconds since 1970."""
    return {name: (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value for name, value in values.items()}


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


def _truth(stored: int | None) -> bool | None:
    return None if stored is None else bool(stored)


def _as_stored(stored: object) -> object:
    return stored


def _reader_of(column: str) -> Callable[[Any], object]:
    if column.endswith("_at"):
        return _instant
    return _truth if column.startswith(("is_", "has_")) else _as_stored


@lru_cache(maxsize=512)
def _readers_of(columns: tuple[str, ...]) -> tuple[Callable[[Any], object], ...]:
    return tuple(_reader_of(column) for column in columns)


def _to_row(cursor: sqlite3.Cursor, stored: Sequence[object]) -> dict[str, object]:
    columns = tuple(column[0] for column in cursor.description)
    return {column: read(value) for column, read, value in zip(columns, _readers_of(columns), stored, strict=True)}


def _translated(error: sqlite3.Error) -> Exception:
    """Return our word for a condition that callers act on, else the error itself."""
    code = error.sqlite_errorcode & 0xFFFF if hasattr(error, "sqlite_errorcode") else 0
    if code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return UniqueViolation(str(error))
    if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseBusy("Another process is writing to the database for longer than we wait.")
    if code & 0xFF in _UNAVAILABLE:
        return DatabaseUnavailable(f"The database cannot be used right now: {error}.")
    return error
