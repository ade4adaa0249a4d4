"""What becomes of an offer: accepted by its addressee and in time, or somebody else's turn."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import BotError, Conflict, NotAllowed
from bot.domain.ids import OfferId
from bot.domain.matching import REST_AFTER_REFUSAL
from tests.support import Cast, SteadyClock, change, one, rows

GONE = "no longer available"


async def test_an_accepted_offer_starts_the_session(app: App, cast: Cast) -> None:
    """Both are told, under the names by which they know each other; the offer's message loses its buttons."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    session = await app.offering.accept(dawit, offer.id)
    edited, started = (await cast.said(dawit))[-2:]

    assert ("active", dawit.me) == (session.state, session.counselor_id)
    assert f"You accepted the request of student {session.alias}" in edited
    assert session.alias in started
    assert ["🤝 <b>Dawit is here for you.</b>"] == [text.split("\n")[0] for text in await cast.said(sara)]


async def test_only_its_addressee_can_accept_or_decline(app: App, cast: Cast) -> None:
    """Hana, a student, nobody: an offer to Dawit is Dawit's."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    offer = await cast.offer(sara)
    for attempt in (app.offering.accept(hana, offer.id), app.offering.decline(hana, offer.id)):
        with pytest.raises(Conflict, match=GONE):
            await attempt
    for attempt in (app.offering.accept(sara, offer.id), app.offering.decline(sara, offer.id)):
        with pytest.raises(NotAllowed):
            await attempt

    assert "active" == (await app.offering.accept(dawit, offer.id)).state


@pytest.mark.parametrize("number", [0, -1, 999_999, 2**63 - 1])
async def test_an_offer_that_does_not_exist(app: App, cast: Cast, number: int) -> None:
    """The same answer as for one that is gone."""
    dawit = await cast.dawit()

    with pytest.raises(Conflict, match=GONE):
        await app.offering.accept(dawit, OfferId(number))


async def test_at_its_deadline_an_offer_is_over(app: App, cast: Cast, clock: SteadyClock) -> None:
    """In time is before the deadline; at it and behind it nobody can accept or decline, also where nothing has looked yet."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    clock.at = offer.expires_at
    for attempt in (app.offering.accept(dawit, offer.id), app.offering.decline(dawit, offer.id)):
        with pytest.raises(Conflict, match=GONE):
            await attempt

    assert [offer.id] == [lapsed.id for lapsed in await app.offering.lapse_due()]
    assert "waiting" == await one(app, "SELECT state FROM session")


async def test_in_time_is_in_time(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A microsecond before the deadline counts, and the clock lets nothing lapse before."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    clock.at = offer.expires_at
    clock.move(microseconds=-1)
    lapsed = await app.offering.lapse_due()

    assert ([], "active") == (lapsed, (await app.offering.accept(dawit, offer.id)).state)


async def test_nothing_happens_twice(app: App, cast: Cast) -> None:
    """A second press of *Accept*, or *Decline* behind it, is told that it is gone, and changes nothing."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    await app.offering.accept(dawit, offer.id)
    before = await cast.said(sara)
    for attempt in (app.offering.accept(dawit, offer.id), app.offering.decline(dawit, offer.id)):
        with pytest.raises(Conflict, match=GONE):
            await attempt

    assert before == await cast.said(sara)
    assert "active" == await one(app, "SELECT state FROM session")


async def test_many_presses_at_once_are_one_start(app: App, cast: Cast) -> None:
    """Sixteen presses of *Accept* by the addressee and by others give one active session."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    offer = await cast.offer(sara)
    presses = [app.offering.accept((dawit, hana)[number % 2], offer.id) for number in range(16)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)

    assert 15 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert 1 == len(await cast.said(sara))


async def test_what_one_declines_goes_to_another(app: App, cast: Cast) -> None:
    """Hana fits less, and gets it all the same; Dawit is not asked again."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    offer = await cast.offer(sara)
    await app.offering.decline(dawit, offer.id)
    (next_offer,) = await app.matching.match_waiting(limit=10)

    assert [dawit.me, hana.me] == [offer.counselor_id, next_offer.counselor_id]
    assert "You declined." in (await cast.said(dawit))[-1]


async def test_declined_by_the_only_one_it_rests(app: App, cast: Cast, clock: SteadyClock) -> None:
    """*Decline* is not answered with the same offer; after a while it may be asked again, while nobody else is there."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    await app.offering.decline(dawit, offer.id)
    at_once = await app.matching.match_waiting(limit=10)
    clock.at += REST_AFTER_REFUSAL
    (again,) = await app.matching.match_waiting(limit=10)

    assert ([], dawit.me) == (at_once, again.counselor_id)


@pytest.mark.parametrize("how", ["decline", "lapse", "withdraw"])
async def test_it_comes_back_only_when_nobody_else_can(app: App, cast: Cast, clock: SteadyClock, how: str) -> None:
    """Declined, lapsed or given up by going offline: however long ago, somebody who fits less goes first."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    if how == "decline":
        await app.offering.decline(dawit, offer.id)
    elif how == "lapse":
        clock.at = offer.expires_at
        await app.offering.lapse_due()
    else:
        async with app.db.transaction() as tx:
            await app.offering.withdraw(tx, dawit.me, at=clock())
    clock.move(hours=1)
    await cast.dawit()
    hana = await cast.hana()
    (next_offer,) = await app.matching.match_waiting(limit=10)

    assert hana.me == next_offer.counselor_id


async def test_a_lapsed_offer_says_so(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Its message is edited to "no longer available", without buttons, and a match is asked for."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    await change(app, "DELETE FROM run")
    clock.at = offer.expires_at
    await app.offering.lapse_due()
    edit = (await cast.owed(dawit))[-1]
    async with app.db.reading() as tx:
        payload = await app.outbox.open(tx, edit)

    assert ("edit", "The time to answer is over, and somebody else is asked.", []) == (
        edit.method,
        payload["text"],
        payload["buttons"],
    )
    assert ["lapsed"] == [row["requested_by"] for row in await rows(app, "SELECT requested_by FROM run")]


async def test_a_crisis_lapses_after_ninety_seconds(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Somebody who was not asked is asked then, however little they fit, while an ordinary offer made with it stays."""
    dawit, hana = await cast.dawit(), await cast.hana()
    lily = await cast.counselor(2003, "Lily", "relationships_social")
    await cast.request(await cast.student(1001), "crisis_substance")
    await cast.request(await cast.student(1002), "academic_career")
    *crisis, ordinary = await app.matching.match_waiting(limit=10)
    clock.move(seconds=90)
    lapsed = await app.offering.lapse_due()
    (again,) = await app.matching.match_waiting(limit=10)

    assert {dawit.me, hana.me} == {offer.counselor_id for offer in crisis}
    assert ({offer.id for offer in crisis}, hana.me) == ({offer.id for offer in lapsed}, ordinary.counselor_id)
    assert (crisis[0].session_id, lily.me) == (again.session_id, again.counselor_id)


async def test_age_counts_from_the_request(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Who goes back to the queue keeps the place in front of those who came later."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    clock.move(minutes=1)
    await cast.request(await cast.student(1002))
    await app.offering.decline(dawit, offer.id)
    session = await app.requesting.current(sara)
    assert session is not None

    assert 1 == await app.requesting.place(session)


@pytest.mark.parametrize("round_", range(4))
async def test_cancel_and_accept_at_once(app: App, cast: Cast, round_: int) -> None:
    """Exactly one wins; the other is told that it is no longer available, and no offer stays open."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    alias = await one(app, "SELECT alias FROM session")
    both = [app.requesting.cancel(sara, alias), app.offering.accept(dawit, offer.id)]
    outcomes = await asyncio.gather(*(both if round_ % 2 else both[::-1]), return_exceptions=True)
    state = await one(app, "SELECT state FROM session")

    assert ["This request is no longer available."] == [
        str(outcome).replace("This is", "This request is") for outcome in outcomes if isinstance(outcome, BotError)
    ]
    assert {"cancelled": "withdrawn", "active": "accepted"}[state] == await one(app, "SELECT outcome FROM offer")


@pytest.mark.parametrize("round_", range(4))
async def test_lapse_and_accept_at_once(app: App, cast: Cast, clock: SteadyClock, round_: int) -> None:
    """A press that comes in with the deadline either counts, or is told that it is gone."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    clock.at = offer.expires_at
    clock.move(microseconds=-1)

    async def accept() -> str:
        try:
            return (await app.offering.accept(dawit, offer.id)).state
        except Conflict:
            return "waiting"

    async def lapse() -> None:
        clock.move(microseconds=1)
        await app.offering.lapse_due()

    both = [accept(), lapse()]
    found = await asyncio.gather(*(both if round_ % 2 else both[::-1]))

    assert await one(app, "SELECT state FROM session") in found


async def test_decline_and_lapse_at_once(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The session waits again, once, with one event for the way back."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    declining = app.offering.decline(dawit, offer.id)
    clock.at = offer.expires_at
    await asyncio.gather(declining, app.offering.lapse_due(), app.offering.lapse_due(), return_exceptions=True)

    assert 1 == await one(app, "SELECT count(*) AS number FROM session_event WHERE from_state = 'offered'")


async def test_a_counselor_who_is_none_any_more_accepts_nothing(app: App, cast: Cast) -> None:
    """The role is read anew for every press."""
    sara = await cast.sara()
    await cast.dawit()
    offer = await cast.offer(sara)
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = (1 = 0)")

    with pytest.raises(NotAllowed):
        await app.offering.accept(await app.people.identify(2001), offer.id)


async def test_many_requests_and_presses_side_by_side(app: App, cast: Cast) -> None:
    """Ten students, four counselors, everybody at once: nobody beyond three conversations, everything that is open is whole."""
    counselors = [await cast.counselor(2001 + number, f"C{number}", "mental_emotional") for number in range(4)]
    students = [await cast.student(1001 + number) for number in range(10)]
    await asyncio.gather(*(cast.request(student) for student in students))
    await asyncio.gather(*(app.matching.match_waiting(limit=50) for _ in range(3)))
    open_ones = await rows(app, "SELECT id FROM offer WHERE outcome IS NULL")
    presses = [
        (app.offering.decline if number % 4 == 0 else app.offering.accept)(counselor, OfferId(row["id"]))
        for number, row in enumerate(open_ones)
        for counselor in counselors
    ]
    await asyncio.gather(*presses, *(app.matching.match_waiting(limit=50) for _ in range(3)), return_exceptions=True)
    loads = await rows(
        app,
        """
        SELECT (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
             + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) AS load FROM counselor
        """,
    )

    assert [] == [row["load"] for row in loads if row["load"] > 3]
    assert await one(app, "SELECT count(*) AS number FROM session WHERE state = 'offered'") == await one(
        app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL"
    )
