"""A conversation goes to another counselor: who may ask for it, what the student is told, and that nobody else gets anything."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import BotError, Conflict, NotAllowed
from bot.domain.ids import SessionId
from bot.domain.people import OPERATOR, Actor
from bot.domain.sessions import Session, SessionState
from bot.services.vault import Unreadable
from bot.storage import sessions
from tests.support import Cast, SteadyClock, change, one, rows


async def hand_back(app: App, counselor: Actor, *, reason: str = "deactivated") -> list[Session]:
    """Have all conversations of *counselor* go back to the queue, as who deactivates them does."""
    async with app.db.transaction() as tx:
        return await app.transferring.hand_back(tx, counselor.me, reason=reason, at=app.clock())


async def accept_newest(app: App, counselor: Actor) -> Session:
    """Have *counselor* accept the offer that the next match makes."""
    (offer,) = await app.matching.match_waiting(limit=10)
    return await app.offering.accept(counselor, offer.id)


async def test_it_waits_again_with_its_age(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Nobody's, at its old place before who asked later, and the event says who handed it on and why."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    clock.move(hours=1)
    await change(app, "UPDATE counselor SET is_online = FALSE")
    later = await cast.request(await cast.student(1002))
    moved = await app.transferring.transfer(dawit, session.alias)
    async with app.db.reading() as tx:
        places = [await sessions.place_in_queue(tx, one) for one in (moved, later)]
    event = (await rows(app, "SELECT * FROM session_event ORDER BY id"))[-1]

    assert (SessionState.WAITING, None, session.requested_at) == (moved.state, moved.counselor_id, moved.requested_at)
    assert (None, None) == (moved.activated_at, moved.last_message_at)
    assert [1, 2] == places
    assert ("active", "waiting", "transferred", dawit.me) == (
        event["from_state"],
        event["to_state"],
        event["reason"],
        event["actor_id"],
    )


async def test_the_student_is_told_the_truth(app: App, cast: Cast) -> None:
    """By whom, that somebody else is looked for, at which place, and that nobody reads what she writes until then."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.transferring.transfer(dawit, session.alias)
    told = (await cast.said(sara))[-1]

    assert "<b>Dawit</b> cannot go on" in told
    assert "keep your place in the queue: 1." in told
    assert "nobody reads what you write" in told
    assert "You matter" not in told


async def test_in_a_crisis_with_the_help_lines(app: App, cast: Cast) -> None:
    """They may be nearer than the next counselor; and the admins hear of it again where nobody takes it."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.request(sara, "crisis_substance")
    session = await accept_newest(app, dawit)
    await change(app, "UPDATE session SET alarmed_at = requested_at")
    await app.transferring.transfer(dawit, session.alias)

    assert "You matter" in (await cast.said(sara))[-1]
    assert await one(app, "SELECT alarmed_at FROM session") is None


async def test_the_next_counselor_goes_on(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Never the same one again; the messages are counted on, and what was said before is not theirs."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "for Dawit")
    await app.transferring.transfer(dawit, session.alias)
    assert [] == await app.matching.match_waiting(limit=10)
    hana = await cast.hana()
    clock.move(minutes=7)
    again = await accept_newest(app, hana)
    await cast.say(sara, "for Hana")
    said = await cast.said(hana)

    assert (session.id, hana.me, clock()) == (again.id, again.counselor_id, again.last_message_at)
    assert [1, 2] == [row["seq"] for row in await rows(app, "SELECT seq FROM message ORDER BY seq")]
    assert not [text for text in said if "for Dawit" in text]
    assert "for Hana" in said[-1]
    assert "for Hana" not in (await cast.said(dawit))[-1]


async def test_the_one_before_is_out(app: App, cast: Cast) -> None:
    """Dawit can neither write, nor look, nor end, nor hand on again, before and behind the acceptance of the next one."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "hello", message_id=1)
    await app.transferring.transfer(dawit, session.alias)
    for is_accepted in (False, True):
        if is_accepted:
            await accept_newest(app, await cast.hana())
        with pytest.raises(Conflict):
            await cast.say(dawit, "one more thing", message_id=7)
        for attempt in (app.closing.find, app.closing.end, app.transferring.find, app.transferring.transfer):
            with pytest.raises(Conflict):
                await attempt(dawit, session.alias)

    assert 1 == await one(app, "SELECT count(*) AS number FROM message")


async def test_nobody_means_it_any_more(app: App, cast: Cast) -> None:
    """Whoever had it as the current conversation has none, behind a transfer, an end and a return."""
    dawit = await cast.dawit()
    for number, leave in enumerate((app.transferring.transfer, app.closing.end)):
        session = await cast.conversation(await cast.student(1001 + number), dawit)
        await change(app, "UPDATE person SET current_session_id = :id", id=session.id)
        await leave(dawit, session.alias)

        assert {None} == {row["current_session_id"] for row in await rows(app, "SELECT current_session_id FROM person")}
        await change(app, "UPDATE session SET state = 'cancelled', ended_at = requested_at WHERE state = 'waiting'")
    session = await cast.conversation(await cast.student(1003), dawit)
    await change(app, "UPDATE person SET current_session_id = :id", id=session.id)
    await hand_back(app, dawit)

    assert {None} == {row["current_session_id"] for row in await rows(app, "SELECT current_session_id FROM person")}


async def test_only_its_counselor_hands_it_on(app: App, cast: Cast) -> None:
    """Not the student, not Hana, not one that waits, and not one that there is not."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    waiting = await cast.request(await cast.student(1002), "relationships_social")
    await change(app, "UPDATE session SET state = 'cancelled', ended_at = requested_at")
    session = await cast.conversation(sara, dawit)
    with pytest.raises(NotAllowed):
        await app.transferring.transfer(sara, session.alias)
    for actor, alias in ((hana, session.alias), (dawit, waiting.alias), (dawit, "NOSUCH")):
        with pytest.raises(Conflict, match="no longer available"):
            await app.transferring.transfer(actor, alias)

    assert "active" == await one(app, "SELECT state FROM session WHERE id = :id", id=session.id)


async def test_it_is_handed_on_once(app: App, cast: Cast) -> None:
    """Eight presses at once: one transfer, one message to the student, one match that is asked for."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await change(app, "DELETE FROM run")
    before = len(await cast.said(sara))
    outcomes = await asyncio.gather(*(app.transferring.transfer(dawit, session.alias) for _ in range(8)), return_exceptions=True)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert before + 1 == len(await cast.said(sara))
    assert [("match", "transferred")] == [(row["task"], row["requested_by"]) for row in await rows(app, "SELECT * FROM run")]


@pytest.mark.parametrize("round_", range(4))
async def test_a_transfer_and_an_end_at_once(app: App, cast: Cast, round_: int) -> None:
    """One of them wins, and the other is refused; she is told of what happened, and of nothing else."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    ends = app.closing.end(sara if round_ < 2 else dawit, session.alias)
    both = [app.transferring.transfer(dawit, session.alias), ends]
    outcomes = await asyncio.gather(*(both if round_ % 2 else both[::-1]), return_exceptions=True)
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Session)]

    assert 1 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert won.state == await one(app, "SELECT state FROM session")
    assert (won.state is SessionState.WAITING) == ("keep your place" in (await cast.said(sara))[-1])


async def test_the_student_may_take_it_back_while_it_waits(app: App, cast: Cast) -> None:
    """What was said is erased like that of any session, a while after the cancel."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "hello")
    await app.transferring.transfer(dawit, session.alias)
    await app.requesting.cancel(sara, session.alias)

    assert ("cancelled", 1) == tuple((await rows(app, "SELECT state, messages FROM session"))[0].values())


async def test_a_counselor_who_goes_hands_all_back(app: App, cast: Cast) -> None:
    """Every conversation of theirs waits again, both sides are told, and those of others and their own request stay."""
    dawit, hana, students = await cast.dawit(), await cast.hana(), [await cast.student(1001 + number) for number in range(3)]
    await change(app, "UPDATE counselor SET is_online = (id = :id)", id=hana.me)
    of_hana = await cast.conversation(students[2], hana)
    await change(app, "UPDATE counselor SET is_online = (id = :id)", id=dawit.me)
    of_dawit = [await cast.conversation(student, dawit) for student in students[:2]]
    await change(app, "UPDATE counselor SET is_online = FALSE")
    returned = await hand_back(app, dawit)
    states = {row["id"]: row["state"] for row in await rows(app, "SELECT id, state FROM session")}
    told = [text for text in await cast.said(dawit) if "was taken back" in text]

    assert {session.id for session in of_dawit} == {session.id for session in returned}
    assert {of_hana.id: "active", of_dawit[0].id: "waiting", of_dawit[1].id: "waiting"} == states
    assert [session.alias in text for session, text in zip(of_dawit, told, strict=True)] == [True, True]
    for student in students[:2]:
        assert "Your counselor cannot go on" in (await cast.said(student))[-1]
    assert "was taken back" not in (await cast.said(hana))[-1]
    assert ("active", "waiting", "deactivated", None) == await last_event(app, of_dawit[0].id)
    assert [] == await hand_back(app, dawit)


async def last_event(app: App, session_id: SessionId) -> tuple[object, ...]:
    """Return the last move of a session."""
    sql = "SELECT from_state, to_state, reason, actor_id FROM session_event WHERE session_id = :id ORDER BY id"
    return tuple((await rows(app, sql, id=session_id))[-1].values())


@pytest.mark.parametrize("round_", range(4))
async def test_who_goes_while_they_accept_keeps_nothing(app: App, cast: Cast, round_: int) -> None:
    """Held first, then their offers, then this: an acceptance at the same moment is refused, or handed back."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)

    async def go() -> None:
        async with app.db.transaction() as tx:
            await tx.execute("UPDATE counselor SET status = 'deactivated', is_online = FALSE WHERE id = :id", id=dawit.me)
            await app.offering.withdraw(tx, dawit.me, at=app.clock())
            await app.transferring.hand_back(tx, dawit.me, reason="deactivated", at=app.clock())

    both = [go(), app.offering.accept(dawit, offer.id)]
    outcomes = await asyncio.gather(*(both if round_ % 2 else both[::-1]), return_exceptions=True)

    assert [] == [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, BotError)]
    assert ("waiting", None) == tuple((await rows(app, "SELECT state, counselor_id FROM session"))[0].values())


async def test_what_was_said_to_the_one_before_stays_sealed_by_the_session(app: App, cast: Cast, clock: SteadyClock) -> None:
    """One key for the whole of it: its end erases what both counselors were told."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "for Dawit")
    await app.transferring.transfer(dawit, session.alias)
    hana = await cast.hana()
    await accept_newest(app, hana)
    await cast.say(sara, "for Hana")
    await app.closing.end(sara, session.alias)
    clock.at += app.settings.session_retention + timedelta(seconds=1)

    async def go_on() -> None:
        return

    await app.executor.services.erasing.erase_old(batch=500, between=go_on)
    with pytest.raises(Unreadable):
        async with app.db.reading() as tx:
            await app.vault.seal(tx, session.key_id, "x", about="message")

    assert 0 == await one(app, "SELECT count(*) AS number FROM message")


async def test_an_admin_who_took_it_up_hands_it_on(app: App, cast: Cast) -> None:
    """They need not be a counselor for that; another admin may not do it for them."""
    sara = await cast.sara()
    session = await cast.request(sara)
    for number in (3001, 3002):
        await app.people.identify(number)
        await app.admin.appointing.appoint_by_telegram_id(OPERATOR, str(number))
    admins = [await app.people.identify(number) for number in (3001, 3002)]
    await app.admin.steering.take(admins[0], session.alias)
    with pytest.raises(Conflict):
        await app.transferring.transfer(admins[1], session.alias)
    moved = await app.transferring.transfer(admins[0], session.alias)

    assert (SessionState.WAITING, None) == (moved.state, moved.counselor_id)
    assert "has handed it over" in (await cast.said(sara))[-1]
