"""How a conversation ends, by either side and once."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.sessions import EndReason, SessionState
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
            await app.relaying.relay(actor, "are you there?", message_id=1, reply_to=None)

    assert 0 == await one(app, "SELECT count(*) AS number FROM message")


@pytest.mark.parametrize("round_", range(3))
async def test_a_message_and_the_end_at_once(app: App, cast: Cast, round_: int) -> None:
    """The message is passed on before the end, or its sender is told; never behind the news that it is over."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    both = [app.relaying.relay(sara, "one more thing", message_id=1, reply_to=None), app.closing.end(sara, session.alias)]
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
