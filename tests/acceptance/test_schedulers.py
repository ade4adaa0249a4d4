"""Schedulers as processes of their own: on PostgreSQL any number of them, and each occurrence is executed once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import app as root
from bot.app import App
from bot.domain.ids import RunId
from bot.domain.schedules import Interval
from bot.settings import load
from bot.storage import run_requests, schedules
from bot.storage.database import DatabaseUnavailable, Row
from bot.storage.holding import lock_file
from bot.storage.runs import NewRun, Trigger
from bot.storage.schedules import Plan
from tests.acceptance.hurried import TICKS
from tests.acceptance.program import Program, Programs
from tests.support import Postgres, change, one, rows, wait_until

HURRIED = Path(__file__).with_name("hurried.py")
STARTED = "INFO:Scheduled tasks manager started"
SECONDS = float(os.environ.get("SCHEDULERS_SECONDS", "4"))  #: of 20 schedules a second; 25 where somebody wants to know

on_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


@asynccontextmanager
async def prepared(environment: dict[str, str]) -> AsyncIterator[App]:
    """Open the database, with the tables of the tasks of these tests, and without a schedule that is due."""
    settings = load(environment, None)
    root.check(settings)
    await root.prepare(settings)
    async with root.opened(settings, kind="test") as app:
        await app.reconciling.reconcile({})
        async with app.db.transaction() as tx:
            await tx.execute("CREATE TABLE tick (task TEXT NOT NULL, pid BIGINT NOT NULL)")
            await tx.execute("CREATE TABLE leave (pid BIGINT NOT NULL)")
            await tx.execute("UPDATE schedule SET is_enabled = :no", no=False)
        yield app


@pytest.fixture
async def seen(environment: dict[str, str]) -> AsyncIterator[App]:
    """The database that schedulers share."""
    async with prepared(environment) as app:
        yield app


async def start(programs: Programs, count: int) -> list[Program]:
    """Start so many schedulers, without a token, side by side."""
    started = [await programs.spawn(HURRIED, "scheduler", BOT_TOKEN=None) for _ in range(count)]
    for program in started:
        await program.logs(STARTED)
    return started


async def request(app: App, task: str = "held", *, most: int = 2) -> RunId:
    """Ask for a run."""
    new = NewRun(task=task, trigger=Trigger.API, requested_by="test", max_attempts=most, scheduled_for=app.clock())
    async with app.db.transaction() as tx:
        run_id = await run_requests.request(tx, new, at=app.clock())
    assert run_id is not None
    return run_id


async def begun(app: App, count: int) -> list[int]:
    """Wait until *count* attempts have begun; return the processes in which they did."""

    async def look() -> bool:
        return await one(app, "SELECT count(*) FROM tick") == count

    await wait_until(look, f"{count} attempts have begun")
    order = "ctid" if app.settings.is_postgresql else "rowid"
    return [row["pid"] for row in await rows(app, f"SELECT pid FROM tick ORDER BY {order}")]


async def let_go(app: App, pid: int = 0) -> None:
    """Let the task of one process end, or that of all."""
    await change(app, "INSERT INTO leave (pid) VALUES (:pid)", pid=pid)


async def over(app: App, run_id: RunId) -> Row:
    """Wait for the end of a run; return it."""

    async def look() -> bool:
        return await one(app, "SELECT finished_at FROM run WHERE id = :id", id=run_id) is not None

    await wait_until(look, "the run is over")
    (row,) = await rows(app, "SELECT state, attempt, max_attempts, result FROM run WHERE id = :id", id=run_id)
    return row


async def attempts(app: App, run_id: RunId) -> list[str | None]:
    """Return how the attempts of a run ended."""
    found = await rows(app, "SELECT outcome FROM run_attempt WHERE run_id = :id ORDER BY number", id=run_id)
    return [row["outcome"] for row in found]


@on_postgresql
async def test_each_occurrence_once(seen: App, programs: Programs) -> None:
    """Three processes, 20 schedules of a second: no occurrence is lost, and none is executed twice."""
    await start(programs, 3)
    at = seen.clock()
    async with seen.db.transaction() as tx:
        for name in TICKS:
            plan = Plan(name=name, task=name, when=Interval(every=timedelta(seconds=1)), payload={}, max_retries=3)
            await schedules.add(tx, plan, next_run_at=at + timedelta(seconds=1), at=at)

    async def enough() -> bool:
        return await one(seen, "SELECT count(*) FROM run WHERE task LIKE 'tick%'") >= len(TICKS) * SECONDS

    await wait_until(enough, f"{SECONDS} s of them", seconds=15 + 2 * SECONDS)
    await change(seen, "UPDATE schedule SET is_enabled = :no", no=False)

    async def all_over() -> bool:
        return await one(seen, "SELECT count(*) FROM run WHERE task LIKE 'tick%' AND finished_at IS NULL") == 0

    await wait_until(all_over, "all are over")
    found = await rows(seen, "SELECT task, state, attempt, missed, scheduled_for_at FROM run WHERE task LIKE 'tick%'")
    executed = [row for row in found if row["state"] == "succeeded"]
    ticked = Counter(row["task"] for row in await rows(seen, "SELECT task FROM tick"))

    assert {"succeeded"} == {row["state"] for row in found} - {"missed"}
    assert {1} == {row["attempt"] for row in executed}
    assert Counter(row["task"] for row in executed) == ticked
    for name in TICKS:
        _each_second_once([row for row in found if row["task"] == name])


def _each_second_once(found: list[Any]) -> None:
    """Pass where each occurrence of a schedule is there once; those that came while the machine slept are counted."""
    instants = [row["scheduled_for_at"] for row in found]
    seconds = 1 + round((max(instants) - min(instants)).total_seconds())

    assert len(set(instants)) == len(instants)
    assert seconds == sum(1 + row["missed"] for row in found)


@on_postgresql
async def test_a_scheduler_that_is_killed(seen: App, programs: Programs) -> None:
    """Its lease runs out, another one takes the run up, and the attempt has counted."""
    started = await start(programs, 2)
    run_id = await request(seen)
    (first,) = await begun(seen, 1)
    await next(program for program in started if program.pid == first).kill()
    _, second = await begun(seen, 2)
    await let_go(seen)
    run = await over(seen, run_id)

    assert first != second
    assert ("succeeded", 2, 2) == (run["state"], run["attempt"], run["max_attempts"])
    assert ["interrupted", "succeeded"] == await attempts(seen, run_id)


@on_postgresql
async def test_a_scheduler_that_stood_still(seen: App, programs: Programs) -> None:
    """Another one takes its run over; when it goes on and ends its task, that counts no more."""
    started = await start(programs, 2)
    run_id = await request(seen)
    (first,) = await begun(seen, 1)
    frozen = next(program for program in started if program.pid == first)
    frozen.signal(signal.SIGSTOP)
    try:
        _, second = await begun(seen, 2)
        await let_go(seen, first)
    finally:
        frozen.signal(signal.SIGCONT)
    await frozen.stop()
    between = await one(seen, "SELECT state FROM run WHERE id = :id", id=run_id)
    await let_go(seen, second)
    run = await over(seen, run_id)

    assert "running" == between
    assert ("succeeded", 2) == (run["state"], run["attempt"])
    assert f"held by {second}" in run["result"]
    assert ["interrupted", "succeeded"] == await attempts(seen, run_id)
    assert "ERROR" not in frozen.log


@on_postgresql
async def test_a_scheduler_that_is_told_to_stop(seen: App, programs: Programs) -> None:
    """It gives back what it cannot finish, ends with 0, and another one does it at once: the attempt has not counted."""
    started = await start(programs, 2)
    run_id = await request(seen, most=1)
    (first,) = await begun(seen, 1)
    stopped = next(program for program in started if program.pid == first)
    code = await stopped.stop()
    _, second = await begun(seen, 2)
    await let_go(seen)
    run = await over(seen, run_id)

    assert 0 == code
    assert first != second
    assert ("succeeded", 2, 2) == (run["state"], run["attempt"], run["max_attempts"])
    assert ["interrupted", "succeeded"] == await attempts(seen, run_id)
    assert stopped.log.endswith("INFO:Stopping.\nINFO:Stopped.\n")


@on_postgresql
async def test_what_a_scheduler_owes_is_sent_by_the_bot(seen: App, programs: Programs) -> None:
    """Beside a bot, a scheduler without a token executes runs as well, and its log holds no argument of a job."""
    (scheduler,) = await start(programs, 1)
    run_id = await request(seen, "tick_1")
    run = await over(seen, run_id)

    assert "succeeded" == run["state"]
    assert "run_id" not in scheduler.log
    assert "procrastinate" not in scheduler.log


@on_sqlite  # replaced by a server of our own
async def test_a_server_that_is_stopped_and_started_again(
    programs: Programs, environment: dict[str, str], postgres: Postgres, own_server: Any
) -> None:
    """What was under way is done, what is asked for afterwards is done at once, and the log has few lines."""
    environment |= {"DATABASE_URL": own_server.get_uri(), "PG_BIN_DIR": str(postgres.programs)}
    async with prepared(environment) as seen:
        started = await start(programs, 2)
        before = await request(seen)
        await begun(seen, 1)
        own_server.stop()
        for program in started:
            await program.logs("Nothing is lost, and everything is tried again until it works.")
        own_server.start()
        await asked_again(seen)
        await let_go(seen)
        after = await over(seen, await request(seen, "tick_1"))
        held = await over(seen, before)

    assert ("succeeded", 1) == (after["state"], after["attempt"])
    assert "succeeded" == held["state"]
    for program in started:
        assert program.is_running
        assert "Traceback" not in program.log
        assert 1 == program.log.count("Nothing is lost")


async def asked_again(app: App) -> None:
    """Wait until the database answers us too."""

    async def look() -> bool:
        with suppress(DatabaseUnavailable):
            return await one(app, "SELECT 1") == 1
        return False

    await wait_until(look, "the database answers")


@on_sqlite
@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_command_that_dies_or_stands_still_on_sqlite(
    environment: dict[str, str], programs: Programs, fate: signal.Signals
) -> None:
    """When its lease has run out another one takes its place; what it says when it goes on counts no more."""
    path = load(environment, None).sqlite_path
    assert path is not None
    with lock_file(path):  # as the bot that lives with the file, so that the commands are its guests
        async with prepared(environment) as seen:
            first = await programs.spawn(HURRIED, "tasks", "run", "held", BOT_TOKEN=None)
            await begun(seen, 1)
            first.signal(fate)
            second = await programs.spawn(HURRIED, "tasks", "run", "held", "--wait", "30", BOT_TOKEN=None)
            await begun(seen, 2)
            await let_go(seen)
            if fate is signal.SIGSTOP:
                first.signal(signal.SIGCONT)
            codes = [await first.ended(), await second.ended()]
            found = await rows(seen, "SELECT run.state, outcome FROM run JOIN run_attempt ON run_id = run.id ORDER BY run.id")

    assert [("failed", "interrupted"), ("succeeded", "succeeded")] == [(row["state"], row["outcome"]) for row in found]
    assert [-signal.SIGKILL if fate is signal.SIGKILL else 1, 0] == codes


@on_sqlite
async def test_a_command_that_is_told_to_stop_on_sqlite(environment: dict[str, str], programs: Programs) -> None:
    """Its run is called off, and is in nobody's way."""
    path = load(environment, None).sqlite_path
    assert path is not None
    with lock_file(path):
        async with prepared(environment) as seen:
            first = await programs.spawn(HURRIED, "tasks", "run", "held", BOT_TOKEN=None)
            await begun(seen, 1)
            first.signal(signal.SIGTERM)
            code = await first.ended()
            await let_go(seen)
            again = await programs.run(HURRIED, "tasks", "run", "held", BOT_TOKEN=None)
            found = await rows(seen, "SELECT state FROM run ORDER BY id")

    assert (1, 0) == (code, again.code), again.err
    assert ["cancelled", "succeeded"] == [row["state"] for row in found]


@on_sqlite
async def test_refused_on_sqlite(programs: Programs) -> None:
    """One line says why, and what does it there."""
    ended = await programs.cli("scheduler", BOT_TOKEN=None)

    assert (2, "") == (ended.code, ended.out), ended.err
    assert 1 == len(ended.err.splitlines())
    assert "python -m bot run" in ended.err
