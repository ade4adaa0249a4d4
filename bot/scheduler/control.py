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
        backup every day, and one that is restarted every minute does not make one each time. Only one that lies further ahead
        than its interval is moved: the clock was set back, and the schedule would be silent until then. Where a variable owned
        the interval and is gone, the default applies again.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            for default in DEFAULTS:
                await self._create(tx, default, owned.get(default.task), at=at)
                schedule = await schedules.find(tx, default.task)
                if schedule is not None:
                    await _adjust(tx, schedule, default, owned.get(default.task), at=at)

    async def _create(self, tx: Transaction, default: Default, wanted: timedelta | None, *, at: datetime) -> None:
        every = wanted or default.every
        new = NewSchedule(
            name=default.task,
            task=default.task,
            every=every,
            max_retries=self.max_retries,
            is_from_environment=wanted is not None,
            next_run_at=at if default.is_due_at_once else at + every,
        )
        await schedules.add_if_missing(tx, new, at=at)


async def _adjust(tx: Transaction, schedule: Schedule, default: Default, wanted: timedelta | None, *, at: datetime) -> None:
    """Give a schedule the interval that it should have, counted from its last occurrence; see ``reconcile``."""
    present = schedule.interval.every
    every = wanted or (default.every if schedule.is_from_environment else present)
    next_run_at = schedule.next_run_at
    if every != present and schedule.last_scheduled_at is not None:
        next_run_at = max(at, schedule.last_scheduled_at + every)
    next_run_at = min(next_run_at, at + every)
    is_owned = wanted is not None
    if (present, schedule.is_from_environment, schedule.next_run_at) != (every, is_owned, next_run_at):
        await schedules.set_interval(tx, schedule, every, is_from_environment=is_owned, next_run_at=next_run_at)
