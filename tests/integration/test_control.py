"""What admins do with scheduled tasks: running one now and hearing how it went, pausing, resuming."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import processes
from bot.app import App
from bot.domain.errors import Conflict, NotFound
from bot.domain.people import Actor
from bot.scheduler.control import Entry
from bot.scheduler.drafts import Draft
from bot.storage.runs import Run, RunState, Trigger
from bot.telegram.screens import admin_tasks as screens
from tests.support import Cast, SteadyClock, change, one, rows


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Two admins."""
    return {**environment, "ADMIN_IDS": "9001,9002"}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin, of a service whose schedules are there."""
    await app.reconciling.reconcile({})
    return await app.people.identify(9001)


async def claimed(app: App) -> Run:
    """Claim the run that is due."""
    run = await app.executor.claim()
    assert run is not None
    return run


async def entry_of(app: App, lensa: Actor, name: str) -> Entry:
    """Return a schedule."""
    return await app.control.get(lensa, name)


async def test_who_asked_is_told_how_it_went(app: App, cast: Cast, lensa: Actor) -> None:
    """The run is theirs by its record, they alone are told its counts, once, and it is on record."""
    other = await app.people.identify(9002)
    await app.control.trigger(lensa, "cleanup")
    run = await claimed(app)
    assert (Trigger.MANUAL, f"person:{lensa.me}", lensa.me) == (run.trigger, run.requested_by, run.requester)
    finished = await app.executor.execute(run)

    assert RunState.SUCCEEDED is finished.state
    assert ["✅ <b>cleanup</b>, which you asked for, is done: Cleaned up 0 old sessions and 0 messages."] == await cast.said(
        lensa
    )
    assert [] == await cast.said(other)
    assert [("run-task", "cleanup")] == [(row["action"], row["subject"]) for row in await rows(app, "SELECT * FROM audit")]


async def test_who_asked_for_what_fails_hears_it_once_with_the_remedy(app: App, cast: Cast, lensa: Actor) -> None:
    """They are an admin, and all admins are told of a failure; there is no second try behind their back."""
    await change(app, "UPDATE schedule SET payload = :payload WHERE name = 'cleanup'", payload='{"nonsense": 1}')
    await app.control.trigger(lensa, "cleanup")
    finished = await app.executor.execute(await claimed(app))
    (told,) = await cast.said(lensa)

    assert RunState.FAILED is finished.state
    assert "nonsense" in told
    assert "run_scheduled_tasks.py" in told


async def test_asked_for_twice(app: App, lensa: Actor) -> None:
    """While one waits or runs the second is told so; afterwards it can be asked for again."""
    other = await app.people.identify(9002)
    await app.control.trigger(lensa, "match")
    with pytest.raises(Conflict, match="waits or runs already"):
        await app.control.trigger(other, "match")
    run = await claimed(app)
    with pytest.raises(Conflict, match="waits or runs already"):
        await app.control.trigger(lensa, "match")
    await app.executor.execute(run)
    await app.control.trigger(other, "match")

    assert 2 == await one(app, "SELECT count(*) AS number FROM run")


async def test_many_ask_at_once(app: App, lensa: Actor) -> None:
    """One run is made."""
    outcomes = await asyncio.gather(*(app.control.trigger(lensa, "backup") for _ in range(8)), return_exceptions=True)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert 1 == await one(app, "SELECT count(*) AS number FROM run")


async def test_a_run_that_waits_to_be_tried_again_is_no_hindrance(app: App, lensa: Actor) -> None:
    """Who has put right what it failed of need not wait for the next try."""
    await app.control.trigger(lensa, "cleanup")
    await change(app, "UPDATE run SET state = 'retrying', attempt = 1, max_attempts = 4")
    await app.control.trigger(lensa, "cleanup")

    assert 2 == await one(app, "SELECT count(*) AS number FROM run")


async def test_a_task_without_a_schedule_can_be_run(app: App, cast: Cast) -> None:
    """The commands work before the first start of the scheduler, and for a schedule that was deleted."""
    lensa = await app.people.identify(9001)
    await app.control.trigger(lensa, "match")

    assert "match" == (await claimed(app)).task
    with pytest.raises(NotFound):
        await app.control.trigger(lensa, "nonsense")
    with pytest.raises(NotFound):
        await app.control.get(lensa, "match")


async def test_a_paused_schedule_rests(app: App, clock: SteadyClock, lensa: Actor) -> None:
    """Nothing starts while it is paused, also after a restart; resumed, it goes on from there, at its next time. Each once."""
    await app.control.pause(lensa, "match")
    clock.move(hours=3)
    await app.reconciling.reconcile({})
    await processes.manager(app).clock.tick()
    assert 0 == await one(app, "SELECT count(*) AS number FROM run WHERE task = 'match'")
    with pytest.raises(Conflict):
        await app.control.pause(lensa, "match")

    await app.control.resume(lensa, "match")
    await processes.manager(app).clock.tick()
    at_once = await rows(app, "SELECT trigger FROM run WHERE task = 'match'")
    clock.move(minutes=5)
    await processes.manager(app).clock.tick()

    assert [[], ["schedule"]] == [
        [row["trigger"] for row in found] for found in (at_once, await rows(app, "SELECT trigger FROM run WHERE task = 'match'"))
    ]
    with pytest.raises(Conflict):
        await app.control.resume(lensa, "match")
    with pytest.raises(NotFound):
        await app.control.pause(lensa, "nonsense")
    assert ["pause-schedule", "resume-schedule"] == [row["action"] for row in await rows(app, "SELECT * FROM audit ORDER BY id")]


async def test_a_paused_task_can_be_run_by_hand(app: App, lensa: Actor) -> None:
    """Paused is the schedule, not the task."""
    await app.control.pause(lensa, "cleanup")
    await app.control.trigger(lensa, "cleanup")

    assert RunState.SUCCEEDED is (await app.executor.execute(await claimed(app))).state


async def test_the_list_says_when_and_how(app: App, clock: SteadyClock, lensa: Actor) -> None:
    """Next run in words and in UTC, last result, what is paused, what runs now."""
    await app.control.trigger(lensa, "cleanup")
    await app.executor.execute(await claimed(app))
    await app.control.pause(lensa, "match")
    pages = [screens.tasks(await app.control.page(lensa, number), at=clock())[0] for number in (1, 2)]
    shown = "\n".join(map(str, pages))

    assert "backup: now\n   never ran" in shown
    assert (
        "cleanup: in 30 min (2026-03-02 08:30 UTC)\n   ✅ 2026-03-02 08:00 UTC: Cleaned up 0 old sessions and 0 messages" in shown
    )
    assert "⏸ match: paused" in shown


@pytest.mark.parametrize(
    ("state", "word"),
    [(RunState.RUNNING, "running now"), (RunState.RETRYING, "to be tried again soon"), (RunState.SCHEDULED, "now")],
)
async def test_the_page_says_what_is_under_way(app: App, clock: SteadyClock, lensa: Actor, state: RunState, word: str) -> None:
    """A run that waits, runs, or failed and is tried again."""
    entry = replace(await entry_of(app, lensa, "cleanup"), unfinished=state)

    assert f"Next run: {word}\n" in str(screens.task(entry, at=clock())[0])


async def test_a_failure_is_shown_as_it_was_recorded(app: App, clock: SteadyClock, lensa: Actor) -> None:
    """With its error, escaped."""
    await change(
        app,
        """
        INSERT INTO run (task, payload, trigger, requested_by, state, concurrency_key, max_attempts, scheduled_for_at, due_at,
                         finished_at, error)
        VALUES ('cleanup', '{}', 'schedule', 'clock', 'failed', 'cleanup', 1, :at, :at, :at, 'no <b>room</b> & more')
        """,
        at=clock(),
    )
    text = screens.task(await entry_of(app, lensa, "cleanup"), at=clock())[0]

    assert "❌ 2026-03-02 08:00 UTC: no &lt;b&gt;room&lt;/b&gt; &amp; more" in text.render()


async def test_an_interval_of_the_environment_is_shown_as_such(app: App, clock: SteadyClock, lensa: Actor) -> None:
    """Who wonders why it cannot be edited reads why."""
    await app.reconciling.reconcile({"match": timedelta(minutes=7)})

    shown = str(screens.task(await entry_of(app, lensa, "match"), at=clock())[0])

    assert "every 7 minutes\nMATCH_INTERVAL_MINUTES sets when this runs." in shown


async def test_a_second_schedule_of_a_task_has_a_history_of_its_own(app: App, lensa: Actor) -> None:
    """What the first one came to is not told of the second."""
    await app.control.add(lensa, Draft(name="at_night", task="cleanup", when="0 3 * * *"))
    await app.control.trigger(lensa, "cleanup")
    await app.executor.execute(await claimed(app))
    first = [(await entry_of(app, lensa, name)).last is None for name in ("cleanup", "at_night")]
    await app.control.trigger(lensa, "at_night")
    await app.executor.execute(await claimed(app))

    assert [False, True] == first
    assert (await entry_of(app, lensa, "at_night")).last is not None
