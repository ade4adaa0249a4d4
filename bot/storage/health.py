"""What the tables say of how the service is: what waits, what was given up, what the tasks came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits in one of the queues, and what was given up."""

    waiting: int
    oldest_at: datetime | None
    parked: int
    parked_at: datetime | None  #: the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A task that has a schedule, and how it ended last."""

    task: str
    is_enabled: bool
    every_seconds: int
    next_run_at: datetime
    is_failed: bool | None  #: None where it has not ended yet
    succeeded_at: datetime | None  #: the last time that it did


async def updates(tx: Transaction, *, but: int | None) -> Queue:
    """Return what came from Telegram and is not handled; the update *but* is not counted."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM "update" WHERE state = 'open' AND update_id <> :but) AS waiting,
               (SELECT received_at FROM "update" WHERE state = 'open' AND update_id <> :but
                 ORDER BY update_id LIMIT 1) AS oldest_at,
               (SELECT count(*) FROM "update" WHERE state = 'parked') AS parked,
               (SELECT max(handled_at) FROM "update" WHERE state = 'parked') AS parked_at
        """,
        but=-1 if but is None else but,
    )
    return Queue(**row or {})


async def deliveries(tx: Transaction) -> Queue:
    """Return what people are owed."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM delivery WHERE state = 'waiting') AS waiting,
               (SELECT created_at FROM delivery WHERE state = 'waiting' ORDER BY id LIMIT 1) AS oldest_at,
               (SELECT count(*) FROM delivery WHERE state = 'parked') AS parked,
               (SELECT max(settled_at) FROM delivery WHERE state = 'parked') AS parked_at
        """
    )
    return Queue(**row or {})


async def last_runs(tx: Transaction) -> list[LastRun]:
    """Return the tasks that have a schedule, with how they ended last, whoever had asked for that run."""
    rows = await tx.fetch_all(
        """
        SELECT task, is_enabled, every_seconds, next_run_at,
               (SELECT state = 'failed' FROM run WHERE run.task = schedule.task AND state IN ('succeeded', 'failed')
                 ORDER BY finished_at DESC LIMIT 1) AS is_failed,
               (SELECT finished_at FROM run WHERE run.task = schedule.task AND state IN ('succeeded', 'failed')
                   AND state = 'succeeded' ORDER BY finished_at DESC LIMIT 1) AS succeeded_at
          FROM schedule WHERE deleted_at IS NULL ORDER BY task
        """
    )
    return [LastRun(**row) for row in rows]


async def size_on_postgresql(tx: Transaction) -> int:
    """Return how large the database is, in bytes."""
    row = await tx.fetch_one("SELECT pg_database_size(current_database()) AS size")
    return int(row["size"]) if row else 0
