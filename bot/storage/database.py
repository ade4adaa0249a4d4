"""The seam between our SQL and the two databases.

One text of SQL serves both: ``:name`` parameters, instants as aware ``datetime`` in columns that end in ``_at``, truth in
columns that begin with ``is_`` or ``has_``, bytes, integers and text as they are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, LiteralString, Protocol, TypeVar
from weakref import WeakSet

from bot.domain.ids import RunId

if TYPE_CHECKING:
    from bot.storage.condition import Condition

Value = str | int | float | bytes | bool | datetime | None
Row = Mapping[str, Any]

PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


class Channel(StrEnum):
    """What somebody may wait for; a commit that wrote such a row wakes them."""

    UPDATE = "update"
    DELIVERY = "delivery"
    RUN = "run"
    CLOCK = "clock"  #: something now has an earlier due time
    JOB = "job"  #: on PostgreSQL: a run was sent to whoever executes it


class Turn(IntEnum):
    """Who goes first where writers queue (SQLite has one), and what may take longer than the loop should wait."""

    CONVERSATION = 0
    BATCH = 1  #: a few milliseconds of writing by key, many times over
    MAINTENANCE = 2  #: statements that may take long


class UniqueViolation(Exception):
    """A row with this key exists already; the transaction is undone up to its last savepoint."""


class DatabaseUnavailable(Exception):
    """The database cannot do this right now: the disk is full, a file is read-only, the server is gone; nothing was changed."""


class DatabaseBusy(DatabaseUnavailable):
    """Another process holds the database longer than we wait; try again."""


class Collided(DatabaseBusy):
    """Two transactions waited for each other, and this one was undone; try again, nothing is wrong with the database."""


class Transaction(Protocol):
    """What a statement is run in. A savepoint of it is the same object."""

    @property
    def holding(self) -> LiteralString:
        """What ends a SELECT that holds its rows, in its order, until the transaction ends; empty where there is one writer."""
        ...

    async def execute(self, sql: LiteralString, /, **values: Value) -> int:
        """Run a statement; return how many rows it changed."""
        ...

    async def fetch_one(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """Run a statement; return its first row, None where there is none."""
        ...

    async def fetch_all(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        """Run a statement; return its rows."""
        ...

    def notify(self, channel: Channel) -> None:
        """Wake whoever waits on *channel*, here and in other processes, once this is committed."""
        ...

    def carry(self, run_id: RunId) -> None:
        """Have what a change of this run made ready carried to where it is executed, once this is committed.

        Call it wherever a run begins to wait or is no longer under way. Does nothing on SQLite, where who executes runs is woken
        by their channel, and looks.
        """
        ...


class Database(Protocol):
    """One database, through one driver."""

    @property
    def condition(self) -> Condition:
        """Whether it can be used."""
        ...

    @property
    def skip_locked(self) -> LiteralString:
        """What ends a SELECT that claims rows beside others who do the same; empty where there is one writer."""
        ...

    @property
    def writers(self) -> int:
        """How many transactions can be under way side by side."""
        ...

    def transaction(self, turn: Turn = Turn.CONVERSATION) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction, committed at the end of the block, undone by an exception; inside one, a savepoint of it."""
        ...

    def reading(self, turn: Turn = Turn.CONVERSATION) -> AbstractAsyncContextManager[Transaction]:
        """Lend a connection for SELECTs that see what is committed and never wait for a writer.

        What looks at more than a few rows says that it is maintenance, and is then not in a conversation's way.

        Raises:
            RuntimeError: A transaction is open here; read through it.
        """
        ...

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Return an event that is set by each commit that wrote such rows, ours or another process's, as long as it is held."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@lru_cache(maxsize=512)
def only_reads(sql: LiteralString) -> bool:
    """Return whether a statement changes nothing."""
    return sql.lstrip()[:6].upper() == "SELECT"


def spread(sql: LiteralString, **lists: Sequence[Value] | Sequence[tuple[Value, ...]]) -> tuple[LiteralString, dict[str, Value]]:
    """Write lists out in a statement; return it, and the values of its parameters.

    ``:ids`` becomes ``(:ids_0_0, :ids_1_0)`` for a list of values, as behind IN; its last one is repeated up to a power of two,
    so that there are few such statements to prepare. Of a list of tuples each is in brackets, as behind VALUES. A list may not be
    empty, and in one of tuples PostgreSQL takes a column that is always None for text.
    """
    values: dict[str, Value] = {}
    for name, items in lists.items():
        rows = [item if isinstance(item, tuple) else (item,) for item in items]
        width = len(rows[0]) if isinstance(items[0], tuple) else None
        if width is None:
            rows += rows[-1:] * ((1 << (len(rows) - 1).bit_length()) - len(rows))
        sql, names = _written_out(sql, name, len(rows), width)
        values.update(zip(names, chain.from_iterable(rows), strict=True))
    return sql, values


@lru_cache(maxsize=1024)
def _written_out(sql: LiteralString, name: str, count: int, width: int | None) -> tuple[LiteralString, list[str]]:
    """Return *sql* with so many items in place of *name*, each of so many values, and the names of their parameters."""
    rows = [[f"{name}_{row}_{column}" for column in range(width or 1)] for row in range(count)]
    items = [", ".join(f":{one}" for one in row) for row in rows]
    joined = f"({', '.join(items)})" if width is None else ", ".join(f"({item})" for item in items)
    return sql.replace(f":{name}", joined), list(chain.from_iterable(rows))  # type: ignore[return-value] — our own names


def inserted(row: Row | None) -> int:
    """Return the id in the row of an ``INSERT … RETURNING id`` that cannot do nothing."""
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row.")
    return int(row["id"])


Open = TypeVar("Open", bound=Transaction)


class Ambient(Generic[Open]):
    """The transaction that is open in the current ``asyncio.Task``; tasks started inside it have none."""

    def __init__(self) -> None:
        self._open: ContextVar[tuple[asyncio.Task[Any] | None, Open] | None] = ContextVar("open_transaction", default=None)

    def get(self) -> Open | None:
        """Return the open transaction, None where there is none."""
        found = self._open.get()
        return found[1] if found is not None and found[0] is asyncio.current_task() else None

    @contextmanager
    def opened(self, tx: Open) -> Generator[None]:
        """Make *tx* the open one for the block."""
        token = self._open.set((asyncio.current_task(), tx))
        try:
            yield
        finally:
            self._open.reset(token)

    def forbid(self) -> None:
        """Pass where no transaction is open.

        Raises:
            RuntimeError: One is; reading beside it would not see its writes, or wait for it for ever.
        """
        if self.get() is not None:
            raise RuntimeError("A transaction is open in this task: read through it.")


_NAMES: tuple[LiteralString, ...] = ("level_1", "level_2", "level_3", "level_4", "level_5", "level_6", "level_7", "level_8")


class Savepoints:
    """The savepoints of one transaction, which cost nothing until something happens inside them.

    Levels that are entered with nothing in between mean the same state, so they share one savepoint: it is set before the first
    statement inside them, a failure of any of them goes back to it, and the outermost of them releases it.
    """

    def __init__(self, run: Callable[[LiteralString], Awaitable[object]]) -> None:
        self._run = run
        self._levels: list[LiteralString | None] = []  #: the savepoint of each open level; None while it has none

    async def before_statement(self) -> None:
        """Set the savepoint of the innermost level, and of those around it that have none either."""
        if not self._levels or self._levels[-1] is not None:
            return
        first = next(number for number, name in enumerate(self._levels) if name is None)
        name = _NAMES[first]
        await self._run("SAVEPOINT " + name)
        for number in range(first, len(self._levels)):
            self._levels[number] = name

    @asynccontextmanager
    async def level(self) -> AsyncGenerator[None]:
        """Undo what is done in the block where it fails."""
        self._levels.append(None)
        try:
            yield
        except BaseException as error:
            name = self._levels.pop()
            if name is not None:
                await self._undo(name, error)
            raise
        name = self._levels.pop()
        if name is not None and name not in self._levels:
            await self._run("RELEASE " + name)

    async def _undo(self, name: LiteralString, error: BaseException) -> None:
        """Go back to a savepoint.

        Raises:
            DatabaseUnavailable: There is none any more; the database has undone the whole transaction by itself.
        """
        try:
            await self._run("ROLLBACK TO " + name)
            if name not in self._levels:
                await self._run("RELEASE " + name)
        except Exception as lost:  # noqa: BLE001 — whatever the driver calls it, the savepoint is gone
            raise DatabaseUnavailable(f"The database has undone the transaction ({type(lost).__name__}).") from error


class Subscriptions:
    """The events behind ``Database.subscribe``."""

    def __init__(self) -> None:
        self._events: dict[Channel, WeakSet[asyncio.Event]] = {channel: WeakSet() for channel in Channel}

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Return a new event for *channels*."""
        event = asyncio.Event()
        for channel in channels:
            self._events[channel].add(event)
        return event

    def wake(self, *channels: Channel) -> None:
        """Set the events of *channels*; of all where none is named."""
        for channel in channels or tuple(Channel):
            for event in self._events[channel]:
                event.set()


async def wait(event: asyncio.Event, *, seconds: float | None) -> None:
    """Wait until *event* is set or the time has passed, and clear it."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
