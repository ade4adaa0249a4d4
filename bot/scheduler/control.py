"""What anybody may do to schedules and runs: one service behind the bot, the page, the API, the command line and Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.ids import Clock, RunId, ScheduleId
from bot.domain.pages import PAGE_SIZE, Page, position
from bot.domain.people import Actor, Role
from bot.domain.schedules import When
from bot.scheduler.drafts import Draft, Rules, variable_of
from bot.storage import alerts, audit, run_history, run_requests, runs, schedules
from bot.storage.database import Database, Transaction
from bot.storage.run_history import Attempt, Line
from bot.storage.runs import NewRun, Run, RunState, Trigger
from bot.storage.schedules import Plan, Schedule
from bot.tasks import TASKS
from bot.texts import scheduling as texts

_ATTEMPTS_BY_HAND = 1  #: who asked is there to hear how it went, and to ask again
_SHOWN_RUNS = 30
SHOWN_TIMES = 5  #: of a schedule that is made or changed
REPEATABLE = {RunState.FAILED, RunState.CANCELLED, RunState.MISSED}
_STAFF = (Role.ADMIN, Role.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A schedule, and how its task stands."""

    schedule: Schedule
    unfinished: RunState | None  #: of a run of the task that waits, is under way or is to be tried again
    last: Run | None  #: its run that ended last; of the schedule that bears its task's name, whatever asked for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A run with all that is known of it."""

    run: Run
    attempts: Sequence[Attempt]
    lines: Sequence[Line]  #: what it said in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a plan would come to, before it is saved."""

    plan: Plan
    upcoming: Sequence[datetime]  #: the next times, at most five


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A time at which a schedule will run."""

    at: datetime
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Schedules: creating, changing, pausing and deleting them; runs: asking for them, calling them off, looking at them.

    Each method raises ``NotAllowed`` where the actor is neither an admin nor the operator, and ``NotFound`` where what it names
    does not exist.
    """

    db: Database
    clock: Clock
    rules: Rules

    # Looking

    async def list(self, actor: Actor) -> list[Entry]:
        """Return all schedules, by name."""
        actor.require(*_STAFF)
        async with self.db.reading() as tx:
            return await _entries(tx, await schedules.everything(tx))

    async def page(self, actor: Actor, number: int) -> Page[Entry]:
        """Return a page of the schedules, by name."""
        actor.require(*_STAFF)
        async with self.db.transaction() as tx:
            where = position(number, total=await schedules.count(tx))
            shown = await schedules.some(tx, limit=PAGE_SIZE, offset=where.offset)
            return Page(where, await _entries(tx, shown))

    async def get(self, actor: Actor, name: str) -> Entry:
        """Return a schedule and how its task stands."""
        actor.require(*_STAFF)
        async with self.db.transaction() as tx:
            (entry,) = await _entries(tx, [await _found(tx, name)])
            return entry

    async def numbered(self, actor: Actor, schedule_id: ScheduleId) -> Entry:
        """Return a schedule by its number, as buttons name it, and how its task stands."""
        actor.require(*_STAFF)
        async with self.db.transaction() as tx:
            found = await schedules.get(tx, schedule_id)
            if found is None:
                raise NotFound(texts.SCHEDULE_IS_GONE)
            (entry,) = await _entries(tx, [found])
            return entry

    async def history(
        self, actor: Actor, name: str | None = None, *, before: RunId | None = None, limit: int = _SHOWN_RUNS
    ) -> Sequence[Run]:
        """Return the newest runs of a schedule, of a task where no schedule has this name, or of all where none is named.

        Where neither has it, the schedule that was deleted last under this name.
        """
        actor.require(*_STAFF)
        async with self.db.transaction() as tx:
            if name is None:
                return await run_history.of_all(tx, before=before, limit=limit)
            schedule = await schedules.find(tx, name)
            if schedule is None and name not in TASKS:
                schedule = await schedules.find_deleted(tx, name)
            if schedule is not None:
                return await run_history.of_schedule(tx, schedule.id, before=before, limit=limit)
            if name not in TASKS:
                raise NotFound(texts.NO_SCHEDULE(name=name))
            return await run_history.of_task(tx, name, before=before, limit=limit)

    async def details(self, actor: Actor, run_id: RunId) -> Details:
        """Return a run, its attempts and what it said."""
        actor.require(*_STAFF)
        async with self.db.transaction() as tx:
            run = await _found_run(tx, run_id)
            return Details(run=run, attempts=await run_history.attempts(tx, run_id), lines=await run_history.said(tx, run_id))

    def preview(self, actor: Actor, draft: Draft) -> Preview:
        """Return what a draft would come to; nothing is saved.

        Raises:
            InvalidInput: Something in it cannot be.
        """
        actor.require(*_STAFF)
        now = self.clock()
        plan = self.rules.plan(draft, now=now)
        return Preview(plan=plan, upcoming=plan.when.upcoming(now, SHOWN_TIMES))

    async def upcoming(self, actor: Actor, count: int) -> Sequence[Occurrence]:
        """Return what runs next over all schedules, at most *count* times; what is due already comes first."""
        actor.require(*_STAFF)
        async with self.db.reading() as tx:
            found = [one for one in await schedules.everything(tx) if one.is_active]
        now = self.clock()
        times = (_occurrences(schedule, now) for schedule in found)
        return list(islice(merge(*times, key=lambda one: (one.at, one.schedule.name)), count))

    # Changing

    async def add(self, actor: Actor, draft: Draft) -> Schedule:
        """Create a schedule.

        Raises:
            InvalidInput: Something in the draft cannot be.
            Conflict: There is one of this name.
        """
        actor.require(*_STAFF)
        at = self.clock()
        plan = self.rules.plan(draft, now=at)
        async with self.db.transaction() as tx:
            if await schedules.add(tx, plan, next_run_at=plan.when.first(at), at=at) is None:
                raise Conflict(texts.NAME_TAKEN(name=plan.name))
            await audit.record(tx, actor, "add-schedule", plan.name, at=at)
            return await _found(tx, plan.name)

    async def edit(self, actor: Actor, name: str, draft: Draft, *, version: int) -> Schedule:
        """Give a schedule another plan; where its time changes it runs next at the first time from now on.

        Args:
            actor: Who does it.
            name: Of the schedule, as it was.
            draft: What it is to be.
            version: Of the schedule that the draft was made from.

        Raises:
            InvalidInput: Something in the draft cannot be.
            Conflict: It was changed since, a variable owns its interval, or the new name is taken.
        """
        actor.require(*_STAFF)
        at = self.clock()
        plan = self.rules.plan(draft, now=at)
        async with self.db.transaction() as tx:
            schedule = await _found(tx, name)
            if schedule.is_from_environment and plan.when != schedule.when:
                raise Conflict(texts.IS_OWNED(variable=variable_of(schedule.task)))
            if plan.name != name and await schedules.find(tx, plan.name) is not None:
                raise Conflict(texts.NAME_TAKEN(name=plan.name))
            is_same = plan.when == schedule.when and not schedule.is_parked  # what was missed without its task stays undone
            is_changed = version == schedule.version and await schedules.change(
                tx,
                schedule,
                plan,
                next_run_at=schedule.next_run_at if is_same else plan.when.first(at),
                is_from_environment=schedule.is_from_environment,
                at=at,
            )
            if not is_changed:
                raise Conflict(texts.CHANGED_MEANWHILE)
            await audit.record(tx, actor, "edit-schedule", plan.name, at=at)
            return await _found(tx, plan.name)

    async def pause(self, actor: Actor, name: str) -> None:
        """Let a schedule rest: it starts nothing until it is resumed.

        Raises:
            Conflict: It rests already.
        """
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            schedule = await _found(tx, name)
            is_done = await schedules.set_enabled(tx, schedule, is_enabled=False, next_run_at=schedule.next_run_at, at=at)
            if not is_done:
                raise Conflict(texts.RESTS_ALREADY(name=name))
            await audit.record(tx, actor, "pause-schedule", name, at=at)

    async def resume(self, actor: Actor, name: str) -> None:
        """Let a schedule go on from now; what it would have done while it rested is not made up for.

        Raises:
            Conflict: It does not rest, or there is no time left at which it could run.
        """
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            schedule = await _found(tx, name)
            next_run_at = _resumed(schedule.when, schedule.next_run_at, at)
            if next_run_at is None:
                raise Conflict(texts.IS_OVER(name=name))
            if not await schedules.set_enabled(tx, schedule, is_enabled=True, next_run_at=next_run_at, at=at):
                raise Conflict(texts.GOES_ON_ALREADY(name=name))
            await audit.record(tx, actor, "resume-schedule", name, at=at)

    async def remove(self, actor: Actor, name: str) -> None:
        """Delete a schedule; its history stays, and a default one does not come back by itself."""
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            schedule = await _found(tx, name)
            if not await schedules.remove(tx, schedule, at=at):
                raise NotFound(texts.NO_SCHEDULE(name=name))
            await alerts.forget_failure(tx, schedule.task)
            await audit.record(tx, actor, "delete-schedule", name, at=at)

    # Running

    async def trigger(self, actor: Actor, name: str, *, is_dry_run: bool = False, via: Trigger = Trigger.MANUAL) -> RunId:
        """Have a schedule's task run now, or the task itself where it has no schedule; a person who asked is told how it went.

        Raises:
            Conflict: A run of the task waits or is under way, or the task is not in this release.
            InvalidInput: A dry run was asked for of a task that deletes nothing.
        """
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            new = await self.asked_for(tx, actor, name, is_dry_run=is_dry_run, via=via)
            run_id = await run_requests.request_by_hand(tx, new, at=at)
            if run_id is None:
                raise Conflict(texts.TASK_BUSY(task=new.task))
            await audit.record(tx, actor, "run-task", name, at=at)
            return run_id

    async def asked_for(self, tx: Transaction, actor: Actor, name: str, *, is_dry_run: bool, via: Trigger) -> NewRun:
        """Return the run that somebody means who names a schedule or a task.

        Raises:
            Conflict: The task is not in this release.
            InvalidInput: A dry run was asked for of a task that deletes nothing.
        """
        actor.require(*_STAFF)
        schedule = await schedules.find(tx, name)
        if schedule is None and name not in TASKS:
            raise NotFound(texts.NO_SCHEDULE(name=name))
        task = schedule.task if schedule else name
        if task not in TASKS:
            raise Conflict(texts.IS_PARKED(task=task, name=name))
        if is_dry_run and not TASKS[task].deletes:
            raise InvalidInput(texts.DELETES_NOTHING(task=task))
        return NewRun(
            task=task,
            trigger=via,
            requested_by=_name_of(actor, via),
            max_attempts=_ATTEMPTS_BY_HAND,
            scheduled_for=self.clock(),
            schedule_id=schedule.id if schedule else None,
            payload=json.dumps(schedule.payload) if schedule else "{}",
            is_dry_run=is_dry_run,
        )

    async def cancel(self, actor: Actor, run_id: RunId) -> RunState:
        """Call a run off; return *cancelled* where it only waited, *running* where its process will stop it within seconds.

        Raises:
            Conflict: It is over already.
        """
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            run = await _found_run(tx, run_id)
            state = await run_requests.ask_to_cancel(tx, run_id, by=_name_of(actor, Trigger.CLI), at=at)
            if state is None:
                raise Conflict(texts.RUN_IS_OVER)
            await audit.record(tx, actor, "cancel-run", run.task, at=at)
            return state

    async def repeat(self, actor: Actor, run_id: RunId, *, via: Trigger = Trigger.MANUAL) -> RunId:
        """Ask for a run like one that failed, was called off or missed: the same task with the same payload.

        Raises:
            Conflict: It did not fail, or a run of the task waits or is under way.
        """
        actor.require(*_STAFF)
        at = self.clock()
        async with self.db.transaction() as tx:
            run = await _found_run(tx, run_id)
            if run.state not in REPEATABLE:
                raise Conflict(texts.NOT_FAILED)
            new = NewRun(
                task=run.task,
                trigger=via,
                requested_by=_name_of(actor, via),
                max_attempts=_ATTEMPTS_BY_HAND,
                scheduled_for=at,
                schedule_id=run.schedule_id,
                payload=json.dumps(run.payload),
                is_dry_run=run.is_dry_run,
                is_backed_up_first=run.is_backed_up_first,
            )
            again = await run_requests.request_by_hand(tx, new, at=at)
            if again is None:
                raise Conflict(texts.TASK_BUSY(task=run.task))
            await audit.record(tx, actor, "repeat-run", run.task, at=at)
            return again


async def _found(tx: Transaction, name: str) -> Schedule:
    schedule = await schedules.find(tx, name)
    if schedule is None:
        raise NotFound(texts.NO_SCHEDULE(name=name))
    return schedule


async def _found_run(tx: Transaction, run_id: RunId) -> Run:
    run = await runs.find(tx, run_id)
    if run is None:
        raise NotFound(texts.NO_RUN)
    return run


async def _entries(tx: Transaction, found: Sequence[Schedule]) -> list[Entry]:
    unfinished = await run_history.unfinished(tx)
    return [Entry(schedule=one, unfinished=unfinished.get(one.task), last=await _last(tx, one)) for one in found]


async def _last(tx: Transaction, schedule: Schedule) -> Run | None:
    if schedule.name == schedule.task:  # events and commands run the task too, and what they came to is told here
        return await run_history.last_of(tx, schedule.task)
    return await run_history.last_of_schedule(tx, schedule.id)


def _occurrences(schedule: Schedule, now: datetime) -> Iterator[Occurrence]:
    return (Occurrence(at=at, schedule=schedule) for at in schedule.upcoming(now))


def _resumed(when: When, next_run_at: datetime | None, at: datetime) -> datetime | None:
    """Return when a schedule runs next that rested: as it would have, or where that time has passed, on its grid from now."""
    if next_run_at is None or next_run_at > at:
        return next_run_at
    return when.next(next_run_at, now=at)


def _name_of(actor: Actor, via: Trigger) -> str:
    return via if actor.person_id is None else f"{runs.BY_PERSON}{actor.person_id}"
