"""Very much at once: in what order it begins, and what does not have to wait for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.people import OPERATOR
from bot.domain.schedules import Interval
from bot.processes import clock_of
from bot.scheduler.clock import SchedulerClock
from bot.scheduler.execution import LEASE
from bot.storage import schedules
from bot.storage.runs import RunState
from bot.storage.schedules import Plan
from bot.texts.schedules import in_words
from tests.made_up import MadeUp
from tests.support import Cast, SteadyClock, change, one, rows, wait_until

DAY = timedelta(days=1)


@pytest.fixture
def scheduler(app: App) -> SchedulerClock:
    """The scheduler's clock, on a machine whose own clock nobody sets: as far as it can tell, as much time has passed."""
    began = app.clock()

    def passed() -> float:
        return (app.clock() - began).total_seconds()

    scheduler = clock_of(app)
    scheduler.monotonic = passed
    return scheduler


async def add(app: App, number: int, *, task: str = "work") -> None:
    """Add so many schedules, due one after the other from now on."""
    at = app.clock()
    async with app.db.transaction() as tx:
        for index in range(number):
            plan = Plan(name=f"{task}_{index}", task=task, when=Interval(DAY), payload={}, max_retries=0)
            await schedules.add(tx, plan, next_run_at=at + timedelta(milliseconds=index), at=at)


async def begun(app: App) -> int:
    """Return how many runs there are."""
    return await one(app, "SELECT count(*) AS runs FROM run WHERE schedule_id IS NOT NULL")


async def test_offers_lapse_beside_a_backlog(app: App, cast: Cast, scheduler: SchedulerClock, clock: SteadyClock) -> None:
    """Two hundred and fifty schedules are due: after the first hundred others have their turn; in the end each has one run."""
    await cast.dawit()
    await cast.offer(await cast.sara())
    await add(app, 250)
    clock.move(minutes=6)
    seen = list[tuple[int, int, timedelta]]()
    for _ in range(4):
        pause = await scheduler.tick()
        seen.append((await begun(app), await one(app, "SELECT count(*) AS open FROM offer WHERE outcome IS NULL"), pause))

    nothing = timedelta(0)
    assert [(100, 0, nothing), (200, 0, nothing), (250, 0, nothing)] == seen[:3]
    assert (250, True) == (seen[3][0], seen[3][2] > nothing)


async def test_what_was_missed_together(app: App, made_up: MadeUp, scheduler: SchedulerClock, clock: SteadyClock) -> None:
    """It is taken one after the other in the order in which it was due, once each, with the number of what was missed before."""
    names = [f"task_{number}" for number in (3, 1, 4, 2, 5)]
    for minutes, name in enumerate(names, start=1):
        made_up.task(name)
        await made_up.schedule(name, Interval(DAY), first=clock() + timedelta(minutes=minutes))
    clock.move(days=3)
    await scheduler.tick()
    taken = [await app.executor.claim() for _ in range(len(names) + 1)]

    assert [*names, None] == [run.task if run else None for run in taken]
    assert {2} == {run.missed for run in taken if run}


async def test_a_crowd_of_one_task_keeps_no_other_waiting(app: App, made_up: MadeUp, clock: SteadyClock) -> None:
    """Fifty runs of one task wait for each other; one of another task, asked for last, is taken next."""
    for name in ("work", "other"):
        made_up.task(name)
    for _ in range(50):
        await made_up.request("work")
        clock.move(milliseconds=1)
    await made_up.request("other")
    taken = [await app.executor.claim() for _ in range(3)]

    assert ["work", "other", None] == [run.task if run else None for run in taken]


async def test_it_sleeps_until_the_next_thing(app: App, made_up: MadeUp, scheduler: SchedulerClock, clock: SteadyClock) -> None:
    """Until the next schedule, or for as long as it may at most."""
    quiet = await scheduler.tick()
    await made_up.schedule("work", Interval(timedelta(seconds=7)))

    assert (timedelta(seconds=60), timedelta(seconds=7)) == (quiet, await scheduler.tick())


@pytest.mark.parametrize(("seconds", "is_noticed"), [(-1.5, False), (-3, True), (3, True), (-86_400, True)])
async def test_the_clock_of_the_machine_is_set(
    app: App, made_up: MadeUp, clock: SteadyClock, caplog: pytest.LogCaptureFixture, seconds: float, is_noticed: bool
) -> None:
    """By more than it drifts: then schedules are set right at once, without a restart."""
    passed = 0.0
    ticking = clock_of(app)
    ticking.monotonic = lambda: passed
    made_up.task("work")
    await made_up.schedule("work", Interval(timedelta(hours=1)))
    await ticking.tick()
    clock.move(seconds=30 + seconds)
    passed += 30
    await ticking.tick()
    schedule = await made_up.found("work")
    assert schedule.next_run_at is not None

    assert is_noticed is any("The clock of the machine was set" in record.getMessage() for record in caplog.records)
    assert schedule.next_run_at - clock() <= timedelta(hours=1, seconds=2)


async def test_a_clock_that_is_set_forward_kills_nobody(
    app: App, made_up: MadeUp, scheduler: SchedulerClock, clock: SteadyClock
) -> None:
    """By it the lease of a run has ended that is executed here: the run goes on, and no other attempt begins."""
    made_up.task("work")
    run = await made_up.claimed("work")
    own = replace(scheduler, monotonic=lambda: 0.0)
    await own.tick()
    clock.move(hours=1)
    await own.tick()
    seen = await rows(app, "SELECT state, attempt, lease_expires_at FROM run")

    assert [("running", 1, clock() + LEASE)] == [tuple(row.values()) for row in seen]
    assert RunState.SUCCEEDED is (await app.executor.execute(run)).state


async def test_what_is_broken_stops_nothing(app: App, scheduler: SchedulerClock, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong in a tick is in the log, and the next tick comes."""
    async with app.db.transaction() as tx:
        await tx.execute("ALTER TABLE offer RENAME TO gone")
    running = asyncio.create_task(scheduler.run())
    await wait_until(lambda: "The clock could not do what is due" in caplog.text, "it is in the log")
    async with app.db.transaction() as tx:
        await tx.execute("ALTER TABLE gone RENAME TO offer")
    await add(app, 1)
    await wait_until(lambda: _has_begun(app), "the next schedule is begun")
    running.cancel()
    await asyncio.wait({running})

    assert 1 == await begun(app)


async def test_a_broken_watch_keeps_no_run_waiting(
    app: App, scheduler: SchedulerClock, clock: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nobody can be told what is late, what is due begins all the same, and whoever executes it is woken."""
    await add(app, 1)
    clock.move(seconds=1)
    async with app.db.transaction() as tx:
        await tx.execute("ALTER TABLE alert RENAME TO gone")
    await scheduler.tick()

    assert "What is late could not be looked for" in caplog.text
    assert (1, True) == (await begun(app), scheduler.ready.is_set())


async def _has_begun(app: App) -> bool:
    return await begun(app) > 0


async def test_a_row_that_cannot_be_read_hides_no_other(app: App, clock: SteadyClock, scheduler: SchedulerClock) -> None:
    """A zone that is gone: the schedule is parked and shown, and everything else goes on."""
    await app.reconciling.reconcile({})
    await change(app, "UPDATE schedule SET kind = 'cron', spec = '0 3 * * *', zone = 'No/Where' WHERE name = 'cleanup'")
    await app.reconciling.reconcile({})
    clock.move(hours=1)
    await scheduler.tick()
    shown = {entry.schedule.name: entry.schedule for entry in await app.control.list(OPERATOR)}
    begun = {row["task"] for row in await rows(app, "SELECT task FROM run")}

    assert shown["cleanup"].is_parked
    assert "No/Where" in str(in_words(shown["cleanup"].when))
    assert ("match" in begun, "cleanup" in begun) == (True, False)
