"""Schedules and the clock: what is due runs once, on its own grid, whatever process starts or stops when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.app import App
from bot.domain.ids import RunId
from bot.domain.schedules import Interval
from bot.processes import clock_of
from bot.scheduler import reconciling
from bot.scheduler.execution import LEASE, Executor
from bot.scheduler.manager import Manager
from bot.scheduler.runners.local import LocalRunner
from bot.storage import run_requests, runs, schedules
from bot.storage.database import Transaction
from bot.storage.runs import NewRun, Trigger
from bot.storage.schedules import Schedule
from tests.support import Cast, SteadyClock, change, one, rows, wait_until

DAY, HALF_HOUR, FIVE_MINUTES = timedelta(days=1), timedelta(minutes=30), timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _three_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with the schedules that a variable can own, and no others."""
    kept = tuple(default for default in reconciling.DEFAULTS if default.task in {"backup", "cleanup", "match"})
    monkeypatch.setattr(reconciling, "DEFAULTS", kept)


async def next_runs(app: App) -> dict[str, datetime]:
    """Return when each schedule is due next."""
    return {row["name"]: row["next_run_at"] for row in await rows(app, "SELECT name, next_run_at FROM schedule")}


async def found_runs(app: App) -> list[tuple[str, str, datetime]]:
    """Return the runs that there are: task, trigger, occurrence."""
    found = await rows(app, "SELECT * FROM run ORDER BY id")
    return [(row["task"], row["trigger"], row["scheduled_for_at"]) for row in found]


async def finish_all(app: App, clock: SteadyClock) -> None:
    """Do what waits."""
    while (run := await app.executor.claim()) is not None:
        async with app.db.transaction() as tx:
            await runs.succeed(tx, run, result={}, at=clock())


async def test_a_fresh_database(app: App, clock: SteadyClock) -> None:
    """The backup is due at once, the others after one interval."""
    await app.reconciling.reconcile({})

    assert {"backup": clock(), "cleanup": clock() + HALF_HOUR, "match": clock() + FIVE_MINUTES} == await next_runs(app)


async def test_a_start_moves_no_next_run(app: App, clock: SteadyClock) -> None:
    """However often the process is restarted, also with the same variables: a daily backup stays daily."""
    owned = {"backup": timedelta(hours=12)}
    await app.reconciling.reconcile(owned)
    await clock_of(app).tick()
    before = await next_runs(app)
    for _ in range(5):
        clock.move(minutes=17)
        await app.reconciling.reconcile(owned)

    assert before == await next_runs(app)


async def test_the_environment_owns_an_interval(app: App, clock: SteadyClock) -> None:
    """A variable that is changed counts from the last occurrence: a longer one moves it out, a shorter one in, not before now."""
    await app.reconciling.reconcile({"backup": timedelta(hours=12)})
    began = clock()
    await clock_of(app).tick()
    clock.move(hours=5)
    due = list[datetime]()
    for hours in (24, 6, 2):
        await app.reconciling.reconcile({"backup": timedelta(hours=hours)})
        due.append((await next_runs(app))["backup"])

    assert [began + timedelta(hours=24), began + timedelta(hours=6), clock()] == due


async def test_a_shorter_interval_before_the_first_run(app: App, clock: SteadyClock) -> None:
    """What has never run is due after the new interval, not after the old one."""
    await app.reconciling.reconcile({})
    clock.move(minutes=10)
    await app.reconciling.reconcile({"cleanup": timedelta(minutes=1)})

    assert clock() + timedelta(minutes=1) == (await next_runs(app))["cleanup"]


async def test_a_variable_that_is_gone_leaves_the_default_counted_from_the_last_run(app: App, clock: SteadyClock) -> None:
    """And on a fresh database the first run comes after the variable's own interval."""
    await app.reconciling.reconcile({"match": timedelta(minutes=7)})
    first = (await next_runs(app))["match"]
    clock.move(minutes=7)
    await clock_of(app).tick()
    ran_at = clock()
    clock.move(minutes=1)
    await app.reconciling.reconcile({})

    assert (ran_at, ran_at + FIVE_MINUTES) == (first, (await next_runs(app))["match"])


async def test_what_an_admin_changed_stays(app: App, clock: SteadyClock) -> None:
    """Edits, pauses and deletions survive a restart where no variable owns the interval."""
    await app.reconciling.reconcile({})
    await change(app, "UPDATE schedule SET spec = '2h', next_run_at = :at WHERE name = 'cleanup'", at=clock() + HALF_HOUR)
    await change(app, "UPDATE schedule SET is_enabled = (1 = 0) WHERE name = 'match'")
    await change(app, "UPDATE schedule SET deleted_at = :at WHERE name = 'backup'", at=clock())
    before = await rows(app, "SELECT * FROM schedule ORDER BY id")
    await app.reconciling.reconcile({})
    clock.move(days=3)
    await clock_of(app).tick()

    assert [dict(row) for row in before if row["name"] != "cleanup"] == [
        dict(row) for row in await rows(app, "SELECT * FROM schedule WHERE name <> 'cleanup' ORDER BY id")
    ]
    assert ["cleanup"] == [task for task, _, _ in await found_runs(app)]


async def test_a_clock_that_was_set_back_silences_no_schedule(app: App, clock: SteadyClock) -> None:
    """The machine believed it was 2031 once: at the next start what lies further ahead than its interval is moved in."""
    await app.reconciling.reconcile({})
    clock.move(days=5 * 365)
    await clock_of(app).tick()
    clock.move(days=-5 * 365)
    await app.reconciling.reconcile({"match": timedelta(minutes=7)})

    assert {"backup": clock() + DAY, "cleanup": clock() + HALF_HOUR, "match": clock() + timedelta(minutes=7)} == await next_runs(
        app
    )


async def test_what_is_due_becomes_a_run(app: App, clock: SteadyClock) -> None:
    """One for the occurrence, and the schedule stands at its next one."""
    await app.reconciling.reconcile({})
    began = clock()
    clock.move(minutes=5, seconds=30)
    await clock_of(app).tick()

    assert [("backup", "catch-up", began), ("match", "schedule", began + FIVE_MINUTES)] == await found_runs(app)
    assert {"backup": began + DAY, "cleanup": began + HALF_HOUR, "match": began + 2 * FIVE_MINUTES} == await next_runs(app)


async def test_nothing_is_done_before_its_time(app: App, clock: SteadyClock) -> None:
    """A microsecond before nothing happens."""
    await app.reconciling.reconcile({})
    await change(app, "DELETE FROM schedule WHERE name <> 'match'")
    clock.at += FIVE_MINUTES - timedelta(microseconds=1)
    await clock_of(app).tick()

    assert [] == await found_runs(app)


async def test_what_was_missed_runs_once(app: App, clock: SteadyClock) -> None:
    """Down for a week: one run of each as catch-up, not one for each miss, and the grid is kept."""
    await app.reconciling.reconcile({})
    began = clock()
    clock.move(days=7, minutes=2)
    await clock_of(app).tick()
    await clock_of(app).tick()

    assert ["backup", "match", "cleanup"] == [task for task, _, _ in await found_runs(app)]
    assert {"catch-up"} == {trigger for _, trigger, _ in await found_runs(app)}
    assert {"backup": began + 8 * DAY, "cleanup": began + 7 * DAY + HALF_HOUR, "match": began + 7 * DAY + FIVE_MINUTES} == (
        await next_runs(app)
    )


async def test_several_clocks_make_one_run_of_each_occurrence(app: App, clock: SteadyClock) -> None:
    """Two processes, many ticks at the same moments: each occurrence once."""
    await app.reconciling.reconcile({})
    clocks = [clock_of(app) for _ in range(3)]
    for _ in range(4):
        await asyncio.gather(*(each.tick() for each in clocks))
        await finish_all(app, clock)
        clock.at += FIVE_MINUTES
    occurrences = [(task, at) for task, _, at in await found_runs(app)]

    assert len(set(occurrences)) == len(occurrences)
    assert ["backup", "match", "match", "match"] == [task for task, _ in occurrences]


async def test_who_saw_an_old_time_moves_nothing(app: App, clock: SteadyClock) -> None:
    """A schedule is moved on from the time that was seen, or not at all."""
    await app.reconciling.reconcile({})
    async with app.db.transaction() as tx:
        (seen,) = await schedules.due(tx, app.db, at=clock(), limit=10)
        moved = [
            await schedules.move_on(tx, seen, next_run_at=clock() + timedelta(hours=hours), scheduled_for=clock())
            for hours in (1, 2)
        ]

    assert [True, False] == moved
    assert clock() + timedelta(hours=1) == (await next_runs(app))["backup"]


async def test_the_move_and_the_run_are_one(
    app: App, clock: SteadyClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the run cannot be written, the schedule has not moved either; others go on, and later ticks try again and do both."""
    await app.reconciling.reconcile({})
    clock.at += FIVE_MINUTES
    before, ask, ticking = await next_runs(app), run_requests.request, clock_of(app)

    async def broken(tx: Transaction, new: NewRun, *, at: datetime) -> RunId | None:
        return await ask(tx, new if new.task == "match" else replace(new, payload=None), at=at)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(run_requests, "request", broken)
        pauses = [await ticking.tick() for _ in range(3)]
    unmoved, tasks = await next_runs(app), [task for task, _, _ in await found_runs(app)]
    await ticking.tick()

    assert (before["backup"], ["match"]) == (unmoved["backup"], tasks)
    assert [timedelta(seconds=1)] * 3 == pauses
    assert 1 == len([record for record in caplog.records if record.levelname == "ERROR"])
    assert ["match", "backup"] == [task for task, _, _ in await found_runs(app)]


async def test_a_run_that_is_not_over_has_no_second_beside_it(app: App, clock: SteadyClock) -> None:
    """Occurrences that come while the one before still runs are left out and noted in one row; the one after it is over comes."""
    await app.reconciling.reconcile({})
    await change(app, "DELETE FROM schedule WHERE name <> 'match'")
    clock.at += FIVE_MINUTES
    await clock_of(app).tick()
    run = await app.executor.claim()
    assert run is not None
    for _ in range(3):
        clock.at += FIVE_MINUTES
        async with app.db.transaction() as tx:
            await runs.renew(tx, run, lease_until=clock() + LEASE)
        await clock_of(app).tick()
    async with app.db.transaction() as tx:
        await runs.succeed(tx, run, result={}, at=clock())
    clock.at += FIVE_MINUTES
    await clock_of(app).tick()

    assert [("succeeded", 0), ("missed", 2), ("scheduled", 0)] == [
        (row["state"], row["missed"]) for row in await rows(app, "SELECT state, missed FROM run ORDER BY id")
    ]


async def test_an_occurrence_has_one_run(app: App, clock: SteadyClock) -> None:
    """The database itself refuses a second run of the same schedule for the same moment."""
    await app.reconciling.reconcile({})
    async with app.db.transaction() as tx:
        schedule = await schedules.find(tx, "backup")
        assert schedule is not None
        asked = [
            await run_requests.request(tx, occurrence(schedule, trigger), at=clock())
            for trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        ]
        await tx.execute("UPDATE run SET state = 'succeeded'")
        asked.append(await run_requests.request(tx, occurrence(schedule, Trigger.SCHEDULE), at=clock()))

    assert [False, True, True] == [run_id is None for run_id in asked]


def occurrence(schedule: Schedule, trigger: Trigger) -> NewRun:
    """Return what the clock asks for."""
    return NewRun(
        task=schedule.task,
        trigger=trigger,
        requested_by="clock",
        max_attempts=1,
        scheduled_for=schedule.next_run_at,
        schedule_id=schedule.id,
    )


async def test_the_clock_takes_up_the_dead_and_lets_offers_lapse(app: App, cast: Cast, clock: SteadyClock) -> None:
    """All that has a time is its business."""
    sara, _ = await cast.sara(), await cast.dawit()
    await cast.offer(sara)
    assert await app.executor.claim() is not None
    clock.move(minutes=6)
    await clock_of(app).tick()

    assert ("waiting", "retrying") == (
        await one(app, "SELECT state FROM session"),
        await one(app, "SELECT state FROM run WHERE attempt = 1"),
    )


@pytest.fixture
def manager(app: App) -> Manager:
    """The whole scheduler, not started."""
    clock = clock_of(app)
    runner = LocalRunner(executor=app.executor, ready=clock.ready, concurrency=5)
    return Manager(reconciling=app.reconciling, clock=clock, runner=runner, transferring=app.transferring)


async def test_the_manager_runs_what_is_due(app: App, manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """On a fresh database it makes a backup, and says so to the letter."""
    caplog.set_level("INFO")
    running = asyncio.create_task(manager.run({}, dead_owner=None))
    await wait_until(lambda: _succeeded(app, 1), "the backup is made")
    running.cancel()
    await asyncio.wait({running})
    folder = app.settings.backup_dir
    suffix = "dump" if app.settings.is_postgresql else "db"

    assert [
        "Scheduled tasks manager started",
        "Executing scheduled task: backup",
        f"Database backed up to: {folder}/hu_counseling_backup_20260302_080000.{suffix}",
        "Successfully executed task: backup",
    ] == [record.getMessage() for record in caplog.records if record.levelname == "INFO" and record.name.startswith("bot.s")]


async def _succeeded(app: App, number: int) -> bool:
    return number <= await one(app, "SELECT count(*) AS number FROM run WHERE state = 'succeeded'")


async def test_an_event_is_matched_at_once(app: App, manager: Manager, cast: Cast) -> None:
    """A request that comes while the manager sleeps is offered without waiting for any interval."""
    dawit = await cast.dawit()
    running = asyncio.create_task(manager.run({}, dead_owner=None))
    await wait_until(lambda: _succeeded(app, 2), "the backup is made, and the match for Dawit")
    await cast.request(await cast.sara())
    await wait_until(lambda: _is_offered(app), "the session is offered")
    running.cancel()
    await asyncio.wait({running})

    assert dawit.me == await one(app, "SELECT counselor_id FROM offer")


async def _is_offered(app: App) -> bool:
    return 1 == await one(app, "SELECT count(*) AS number FROM session WHERE state = 'offered'")


async def test_a_start_takes_up_what_the_dead_bot_left(app: App, manager: Manager, clock: SteadyClock) -> None:
    """Its run was interrupted, although its lease goes on for a while, and is done by this one."""
    await app.reconciling.reconcile({})
    await change(app, "UPDATE schedule SET is_enabled = (1 = 0)")
    dead = Executor(db=app.db, clock=clock, owner="bot:dead:1", services=app.executor.services, alerting=app.alerting)
    async with app.db.transaction() as tx:
        await run_requests.request_for_event(tx, "match", because="test", max_attempts=4, at=clock())
    assert await dead.claim() is not None
    running = asyncio.create_task(manager.run({}, dead_owner="bot:"))
    await wait_until(lambda: _interrupted(app), "the run is taken up")
    clock.at += LEASE
    async with app.db.transaction() as tx:
        tx.notify(runs.Channel.RUN)
    await wait_until(lambda: _succeeded(app, 1), "the run is done")
    running.cancel()
    await asyncio.wait({running})

    assert ["interrupted", "succeeded"] == [
        row["outcome"] for row in await rows(app, "SELECT outcome FROM run_attempt ORDER BY number")
    ]


async def _interrupted(app: App) -> bool:
    return 1 == await one(app, "SELECT count(*) AS number FROM run_attempt WHERE outcome = 'interrupted'")


async def test_the_interval_is_stored_to_the_second(app: App, clock: SteadyClock) -> None:
    """90 s are 90 s, a year is a year."""
    for every in (timedelta(seconds=1), timedelta(seconds=90), timedelta(minutes=525_600)):
        await app.reconciling.reconcile({"match": every})
        async with app.db.reading() as tx:
            schedule = await schedules.find(tx, "match")

        assert schedule is not None
        assert Interval(every) == schedule.when
