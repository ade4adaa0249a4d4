"""What the first screen shows somebody who is several things at once."""

from __future__ import annotations

from typing import Any

from bot.app import App
from bot.domain.people import Actor
from tests.integration.chats import press
from tests.support import Cast

DAWIT = 2001


async def home(app: App, cast: Cast, actor: Actor) -> tuple[str, set[tuple[str, str]]]:
    """Return what stands on somebody's first screen, and what its buttons do and are about."""
    await press(app, DAWIT, "home")
    async with app.db.reading() as tx:
        payload: dict[str, Any] = await app.outbox.open(tx, (await cast.owed(actor))[-1])
    return payload["text"], {(action, reference) for row in payload["buttons"] for _, action, reference in row}


async def test_a_counselor_sees_their_own_request_while_they_help(app: App, cast: Cast) -> None:
    """It waits, and then somebody talks with them: it can be taken back, looked at and ended, as theirs can whom they help."""
    await cast.counselor(DAWIT, "Dawit", "mental_emotional")
    dawit = await cast.student(DAWIT)
    own = await cast.request(dawit, "academic_career")
    helped = await cast.request(await cast.sara())
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, offer.id)
    waiting, while_waiting = await home(app, cast, dawit)
    await cast.hana()
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(await app.people.identify(2002), offer.id)
    talking, while_talking = await home(app, cast, dawit)

    assert "Conversations: 1" in waiting
    assert "Your request waits for a counselor." in waiting
    assert {("session.end", helped.alias), ("request.cancel", own.alias)} <= while_waiting
    assert "You are talking with <b>Hana</b>, your counselor." in talking
    assert {("session.info", own.alias), ("session.end", own.alias), ("session.end", helped.alias)} <= while_talking
