"""How a conversation ends, by either side and once."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict, NotAllowed
from bot.domain.people import Actor
from bot.domain.sessions import EndReason, Session, SessionState
from tests.support import Cast, SteadyClock, change, one, rows


async def test_the_student_ends_it(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The counselor is told under the alias; the reason and the moment are kept."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    clock.move(minutes=30)
    ended = await app.closing.end(sara, session.alias)

    assert (SessionState.ENDED, EndReason.STUDENT, clock()) == (ended.state, ended.end_reason, ended.ended_at)
    assert f"Student {session.alias} has ended the conversation" in (await cast.said(dawit))[-1]


async def test_the_counselor_ends_it(app: App, cast: Cast) -> None:
    """The student is told under the display name."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    ended = await app.closing.end(dawit, session.alias)

    assert EndReason.COUNSELOR is ended.end_reason
    assert "<b>Dawit</b> has ended the conversation" in (await cast.said(sara))[-1]


async def test_nobody_else_ends_it(app: App, cast: Cast) -> None:
    """Hana learns not even whether there is such a session."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    session = await cast.conversation(sara, dawit)
    for alias in (session.alias, "NOSUCH"):
        for attempt in (app.closing.end(hana, alias), app.closing.find(hana, alias)):
            with pytest.raises(Conflict, match="no longer available"):
                await attempt

    assert "active" == await one(app, "SELECT state FROM session")


async def test_it_ends_once(app: App, cast: Cast) -> None:
    """Both press at the same moment, several times: one end, one reason, one message to the other side."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    before = len(await cast.said(sara)) + len(await cast.said(dawit))
    presses = [app.closing.end((sara, dawit)[number % 2], session.alias) for number in range(8)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert before + 1 == len(await cast.said(sara)) + len(await cast.said(dawit))


async def test_what_is_over_cannot_be_written_to(app: App, cast: Cast) -> None:
    """A message behind the end is refused, not lost in silence."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(dawit, session.alias)
    for actor in (sara, dawit):
        with pytest.raises(Conflict, match="no conversation"):
            await cast.say(actor, "are you there?", message_id=1, reply_to=None)

    assert 0 == await one(app, "SELECT count(*) AS number FROM message")


@pytest.mark.parametrize("round_", range(3))
async def test_a_message_and_the_end_at_once(app: App, cast: Cast, round_: int) -> None:
    """The message is passed on before the end, or its sender is told; never behind the news that it is over."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    both = [cast.say(sara, "one more thing", message_id=1, reply_to=None), app.closing.end(sara, session.alias)]
    outcomes = await asyncio.gather(*(both if round_ % 2 else both[::-1]), return_exceptions=True)
    was_refused = any(isinstance(outcome, Conflict) for outcome in outcomes)
    said = await cast.said(dawit)

    assert "has ended the conversation" in said[-1]
    assert (not was_refused) == ("one more thing" in said[-2])


async def test_a_freed_counselor_is_matched_at_once(app: App, cast: Cast) -> None:
    """The end asks for a match in its own transaction."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await change(app, "DELETE FROM run")
    await app.closing.end(sara, session.alias)

    assert [("match", "ended")] == [(row["task"], row["requested_by"]) for row in await rows(app, "SELECT * FROM run")]


async def test_a_waiting_request_cannot_be_ended(app: App, cast: Cast) -> None:
    """It is cancelled."""
    sara = await cast.sara()
    session = await cast.request(sara)

    with pytest.raises(Conflict):
        await app.closing.end(sara, session.alias)


async def lensa(app: App) -> Actor:
    """Return Lensa, an admin."""
    actor = await app.people.identify(3001)
    await change(app, "UPDATE person SET is_admin = (1 = 1) WHERE id = :id", id=actor.me)
    return await app.people.identify(3001)


async def test_an_admin_ends_a_conversation(app: App, cast: Cast) -> None:
    """Both are told, she is asked for a rating, and the audit log holds who did it, and nobody's name."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    admin = await lensa(app)
    ended = await app.closing.force_end(admin, session.alias)
    audit = (await rows(app, "SELECT actor_id, action, subject FROM audit ORDER BY id"))[-1]

    assert (SessionState.ENDED, EndReason.ADMIN) == (ended.state, ended.end_reason)
    assert "have ended this conversation" in (await cast.said(sara))[-1]
    assert "How was it?" in (await cast.said(sara))[-1]
    assert f"ended the conversation with student {session.alias}" in (await cast.said(dawit))[-1]
    assert (admin.me, "force-end", f"session {session.id}") == tuple(audit.values())


@pytest.mark.parametrize("is_offered", [False, True])
async def test_an_admin_takes_a_request_out_of_the_queue(app: App, cast: Cast, is_offered: bool) -> None:
    """Waiting or offered: she is told, the offer is withdrawn and its message changed, and the event has the reason."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.request(sara)
    if is_offered:
        await app.matching.match_waiting(limit=10)
    admin = await lensa(app)
    ended = await app.closing.force_end(admin, session.alias)
    event = (await rows(app, "SELECT from_state, to_state, reason, actor_id FROM session_event ORDER BY id"))[-1]

    assert SessionState.CANCELLED is ended.state
    assert ("offered" if is_offered else "waiting", "cancelled", "admin", admin.me) == tuple(event.values())
    assert "out of the queue" in (await cast.said(sara))[-1]
    assert "How was it?" not in (await cast.said(sara))[-1]
    assert [] == await rows(app, "SELECT id FROM offer WHERE outcome IS NULL")
    assert is_offered == ("no longer available" in (await cast.said(dawit))[-1])


async def test_only_an_admin_forces_an_end(app: App, cast: Cast) -> None:
    """Neither side of it, nor any other counselor; and not what is over."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    session = await cast.conversation(sara, dawit)
    for actor in (sara, dawit, hana):
        with pytest.raises(NotAllowed):
            await app.closing.force_end(actor, session.alias)
    await app.closing.end(sara, session.alias)
    for alias in (session.alias, "NOSUCH"):
        with pytest.raises(Conflict, match="no longer available"):
            await app.closing.force_end(await lensa(app), alias)

    assert "student" == await one(app, "SELECT end_reason FROM session")


@pytest.mark.parametrize("round_", range(4))
async def test_forced_while_it_is_accepted_or_ended(app: App, cast: Cast, round_: int) -> None:
    """One wins; whatever wins, no offer stays open, and a session that is over has one end."""
    sara, dawit = await cast.sara(), await cast.dawit()
    admin = await lensa(app)
    offer = await cast.offer(sara)
    alias: str = await one(app, "SELECT alias FROM session")
    if round_ < 2:
        other = app.offering.accept(dawit, offer.id)
    else:
        await app.offering.accept(dawit, offer.id)
        other = app.closing.end(dawit, alias)
    both = [app.closing.force_end(admin, alias), other]
    outcomes = await asyncio.gather(*(both if round_ % 2 else both[::-1]), return_exceptions=True)
    ends = await rows(app, "SELECT id FROM session_event WHERE to_state IN ('ended', 'cancelled')")

    assert all(isinstance(outcome, Session | Conflict) for outcome in outcomes)
    assert any(isinstance(outcome, Session) for outcome in outcomes)
    assert [] == await rows(app, "SELECT id FROM offer WHERE outcome IS NULL")
    assert len(ends) == (await one(app, "SELECT state FROM session") in {"ended", "cancelled"})
