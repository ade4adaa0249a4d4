"""The table ``run``, watched: what should have begun or ended by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A run that is under way."""

    task: str
    schedule: str | None  #: the name of its schedule, where that still is there
    began_at: datetime  #: its present attempt
    has_skipped: bool  #: occurrences of its schedule were left out because of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A schedule of which an occurrence has not begun."""

    task: str
    schedule: str
    due_at: datetime


async def under_way(tx: Transaction) -> list[UnderWay]:
    """Return the runs that are under way."""
    rows = await tx.fetch_all(
        """
        SELECT run.task, schedule.name, attempt.started_at,
               EXISTS (SELECT 1 FROM run AS skipped
                        WHERE skipped.schedule_id = run.schedule_id AND skipped.id > run.id AND skipped.state = 'missed')
               AS has_skipped
          FROM run
          JOIN run_attempt AS attempt ON attempt.run_id = run.id AND attempt.number = run.attempt
          LEFT JOIN schedule ON schedule.id = run.schedule_id AND schedule.deleted_at IS NULL
         WHERE run.state = 'running'
        """
    )
    return [
        UnderWay(task=row["task"], schedule=row["name"], began_at=row["started_at"], has_skipped=row["has_skipped"])
        for row in rows
    ]


async def not_begun(tx: Transaction, *, since: datetime, limit: int) -> list[Waiting]:
    """Return schedules that were due before *since* and have not begun: no run was written, or it waits for its first attempt.

    At most so many of each of the two. The first condition on the state is that of the index.
    """
    rows = await tx.fetch_all(
        """
        SELECT task, name, next_run_at AS due_at FROM schedule
         WHERE is_enabled AND NOT is_parked AND deleted_at IS NULL AND next_run_at IS NOT NULL AND next_run_at <= :since
         ORDER BY due_at LIMIT :limit
        """,
        since=since,
        limit=limit,
    )
    rows += await tx.fetch_all(
        """
        SELECT run.task, schedule.name, run.due_at FROM run JOIN schedule ON schedule.id = run.schedule_id
         WHERE run.state IN ('scheduled', 'retrying') AND run.state = 'scheduled' AND run.due_at <= :since
           AND schedule.deleted_at IS NULL
         ORDER BY run.due_at LIMIT :limit
        """,
        since=since,
        limit=limit,
    )
    return [Waiting(task=row["task"], schedule=row["name"], due_at=row["due_at"]) for row in rows]
