"""A counselor's own work: online and offline, and figures that are right."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict, NotAllowed
from bot.domain.people import OPERATOR, Gender
from bot.services.enrolling import Volunteer
from tests.support import Cast, SteadyClock, change, one, rows


async def test_who_goes_offline_gives_back_what_they_had_not_answered(app: App, cast: Cast) -> None:
    """The message of the offer says so, the request waits for somebody else, and the conversation goes on."""
    liya, sara, dawit = await cast.student(1002), await cast.sara(), await cast.dawit()
    await cast.conversation(liya, dawit)
    offer = await cast.offer(sara)
    await app.serving.go_offline(dawit)
    record = await app.serving.record(dawit)
    with pytest.raises(Conflict, match="no longer available"):
        await app.offering.accept(dawit, offer.id)
    (edited,) = [text for text in await cast.said(dawit) if "no longer available" in text]
    states = await rows(app, "SELECT state FROM session ORDER BY id")

    assert "This request is no longer available." == edited
    assert ["active", "waiting"] == [row["state"] for row in states]
    assert (1, 0) == (record.active, record.open_offers)
    assert [] == await app.matching.match_waiting(limit=10)


async def test_who_goes_online_is_asked_at_once(app: App, cast: Cast) -> None:
    """Also the one who had the same request before, where nobody else can take it."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.offer(sara)
    await app.serving.go_offline(dawit)
    await change(app, "UPDATE run SET state = 'succeeded', started_at = due_at, finished_at = due_at WHERE task = 'match'")
    await app.serving.go_online(dawit)

    assert 1 == await one(app, "SELECT count(*) AS number FROM run WHERE task = 'match' AND state = 'scheduled'")
    assert [dawit.me] == [offer.counselor_id for offer in await app.matching.match_waiting(limit=10)]


async def test_twice_is_as_good_as_once(app: App, cast: Cast) -> None:
    """A second press, or one at the same moment, changes nothing more."""
    dawit = await cast.dawit()
    await asyncio.gather(*(app.serving.go_offline(dawit) for _ in range(3)))
    offline = await one(app, "SELECT is_online FROM counselor")
    await change(app, "DELETE FROM run")
    await asyncio.gather(*(app.serving.go_online(dawit) for _ in range(3)))
    await app.serving.go_online(dawit)

    assert (False, True) == (offline, await one(app, "SELECT is_online FROM counselor"))
    assert 1 == await one(app, "SELECT count(*) AS number FROM run")


async def test_only_counselors_serve(app: App, cast: Cast) -> None:
    """A student has no dashboard; who is no longer approved does not come online, not even by a press on its way."""
    sara, dawit = await cast.sara(), await cast.dawit()
    for attempt in (app.serving.go_online(sara), app.serving.go_offline(sara), app.serving.record(sara)):
        with pytest.raises(NotAllowed):
            await attempt
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no", no=False)
    await app.serving.go_online(dawit)

    assert not await one(app, "SELECT is_online FROM counselor")


async def test_an_offer_and_going_offline_at_once(app: App, cast: Cast) -> None:
    """Whichever is first: nobody who is offline has an open offer."""
    dawit = await cast.dawit()
    for number in range(5):
        await cast.request(await cast.student(3000 + number))
        await app.serving.go_online(dawit)
        await asyncio.gather(app.serving.go_offline(dawit), app.matching.match_waiting(limit=10))

        assert 0 == (await app.serving.record(dawit)).open_offers


async def test_the_figures_of_ones_own_work(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Ended, of which lately; ratings; offers by what became of them; and the usual time to answer. Hana's are not among them."""
    dawit, hana = await cast.dawit(), None
    ended = (("32 days", 4), ("20 days", 5), ("3 days", 5), ("1 day", None))
    for number, (_, rating) in enumerate(ended):
        student = await cast.student(1100 + number)
        offer = await cast.offer(student)
        clock.move(seconds=10 * (number + 1))
        session = await app.offering.accept(dawit, offer.id)
        await app.closing.end(dawit, session.alias)
        await change(app, "UPDATE session SET rating = :rating WHERE id = :id", rating=rating, id=session.id)
        clock.move(days=(12, 17, 2, 1)[number])
    declined = await cast.offer(await cast.student(1200))
    clock.move(seconds=100)
    await app.offering.decline(dawit, declined.id)
    clock.move(minutes=6)
    (lapsing,) = await app.matching.match_waiting(limit=10)
    clock.at = lapsing.expires_at
    await app.offering.lapse_due()
    active = await cast.conversation(await cast.student(1201), dawit)
    hana = await cast.hana()
    record, of_hana = await app.serving.record(dawit), await app.serving.record(hana)

    assert active.counselor_id == dawit.me
    assert (1, 4, 2, 3) == (record.active, record.ended, record.ended_week, record.ended_month)
    assert (3, 14, "4.7") == (record.ratings, record.ratings_total, str(record.mean_rating))
    assert (0, 5, 1, 1) == (record.open_offers, record.accepted, record.declined, record.lapsed)
    assert [0, 10, 20, 30, 40, 100] == sorted(time.total_seconds() for time in record.answer_times)
    assert (0, 0, 0, None, None) == (of_hana.ended, of_hana.accepted, of_hana.active, of_hana.mean_rating, of_hana.answer_time)


async def test_the_operator_brings_back_who_was_deleted(app: App, cast: Cast) -> None:
    """The command makes a counselor of whoever it names, whatever was decided before, and keeps their bio."""
    dawit = await cast.dawit()
    await change(
        app,
        "UPDATE counselor SET status = 'deactivated', is_online = :no, deleted_at = :at, reviewed_by = id, review_reason = :why",
        no=False,
        at=app.clock(),
        why=b"sealed",
    )
    gone = await app.profiles.mine(dawit)
    await app.enrolling.add_counselor(OPERATOR, Volunteer(telegram_id=2001, name="Abba", topics=["other"], gender=Gender.MALE))
    back = await app.profiles.mine(dawit)

    assert gone is None
    assert back is not None
    assert ("approved", True, "Abba", None, None) == (back.status, back.is_online, back.name, back.bio, back.review_reason)
    assert await one(app, "SELECT deleted_at FROM counselor") is None
