"""Runs on PostgreSQL: carried by procrastinate's jobs, which say nothing but which run, and decide nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot import app as root
from bot.app import App
from bot.domain.ids import Clock, RunId
from bot.scheduler.execution import Executor
from bot.scheduler.runners import procrastinate as carried
from bot.scheduler.runners.procrastinate import ProcrastinateRunner
from bot.settings import Settings
from bot.storage import carrier, migrations, run_requests, runs
from bot.storage.runs import NewRun, Outcome, Run, Trigger
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task
from tests.support import Postgres, change, one, rows, wait_until

pytestmark = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)

JOBS = "SELECT args, scheduled_at, status FROM procrastinate_jobs ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


@pytest.fixture
def clock() -> Clock:
    """The real one: procrastinate looks at the server's."""
    return root.utc_now


@pytest.fixture
def add_task(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a task into the table for the time of a test."""

    def add(name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def run(context: RunContext, payload: Any) -> Result:
            await work()
            return Result("done")

        made: Any = Task(name=name, payload=Nothing, run=run, timeout=timedelta(minutes=1), does=TASKS["match"].does)
        monkeypatch.setitem(TASKS, name, made)

    return add


async def request(app: App, task: str = "match", *, most: int = 2) -> RunId:
    """Ask for a run."""
    new = NewRun(task=task, trigger=Trigger.API, requested_by="test", max_attempts=most, scheduled_for=app.clock())
    async with app.db.transaction() as tx:
        run_id = await run_requests.request(tx, new, at=app.clock())
    assert run_id is not None
    return run_id


async def jobs(app: App) -> list[int]:
    """Return the runs that procrastinate's jobs name."""
    return [row["args"]["run_id"] for row in await rows(app, JOBS)]


async def lose_jobs(app: App) -> None:
    """Forget what was sent."""
    await change(app, "DELETE FROM procrastinate_jobs WHERE id > :none", none=0)


async def state(app: App, run_id: int) -> tuple[str, int]:
    """Return the state of a run, and the attempt that it is at."""
    (row,) = await rows(app, "SELECT state, attempt FROM run WHERE id = :id", id=run_id)
    return row["state"], row["attempt"]


def is_over(app: App, run_id: int) -> Callable[[], Awaitable[bool]]:
    """Return what tells whether a run has succeeded."""

    async def look() -> bool:
        return (await state(app, run_id))[0] == "succeeded"

    return look


@asynccontextmanager
async def working(
    app: App, settings: Settings, *, owner: str = "worker", concurrency: int = 5
) -> AsyncIterator[ProcrastinateRunner]:
    """Execute runs in the background, as another process would."""
    executor = Executor(db=app.db, clock=app.clock, owner=owner, services=app.executor.services, alerting=app.alerting)
    runner = ProcrastinateRunner(executor=executor, url=settings.database_url, concurrency=concurrency)
    running = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await runner.drain(seconds=0.1)


async def claimed_by(app: App, run_id: RunId, owner: str = "another") -> Run:
    """Have another process take a run."""
    at = app.clock()
    async with app.db.transaction() as tx:
        run = await runs.claim(tx, app.db, owner=owner, at=at, lease_until=at + timedelta(minutes=1), only=run_id)
    assert run is not None
    return run


async def test_a_job_names_a_run_and_nothing_else(app: App) -> None:
    """What is asked for is sent with the commit, once, to be done at once."""
    run_id = await request(app)
    ((args, scheduled_at, status),) = [tuple(row.values()) for row in await rows(app, JOBS)]

    assert ({"run_id": run_id}, None, "todo") == (args, scheduled_at, status)


async def test_what_is_undone_is_not_sent(app: App) -> None:
    """Neither by a transaction that fails as a whole, nor by a part of one."""
    new = NewRun(task="match", trigger=Trigger.API, requested_by="test", max_attempts=1, scheduled_for=app.clock())
    with pytest.raises(ZeroDivisionError):
        async with app.db.transaction() as tx:
            await run_requests.request(tx, new, at=app.clock())
            raise ZeroDivisionError
    async with app.db.transaction():
        with suppress(ZeroDivisionError):
            async with app.db.transaction() as tx:
                await run_requests.request(tx, new, at=app.clock())
                raise ZeroDivisionError

    assert [] == await jobs(app)


async def test_several_events_send_one_job(app: App) -> None:
    """Those that find a run waiting send none: it is on its way."""
    found = set[int]()
    for _ in range(3):
        async with app.db.transaction() as tx:
            at = app.clock()
            found.add(await run_requests.request_for_event(tx, "match", because="test", max_attempts=1, at=at))

    assert list(found) == await jobs(app)


async def test_a_run_is_executed_and_its_job_is_gone(app: App, settings: Settings) -> None:
    """Whoever takes the delivery takes the run, by its row; of the job nothing is kept."""
    async with working(app, settings):
        run_id = await request(app)
        await wait_until(is_over(app, run_id), "the run succeeds")
        await wait_until(lambda: jobs_are(app, []), "its job is deleted")

    assert ("succeeded", 1) == await state(app, run_id)


async def jobs_are(app: App, expected: list[int]) -> bool:
    """Return whether jobs name these runs."""
    return await jobs(app) == expected


@pytest.mark.parametrize("made_by", ["a run that is done", "no run"])
async def test_a_stale_delivery_does_nothing(app: App, settings: Settings, made_by: str) -> None:
    """A job for a run that is over, or that does not exist, changes nothing and goes away."""
    run_id = await request(app)
    await lose_jobs(app)
    await app.executor.execute(await claimed_by(app, run_id, app.executor.owner))
    stale = run_id if made_by == "a run that is done" else run_id + 1
    await change(
        app,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES (:queue, :task, CAST(:args AS jsonb))",
        queue=carrier.QUEUE,
        task=carrier.TASK,
        args=json.dumps({"run_id": stale}),
    )
    async with working(app, settings):
        await wait_until(lambda: jobs_are(app, []), "the job is gone")

    assert ("succeeded", 1) == await state(app, run_id)
    assert 1 == await one(app, "SELECT count(*) FROM run_attempt")


async def test_who_ends_a_run_sends_the_next_of_its_task(app: App, settings: Settings) -> None:
    """A delivery that found another run of the task under way came in vain; the end of that one sends a new one."""
    first, second = await request(app, most=1), await request(app)
    under_way = await claimed_by(app, first)
    async with working(app, settings):
        await wait_until(lambda: jobs_are(app, []), "both deliveries came in vain")
        waiting = await state(app, second)
        async with app.db.transaction() as tx:
            assert await runs.fail(tx, under_way, Outcome.FAILED, error="x", retry_at=None, at=app.clock())
        await wait_until(is_over(app, second), "the second run succeeds")

    assert ("scheduled", 0) == waiting
    assert ("failed", 1) == await state(app, first)


async def test_a_delivery_that_meets_the_end_of_the_run_before_it(app: App, settings: Settings) -> None:
    """1. One run is being ended, not yet committed. 2. The next is delivered. 3. It waits for that end, and is done."""
    first = await request(app, most=1)
    under_way = await claimed_by(app, first)
    async with working(app, settings):
        await wait_until(lambda: jobs_are(app, []), "the first delivery came in vain")
        async with app.db.transaction() as tx:
            assert await runs.fail(tx, under_way, Outcome.FAILED, error="x", retry_at=None, at=app.clock())
            await tx.fetch_all("SELECT 1 AS looked")
            second = await asyncio.create_task(request(app))
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

            async def waits() -> bool:
                return await asyncio.create_task(one(app, blocked)) == 1

            await wait_until(waits, "the delivery waits for our commit")
        await wait_until(is_over(app, second), "the second run succeeds")


async def test_what_is_to_be_tried_again_is_sent_for_its_time(app: App) -> None:
    """The job of a retry is due when the run is."""
    run_id = await request(app)
    run = await claimed_by(app, run_id)
    retry_at = app.clock() + timedelta(seconds=40)
    await lose_jobs(app)
    async with app.db.transaction() as tx:
        await runs.fail(tx, run, Outcome.FAILED, error="x", retry_at=retry_at, at=app.clock())
    ((args, scheduled_at, _),) = [tuple(row.values()) for row in await rows(app, JOBS)]

    assert ({"run_id": run_id}, retry_at) == (args, scheduled_at)


async def test_what_was_lost_is_sent_again(app: App, settings: Settings) -> None:
    """A run that waits and has no job gets one when a worker starts, and each minute."""
    run_id = await request(app)
    await lose_jobs(app)
    async with working(app, settings):
        await wait_until(is_over(app, run_id), "the run succeeds")


async def test_what_is_on_its_way_is_not_sent_again(app: App) -> None:
    """A sweep leaves alone what has a job, what is not due, and what has to wait for another run of its task."""
    running, sent = await request(app), await request(app, "cleanup")
    await claimed_by(app, running)
    later = await claimed_by(app, await request(app, "backup"))
    async with app.db.transaction() as tx:
        await runs.fail(tx, later, Outcome.FAILED, error="x", retry_at=app.clock() + timedelta(minutes=1), at=app.clock())
    await request(app)
    await change(app, "DELETE FROM procrastinate_jobs WHERE CAST(args->>'run_id' AS BIGINT) <> :sent", sent=sent)
    async with app.db.transaction() as tx:
        await carrier.carry_what_waits(tx, at=app.clock())

    assert [sent] == await jobs(app)


async def test_jobs_of_dead_workers_are_cleared_away(app: App, settings: Settings) -> None:
    """A job that nobody works on any more is closed, and a run is sent anew only because its row says that it waits."""
    run_id, over = await request(app), await request(app, "cleanup")
    await app.executor.execute(await claimed_by(app, over, app.executor.owner))
    await change(app, "UPDATE procrastinate_jobs SET status = 'doing' WHERE id > :none", none=0)
    async with working(app, settings):
        await wait_until(is_over(app, run_id), "the run succeeds")
        await wait_until(lambda: jobs_are(app, []), "no job is left")

    assert ("succeeded", 1) == await state(app, over)


@pytest.mark.parametrize("microseconds", range(0, 12_000, 3000))
async def test_a_worker_that_is_stopped_leaves_no_run_behind(app: App, settings: Settings, microseconds: int) -> None:
    """Stopped at whatever moment, it has not taken the run, or finishes it."""
    async with working(app, settings) as runner:
        run_id = await request(app)
        await asyncio.sleep(microseconds / 1_000_000)
    await runner.drain(seconds=8)

    assert await state(app, run_id) in [("scheduled", 0), ("succeeded", 1)]


async def test_what_takes_too_long_at_the_end_goes_back(app: App, settings: Settings, add_task: Callable[..., None]) -> None:
    """It is given back, the attempt does not count, and the next worker does it at once."""
    begun = asyncio.Event()
    hangs = True

    async def work() -> None:
        begun.set()
        if hangs:
            await asyncio.Event().wait()

    add_task("long", work)
    run_id = await request(app, "long", most=1)
    async with working(app, settings):
        await begun.wait()
    back = await state(app, run_id)
    hangs = False
    async with working(app, settings, owner="next"):
        await wait_until(is_over(app, run_id), "the next worker does it")

    assert ("retrying", 1) == back


async def test_no_more_at_once_than_allowed(app: App, settings: Settings, add_task: Callable[..., None]) -> None:
    """A worker whose places are taken leaves the third run to another one."""
    begun, leave = set[str](), asyncio.Event()

    def working_on(name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            begun.add(name)
            await leave.wait()

        return work

    for name in ("a", "b", "c"):
        add_task(name, working_on(name))
    async with working(app, settings, owner="full", concurrency=2):
        for name in ("a", "b"):
            await request(app, name)
        await wait_until(lambda: begun == {"a", "b"}, "two are under way")
        third = await request(app, "c")
        async with working(app, settings, owner="free"):
            await wait_until(lambda: "c" in begun, "the third is under way")
            taken_by = await one(app, "SELECT lease_owner FROM run WHERE id = :id", id=third)
            leave.set()
            await wait_until(is_over(app, third), "the third is done")

    assert "free" == taken_by


async def test_a_worker_whose_connections_are_cut(
    app: App, settings: Settings, add_task: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way goes on and is recorded; the worker begins anew, and does what comes then."""
    monkeypatch.setattr(carried, "_PAUSE_SECONDS", 0.01)
    begun, leave = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await leave.wait()

    add_task("long", work)
    async with working(app, settings):
        first = await request(app, "long")
        await begun.wait()
        with psycopg.connect(settings.database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        second = await asyncio.wait_for(_requested_at_last(app), 10)
        await wait_until(is_over(app, second), "what is asked for behind the cut is done")
        leave.set()
        await wait_until(is_over(app, first), "what was under way is recorded")

    assert ("succeeded", 1) == await state(app, first)


async def _requested_at_last(app: App) -> RunId:
    """Ask for a run as soon as the database lets us."""
    while True:
        with suppress(Exception):
            return await request(app)


async def test_its_tables_lie_apart_and_stay_out_of_backups(app: App, settings: Settings, postgres: Postgres) -> None:
    """A backup holds the run and no job; a database that was restored from it gets the tables and the job at its start."""
    run_id = await request(app)
    path = await app.executor.services.backups.create()
    url = postgres.new_database()
    await _restore(postgres.programs, path, url)
    with psycopg.connect(url) as connection:
        schemas = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hu_counseling%'").fetchone()
        waiting = connection.execute("SELECT id FROM run WHERE state = 'scheduled'").fetchall()

    assert (0,) == schemas
    assert [(run_id,)] == waiting
    assert not migrations.is_current(url, None)
    migrations.migrate(url, None)
    assert migrations.is_current(url, None)


async def _restore(programs: Path, dump: Path, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(programs / "pg_restore"), "--exit-on-error", "--no-owner", f"--dbname={url}", str(dump)
    )
    assert 0 == await process.wait()


async def test_another_version_of_procrastinate(app: App, settings: Settings) -> None:
    """It gets tables of its own beside the old ones, which go once no worker has lived there for a day."""
    used, unused = f"{carrier.FAMILY}3_0_0", f"{carrier.FAMILY}2_0_0"
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(f"ALTER SCHEMA {carrier.SCHEMA} RENAME TO {used}".encode())
        connection.execute(f"INSERT INTO {used}.procrastinate_workers DEFAULT VALUES".encode())
        connection.execute(f"CREATE SCHEMA {unused}".encode())
        connection.execute(f"CREATE TABLE {unused}.procrastinate_workers (last_heartbeat TIMESTAMPTZ)".encode())
    await root.prepare(settings)
    found = await rows(app, "SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, :family)", family=carrier.FAMILY)

    assert {used, carrier.SCHEMA} == {row["name"] for row in found}


async def test_a_user_who_may_not_create_a_schema(app: App, settings: Settings) -> None:
    """The sentence says what an administrator has to do."""
    name = "hu_humble"
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {carrier.SCHEMA} CASCADE".encode())
        connection.execute(f"CREATE ROLE {name}".encode())
        try:
            connection.execute(f"SET ROLE {name}".encode())
            with pytest.raises(carrier.MayNotCreate, match="GRANT CREATE ON DATABASE"):
                carrier.create(connection)
        finally:
            connection.execute("RESET ROLE")
            connection.execute(f"DROP ROLE {name}".encode())


async def test_several_that_start_at_once_on_an_empty_database(settings: Settings, postgres: Postgres) -> None:
    """One creates what runs are carried by, the others find it."""
    url = postgres.new_database()
    await asyncio.gather(*(asyncio.to_thread(migrations.migrate, url, None) for _ in range(4)))

    assert migrations.is_current(url, None)


async def test_a_server_whose_clock_is_ahead(app: App, settings: Settings) -> None:
    """What is delivered a moment too early by our clock waits for its time, and is done."""
    run_id = await request(app)
    run = await claimed_by(app, run_id)
    async with app.db.transaction() as tx:
        await runs.fail(tx, run, Outcome.FAILED, error="x", retry_at=app.clock() + timedelta(seconds=1), at=app.clock())
    await change(app, "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
    async with working(app, settings):
        await wait_until(is_over(app, run_id), "the run succeeds")

    assert ("succeeded", 2) == await state(app, run_id)
