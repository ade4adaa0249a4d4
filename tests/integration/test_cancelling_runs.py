"""A run while it goes on: called off, how far it has come, what it says in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import app as root
from bot import logs
from bot.app import App
from bot.domain.ids import RunId
from bot.domain.people import OPERATOR, Actor
from bot.scheduler import execution
from bot.scheduler.run_log import MOST_LINES
from bot.settings import Settings, load
from bot.storage import run_history, runs
from bot.storage.runs import Run, RunState
from bot.tasks.base import Result, RunContext
from tests.made_up import MadeUp, attempts
from tests.support import Cast, SteadyClock, one, wait_until

LENSA = 9001
logger = logging.getLogger("bot.services.made_up")


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same as everywhere, with Lensa as an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin."""
    return await app.people.identify(LENSA)


@pytest.fixture
def log() -> Iterator[None]:
    """The log, set up as in a process of ours, and afterwards as it was."""
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in ("", *logs.FLOORS)]
    logs.configure(level="INFO", fmt="text", file=None, secrets=["hush-hush"])
    yield
    logs._remove_own(logging.getLogger())
    for one_of_them, level in before:
        one_of_them.setLevel(level)


async def found(app: App, run_id: RunId) -> Run:
    """Return a run as it is now."""
    async with app.db.reading() as tx:
        run = await runs.find(tx, run_id)
    assert run is not None
    return run


async def for_ever(context: RunContext) -> Result:
    """Go on until stopped."""
    while True:
        await context.checkpoint()


async def test_what_waits_is_called_off_at_once(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """Nobody begins it any more."""
    made_up.task("work")
    run_id = await made_up.request("work")

    assert RunState.CANCELLED is await app.control.cancel(lensa, run_id)
    assert await app.executor.claim() is None
    assert RunState.CANCELLED is (await found(app, run_id)).state


async def test_what_waits_for_its_next_attempt_too(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """A run that failed once is not tried again."""

    async def fail(context: RunContext) -> Result:
        raise ValueError

    made_up.task("work", fail)
    run = await made_up.executed("work", max_attempts=3)
    await app.control.cancel(lensa, run.id)

    assert RunState.RETRYING is run.state
    assert RunState.CANCELLED is (await found(app, run.id)).state


async def test_what_is_under_way_is_stopped(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """At its next checkpoint, long before the next heartbeat; who asked for that is told, and it is not tried again."""
    made_up.task("work", for_ever)
    run = await made_up.claimed("work", max_attempts=3)
    working = asyncio.create_task(app.executor.execute(run))
    await wait_until(lambda: one(app, "SELECT count(*) AS number FROM run WHERE state = 'running'"), "it is under way")
    state = await app.control.cancel(lensa, run.id)
    ended = await working

    assert (RunState.RUNNING, RunState.CANCELLED) == (state, ended.state)
    assert ["interrupted"] == await attempts(app)
    assert ["🛑 <b>work</b> is cancelled, as you asked."] == await Cast(app).said(lensa)


async def test_another_process_calls_it_off(app: App, made_up: MadeUp, settings: Settings, clock: SteadyClock) -> None:
    """A command beside the bot: what it wrote is noticed within seconds."""
    made_up.task("work", for_ever)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    async with root.opened(settings, kind="cli", is_guest=True, clock=clock) as guest:
        await guest.control.cancel(OPERATOR, run.id)

    assert RunState.CANCELLED is (await working).state


async def test_called_off_before_it_is_taken_up_again(app: App, made_up: MadeUp, lensa: Actor, clock: SteadyClock) -> None:
    """Its process dies before it sees that it is to stop: nobody begins it again."""
    made_up.task("work")
    run = await made_up.claimed("work", max_attempts=3)
    await app.control.cancel(lensa, run.id)
    clock.move(minutes=2)
    await app.executor.take_up()

    assert RunState.CANCELLED is (await found(app, run.id)).state
    assert ["🛑 <b>work</b> is cancelled, as you asked."] == await Cast(app).said(lensa)


async def test_done_at_the_same_moment(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """What was done before it could be stopped has succeeded."""

    async def stubborn(context: RunContext) -> Result:
        try:
            await for_ever(context)
        except asyncio.CancelledError:
            return Result("done after all")
        raise AssertionError

    made_up.task("work", stubborn)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    await app.control.cancel(lensa, run.id)
    ended = await working

    assert (RunState.SUCCEEDED, {"summary": "done after all"}) == (ended.state, ended.result)


async def test_what_fails_because_it_is_stopped_has_not_failed(app: App, made_up: MadeUp, lensa: Actor) -> None:
    """A task that turns its end into an error of its own: the run is cancelled, and nobody is alarmed."""

    async def breaking(context: RunContext) -> Result:
        try:
            await for_ever(context)
        except asyncio.CancelledError:
            raise ValueError from None
        raise AssertionError

    made_up.task("work", breaking)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    await app.control.cancel(lensa, run.id)

    assert RunState.CANCELLED is (await working).state
    assert ["🛑 <b>work</b> is cancelled, as you asked."] == await Cast(app).said(lensa)


async def test_how_far_it_has_come(app: App, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others see it while it goes on, also where it is told in the middle of a transaction; and the last word stays."""
    monkeypatch.setattr(execution, "HEARTBEAT", timedelta(milliseconds=5))
    go_on = asyncio.Event()

    async def work(context: RunContext) -> Result:
        async with app.db.transaction():
            context.progress(3)
        context.progress(4, 10)
        await go_on.wait()
        context.progress(10, 10)
        return Result("done")

    made_up.task("work", work)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    await wait_until(lambda: _is_at(app, run.id, (4, 10)), "the progress is shown")
    go_on.set()

    assert (10, 10) == (await working).progress


async def _is_at(app: App, run_id: RunId, progress: tuple[int, int | None]) -> bool:
    return progress == (await found(app, run_id)).progress


async def said(app: App, run: Run) -> list[tuple[str, str]]:
    """Return what is kept of what a run said."""
    async with app.db.reading() as tx:
        return [(line.level, line.line) for line in await run_history.said(tx, run.id)]


async def test_what_it_says_is_kept(app: App, made_up: MadeUp, log: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own lines and those of what it calls, in threads too, without secrets; not those of others, and soon."""
    monkeypatch.setattr(execution, "HEARTBEAT", timedelta(milliseconds=5))
    go_on = asyncio.Event()

    async def work(context: RunContext) -> Result:
        logger.info("first, hush-hush")
        await asyncio.to_thread(logger.warning, "second")
        await go_on.wait()
        return Result("done")

    made_up.task("work", work)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    lines = [("INFO", "first, ***"), ("WARNING", "second")]
    await wait_until(lambda: _has_said(app, run, lines), "the lines are kept")
    logger.info("somebody else")
    go_on.set()
    await working

    assert lines == await said(app, run)


async def _has_said(app: App, run: Run, lines: list[tuple[str, str]]) -> bool:
    return lines == await said(app, run)


async def test_two_at_once_do_not_mix(app: App, made_up: MadeUp, log: None) -> None:
    """Each run keeps what it said itself."""
    both = asyncio.Barrier(2)

    def saying(word: str) -> None:
        async def work(context: RunContext) -> Result:
            await both.wait()
            logger.info("%s", word)
            await both.wait()
            logger.info("%s again", word)
            return Result("done")

        made_up.task(word, work)

    saying("one")
    saying("two")
    begun = [await made_up.claimed(word) for word in ("one", "two")]
    await asyncio.gather(*(app.executor.execute(run) for run in begun))

    assert [[("INFO", word), ("INFO", f"{word} again")] for word in ("one", "two")] == [await said(app, run) for run in begun]


async def test_who_says_too_much(app: App, made_up: MadeUp, log: None) -> None:
    """So many lines of so many characters, and one that says how many more there were."""

    async def chatter(context: RunContext) -> Result:
        for _ in range(MOST_LINES + 40):
            logger.info("a" * 1000)
        return Result("done")

    made_up.task("work", chatter)
    lines = await said(app, await made_up.executed("work"))

    assert {("INFO", "a" * 299 + "…")} == set(lines[:-1])
    assert (MOST_LINES + 1, ("INFO", "… 40 more lines were left out here; the log of the bot has them.")) == (
        len(lines),
        lines[-1],
    )


async def test_each_attempt_says_its_own(app: App, made_up: MadeUp, log: None, clock: SteadyClock) -> None:
    """The lines of a second attempt stand behind those of the first one; of an error its kind and its place, not its words."""
    tries = 0

    async def work(context: RunContext) -> Result:
        nonlocal tries
        tries += 1
        logger.info("try %d", tries)
        if tries == 1:
            raise ValueError("what somebody wrote")
        return Result("done")

    made_up.task("work", work)
    run = await made_up.executed("work", max_attempts=2)
    clock.move(minutes=1)
    again = await app.executor.claim(run.id)
    assert again is not None
    await app.executor.execute(again)
    lines = [line for _, line in await said(app, run)]

    assert ["try 1", "The task work failed.", "try 2"] == [*lines[:2], *lines[3:]]
    assert lines[2].startswith("ValueError (at ")


async def test_a_stopped_process_gives_back_what_others_can_do(app: App, made_up: MadeUp) -> None:
    """A task that does not let go keeps its lease until it has run out; the end of the process does not wait for it."""
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def stubborn(context: RunContext) -> Result:
        holding.set()
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        return Result("done")

    made_up.patch.setattr(execution, "_LETS_GO_SECONDS", 0.01)
    made_up.task("work", stubborn)
    run = await made_up.claimed("work")
    working = asyncio.create_task(app.executor.execute(run))
    await holding.wait()
    working.cancel()
    await asyncio.wait({working})
    go_on.set()

    assert working.cancelled()
    assert RunState.RUNNING is (await found(app, run.id)).state
