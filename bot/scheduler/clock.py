"""The one clock: it sleeps until the next thing that has a time, and does what is due then."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.ids import Clock
from bot.scheduler.execution import Executor
from bot.services.idling import Idling
from bot.services.offering import Offering
from bot.storage import offers, runs, schedules
from bot.storage.database import Channel, Database, DatabaseUnavailable, wait
from bot.storage.runs import NewRun, Trigger
from bot.storage.schedules import Schedule

logger = logging.getLogger(__name__)

_LATE = timedelta(minutes=1)  #: from here on a run catches up on what was missed
_PAUSE = timedelta(seconds=1)  #: before trying again where the database did not let us
_NOT_HEARD = timedelta(seconds=10)  #: before looking again whether Telegram answers, so that silence can be told from deafness


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerClock:
    """Due schedules become runs, offers lapse, runs of dead processes are taken up, retries are woken."""

    db: Database
    clock: Clock
    executor: Executor
    offering: Offering
    idling: Idling
    check_interval: timedelta  #: it looks at least this often (``SCHEDULER_CHECK_INTERVAL``)
    ready: asyncio.Event = field(default_factory=asyncio.Event)  #: set when a run may be due

    async def run(self) -> None:
        """Do what is due, sleep until the next thing is, and so on until cancelled."""
        changed = self.db.subscribe(Channel.CLOCK, Channel.RUN)
        while True:
            try:
                await self.tick()
                pause = await self._until_next()
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; looking again in a second.")
                pause = _PAUSE
            await wait(changed, seconds=pause.total_seconds())

    async def tick(self) -> None:
        """Do what is due now."""
        at = self.clock()
        await self.executor.take_up()
        async with self.db.reading() as tx:
            due = await schedules.due(tx, at=at)
            deadline = await offers.next_deadline(tx)
            silence = await self.idling.next_moment(tx)
        for schedule in due:
            await self._start(schedule, at=at)
        if deadline is not None and deadline <= at:
            await self.offering.lapse_due()
        if silence is not None and silence <= at:
            await self._attend()
        self.ready.set()

    async def _attend(self) -> None:
        """Look after conversations in which nobody writes; whatever is wrong with one of them stops nothing else."""
        try:
            await self.idling.attend()
        except DatabaseUnavailable:
            raise
        except Exception:
            logger.exception("Conversations in which nobody writes could not be looked after; trying again.")

    async def _start(self, schedule: Schedule, *, at: datetime) -> None:
        """Move a due schedule on and write its run, both or neither; another process that is faster does both."""
        trigger = Trigger.CATCH_UP if at - schedule.next_run_at > _LATE else Trigger.SCHEDULE
        new = NewRun(
            task=schedule.task,
            trigger=trigger,
            requested_by="clock",
            max_attempts=schedule.max_retries + 1,
            scheduled_for=schedule.next_run_at,
            schedule_id=schedule.id,
            payload=json.dumps(schedule.payload),
        )
        async with self.db.transaction() as tx:
            if await schedules.move_on(tx, schedule, next_run_at=schedule.interval.next(schedule.next_run_at, now=at)):
                await runs.request(tx, new, at=at)

    async def _until_next(self) -> timedelta:
        at = self.clock()
        async with self.db.reading() as tx:
            moments = [await schedules.next_due(tx), await offers.next_deadline(tx), await runs.next_moment(tx, at=at)]
            silence = await self.idling.next_moment(tx)
        if silence is not None:
            moments.append(max(silence, at + _NOT_HEARD))  # due, and left: we do not hear people right now
        waits = [moment - at for moment in moments if moment is not None]
        return max(timedelta(0), min([self.check_interval, *waits]))
