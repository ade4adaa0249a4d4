"""Schedules that are due become runs: each occurrence once, whoever else looks at the same moment."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.ids import ScheduleId
from bot.storage import run_requests, schedules
from bot.storage.database import Database, DatabaseUnavailable, Transaction, Turn
from bot.storage.runs import NewRun, Trigger
from bot.storage.schedules import CatchUp, Schedule

logger = logging.getLogger(__name__)

_TOGETHER = 20  #: schedules begun in one transaction: 2 ms, in which others wait
_PIECES = 5  #: one after the other, before the clock looks at what else is due
_LATE = timedelta(minutes=1)  #: from here on a run catches up on what was missed


@dataclass(slots=True, kw_only=True)
class Dispatching:
    """Begins what is due, the longest due first, in short transactions."""

    db: Database
    broken: set[ScheduleId] = field(default_factory=set[ScheduleId])  #: could not be begun, because of a defect

    async def begin_some(self, *, at: datetime) -> bool:
        """Begin up to a hundred schedules; return whether there may be more that are due."""
        for _ in range(_PIECES):
            async with self.db.transaction(Turn.BATCH) as tx:
                due = await schedules.due(tx, self.db, at=at, limit=_TOGETHER + len(self.broken))
                for schedule in due:
                    await self._begin(schedule, at=at)
            if len(due) < _TOGETHER:
                return False
        return True

    async def _begin(self, schedule: Schedule, *, at: datetime) -> None:
        """Begin one; whatever is wrong with it stops no other, and it is tried again."""
        try:
            async with self.db.transaction() as tx:
                await _start(tx, schedule, at=at)
            self.broken.discard(schedule.id)
        except DatabaseUnavailable:
            raise
        except Exception:
            if schedule.id not in self.broken:
                logger.exception("The schedule %s could not be begun; trying again.", schedule.name)
            self.broken.add(schedule.id)


async def _start(tx: Transaction, schedule: Schedule, *, at: datetime) -> None:
    """Move a due schedule on and write its run, both or neither; another process that is faster does both.

    What nobody catches up on, or what comes while the run before it is not over, is noted as missed. An occurrence that has its
    run already (the clock was set back since) is neither run again nor missed.
    """
    due_at = schedule.next_run_at
    if due_at is None:
        return
    occurrence, missed = schedule.when.latest(due_at, now=at)
    is_late, catches_up = at - occurrence > _LATE, schedule.plan.catch_up is CatchUp.LATEST
    new = NewRun(
        task=schedule.task,
        trigger=Trigger.CATCH_UP if is_late or (missed and catches_up) else Trigger.SCHEDULE,
        requested_by="clock",
        max_attempts=schedule.plan.max_retries + 1,
        scheduled_for=occurrence,
        schedule_id=schedule.id,
        payload=json.dumps(schedule.payload),
        missed=missed,
    )
    next_run_at = schedule.when.next(due_at, now=at)
    if not await schedules.move_on(tx, schedule, next_run_at=next_run_at, scheduled_for=occurrence):
        return
    is_wanted = catches_up or not is_late
    if not is_wanted or await run_requests.request(tx, new, at=at) is None:
        await run_requests.miss(tx, new, at=at)
