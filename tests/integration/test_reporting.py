"""The figures of the panel and of ``/stats``, against what was counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.app import App
from bot.domain.analytics import Figures
from bot.domain.errors import NotAllowed
from bot.domain.people import Actor
from bot.domain.sessions import SessionState
from bot.services.reporting import Series, Snapshot, Statistics
from bot.storage.statistics import Heads
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from bot.telegram.screens import admin as screens
from tests.support import Cast, SteadyClock, change, rows


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """An admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin."""
    return await app.people.identify(9001)


async def test_an_empty_service(app: App, lensa: Actor) -> None:
    """Everything is nothing, and is said in words where there is no figure."""
    figures, counted = await look(app, lensa)
    overview = await app.admin.reporting.overview(lensa)
    text = str(screens.statistics(figures)[0])

    assert Heads(approved=0, online=0, applications=0) == figures.now.heads
    assert overview == figures.now
    assert {SessionState.WAITING: 0, SessionState.OFFERED: 0, SessionState.ACTIVE: 0} == overview.sessions
    assert Figures() == counted.so_far == counted.day == counted.week
    assert 1 == counted.people
    assert "no request was taken up yet" in text
    assert "nobody has rated yet" in text


async def look(app: App, lensa: Actor) -> tuple[Statistics, Snapshot]:
    """Return the figures of ``/stats``, and of them those that may have been counted before."""
    figures = await app.admin.reporting.statistics(lensa)
    assert figures.counted is not None
    return figures, figures.counted


async def a_talk(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Sara asks, waits 4 minutes for Dawit, says three things, and gives 4 stars."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.request(sara)
    clock.move(minutes=4)
    (offer,) = await app.matching.match_waiting(limit=10)
    session = await app.offering.accept(dawit, offer.id)
    for number in range(3):
        await cast.say(sara, "hello", message_id=number)
    await app.closing.end(sara, session.alias)
    await change(app, "UPDATE session SET rating = 4, rated_at = :at", at=clock())


async def a_talk_with_two(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Liya asks, waits 10 minutes for Hana, who hands her over to Dawit an hour later; each says one thing, and it is 5 stars."""
    liya, dawit = await cast.student(1002), await cast.dawit()
    await app.serving.go_offline(dawit)
    hana = await cast.counselor(2002, "Hana", "academic_career", "other")
    await cast.request(liya, "academic_career")
    clock.move(minutes=10)
    (offer,) = await app.matching.match_waiting(limit=10)
    session = await app.offering.accept(hana, offer.id)
    await cast.say(liya, "hello")
    await app.transferring.transfer(hana, session.alias)
    clock.move(hours=1)
    await app.serving.go_online(dawit)
    (again,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, again.id)
    await cast.say(dawit, "I am here now")
    await app.closing.end(liya, session.alias)
    await change(app, "UPDATE session SET rating = 5, rated_at = :at WHERE alias = :alias", alias=session.alias, at=clock())


async def what_is_open(app: App, cast: Cast) -> None:
    """A request that is offered, one that waits, one that was taken back; an application; one of two counselors is online."""
    await cast.request(await cast.student(1003))
    await app.matching.match_waiting(limit=10)
    await change(app, "UPDATE counselor SET is_online = :no", no=False)
    await cast.request(await cast.student(1004), "crisis_substance")
    gone = await cast.request(await cast.student(1005), "crisis_substance")
    await app.requesting.cancel(await app.people.identify(1005), gone.alias)
    await cast.applicant(2003, "Abel")
    await app.serving.go_online(await app.people.identify(2002))


async def test_the_figures_are_those_that_were_counted(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """The mean wait is that for the first counselor, 7 minutes of 4 and 10; what was two days ago is not of the last 24 hours."""
    await a_talk(app, cast, clock)
    clock.move(days=2)
    await a_talk_with_two(app, cast, clock)
    await what_is_open(app, cast)
    (figures, counted), overview = await look(app, lensa), await app.admin.reporting.overview(lensa)
    so_far, day = counted.so_far, counted.day

    assert Heads(approved=2, online=1, applications=1) == figures.now.heads
    assert {SessionState.WAITING: 1, SessionState.OFFERED: 1, SessionState.ACTIVE: 0} == figures.now.sessions
    assert overview == figures.now
    assert (9, 2, 1, 5) == (counted.people, so_far.ended, so_far.cancelled, so_far.messages)
    assert {"crisis_substance": 2, "mental_emotional": 2, "academic_career": 1} == so_far.topics
    assert (4, 1, 1, 2) == (day.requests, day.started, day.ended, day.messages)
    assert timedelta(minutes=7) == counted.waits.average
    assert (2, Decimal("4.5")) == (so_far.ratings, so_far.average_rating)


async def test_what_is_deleted_is_not_counted_as_in_service(app: App, cast: Cast, lensa: Actor) -> None:
    """A deleted or deactivated counselor is a person, and no counselor."""
    dawit, hana = await cast.dawit(), await cast.hana()
    await app.admin.moderating.delete(lensa, dawit.me)
    await app.admin.moderating.deactivate(lensa, hana.me)

    assert Heads(approved=0, online=0, applications=0) == (await app.admin.reporting.overview(lensa)).heads


async def test_what_takes_long_is_shown_as_a_task_counted_it(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """The screen says from when it is; what is open is counted now, and nobody else is asked to count for two hours."""
    reporting, began = replace(app.admin.reporting, few=0), clock()
    await run_task(app, "service_statistics")
    await cast.request(await cast.sara())
    clock.move(hours=2)
    figures = await reporting.statistics(lensa)
    text = str(screens.statistics(figures)[0])

    assert figures.counted is not None
    assert (began, 0) == (figures.counted.at, figures.counted.so_far.requests)
    assert 1 == figures.now.sessions[SessionState.WAITING]
    assert f"as of {began:%Y-%m-%d %H:%M} UTC" in text
    assert ["match"] == await asked(app)


@pytest.mark.parametrize(
    ("before", "shown"), [({"hours": 2, "minutes": 1}, "as of"), ({"days": -1}, "Refresh"), (None, "Refresh")]
)
async def test_where_nobody_counts_whoever_looks_has_it_done(
    app: App, clock: SteadyClock, lensa: Actor, before: dict[str, float] | None, shown: str
) -> None:
    """The schedule is paused, the clock was set back, or the bot has only begun: each look asks for a run, and waits for none."""
    reporting = replace(app.admin.reporting, few=-1)
    if before is not None:
        await run_task(app, "service_statistics")
        clock.move(**before)
    looks = [await reporting.statistics(lensa) for _ in range(2)]

    assert ["service_statistics"] == await asked(app)
    assert all(shown in str(screens.statistics(one)[0]) for one in looks)


async def asked(app: App) -> list[str]:
    """Return which tasks are to run because of something that happened."""
    return [row["task"] for row in await rows(app, "SELECT task FROM run WHERE trigger = 'event' ORDER BY id")]


async def test_a_press_counts_little(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """How many sessions and messages there ever were does not matter; where little happened lately, that is counted at once."""
    reporting = replace(app.admin.reporting, few=4)
    await a_talk(app, cast, clock)
    await run_task(app, "service_statistics")
    still = await reporting.statistics(lensa)
    await cast.request(await cast.student(1007), "other")
    busy = await reporting.statistics(lensa)
    clock.move(days=8)
    await run_task(app, "aggregate_daily_analytics")
    quiet = await reporting.statistics(lensa)

    assert all(one.counted is not None for one in (still, busy, quiet))
    assert [1, 1, 2] == [one.counted.so_far.requests for one in (still, busy, quiet) if one.counted]


async def test_snapshots_are_kept_for_trends(
    app: App, cast: Cast, clock: SteadyClock, lensa: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    """Every run adds one and says one line of counts; those that are too old go."""
    caplog.set_level("INFO")
    began = clock()
    await a_talk(app, cast, clock)
    for _ in range(3):
        await run_task(app, "statistics", keep_days=1)
        clock.move(hours=12)
    result = await run_task(app, "statistics", keep_days=1)
    kept = await app.admin.reporting.trend(lensa, began)
    counts = {name: result.counts[name] for name in ("users", "counselors", "requests", "ended", "messages")}

    assert [12, 24, 36] == [round((one.at - began) / timedelta(hours=1)) for one in kept]
    assert [1, 0, 0] == [one.day.requests for one in kept]
    assert [0, 1, 1] == [one.week.requests for one in kept]
    assert {"users": 3, "counselors": 1, "requests": 1, "ended": 1, "messages": 3} == counts
    assert result.counts["database_bytes"] > 10_000
    assert 240 == result.counts["average_wait_7d_seconds"]
    assert result.summary in caplog.text
    with pytest.raises(NotAllowed):
        await app.admin.reporting.trend(await cast.sara(), began)
    assert {Series.TRENDS} == {row["name"] for row in await rows(app, "SELECT name FROM snapshot")}


async def run_task(app: App, name: str, **payload: Any) -> Result:
    """Run a task as the runner would."""
    task = TASKS[name]
    return await task.run(RunContext(services=app.executor.services), task.parse(payload))
