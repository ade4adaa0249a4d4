"""A crisis is shown to all who are qualified, and whoever answers first has it."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.people import Actor
from bot.domain.sessions import Offer
from bot.storage import offers
from tests.support import Cast, SteadyClock, change, one, rows

OUTCOMES = "SELECT counselor_id, outcome FROM offer ORDER BY counselor_id, id"


async def specialists(cast: Cast, count: int) -> list[Actor]:
    """Return counselors for a crisis."""
    return [await cast.counselor(2011 + number, f"C{number}", "crisis_substance") for number in range(count)]


async def broadcast(app: App, cast: Cast, student: int = 1001) -> list[Offer]:
    """Have a student ask in a crisis; return the offers, by counselor."""
    await cast.request(await cast.student(student), "crisis_substance")
    return sorted(await app.matching.match_waiting(limit=10), key=lambda offer: offer.counselor_id)


async def state(app: App) -> str:
    """Return the state of the one session."""
    return await one(app, "SELECT state FROM session")


async def texts(app: App, cast: Cast, actor: Actor) -> tuple[str, list[object]]:
    """Return the newest text that waits for somebody, and its buttons."""
    newest = (await cast.owed(actor))[-1]
    async with app.db.reading() as tx:
        payload = await app.outbox.open(tx, newest)
    return payload["text"], payload["buttons"]


async def test_all_who_are_qualified_see_it(app: App, cast: Cast) -> None:
    """One offer to each, one move of the session, and nothing to a generalist."""
    asked, hana = await specialists(cast, 3), await cast.hana()
    made = await broadcast(app, cast)

    assert [one.me for one in asked] == [offer.counselor_id for offer in made]
    assert 1 == len({offer.expires_at for offer in made})
    assert 1 == await one(app, "SELECT count(*) AS number FROM session_event WHERE to_state = 'offered'")
    assert 1 == len(await cast.said(hana))


async def test_the_first_to_accept_has_it(app: App, cast: Cast) -> None:
    """The other messages say that it is gone and have no buttons; a match is asked for, since there is room again."""
    first, second, third = await specialists(cast, 3)
    made = await broadcast(app, cast)
    await change(app, "DELETE FROM run")
    await app.offering.accept(second, made[1].id)

    assert [(first.me, "withdrawn"), (second.me, "accepted"), (third.me, "withdrawn")] == [
        (row["counselor_id"], row["outcome"]) for row in await rows(app, OUTCOMES)
    ]
    assert [("This request is no longer available.", [])] * 2 == [await texts(app, cast, who) for who in (first, third)]
    assert ["others have room again"] == [row["requested_by"] for row in await rows(app, "SELECT requested_by FROM run")]
    with pytest.raises(Conflict, match="no longer available"):
        await app.offering.accept(first, made[0].id)


async def test_all_accept_at_once(app: App, cast: Cast) -> None:
    """One of them wins, the others are told, and nobody waits for anybody in a ring."""
    asked = await specialists(cast, 6)
    made = await broadcast(app, cast)
    presses = [app.offering.accept(actor, offer.id) for actor, offer in zip(asked, made, strict=True)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)

    assert 5 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert ["accepted", *["withdrawn"] * 5] == sorted(row["outcome"] for row in await rows(app, OUTCOMES))
    assert "active" == await state(app)


async def test_while_others_can_answer_it_stays_offered(app: App, cast: Cast) -> None:
    """One who declines takes it from nobody; with the last one it waits again."""
    asked = await specialists(cast, 2)
    made = await broadcast(app, cast)
    await app.offering.decline(asked[0], made[0].id)
    between = await state(app), await app.matching.match_waiting(limit=10)
    await app.offering.decline(asked[1], made[1].id)

    assert ("offered", []) == between
    assert "waiting" == await state(app)


@pytest.mark.parametrize("round_", range(3))
async def test_all_decline_at_once(app: App, cast: Cast, round_: int) -> None:
    """It waits again, by one move, whoever of them was the last."""
    asked = await specialists(cast, 6)
    made = await broadcast(app, cast)
    await asyncio.gather(*(app.offering.decline(actor, offer.id) for actor, offer in zip(asked, made, strict=True)))

    assert "waiting" == await state(app)
    assert 1 == await one(app, "SELECT count(*) AS number FROM session_event WHERE from_state = 'offered'")


@pytest.mark.parametrize("round_", range(3))
async def test_whatever_comes_at_once(app: App, cast: Cast, clock: SteadyClock, round_: int) -> None:
    """Accepting, declining, cancelling, going offline and another match together: whoever wins, all of it is whole."""
    asked = await specialists(cast, 5)
    made = await broadcast(app, cast)
    sara, alias = await app.people.identify(1001), await one(app, "SELECT alias FROM session")
    presses = [
        app.offering.accept(asked[0], made[0].id),
        app.offering.accept(asked[1], made[1].id),
        app.offering.decline(asked[2], made[2].id),
        app.serving.go_offline(asked[3]),
        app.requesting.cancel(sara, alias),
        app.matching.match_waiting(limit=10),
        app.offering.lapse_due(),
    ]
    outcomes = await asyncio.gather(*(presses[round_:] + presses[:round_]), return_exceptions=True)
    found = await state(app)

    assert [] == [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, Conflict)]
    assert found in {"active", "cancelled"}
    assert [] == await rows(app, "SELECT id FROM offer WHERE outcome IS NULL")
    assert (found == "active") == await one(app, "SELECT count(*) AS number FROM offer WHERE outcome = 'accepted'")


async def test_who_comes_online_is_asked_too(app: App, cast: Cast) -> None:
    """A crisis that is offered already is shown to a specialist who was not there, and to nobody twice."""
    await specialists(cast, 1)
    first = await broadcast(app, cast)
    late = await cast.counselor(2009, "Lily", "crisis_substance", "other")
    second = await app.matching.match_waiting(limit=10)

    assert [late.me] == [offer.counselor_id for offer in second]
    assert [] == await app.matching.match_waiting(limit=10)
    assert {offer.session_id for offer in first} == {offer.session_id for offer in second}
    assert 1 == await one(app, "SELECT count(*) AS number FROM session_event WHERE to_state = 'offered'")


async def test_who_was_too_late_did_not_refuse(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Handed back to the queue, it goes to those whose offers were withdrawn, and never back to who had it."""
    first, second, third = await specialists(cast, 3)
    made = await broadcast(app, cast)
    session = await app.offering.accept(first, made[0].id)
    clock.move(minutes=1)
    await app.transferring.transfer(first, session.alias)
    stranger = await cast.counselor(2009, "Lily", "academic_career")
    again = await app.matching.match_waiting(limit=10)

    assert {second.me, third.me} == {offer.counselor_id for offer in again}
    assert stranger.me not in {offer.counselor_id for offer in again}


async def test_two_crises_have_one_counselor_each_before_either_has_two(app: App, cast: Cast) -> None:
    """With one place at each of two counselors, both crises are offered."""
    await specialists(cast, 2)
    for student in (1001, 1002):
        await cast.request(await cast.student(student), "crisis_substance")
    await change(app, "UPDATE session SET student_gender = 'male'")
    made = await app.matching.match_waiting(limit=10)
    pairs = {(offer.session_id, offer.counselor_id) for offer in made}

    assert 4 == len(pairs) == len(made)


async def test_why_each_of_them_was_asked_is_kept(app: App, cast: Cast) -> None:
    """Every offer of the session, with its parts and what became of it."""
    asked = await specialists(cast, 2)
    made = await broadcast(app, cast)
    await app.offering.decline(asked[1], made[1].id)
    async with app.db.reading() as tx:
        kept = await offers.of_session(tx, made[0].session_id)
    reasons = [(offer.counselor_id, offer.outcome, parts.named() if parts else None) for offer, parts in kept]
    expected = {"specialization": 50, "load": 20, "rating": 12, "experience": 0, "crisis": 10, "wishes": 0}

    assert [(asked[0].me, None, expected), (asked[1].me, "declined", expected)] == reasons
