"""PostgreSQL through psycopg: a pool of connections, and one that listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from bot.domain.ids import RunId
from bot.storage import carrier
from bot.storage.condition import Condition
from bot.storage.database import (
    PARAMETER,
    Ambient,
    Channel,
    Collided,
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
    spread,
)
from bot.storage.listening import PatientConnection

logger = logging.getLogger(__name__)

_Connection = psycopg.AsyncConnection[dict[str, Any]]
_Cursor = psycopg.AsyncRawCursor[dict[str, Any]]  #: takes PostgreSQL's own parameters
_CONNECTIONS = 10  #: most in the pool; eight workers, the sender and the scheduler rarely need more at once
_RECONNECT_SECONDS = 1.0
_WAIT_SECONDS = 10.0  #: for a connection
_WAIT_AGAIN_SECONDS = 1.0  #: once we have waited in vain, so that nobody queues up behind those who wait
#: For so long the pool tries by itself, further and further apart; then each who wants a connection makes it try at once.
_POOL_TRIES_SECONDS = 5.0
_PREFIX = "hu_counseling_"  #: of the names that we NOTIFY

#: A transaction that hangs must not hold its rows for ever, nor wait for ever for those of somebody else; no transaction of ours
#: takes a tenth of that.
_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=30000 -c lock_timeout=10000"


class PostgresTransaction:
    """Statements on one connection; also stands for the savepoints inside it."""

    holding: LiteralString = "FOR NO KEY UPDATE"  #: as an UPDATE does

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.channels: set[Channel] = set()
        self.has_written = False
        self._changed_runs: set[RunId] = set()
        self.savepoints = Savepoints(self._control)

    async def execute(self, sql: LiteralString, /, **values: Value) -> int:
        """Run a statement; return how many rows it changed."""
        return (await self._run(sql, values)).rowcount

    async def fetch_one(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """Run a statement; return its first row, None where there is none."""
        return await (await self._run(sql, values)).fetchone()

    async def fetch_all(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        """Run a statement; return its rows."""
        return list(await (await self._run(sql, values)).fetchall())

    def notify(self, channel: Channel) -> None:
        """Wake whoever waits on *channel* once this is committed."""
        self.channels.add(channel)

    def carry(self, run_id: RunId) -> None:
        """Have what a change of this run made ready carried to where it is executed, once this is committed."""
        self._changed_runs.add(run_id)

    async def before_commit(self) -> None:
        """Send what others are to hear of this, all at once: it reaches them with the commit."""
        if self._changed_runs:
            sql, values = spread(carrier.CARRY, ids=sorted(self._changed_runs))
            await self.execute(sql, **values)
            self.channels.add(Channel.JOB)
        for channel in self.channels:
            await self.connection.execute("SELECT pg_notify($1, '')", (_PREFIX + channel,))

    async def _control(self, sql: LiteralString) -> None:
        try:
            await self.connection.execute(sql)
        except psycopg.Error as error:
            raise _translated(error) from error

    async def _run(self, sql: LiteralString, values: dict[str, Value]) -> psycopg.AsyncCursor[dict[str, Any]]:
        await self.savepoints.before_statement()  # also of one that only reads: a failure spoils the transaction for all
        try:
            text, names = _rewritten(sql)
            done = await self.connection.execute(text, [values[name] for name in names])
        except psycopg.Error as error:
            raise _translated(error) from error
        self.has_written = self.has_written or not only_reads(sql)
        return done


class PostgresDatabase:
    """One PostgreSQL database, shared with any number of processes."""

    skip_locked: LiteralString = "FOR UPDATE SKIP LOCKED"
    writers = 8

    def __init__(self, url: str, pool: AsyncConnectionPool[_Connection]) -> None:
        self.condition = Condition()
        self._url = url
        self._pool = pool
        self._ambient: Ambient[PostgresTransaction] = Ambient()
        self._subscriptions = Subscriptions()
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, url: str) -> PostgresDatabase:
        """Connect to a migrated database.

        Raises:
            psycopg.OperationalError: It cannot be reached.
        """
        pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "row_factory": dict_row, "cursor_factory": _Cursor, "options": _OPTIONS},
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_WAIT_SECONDS,
            reconnect_timeout=_POOL_TRIES_SECONDS,
            configure=_show_the_carrier,
            open=False,
        )
        await pool.open(wait=True, timeout=15)
        return cls(url, pool)

    @asynccontextmanager
    async def transaction(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:  # noqa: ARG002 — there are many writers here
        """Open a transaction, or a savepoint of the one that is open here."""
        outer = self._ambient.get()
        if outer is not None:
            async with outer.savepoints.level():
                yield outer
            return
        async with self._connection() as connection:
            tx = PostgresTransaction(connection)
            with self._ambient.opened(tx):
                async with connection.transaction():
                    yield tx
                    await tx.before_commit()
        if tx.has_written:
            self.condition.works()
        if tx.channels:
            self._subscriptions.wake(*tx.channels)

    @asynccontextmanager
    async def reading(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:  # noqa: ARG002 — as above
        """Lend a connection; each statement sees what is committed when it begins."""
        self._ambient.forbid()
        async with self._connection() as connection:
            yield PostgresTransaction(connection)

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Return an event that is set by each commit that wrote such rows, in any process."""
        return self._subscriptions.subscribe(*channels)

    async def close(self) -> None:
        """Close every connection."""
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener
        await self._pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[_Connection]:
        """Lend a connection of the pool; what psycopg says of a server that is gone becomes our word for it.

        A cancellation that comes just when a connection becomes free for who waits is lost in the pool (psycopg_pool 3.3 waits
        with ``asyncio.wait_for``, bpo-37658), and who should have been stopped by it would go on for ever: raise it again.
        """
        me = asyncio.current_task()
        cancellations = me.cancelling() if me else 0
        try:
            async with self._pool.connection(_WAIT_AGAIN_SECONDS if self.condition.is_failing else None) as connection:
                if me and me.cancelling() > cancellations:
                    raise asyncio.CancelledError
                yield connection
        except psycopg.OperationalError as error:
            raise self.condition.note(_translated(error)) from error
        except DatabaseUnavailable as error:
            self.condition.note(error)
            raise

    async def _listen(self) -> None:
        """Pass on what other processes notify; reconnect for as long as it takes, and wake everybody for what was missed."""
        has_said = False
        while True:
            try:
                async with await PatientConnection.connect(self._url, autocommit=True) as connection:
                    for channel in Channel:
                        await connection.execute(f"LISTEN {_PREFIX}{channel}".encode())
                    self._subscriptions.wake()
                    has_said = False
                    async for notification in connection.notifies():
                        self._subscriptions.wake(Channel(notification.channel.removeprefix(_PREFIX)))
            except psycopg.Error as error:
                if not has_said:
                    logger.warning("The database does not notify us (%s); trying again until it does.", type(error).__name__)
                has_said = True
            await asyncio.sleep(_RECONNECT_SECONDS)


async def _show_the_carrier(connection: _Connection) -> None:
    """Have a new connection find procrastinate's tables, behind whatever else it finds."""
    sql = "SELECT set_config('search_path', current_setting('search_path') || ', ' || $1, false)"
    await connection.execute(sql, (carrier.SCHEMA,))


@lru_cache(maxsize=1024)
def _rewritten(sql: LiteralString) -> tuple[bytes, list[str]]:
    """Return *sql* with PostgreSQL's own parameters in place of ours, and our names in their order.

    psycopg would read its own ones anew at every call of a long statement: half of what matching cost.
    """
    names = list(dict.fromkeys(PARAMETER.findall(sql)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return PARAMETER.sub(lambda found: numbers[found[1]], sql).encode(), names


def _translated(error: psycopg.Error) -> Exception:
    """Return our word for a condition that callers act on, else the error itself."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return UniqueViolation(error.diag.constraint_name or "unique")
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return Collided("Two transactions waited for each other; this one was undone.")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return DatabaseBusy("Another process holds rows of the database for longer than we wait.")
    if isinstance(error, psycopg.OperationalError):
        return DatabaseUnavailable(f"The database cannot be used right now ({type(error).__name__}).")
    return error
