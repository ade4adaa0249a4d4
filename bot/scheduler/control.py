"""What anybody may do to schedules and runs: one service behind the bot, the page, the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import Clock
from bot.scheduler.defaults import DEFAULTS, Default
from bot.storage import schedules
from bot.storage.database import Database, Transaction
from bot.storage.schedules import NewSchedule, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Schedules: creating them, and keeping those that the environment owns as it says."""

    db: Database
    clock: Clock
    max_retries: int  #: of a schedule that does not say (``SCHEDULER_DEFAULT_RETRIES``)

    async def reconcile(self, owned: Mapping[str, timedelta]) -> None:
        """Create what is missing of the default schedules, and give those in *owned* the interval that stands there.

        An interval that has not changed never moves a next run: a process that is restarted every few hours still makes its
        backup every day, and one that is restarted every minute does not make one each time.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            for default in DEFAULTS:
                every = owned.get(default.task, default.every)
                await self._create(tx, default, every, at=at)
                schedule = await schedules.find(tx, default.task)
                if default.task in owned and schedule is not None and schedule.interval.every != every:
                    await _change(tx, schedule, every, at=at)

    async def _create(self, tx: Transaction, default: Default, every: timedelta, *, at: datetime) -> None:
        new = NewSchedule(
            name=default.task,
            task=default.task,
            every=every,
            max_retries=self.max_retries,
            next_run_at=at if default.is_due_at_once else at + every,
        )
        await schedules.add_if_missing(tx, new, at=at)


async def _change(tx: Transaction, schedule: Schedule, every: timedelta, *, at: datetime) -> None:
    last = schedule.last_scheduled_at
    next_run_at = max(at, last + every) if last is not None else min(schedule.next_run_at, at + every)
    await schedules.set_interval(tx, schedule, every, next_run_at=next_run_at)
