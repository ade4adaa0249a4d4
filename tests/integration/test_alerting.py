"""What the admins hear of tasks: once when something is wrong, with cause and remedy, and once when it is right again."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.people import OPERATOR, Actor
from bot.domain.retries import Backoff
from bot.domain.schedules import Interval
from bot.domain.text import Text
from bot.processes import clock_of
from bot.scheduler.drafts import draft_of
from bot.settings import Settings, load
from bot.storage import runs
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from bot.storage.runs import RunState, Trigger
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from bot.texts import alerts as texts
from tests.made_up import MadeUp, Work
from tests.support import Cast, SteadyClock, change, one, rows

LENSA, ABEBE = 9001, 9002
HOUR = timedelta(hours=1)


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same as everywhere, with Lensa as an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin, who has written to the bot."""
    return await app.people.identify(LENSA)


def failing(error: Exception) -> Work:
    """Return work that fails."""

    async def work(context: RunContext) -> Result:
        raise error

    return work


async def heard(app: App, actor: Actor) -> list[str]:
    """Return the first line of each message that somebody has been owed since this was asked last."""
    said = await Cast(app).said(actor)
    await change(app, "DELETE FROM delivery")
    return [text.split("</b>")[0].replace("<b>", "") for text in said]


async def test_once_until_it_works_again(app: App, made_up: MadeUp, lensa: Actor, cast: Cast) -> None:
    """Of a task that goes on failing the admins hear once; when it has succeeded they hear of that once, and it counts anew."""
    told = list[list[str]]()
    for error in (ValueError(), ValueError(), None, None, ValueError()):
        made_up.task("work", failing(error) if error else failing_never)
        await made_up.executed("work")
        told.append(await heard(app, lensa))

    failed = "⚠️ The task work has failed, and is not tried again by itself."
    assert [[failed], [], ["✅ The task work works again."], [], [failed]] == told


async def test_what_is_deleted_and_comes_again(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """That a task fails is news again where its last schedule was deleted meanwhile: nothing would have told that it works."""
    made_up.task("work", failing(ValueError()))
    told = list[list[str]]()
    for name in ("work", "second"):
        await made_up.schedule(name, Interval(HOUR), task="work")
    for deleted in ("work", "second", None):
        await made_up.executed("work")
        told.append(await heard(app, lensa))
        if deleted:
            await app.control.remove(lensa, deleted)
    await made_up.schedule("work", Interval(HOUR))
    await made_up.executed("work")

    failed = "⚠️ The task work has failed, and is not tried again by itself."
    assert [[failed], [], [failed]] == told
    assert [] == await heard(app, lensa)


async def failing_never(context: RunContext) -> Result:
    """Be done."""
    return Result("done")


@pytest.mark.parametrize(
    "failure",
    [
        (Conflict("Do this & that."), "Do this &amp; that.", texts.SAYS_IT_ITSELF),
        (OSError(errno.ENOSPC, "no", "/secret/path"), "OSError (ENOSPC)", texts.DISK_FULL),
        (PermissionError(errno.EACCES, "no", "/secret/path"), "PermissionError (EACCES)", texts.NOT_WRITABLE),
        (DatabaseBusy("Another process is writing."), "Another process is writing.", texts.DATABASE_BUSY),
        (DatabaseUnavailable("The server is away."), "The server is away.", texts.DATABASE_AWAY),
        (ConnectionResetError("what somebody wrote"), "ConnectionResetError", texts.NETWORK),
        (MemoryError(), "MemoryError", texts.NO_MEMORY),
        (ExceptionGroup("what somebody wrote", [TimeoutError("what somebody wrote")]), "TimeoutError", texts.NETWORK),
        (KeyError("what somebody wrote"), "KeyError", texts.DEFECT),
    ],
    ids=lambda failure: type(failure[0]).__name__,
)
async def test_the_cause_and_the_remedy(made_up: MadeUp, cast: Cast, lensa: Actor, failure: tuple[Exception, str, Text]) -> None:
    """The message names what went wrong, what probably is behind it, and how to run it again; and nothing that anybody wrote."""
    error, said, advice = failure
    made_up.task("work", failing(error))
    await made_up.executed("work")
    (text,) = await cast.said(lensa)

    assert said in text
    assert advice.render() in text
    assert "python run_scheduled_tasks.py work" in text
    assert "somebody wrote" not in text
    assert "/secret" not in text


async def test_a_full_disk_behind_an_error_of_sqlite(app: App, made_up: MadeUp, cast: Cast, lensa: Actor) -> None:
    """What the database says of it is understood, also where it is only the cause of what was raised."""
    cause = OSError(errno.ENOSPC, "no")
    error = DatabaseUnavailable("The database cannot be used right now.")
    error.__cause__ = cause
    made_up.task("work", failing(error))
    await made_up.executed("work")

    assert texts.DISK_FULL.render() in (await cast.said(lensa))[0]


async def test_what_takes_too_long(app: App, made_up: MadeUp, cast: Cast, lensa: Actor) -> None:
    """A task whose time is over; one that meets a timeout of its own did not take too long."""

    async def hang(context: RunContext) -> Result:
        await asyncio.Event().wait()
        raise AssertionError

    made_up.task("slow", hang, timeout=timedelta(milliseconds=10))
    made_up.task("other", failing(TimeoutError()))
    errors = [(await made_up.executed(name)).error for name in ("slow", "other")]

    assert ["not done within 0.01 s", "TimeoutError"] == errors
    assert texts.TOOK_TOO_LONG.render() in (await cast.said(lensa))[0]


async def test_who_asked_hears_of_it_in_any_case(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """Somebody who runs it by hand hears how it went, also where the admins know that it fails; and once, not twice."""
    made_up.task("work", failing(ValueError()))
    told = list[list[str]]()
    for _ in range(2):
        run = await app.executor.claim(await app.control.trigger(lensa, "work"))
        assert run is not None
        await app.executor.execute(run)
        told.append(await heard(app, lensa))

    assert [["⚠️ The task work has failed, and is not tried again by itself."], ["⚠️ work"]] == told


async def test_a_dry_run_alarms_nobody(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """It says nothing about the task: neither that it fails nor that it works again."""
    made_up.task("work", failing(ValueError()), deletes=True)
    await made_up.executed("work", is_dry_run=True)
    silence = await heard(app, lensa)
    await made_up.executed("work")
    await heard(app, lensa)
    made_up.task("work", deletes=True)
    await made_up.executed("work", is_dry_run=True)

    assert [] == silence
    assert [] == await heard(app, lensa)


async def test_a_dry_run_of_what_cannot_do_one(made_up: MadeUp) -> None:
    """It fails before it does anything: nothing must be deleted by what was meant to delete nothing."""
    made_up.task("work")

    assert RunState.FAILED is (await made_up.executed("work", is_dry_run=True)).state


async def test_an_alarm_that_nobody_could_hear(app: App, made_up: MadeUp) -> None:
    """While no admin has written to the bot nobody is told; the first who has hears of the next failure."""
    made_up.task("work", failing(ValueError()))
    await made_up.executed("work")
    lensa = await app.people.identify(LENSA)
    await made_up.executed("work")

    assert 1 == len(await heard(app, lensa))


async def test_a_task_says_how_long_to_wait(app: App, made_up: MadeUp, clock: SteadyClock) -> None:
    """Each task has its own back-off."""
    made_up.task("work", failing(ValueError()), retry=Backoff(first=HOUR / 4, most=HOUR, jitter=0))
    run = await made_up.executed("work", max_attempts=5)

    assert (RunState.RETRYING, clock() + HOUR / 4) == (run.state, run.due_at)


@pytest.mark.parametrize("payload", ['{"unknown": 1}', "{}"])
async def test_what_can_never_succeed_is_not_tried_again(
    app: App, made_up: MadeUp, cast: Cast, lensa: Actor, payload: str
) -> None:
    """A payload that the task does not know any more, or a task that is gone: it fails at once, and says why."""
    made_up.task("work")
    schedule = await made_up.schedule("work", Interval(HOUR))
    if payload == "{}":
        made_up.patch.delitem(TASKS, "work")
    run = await made_up.executed("work", max_attempts=5, payload=payload, schedule_id=schedule.id)

    assert (RunState.FAILED, 1) == (run.state, run.attempt)
    assert str(run.error) in (await cast.said(lensa))[0].replace("&amp;", "&")
    assert (payload == "{}") is (await made_up.found("work")).is_parked
    assert (payload == "{}") is ("is not installed" in (await cast.said(lensa))[0])


async def test_a_schedule_whose_task_is_gone_is_given_another(app: App, made_up: MadeUp, clock: SteadyClock) -> None:
    """It goes on at once, from then; what it missed meanwhile stays undone."""
    made_up.task("work")
    await made_up.schedule("work", Interval(HOUR))
    made_up.patch.delitem(TASKS, "work")
    await app.reconciling.set_right()
    clock.move(hours=5)
    parked = await made_up.found("work")
    draft = replace(draft_of(parked), task="cleanup")
    given = await app.control.edit(OPERATOR, "work", draft, version=parked.version)

    assert (True, False) == (parked.is_parked, given.is_parked)
    assert clock() + HOUR == given.next_run_at


async def test_a_task_that_comes_back(app: App, made_up: MadeUp) -> None:
    """Its schedule waits for it, visible; in a release that has it again it goes on from then."""
    made_up.task("work")
    await made_up.schedule("work", Interval(HOUR))
    with pytest.MonkeyPatch.context() as gone:
        gone.delitem(TASKS, "work")
        await app.reconciling.set_right()
        parked = await made_up.found("work")
    await app.reconciling.set_right()
    back = await made_up.found("work")

    assert (True, False) == (parked.is_parked, back.is_parked)
    assert app.clock() + HOUR == back.next_run_at


async def test_a_schedule_pauses_itself(app: App, made_up: MadeUp, lensa: Actor, clock: SteadyClock) -> None:
    """After so many failures in a row, each at the end of its attempts; the admins hear of it once, with the way back."""
    made_up.task("work", failing(ValueError()))
    await made_up.schedule("work", Interval(HOUR), pause_after=3)
    told = list[str]()
    for number in range(5):
        if number == 1:
            made_up.task("work")  # it succeeds once: the count begins anew
        if number == 2:
            made_up.task("work", failing(ValueError()))
        clock.move(hours=1)
        await clock_of(app).tick()
        run = await app.executor.claim()
        assert run is not None
        await app.executor.execute(run)
        told += await heard(app, lensa)
    clock.move(hours=1)
    await clock_of(app).tick()
    schedule = await made_up.found("work")

    assert (False, True, 3) == (schedule.is_enabled, schedule.is_paused_by_failures, schedule.failures)
    assert "⏸ The schedule work has paused itself" == told[-1]
    assert 5 == await one(app, "SELECT count(*) AS runs FROM run")
    await app.control.resume(lensa, "work")
    assert 0 == (await made_up.found("work")).failures


async def test_a_run_that_does_not_end(app: App, made_up: MadeUp, lensa: Actor, clock: SteadyClock) -> None:
    """It swallows that its time is over: the admins hear of it once, whatever process looks; and when it is over."""
    made_up.task("work")
    run = await made_up.claimed("work")
    told = list[list[str]]()
    for minutes in (2, 2, 10):
        clock.move(minutes=minutes)
        async with app.db.transaction() as tx:
            await runs.renew(tx, run, lease_until=clock() + HOUR)
        await clock_of(app).tick()
        told.append(await heard(app, lensa))
    async with app.db.transaction() as tx:
        await runs.succeed(tx, run, result={}, at=clock())
    await clock_of(app).tick()
    told.append(await heard(app, lensa))

    assert [[], ["🧱 A run of the task work does not end"], [], ["✅ The run of the task work that did not end is over."]] == told


async def test_a_schedule_that_does_not_begin(app: App, made_up: MadeUp, lensa: Actor, clock: SteadyClock) -> None:
    """Its run waits for a place for a quarter of an hour, or for as long as the one before it may take."""
    made_up.task("work")
    made_up.task("long", timeout=HOUR)
    for name in ("work", "long"):
        await made_up.schedule(name, Interval(HOUR * 48))
    clock.move(hours=48)
    await clock_of(app).tick()
    told = list[list[str]]()
    for minutes in (14, 2, 40, 10):
        clock.move(minutes=minutes)
        await clock_of(app).tick()
        told.append(await heard(app, lensa))
    while (run := await app.executor.claim()) is not None:
        await app.executor.execute(run)
    await clock_of(app).tick()

    late = ["⏰ The schedule work is late"], ["⏰ The schedule long is late"]
    assert [[], late[0], [], late[1]] == told
    assert 1 == len(await heard(app, lensa))
    assert [] == await rows(app, "SELECT * FROM alert")


async def test_times_that_are_left_out(app: App, made_up: MadeUp, lensa: Actor, clock: SteadyClock) -> None:
    """Because a run goes on past its time; what is in time although it takes more than an interval alarms nobody."""
    made_up.task("work", timeout=timedelta(minutes=5))
    await made_up.schedule("work", Interval(timedelta(minutes=2)))
    clock.move(minutes=2)
    await clock_of(app).tick()
    run = await app.executor.claim()
    assert run is not None
    told = list[list[str]]()
    for minutes in (2, 2, 2, 2):
        clock.move(minutes=minutes)
        async with app.db.transaction() as tx:
            await runs.renew(tx, run, lease_until=clock() + HOUR)
        await clock_of(app).tick()
        told.append(await heard(app, lensa))
    async with app.db.transaction() as tx:
        await runs.succeed(tx, run, result={}, at=clock())
    await clock_of(app).tick()

    assert [[], [], ["⏰ The schedule work leaves times out"], ["🧱 A run of the task work does not end"]] == told
    assert [] == await rows(app, "SELECT * FROM alert")


async def test_whoever_watches_from_outside(made_up: MadeUp, caplog: pytest.LogCaptureFixture) -> None:
    """The heartbeat address of a schedule hears that a run begins and how it ends for good; a fault there harms no run."""
    asked = list[str]()

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=500 if "broken" in request.path else 200)

    pages = web.Application()
    pages.router.add_get("/{tail:.*}", answer)
    async with TestServer(pages) as server:
        states = list[RunState]()
        for name in ("well", "broken", "bad"):
            made_up.task(name, failing(ValueError()) if name == "bad" else failing_never)
            url = str(server.make_url(f"/{name}"))
            schedule = await made_up.schedule(name, Interval(HOUR), heartbeat_url=url)
            ended = await made_up.executed(name, schedule_id=schedule.id, trigger=Trigger.SCHEDULE)
            states.append(ended.state)

    assert (
        {"/well", "/broken", "/bad/fail"}
        <= set(asked)
        <= {"/well/start", "/well", "/broken/start", "/broken", "/bad/start", "/bad/fail"}
    )
    assert [RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED] == states
    assert str(server.port) not in caplog.text
