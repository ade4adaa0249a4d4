"""How an attempt ended, and what follows from it: for its run, its schedule, and whoever must hear of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain import retries
from bot.domain.ids import Clock, PersonId, ScheduleId
from bot.domain.text import Text
from bot.scheduler.faults import Fault
from bot.services import buttons
from bot.services.alerting import Alerting, Problem
from bot.storage import runs, schedules
from bot.storage.alerts import AlertKind
from bot.storage.database import Database, Transaction
from bot.storage.runs import Run
from bot.tasks import TASKS
from bot.tasks.base import Result
from bot.texts import admin as to_admin
from bot.texts import alerts as texts

logger = logging.getLogger(__name__)

Write = Callable[[Transaction], Awaitable[bool]]  #: writes what is left to write of a run that is ours; False where it is not


async def nothing_left(tx: Transaction) -> bool:  # noqa: ARG001 — as all of them
    """Write nothing."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Writes down how attempts end, each in one transaction with all that follows.

    Each method returns whether the run has ended for good by it; where its lease was lost nothing is written. A dry run changes
    nothing, and so it tells nothing about its task and its schedule either.
    """

    db: Database
    clock: Clock
    alerting: Alerting

    async def succeed(self, run: Run, result: Result, write: Write) -> bool:
        """Record that the task is done."""
        at = self.clock()
        async with self.db.transaction() as tx:
            if not (await write(tx) and await runs.succeed(tx, run, result=_kept(result), at=at)):
                return _lost(run)
            if not run.is_dry_run:
                await self._note_success(tx, run, result.summary, at=at)
            if run.requester is not None:
                await self._tell(tx, run.requester, to_admin.RUN_DONE(task=run.task, summary=result.summary), at=at)
        logger.info("Successfully executed task: %s", run.task)
        return True

    async def fail(self, run: Run, fault: Fault, write: Write = nothing_left) -> bool:
        """Record that the attempt failed; it is tried again as the task says, where that is worth it and attempts are left."""
        at, is_last = self.clock(), fault.is_permanent or run.attempt >= run.max_attempts
        backoff = TASKS[run.task].retry if run.task in TASKS else retries.RUN
        retry_at = None if is_last else at + backoff.delay(run.attempt, chance=random.random())  # noqa: S311 — spreads load
        async with self.db.transaction() as tx:
            if not (await write(tx) and await runs.fail(tx, run, fault.outcome, error=fault.error, retry_at=retry_at, at=at)):
                return _lost(run)
            if is_last:
                await self._note_failure(tx, run, fault, at=at)
        logger.error("Task %s %s (attempt %d of %d): %s", run.task, fault.outcome, run.attempt, run.max_attempts, fault.error)
        return is_last

    async def cancel(self, run: Run, write: Write = nothing_left) -> bool:
        """Record that the run was called off, and tell who asked for that; *run* was read after they did."""
        at = self.clock()
        async with self.db.transaction() as tx:
            if not (await write(tx) and await runs.cancel(tx, run, at=at)):
                return _lost(run)
            if run.canceller is not None:
                await self._tell(tx, run.canceller, texts.CANCELLED_FOR_YOU(task=run.task), at=at)
        logger.info("Task %s was cancelled.", run.task)
        return True

    async def give_back(self, run: Run, write: Write) -> None:
        """Record that we stopped in the middle because the process is told to end; the attempt does not count."""
        async with self.db.transaction() as tx:
            if await write(tx):
                await runs.give_back(tx, run, at=self.clock())

    async def _note_success(self, tx: Transaction, run: Run, summary: str, *, at: datetime) -> None:
        if run.schedule_id is not None:
            await schedules.note_success(tx, run.schedule_id)
        works = Problem(kind=AlertKind.FAILED, subject=run.task, text=texts.WORKS_AGAIN(task=run.task, summary=summary))
        await self.alerting.relieve(tx, [works], at=at)

    async def _note_failure(self, tx: Transaction, run: Run, fault: Fault, *, at: datetime) -> None:
        """Tell the admins, once until the task succeeds again; and who asked for it, where they are not among those."""
        told: set[PersonId] = set()
        advice = fault.advice if run.task in TASKS else texts.TASK_IS_GONE
        if not run.is_dry_run:
            command = f"python run_scheduled_tasks.py {run.task}"
            text = texts.FAILED(task=run.task, error=fault.error, advice=advice, command=command)
            problem = Problem(kind=AlertKind.FAILED, subject=run.task, text=text, detail=fault.error)
            told = await self.alerting.alarm(tx, [problem], at=at)
            if run.schedule_id is not None:
                await self._count_failure(tx, run, run.schedule_id, at=at)
        if run.requester is not None and run.requester not in told:
            text = texts.FAILED_FOR_YOU(task=run.task, error=fault.error, advice=advice)
            await self._tell(tx, run.requester, text, at=at)

    async def _count_failure(self, tx: Transaction, run: Run, schedule_id: ScheduleId, *, at: datetime) -> None:
        is_paused = await schedules.note_failure(tx, schedule_id, at=at)
        schedule = await schedules.get(tx, schedule_id)
        if schedule is None:
            return
        if run.task not in TASKS:
            logger.warning("The schedule %s waits: this release has no task %s.", schedule.name, schedule.task)
            await schedules.set_right(tx, schedule, is_parked=True, next_run_at=schedule.next_run_at)
        if is_paused:
            logger.warning("The schedule %s has paused itself.", schedule.name)
            await self.alerting.tell_admins(
                tx, texts.PAUSED(schedule=schedule.name, failures=schedule.failures), at=at, buttons=[buttons.HOME_BELOW]
            )

    async def _tell(self, tx: Transaction, person_id: PersonId, text: Text, *, at: datetime) -> None:
        await self.alerting.tell(tx, person_id, text, at=at, buttons=[buttons.HOME_BELOW])


def _kept(result: Result) -> dict[str, str | int]:
    return {"summary": result.summary, **result.counts}


def _lost(run: Run) -> bool:
    logger.warning("The run of %s was taken over by another process.", run.task)
    return False
