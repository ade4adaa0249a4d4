"""How a run travels to whoever executes it, on PostgreSQL: as a job of procrastinate, which names the run and nothing else.

The row of ``run`` is the only truth. A job is a message: one too many does nothing, and one that is lost is sent again by
``carry_what_waits``. That is why procrastinate's tables can lie in a schema of their own that bears its version: an upgrade makes
a new one, beside which the old one goes on for as long as processes of the old release live, and nothing is ever migrated.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, LiteralString

from bot.domain.errors import BotError
from bot.domain.ids import RunId
from bot.storage.database import Transaction
from bot.storage.runs import HORIZON

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import AsyncConnectionPool

FAMILY = "hu_counseling_procrastinate_"  #: so begin the schemas of all versions
SCHEMA = FAMILY + version("procrastinate").replace(".", "_")
QUEUE = "hu_counseling"
TASK = "execute_run"

_CONNECTIONS = 3  #: most of a worker: it fetches, it closes, it says that it lives
_WAIT_SECONDS = 5.0  #: for one of them

#: Sends a message for each run of the common table ``ready``, through procrastinate's own function.
_SEND: LiteralString = """
    SELECT procrastinate_defer_jobs_v1(array_agg(CAST(
               ROW('hu_counseling', 'execute_run', 0, NULL, NULL, jsonb_build_object('run_id', run.id),
                   CASE WHEN run.attempt > 0 THEN run.due_at END)
               AS procrastinate_job_to_defer_v1)))
      FROM run JOIN ready ON ready.id = run.id
"""

#: A statement of ``PostgresTransaction``: what became ready by the changes of the runs with these ids. Where one of them is no
#: longer under way, that is also the next one of its task: it was in the way of that one, whose message came in vain.
CARRY: LiteralString = (
    """
    WITH changed AS (SELECT id, state, concurrency_key FROM run WHERE id IN :ids),
         ready AS (
             SELECT id FROM changed WHERE state IN ('scheduled', 'retrying')
              UNION
             SELECT (SELECT waiting.id FROM run AS waiting
                      WHERE waiting.state IN ('scheduled', 'retrying') AND waiting.concurrency_key = changed.concurrency_key
                        AND (waiting.attempt = 0 OR waiting.due_at <= clock_timestamp())
                      ORDER BY waiting.due_at, waiting.id LIMIT 1)
               FROM changed WHERE state NOT IN ('scheduled', 'running'))
    """
    + _SEND
)

#: Runs that could be taken now, and that no message is on its way for; one that others look after right now is left to them.
_CARRY_WHAT_WAITS: LiteralString = (
    """
    WITH ready AS (
        SELECT id FROM run AS waiting
         WHERE state IN ('scheduled', 'retrying') AND (attempt = 0 OR due_at <= :at OR due_at > :horizon)
           AND NOT EXISTS (
               SELECT 1 FROM run AS busy WHERE busy.state = 'running' AND busy.concurrency_key = waiting.concurrency_key)
           AND NOT EXISTS (
               SELECT 1 FROM procrastinate_jobs AS job
                WHERE job.args = jsonb_build_object('run_id', waiting.id)
                  AND (job.status = 'doing' OR job.status = 'todo' AND coalesce(job.scheduled_at, now()) <= now()))
         FOR NO KEY UPDATE SKIP LOCKED)
    """
    + _SEND
)


class MayNotCreate(BotError):
    """The user of the database may not create a schema."""


def connections(url: str) -> AsyncConnectionPool:
    """Return connections for procrastinate, which find its tables and nothing else; opened by ``async with``."""
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415 — an optional extra

    return AsyncConnectionPool(
        url,
        kwargs={"options": f"-c search_path={SCHEMA} -c lock_timeout=10000"},
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=_WAIT_SECONDS,
        reconnect_timeout=_WAIT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )


async def carry_what_waits(tx: Transaction, *, at: datetime) -> None:
    """Send a message for each run that can be taken at *at* and has none: it was lost, or its clock was set back."""
    await tx.execute(_CARRY_WHAT_WAITS, at=at, horizon=at + HORIZON)


async def until_free(tx: Transaction, run_id: RunId, *, at: datetime) -> timedelta | None:
    """Return how long a run that could not be taken still has to wait; None where nobody has to wait for it.

    That is where it is over or under way, or where another run of its task is: who ends that one sends a new message. Both rows
    are held, so that this end is either seen here, or sees that ours waits.
    """
    waiting = await tx.fetch_one(
        "SELECT concurrency_key, attempt, due_at FROM run WHERE id = :id AND state IN ('scheduled', 'retrying') " + tx.holding,
        id=run_id,
    )
    if waiting is None:
        return None
    busy = await tx.fetch_one(
        "SELECT id FROM run WHERE state = 'running' AND concurrency_key = :key " + tx.holding, key=waiting["concurrency_key"]
    )
    if busy is not None:
        return None
    return max(timedelta(0), waiting["due_at"] - at) if waiting["attempt"] else timedelta(0)


def is_there(connection: psycopg.Connection) -> bool:
    """Return whether procrastinate's tables of this version are there."""
    return connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.procrastinate_jobs",)).fetchone() != (None,)


def create(connection: psycopg.Connection) -> None:
    """Create procrastinate's tables of this version, and drop those of versions that no process has used for a day.

    Raises:
        MayNotCreate: The user of the database may not.
    """
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 — 200 ms that only the first start of a version needs
    from psycopg import errors, sql  # noqa: PLC0415 — an optional extra

    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
            connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(SCHEMA)))
            connection.execute(SchemaManager.get_schema())
    except errors.InsufficientPrivilege as error:
        raise MayNotCreate(
            "The user of the database may not create a schema, which the scheduler needs: "
            "let an administrator run GRANT CREATE ON DATABASE with the name of the database, TO with that of the user."
        ) from error
    found = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", (FAMILY,)).fetchall()
    for old in (sql.Identifier(row[0]) for row in found if row[0] != SCHEMA):
        alive = sql.SQL("SELECT 1 FROM {}.procrastinate_workers WHERE last_heartbeat > now() - interval '1 day'").format(old)
        if connection.execute(alive).fetchone() is None:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(old))
