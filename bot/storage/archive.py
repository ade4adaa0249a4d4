"""What is archived of the past: what admins did, and what the tasks came to, in the order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.storage.database import Row, Transaction, spread


async def audited(tx: Transaction, *, since: datetime, until: datetime, after: int, limit: int) -> list[Row]:
    """Return what was recorded of admins in a span of time, behind the id *after*."""
    return await tx.fetch_all(
        """
        SELECT id, at AS done_at, actor_id, role, action, subject FROM audit
         WHERE at >= :since AND at < :until AND id > :after ORDER BY id LIMIT :limit
        """,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )


async def runs(tx: Transaction, *, since: datetime, until: datetime, after: int, limit: int) -> list[Row]:
    """Return the runs that ended in a span of time, behind the id *after*."""
    return await tx.fetch_all(
        """
        SELECT run.id, run.task, schedule.name AS schedule, run.payload, run.trigger, run.requested_by, run.state, run.attempt,
               run.missed, run.is_dry_run, run.scheduled_for_at, run.started_at, run.finished_at, run.result, run.error
          FROM run LEFT JOIN schedule ON schedule.id = run.schedule_id
         WHERE run.finished_at >= :since AND run.finished_at < :until AND run.id > :after ORDER BY run.id LIMIT :limit
        """,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )


async def attempts(tx: Transaction, run_ids: Sequence[int]) -> list[Row]:
    """Return the attempts of some runs."""
    sql, ids = spread("SELECT * FROM run_attempt WHERE run_id IN :ids ORDER BY run_id, number", ids=run_ids)
    return await tx.fetch_all(sql, **ids)


async def lines(tx: Transaction, run_ids: Sequence[int]) -> list[Row]:
    """Return what some runs said in the log."""
    sql, ids = spread("SELECT * FROM run_log WHERE run_id IN :ids ORDER BY run_id, number", ids=run_ids)
    return await tx.fetch_all(sql, **ids)
