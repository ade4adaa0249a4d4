"""What anybody may do to schedules and runs: one service behind the bot, the page, the API and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import Conflict, NotFound
from bot.domain.ids import Clock
from bot.domain.pages import Page, cut
from bot.domain.people import Actor, Role
from bot.scheduler.defaults import DEFAULTS, Default
from bot.storage import audit, runs, schedules
from bot.storage.database import Database, Transaction
from bot.storage.runs import NewRun, Run, RunState, Trigger
from bot.storage.schedules import NewSchedule, Schedule
from bot.tasks import TASKS
from bot.texts import admin as to_admin

_ATTEMPTS_BY_HAND = 1  #: who asked is there to hear how it went, and to ask again


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A schedule, and how its task stands."""

    schedule: Schedule
    unfinished: RunState | None  #: of a run of the task that waits, is under way or is to be tried again
    last: Run | None  #: the run of the task that ended last, whatever it was asked for by


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Schedules: creating them, keeping those that the environment owns as it says, pausing them; runs asked for by a person."""

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

    async def entries(self, actor: Actor, page: int) -> Page[Entry]:
        """Return a page of the schedules, by name.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            shown = cut(await schedules.everything(tx), page)
            return Page(shown.position, [await _entry(tx, schedule) for schedule in shown.items])

    async def entry(self, actor: Actor, name: str) -> Entry:
        """Return a schedule and how its task stands.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such schedule.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            schedule = await schedules.find(tx, name)
            if schedule is None:
                raise NotFound(to_admin.NO_SCHEDULE)
            return await _entry(tx, schedule)

    async def trigger(self, actor: Actor, name: str) -> None:
        """Have a schedule's task run now, or the task itself where it has no schedule; who asked is told how it went.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is neither.
            Conflict: A run of the task waits or is under way.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            schedule = await schedules.find(tx, name)
            if schedule is None and name not in TASKS:
                raise NotFound(to_admin.NO_SCHEDULE)
            task = schedule.task if schedule else name
            new = NewRun(
                task=task,
                trigger=Trigger.MANUAL,
                requested_by=f"{runs.BY_PERSON}{actor.me}",
                max_attempts=_ATTEMPTS_BY_HAND,
                scheduled_for=at,
                schedule_id=schedule.id if schedule else None,
                payload=json.dumps(schedule.payload) if schedule else "{}",
            )
            if await runs.request_by_hand(tx, new, at=at) is None:
                raise Conflict(to_admin.TASK_BUSY(task=task))
            await audit.record(tx, actor, "run-task", name, at=at)

    async def pause(self, actor: Actor, name: str) -> None:
        """Let a schedule rest: it starts nothing until it is resumed.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: It rests already, or there is none.
        """
        await self._switch(actor, name, is_enabled=False)

    async def resume(self, actor: Actor, name: str) -> None:
        """Let a schedule go on; what fell due meanwhile is one run, now.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: It does not rest, or there is none.
        """
        await self._switch(actor, name, is_enabled=True)

    async def _switch(self, actor: Actor, name: str, *, is_enabled: bool) -> None:
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            if not await schedules.set_enabled(tx, name, is_enabled=is_enabled):
                raise Conflict(to_admin.SWITCHED_ALREADY)
            await audit.record(tx, actor, "resume-schedule" if is_enabled else "pause-schedule", name, at=self.clock())

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


async def _entry(tx: Transaction, schedule: Schedule) -> Entry:
    unfinished = await runs.unfinished(tx)
    return Entry(
        schedule=schedule,
        unfinished=unfinished.get(schedule.task),
        last=await runs.last_of(tx, schedule.task),
    )


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
