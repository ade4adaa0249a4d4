"""Tasks and schedules made up for a test, and one whole scheduler that lives through any time within milliseconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.app import App
from bot.domain.ids import RunId
from bot.domain.schedules import When
from bot.domain.text import Text
from bot.scheduler.clock import SchedulerClock
from bot.storage import run_requests, runs, schedules
from bot.storage.runs import NewRun, Run, Trigger
from bot.storage.schedules import Plan, Schedule
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task
from tests.support import SteadyClock, rows

Work = Callable[[RunContext], Awaitable[Result]]
ALONE = timedelta(hours=12)  #: how long a clock sleeps at most in a test where no other process lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


async def at_once(context: RunContext) -> Result:
    """Be done."""
    return Result("done")


@dataclass(frozen=True)
class MadeUp:
    """What a test makes up."""

    app: App
    patch: pytest.MonkeyPatch

    def task(self, name: str, work: Work = at_once, **more: Any) -> None:
        """Put a task into the table for the time of the test."""

        async def run(context: RunContext, payload: Any) -> Result:
            return await work(context)

        given = {"payload": Nothing, "timeout": timedelta(minutes=1), "does": Text("Do what a test wants"), **more}
        self.patch.setitem(TASKS, name, Task(name=name, run=run, **given))

    async def request(self, task: str, **more: Any) -> RunId:
        """Ask for a run of a task."""
        at = self.app.clock()
        given = {"trigger": Trigger.API, "requested_by": "test", "max_attempts": 1, "scheduled_for": at, **more}
        async with self.app.db.transaction() as tx:
            run_id = await run_requests.request(tx, NewRun(task=task, **given), at=at)
        assert run_id is not None
        return run_id

    async def claimed(self, task: str, **more: Any) -> Run:
        """Ask for a run of a task, and take it."""
        run = await self.app.executor.claim(await self.request(task, **more))
        assert run is not None
        return run

    async def executed(self, task: str, **more: Any) -> Run:
        """Have a run of a task, to its end."""
        return await self.app.executor.execute(await self.claimed(task, **more))

    async def schedule(self, name: str, when: When, *, first: datetime | None = None, **more: Any) -> Schedule:
        """Have a schedule, of the task of the same name where no other is given; it runs first when it says, or at *first*."""
        at = self.app.clock()
        plan = Plan(**{"name": name, "task": name, "when": when, "payload": {}, "max_retries": 0, **more})
        async with self.app.db.transaction() as tx:
            await schedules.add(tx, plan, next_run_at=first or when.first(at), at=at)
        return await self.found(name)

    async def found(self, name: str) -> Schedule:
        """Return a schedule as it is now."""
        async with self.app.db.reading() as tx:
            schedule = await schedules.find(tx, name)
        assert schedule is not None
        return schedule


async def attempts(app: App) -> list[str | None]:
    """Return how the attempts of all runs ended."""
    return [row["outcome"] for row in await rows(app, "SELECT outcome FROM run_attempt ORDER BY run_id, number")]


@dataclass
class Life:
    """A machine on which the bot lives and dies: its clock can be set, what has really passed cannot."""

    app: App
    wall: SteadyClock
    passed: timedelta = timedelta(0)
    begun: list[timedelta] = field(default_factory=list[timedelta])  #: when each run began, by what had passed then
    starts: int = 0

    @property
    def gaps(self) -> list[timedelta]:
        """How far the beginnings of runs lie apart."""
        return [later - earlier for earlier, later in zip(self.begun, self.begun[1:], strict=False)]

    def down(self, **span: float) -> None:
        """Let time pass without the bot."""
        self._pass(timedelta(**span))

    def set_clock(self, **by: float) -> None:
        """Set the clock of the machine."""
        self.wall.move(**by)

    async def up(self, *, finishes: bool = True, **span: float) -> None:
        """Start the bot, let it live for so long, and kill it; its runs take no time, or are never finished."""
        self.starts += 1
        executor = replace(self.app.executor, owner=f"bot:{self.starts}")
        await self.app.reconciling.set_right()
        await executor.take_up(dead_owner="bot:")
        clock = self._clock(executor)
        end = self.passed + timedelta(**span)
        while True:
            pause = await clock.tick()
            while (run := await executor.claim()) is not None:
                self.begun.append(self.passed)
                if finishes:
                    async with self.app.db.transaction() as tx:
                        assert await runs.succeed(tx, run, result={}, at=self.wall())
            if self.passed == end:
                return
            self._pass(min(pause, end - self.passed))

    def _clock(self, executor: Any) -> SchedulerClock:
        return SchedulerClock(
            db=self.app.db,
            clock=self.wall,
            executor=executor,
            offering=self.app.offering,
            idling=self.app.idling,
            reconciling=self.app.reconciling,
            check_interval=ALONE,
            monotonic=self._seconds,
        )

    def _seconds(self) -> float:
        return self.passed.total_seconds()

    def _pass(self, span: timedelta) -> None:
        self.wall.at += span
        self.passed += span
