"""Runs: taken by one, under a lease, tried again, and never written by who lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot import app as root
from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.text import Text
from bot.scheduler import execution
from bot.scheduler.execution import LEASE, Executor, TaskBusy
from bot.scheduler.runners.local import LocalRunner
from bot.settings import Settings, load
from bot.storage import run_requests, runs
from bot.storage.runs import NewRun, Outcome, Run, RunState, Trigger
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task
from tests.support import Cast, SteadyClock, one, rows, wait_until

LENSA = 9001


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same as everywhere, with Lensa as an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


@pytest.fixture
def add_task(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a task into the table for the time of a test."""

    def add(name: str, work: Callable[[RunContext], Awaitable[Result]], timeout: timedelta = timedelta(minutes=1)) -> None:
        async def run(context: RunContext, payload: Any) -> Result:
            return await work(context)

        monkeypatch.setitem(TASKS, name, Task(name=name, payload=Nothing, run=run, timeout=timeout, does=Text(name)))

    return add


async def request(app: App, task: str = "match", **more: Any) -> int:
    """Ask for a run."""
    given = {"trigger": Trigger.API, "requested_by": "test", "max_attempts": 2, "scheduled_for": app.clock(), **more}
    async with app.db.transaction() as tx:
        run_id = await run_requests.request(tx, NewRun(task=task, **given), at=app.clock())
    assert run_id is not None
    return run_id


def another(app: App, name: str) -> Executor:
    """Return the executor of another process."""
    return Executor(db=app.db, clock=app.clock, owner=name, services=app.executor.services, alerting=app.alerting)


async def attempts(app: App) -> list[str | None]:
    """Return how the attempts of all runs ended."""
    return [row["outcome"] for row in await rows(app, "SELECT outcome FROM run_attempt ORDER BY run_id, number")]


async def test_a_run_is_taken_once(app: App) -> None:
    """Eight who claim at the same moment: one has it."""
    await request(app)
    claimed = await asyncio.gather(*(another(app, f"o{number}").claim() for number in range(8)))

    assert 1 == len([run for run in claimed if run is not None])
    assert [None] == await attempts(app)


async def test_one_running_run_of_each_task(app: App) -> None:
    """Of two runs of one task the second waits for the first; another task does not."""
    for task in ("match", "match", "cleanup"):
        await request(app, task)
    claimed = [await app.executor.claim() for _ in range(3)]

    assert ["match", "cleanup", None] == [run.task if run else None for run in claimed]


async def test_two_runs_of_a_task_at_the_same_moment(app: App) -> None:
    """Also where several processes take different ones: one is running, the other goes back unharmed."""
    for _ in range(4):
        await request(app)
    await asyncio.gather(*(another(app, f"o{number}").claim() for number in range(4)))
    states = sorted(row["state"] for row in await rows(app, "SELECT state FROM run"))

    assert ["running", "scheduled", "scheduled", "scheduled"] == states


async def failed_once(app: App, task: str, *, wait: timedelta) -> int:
    """Have a run fail its first attempt; the second one is due after *wait*."""
    run_id, at = await request(app, task), app.clock()
    run = await app.executor.claim()
    assert run is not None
    async with app.db.transaction() as tx:
        assert await runs.fail(tx, run, Outcome.FAILED, error="x", retry_at=at + wait, at=at)
    return run_id


async def test_what_is_not_due_waits(app: App, clock: SteadyClock) -> None:
    """What is to be tried again waits for its time; then the one that was due first is taken first."""
    late = await failed_once(app, "match", wait=timedelta(seconds=10))
    early = await failed_once(app, "cleanup", wait=timedelta(seconds=5))
    nothing = await app.executor.claim()
    clock.move(seconds=10)
    claimed = [await app.executor.claim() for _ in range(2)]

    assert nothing is None
    assert [early, late] == [run.id for run in claimed if run]


async def test_a_first_attempt_waits_for_no_time(app: App, clock: SteadyClock) -> None:
    """Its due time only tells the order: a clock that was set back by a second or a year keeps nothing from being begun."""
    late = await request(app, "match")
    clock.move(seconds=-1)
    early = await request(app, "cleanup")
    clock.move(days=-365)
    claimed = [await app.executor.claim() for _ in range(2)]

    assert [early, late] == [run.id for run in claimed if run]


async def test_a_retry_that_is_further_ahead_than_any_is_taken(app: App, clock: SteadyClock) -> None:
    """No retry of ours is set a quarter of an hour ahead; one that is was set by a clock that went wrong, and waits no longer."""
    run_id = await failed_once(app, "match", wait=timedelta(seconds=10))
    clock.move(minutes=-15, seconds=10)
    within = await app.executor.claim()
    clock.move(microseconds=-1)
    beyond = await app.executor.claim()

    assert within is None
    assert beyond is not None
    assert (run_id, 2) == (beyond.id, beyond.attempt)


async def test_a_run_that_succeeds(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """Its result, its attempt and its end are in the history, and both lines in the log."""
    caplog.set_level("INFO")
    await request(app)
    run = await app.executor.claim()
    assert run is not None
    finished = await app.executor.execute(run)

    assert (RunState.SUCCEEDED, 1, {"summary": "Auto-matched 0 pending sessions", "matched": 0}) == (
        finished.state,
        finished.attempt,
        finished.result,
    )
    assert ["succeeded"] == await attempts(app)
    assert ["Executing scheduled task: match", "Successfully executed task: match"] == [
        record.getMessage() for record in caplog.records if record.name.startswith("bot.scheduler.")
    ]


async def failing(context: RunContext) -> Result:
    """Fail."""
    raise Conflict("The moon is full.")


async def test_what_fails_is_tried_again_later(app: App, clock: SteadyClock, add_task: Callable[..., None]) -> None:
    """After a wait that grows, until the attempts are used up; then it has failed, and the admins are told what to do."""
    add_task("sad", failing)
    lensa = await app.people.identify(LENSA)
    await request(app, "sad", max_attempts=3)
    waits = list[float]()
    for _ in range(3):
        run = await app.executor.claim()
        assert run is not None
        await app.executor.execute(run)
        too_early = await app.executor.claim()
        due_at = await one(app, "SELECT due_at FROM run")
        waits.append((due_at - clock()).total_seconds())
        clock.at = max(clock.at, due_at)

    assert too_early is None
    assert (5 < waits[0] <= 10, 10 < waits[1] <= 20, waits[2] <= 0) == (True, True, True)
    assert ["failed", "failed", "failed"] == await attempts(app)
    assert ("failed", "The moon is full.") == (await one(app, "SELECT state FROM run"), await one(app, "SELECT error FROM run"))
    (told,) = await Cast(app).said(lensa)
    assert "The moon is full." in told
    assert "python run_scheduled_tasks.py sad" in told


async def test_an_error_of_ours_does_not_tell_what_it_saw(app: App, add_task: Callable[..., None]) -> None:
    """Only the kind of an unexpected error is kept: its text may hold what somebody wrote."""

    async def broken(context: RunContext) -> Result:
        raise ValueError("my-own-message")

    add_task("broken", broken)
    await request(app, "broken", max_attempts=1)
    run = await app.executor.claim()
    assert run is not None

    assert "ValueError" == (await app.executor.execute(run)).error


async def test_what_hangs_is_stopped(app: App, add_task: Callable[..., None]) -> None:
    """After its timeout the attempt has *timed out*, and the task can run again."""

    async def hang(context: RunContext) -> Result:
        await asyncio.Event().wait()
        raise AssertionError

    add_task("hanging", hang, timeout=timedelta(milliseconds=20))
    await request(app, "hanging")
    run = await app.executor.claim()
    assert run is not None
    finished = await app.executor.execute(run)

    assert (RunState.RETRYING, ["timed out"]) == (finished.state, await attempts(app))


async def test_a_task_that_is_no_more_fails_in_peace(app: App) -> None:
    """A run of a task that a newer release has, or an older one had."""
    await request(app, "gone", max_attempts=1)
    run = await app.executor.claim()
    assert run is not None

    assert "no task gone" in str((await app.executor.execute(run)).error)


async def test_a_lease_is_renewed_while_the_work_goes_on(
    app: App, clock: SteadyClock, add_task: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that takes longer than its lease keeps it."""
    monkeypatch.setattr(execution, "HEARTBEAT", timedelta(milliseconds=5))
    go_on = asyncio.Event()

    async def work(context: RunContext) -> Result:
        await go_on.wait()
        return Result("done")

    add_task("long", work)
    await request(app, "long")
    run = await app.executor.claim()
    assert run is not None
    working = asyncio.create_task(app.executor.execute(run))
    clock.move(seconds=45)
    await wait_until(lambda: _lease_ends_at(app, clock() + LEASE), "the lease is renewed")
    clock.move(seconds=45)
    await another(app, "other").take_up()
    go_on.set()

    assert RunState.SUCCEEDED is (await working).state


async def _lease_ends_at(app: App, instant: object) -> bool:
    return instant == await one(app, "SELECT lease_expires_at FROM run")


async def test_who_lost_the_lease_writes_nothing(app: App, clock: SteadyClock) -> None:
    """Fencing: an old token neither renews, nor finishes, nor fails, nor gives back what somebody else has taken over."""
    await request(app)
    old = await app.executor.claim()
    assert old is not None
    clock.move(minutes=2)
    await app.executor.take_up()
    clock.move(minutes=2)
    new = await another(app, "other").claim()
    at = clock()
    async with app.db.transaction() as tx:
        written = [
            await runs.renew(tx, old, lease_until=at + LEASE) is not None,
            await runs.succeed(tx, old, result={}, at=at),
            await runs.fail(tx, old, Outcome.FAILED, error="x", retry_at=None, at=at),
            await runs.give_back(tx, old, at=at),
        ]

    assert new is not None
    assert [False] * 4 == written
    assert (old.id, old.lease_token + 1) == (new.id, new.lease_token)
    assert ["interrupted", None] == await attempts(app)


async def test_the_same_owner_with_an_old_token_is_refused_too(app: App, clock: SteadyClock) -> None:
    """A name is not enough: the process may have taken the same run a second time."""
    await request(app)
    old = await app.executor.claim()
    clock.move(minutes=2)
    await app.executor.take_up()
    clock.move(minutes=2)
    new = await app.executor.claim()
    assert old is not None
    assert new is not None
    async with app.db.transaction() as tx:
        written = [await runs.succeed(tx, run, result={}, at=clock()) for run in (old, new)]

    assert [False, True] == written


async def test_work_whose_lease_is_lost_is_stopped(
    app: App, clock: SteadyClock, add_task: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next heartbeat; what the other process does counts."""
    monkeypatch.setattr(execution, "HEARTBEAT", timedelta(milliseconds=5))
    began = asyncio.Event()

    async def work(context: RunContext) -> Result:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    add_task("long", work)
    await request(app, "long")
    run = await app.executor.claim()
    assert run is not None
    working = asyncio.create_task(app.executor.execute(run))
    await began.wait()
    async with app.db.transaction() as tx:
        await tx.execute("UPDATE run SET lease_token = lease_token + 1, lease_owner = 'other'")
    finished = await working

    assert (RunState.RUNNING, "other") == (finished.state, finished.lease_owner)
    assert [None] == await attempts(app)


async def test_a_run_of_the_dead_is_taken_up(app: App, clock: SteadyClock) -> None:
    """When the lease has run out it was *interrupted*, and it is tried again; not a moment before."""
    await request(app)
    await app.executor.claim()
    clock.at += LEASE - timedelta(microseconds=1)
    await app.executor.take_up()
    before = await attempts(app)
    clock.move(microseconds=1)
    await app.executor.take_up()

    assert ([None], ["interrupted"], "retrying") == (before, await attempts(app), await one(app, "SELECT state FROM run"))


async def test_two_who_find_the_same_dead_run(app: App, clock: SteadyClock) -> None:
    """It is recorded once, and tried again once."""
    await request(app)
    await app.executor.claim()
    clock.move(minutes=2)
    await asyncio.gather(*(another(app, f"o{number}").take_up() for number in range(4)))

    assert ["interrupted"] == await attempts(app)


async def test_who_holds_the_lock_knows_who_is_dead(app: App) -> None:
    """Behind the lock of the file no other bot can live: what it left is taken up at once, what a command has is not."""
    await request(app, "match")
    await request(app, "cleanup")
    await another(app, "bot:host:1:a").claim()
    await another(app, "cli:host:2:b").claim()
    await app.executor.take_up(dead_owner="bot:")

    assert {"match": "retrying", "cleanup": "running"} == {
        row["task"]: row["state"] for row in await rows(app, "SELECT * FROM run")
    }


async def test_interrupted_too_often_it_has_failed(app: App, clock: SteadyClock) -> None:
    """A run that kills its process each time is given up, and the admins hear of it."""
    lensa = await app.people.identify(LENSA)
    await request(app, max_attempts=2)
    for _ in range(2):
        assert await app.executor.claim() is not None
        clock.move(minutes=30)
        await app.executor.take_up()
        clock.move(minutes=30)

    assert "failed" == await one(app, "SELECT state FROM run")
    assert ["interrupted", "interrupted"] == await attempts(app)
    assert 1 == len(await Cast(app).said(lensa))


async def test_a_run_that_is_given_back_loses_no_attempt(app: App, add_task: Callable[..., None]) -> None:
    """The process is told to end in the middle of it, as often as it likes: the run goes back and is done in the end."""
    began = asyncio.Event()
    is_patient = False

    async def work(context: RunContext) -> Result:
        began.set()
        if not is_patient:
            await asyncio.Event().wait()
        return Result("done")

    add_task("long", work)
    await request(app, "long", max_attempts=1)
    for _ in range(3):
        began.clear()
        run = await app.executor.claim()
        assert run is not None
        working = asyncio.create_task(app.executor.execute(run))
        await began.wait()
        working.cancel()
        await asyncio.wait({working})
    is_patient = True
    run = await app.executor.claim()
    assert run is not None
    finished = await app.executor.execute(run)

    assert RunState.SUCCEEDED is finished.state
    assert ["interrupted", "interrupted", "interrupted", "succeeded"] == await attempts(app)


async def test_the_runner_lets_go_when_its_time_is_over(app: App, add_task: Callable[..., None]) -> None:
    """At the end of the process: what is quick ends, what is slow goes back."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(context: RunContext) -> Result:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def quick(context: RunContext) -> Result:
        await go_on.wait()
        return Result("done")

    add_task("slow", slow)
    add_task("quick", quick)
    await request(app, "quick")
    await request(app, "slow")
    runner = LocalRunner(executor=app.executor, ready=asyncio.Event(), concurrency=5)
    running = asyncio.create_task(runner.run())
    await began.wait()
    go_on.set()
    await wait_until(lambda: _state(app, "quick", "succeeded"), "the quick one ends")
    running.cancel()
    await runner.drain(seconds=0.01)
    await asyncio.wait({running})

    assert {"quick": "succeeded", "slow": "retrying"} == {
        row["task"]: row["state"] for row in await rows(app, "SELECT * FROM run")
    }


async def _state(app: App, task: str, state: str) -> bool:
    return state == await one(app, "SELECT state FROM run WHERE task = :task", task=task)


async def test_no_more_at_once_than_allowed(app: App, add_task: Callable[..., None]) -> None:
    """``SCHEDULER_CONCURRENCY``: the third waits for one of two to end, and one that fails harms no other."""
    together, most = 0, 0
    go_on = asyncio.Event()

    async def work(context: RunContext) -> Result:
        nonlocal together, most
        together += 1
        most = max(most, together)
        if together == 2:
            go_on.set()
        await go_on.wait()
        together -= 1
        raise ValueError

    for number in range(5):
        add_task(f"t{number}", work)
        await request(app, f"t{number}", max_attempts=1)
    runner = LocalRunner(executor=app.executor, ready=asyncio.Event(), concurrency=2)
    running = asyncio.create_task(runner.run())
    await wait_until(lambda: _failed(app, 5), "all have failed")
    running.cancel()
    await asyncio.wait({running})

    assert 2 == most


async def _failed(app: App, number: int) -> bool:
    return number == await one(app, "SELECT count(*) AS number FROM run WHERE state = 'failed'")


def from_the_terminal(app: App) -> NewRun:
    """Return what a command asks for."""
    return NewRun(task="match", trigger=Trigger.CLI, requested_by="cli", max_attempts=1, scheduled_for=app.clock())


async def test_a_command_takes_its_run_as_it_writes_it(app: App) -> None:
    """Nobody else can; and where the task is busy nothing is left behind."""
    run = await app.executor.begin(from_the_terminal(app))
    with pytest.raises(TaskBusy):
        await another(app, "other").begin(from_the_terminal(app))

    assert await another(app, "other").claim() is None
    assert [run.id] == [row["id"] for row in await rows(app, "SELECT id FROM run")]


async def test_commands_at_the_same_moment(app: App, settings: Settings, clock: SteadyClock) -> None:
    """One of several has the task, the others are told that it is busy."""
    async with root.opened(settings, kind="cli", is_guest=True, clock=clock) as other:
        begun = await asyncio.gather(
            *(each.executor.begin(from_the_terminal(each)) for each in (app, other) * 3), return_exceptions=True
        )

    assert (1, 5) == (
        len([run for run in begun if isinstance(run, Run)]),
        len([run for run in begun if isinstance(run, TaskBusy)]),
    )


async def test_a_dead_bot_does_not_keep_a_task_busy_for_ever(app: App, clock: SteadyClock) -> None:
    """A command finds a run whose process was killed: when its lease has run out it is in nobody's way, bot or no bot."""
    await request(app)
    await another(app, "bot:killed").claim()
    with pytest.raises(TaskBusy):
        await app.executor.begin(from_the_terminal(app))
    clock.at += LEASE
    run = await app.executor.begin(from_the_terminal(app))

    assert RunState.SUCCEEDED is (await app.executor.execute(run)).state
