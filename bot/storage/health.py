"""What the tables say of how the service is: what waits, what was given up, what the tasks came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain import intervals
from bot.domain.schedules import Kind
from bot.storage.database import Row, Transaction


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
    every: timedelta | None  #: where it runs at an interval
    next_run_at: datetime | None
    is_failed: bool | None  #: None where it has not ended yet
    error: str | None  #: why, where it failed
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
        SELECT task, is_enabled, kind, spec, zone, next_run_at,
               (SELECT state = 'failed' FROM run WHERE run.task = schedule.task AND state IN ('succeeded', 'failed')
                 ORDER BY finished_at DESC LIMIT 1) AS is_failed,
               (SELECT error FROM run WHERE run.task = schedule.task AND state IN ('succeeded', 'failed')
                 ORDER BY finished_at DESC LIMIT 1) AS error,
               (SELECT finished_at FROM run WHERE run.task = schedule.task AND state IN ('succeeded', 'failed')
                   AND state = 'succeeded' ORDER BY finished_at DESC LIMIT 1) AS succeeded_at
          FROM schedule WHERE deleted_at IS NULL ORDER BY task
        """
    )
    return [
        LastRun(
            task=row["task"],
            is_enabled=row["is_enabled"],
            every=_interval(row),
            next_run_at=row["next_run_at"],
            is_failed=row["is_failed"],
            error=row["error"],
            succeeded_at=row["succeeded_at"],
        )
        for row in rows
    ]


async def size(tx: Transaction, sqlite_path: Path | None) -> int:
    """Return how large the database is, in bytes; *sqlite_path* is its file where it has one."""
    if sqlite_path is not None:
        files = (sqlite_path, sqlite_path.with_name(f"{sqlite_path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    row = await tx.fetch_one("SELECT pg_database_size(current_database()) AS size")
    return int(row["size"]) if row else 0


def _interval(row: Row) -> timedelta | None:
    return intervals.read(row["spec"]) if row["kind"] == Kind.INTERVAL else None
