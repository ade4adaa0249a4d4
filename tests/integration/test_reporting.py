"""The figures of the panel and of ``/stats``, against what was counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.domain.sessions import SessionState
from bot.services.reporting import Recent
from bot.storage.statistics import Heads
from bot.telegram.screens import admin as screens
from tests.support import Cast, SteadyClock, change


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
    figures = await app.admin.reporting.statistics(lensa)
    overview = await app.admin.reporting.overview(lensa)
    text = str(screens.statistics(figures)[0])

    assert Heads(people=1, approved=0, online=0, applications=0) == figures.heads == overview.heads
    assert set(SessionState) == figures.sessions.keys()
    assert {0} == set(figures.sessions.values()) == set(overview.sessions.values())
    assert (None, None, {}, 0) == (figures.average_wait, figures.average_rating, figures.topics, figures.messages)
    assert "no request was taken up yet" in text
    assert "nobody has rated yet" in text


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
    await change(app, "UPDATE session SET rating = 4")


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
    await change(app, "UPDATE session SET rating = 5 WHERE alias = :alias", alias=session.alias)


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
    figures, overview = await app.admin.reporting.statistics(lensa), await app.admin.reporting.overview(lensa)

    assert Heads(people=9, approved=2, online=1, applications=1) == figures.heads == overview.heads
    assert {
        SessionState.WAITING: 1,
        SessionState.OFFERED: 1,
        SessionState.ACTIVE: 0,
        SessionState.ENDED: 2,
        SessionState.CANCELLED: 1,
    } == figures.sessions
    assert {SessionState.WAITING: 1, SessionState.OFFERED: 1, SessionState.ACTIVE: 0} == overview.sessions
    assert [("crisis_substance", 2), ("mental_emotional", 2), ("academic_career", 1)] == list(figures.topics.items())
    assert 5 == figures.messages
    assert Recent(requested=4, started=1, ended=1, messages=2) == figures.recent
    assert timedelta(minutes=7) == figures.average_wait
    assert (2, Decimal("4.5")) == (figures.ratings, figures.average_rating)


async def test_what_is_deleted_is_not_counted_as_in_service(app: App, cast: Cast, lensa: Actor) -> None:
    """A deleted or deactivated counselor is a person, and no counselor."""
    dawit, hana = await cast.dawit(), await cast.hana()
    await app.admin.moderating.delete(lensa, dawit.me)
    await app.admin.moderating.deactivate(lensa, hana.me)

    assert Heads(people=3, approved=0, online=0, applications=0) == (await app.admin.reporting.overview(lensa)).heads


async def test_what_takes_long_is_not_counted_at_every_press(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """It took 0.1 s, and is kept for ten; the screen says from when it is, and a clock that is set back freezes nothing."""

    def slow() -> datetime:
        clock.move(seconds=0.1)
        return clock()

    reporting, began = replace(app.admin.reporting, clock=slow), clock()
    first = await reporting.statistics(lensa)
    await cast.request(await cast.sara())
    clock.move(seconds=9.7)
    still = await reporting.statistics(lensa)
    later = await reporting.statistics(lensa)
    clock.move(hours=-1)
    earlier = await reporting.statistics(lensa)

    assert first is still
    assert [began + timedelta(seconds=one) for one in (0.1, 10.1)] == [first.at, later.at]
    assert [0, 1] == [first.recent.requested, later.recent.requested]
    assert earlier.at < first.at
