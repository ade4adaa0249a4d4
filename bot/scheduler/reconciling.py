"""Schedules made right: at a start, and when the clock of the machine was set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import schedules as rules
from bot.domain.ids import Clock
from bot.domain.schedules import Cron, Interval, Unreadable, When
from bot.scheduler.defaults import DEFAULTS, Default
from bot.storage import schedules
from bot.storage.database import Database, Transaction
from bot.storage.schedules import Plan, Schedule
from bot.tasks import TASKS

logger = logging.getLogger(__name__)

_AT_ONCE = 100  #: schedules looked at before others have their turn; a cron line takes some 30 µs


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """Default schedules, intervals that the environment owns, tasks that came or went, clocks that were set."""

    db: Database
    clock: Clock
    zone: str  #: ``TIMEZONE``
    max_retries: int  #: ``SCHEDULER_DEFAULT_RETRIES``

    async def reconcile(self, owned: Mapping[str, timedelta]) -> None:
        """Create what is missing of the default schedules, give those in *owned* the interval that stands there, set all right.

        An interval that has not changed never moves a next run: a process that is restarted every few hours still makes its
        backup every day, and one that is restarted every minute does not make one each time. Where a variable owned the interval
        and is gone, the default applies again.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            for default in DEFAULTS:
                if not await schedules.was_there(tx, default.task):
                    await self._create(tx, default, owned.get(default.task), at=at)
                schedule = await schedules.find(tx, default.task) or await schedules.first_of(tx, default.task)
                if schedule is not None:
                    await self._give(tx, schedule, default, owned.get(default.task), at=at)
        await self.set_right()

    async def set_right(self) -> None:
        """Park schedules whose task is gone, take up those whose task is back, and let none lie further ahead than it should.

        A clock that is set back leaves next runs behind that lie too far ahead, and new rules of a time zone those that are no
        times any more. What is due already stays so.
        """
        async with self.db.reading() as tx:
            found = await schedules.everything(tx)
        at = self.clock()
        for number, schedule in enumerate(found, start=1):
            is_parked = schedule.task not in TASKS or isinstance(schedule.when, Unreadable)
            next_run_at = _right(schedule, is_parked=is_parked, at=at)
            if (is_parked, next_run_at) != (schedule.is_parked, schedule.next_run_at):
                async with self.db.transaction() as tx:
                    await schedules.set_right(tx, schedule, is_parked=is_parked, next_run_at=next_run_at)
                if is_parked and not schedule.is_parked:
                    _say_why(schedule)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _create(self, tx: Transaction, default: Default, wanted: timedelta | None, *, at: datetime) -> None:
        when = Interval(wanted) if wanted is not None else rules.parse(default.when, self.zone, now=at)
        plan = Plan(name=default.task, task=default.task, when=when, payload={}, max_retries=self.max_retries)
        first = at if default.is_due_at_once else when.first(at)
        await schedules.add(tx, plan, next_run_at=first, at=at, is_enabled=default.is_enabled)

    async def _give(
        self, tx: Transaction, schedule: Schedule, default: Default, wanted: timedelta | None, *, at: datetime
    ) -> None:
        """Give a schedule the interval that its variable says, counted from its last occurrence; see ``reconcile``."""
        if wanted is None and not schedule.is_from_environment:
            return
        when = Interval(wanted) if wanted is not None else rules.parse(default.when, self.zone, now=at)
        if when == schedule.when and schedule.is_from_environment is (wanted is not None):
            return
        next_run_at = schedule.next_run_at
        if when != schedule.when:
            next_run_at = _from_last(schedule, when, at=at)
        plan = replace(schedule.plan, when=when)
        await schedules.change(tx, schedule, plan, next_run_at=next_run_at, at=at, is_from_environment=wanted is not None)


def _say_why(schedule: Schedule) -> None:
    if schedule.task in TASKS:
        logger.warning("The schedule %s waits: its time can no longer be read; edit it.", schedule.name)
    else:
        logger.warning("The schedule %s waits: this release has no task %s.", schedule.name, schedule.task)


def _from_last(schedule: Schedule, when: When, *, at: datetime) -> datetime | None:
    """Return when a schedule with another interval runs next: so long after its last occurrence, and not later than after now."""
    first = when.first(at)
    if first is None or not isinstance(when, Interval):
        return first
    if schedule.last_scheduled_at is None:
        return first if schedule.next_run_at is None else min(schedule.next_run_at, first)
    return min(first, max(at, schedule.last_scheduled_at + when.every))


def _right(schedule: Schedule, *, is_parked: bool, at: datetime) -> datetime | None:
    present = schedule.next_run_at
    if is_parked or present is None:
        return present
    if schedule.is_parked:
        return schedule.when.first(at)
    if present <= at:
        return present
    if isinstance(schedule.when, Interval):
        return min(present, at + schedule.when.every)
    return schedule.when.first(at) if isinstance(schedule.when, Cron) else present
