"""Each move of a session is recorded in its own transaction: who, from, to, why, when."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.sessions import Session
from bot.services.delivering import Failure
from tests.support import Cast, SteadyClock, rows

Move = tuple[str | None, str, str, int | None]


async def moves(app: App, session: Session) -> list[Move]:
    """Return the moves of a session, in their order."""
    found = await rows(app, "SELECT * FROM session_event WHERE session_id = :id ORDER BY id", id=session.id)
    return [(row["from_state"], row["to_state"], row["reason"], row["actor_id"]) for row in found]


async def test_from_the_request_to_the_end(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Requested by the student, offered by the match, accepted by the counselor, ended by the student; each at its moment."""
    sara, dawit = await cast.sara(), await cast.dawit()
    began_at = clock()
    session = await cast.request(sara)
    clock.move(minutes=1)
    (offer,) = await app.matching.match_waiting(limit=10)
    clock.move(minutes=1)
    await app.offering.accept(dawit, offer.id)
    clock.move(minutes=1)
    await app.closing.end(sara, session.alias)
    expected: list[Move] = [
        (None, "waiting", "requested", sara.me),
        ("waiting", "offered", "matched", None),
        ("offered", "active", "accepted", dawit.me),
        ("active", "ended", "student", sara.me),
    ]
    minutes = [(row["at"], row["id"]) for row in await rows(app, "SELECT id, at FROM session_event ORDER BY id")]

    assert expected == await moves(app, session)
    assert 4 == len({at for at, _ in minutes})
    assert began_at == session.requested_at


async def test_ended_by_the_counselor(app: App, cast: Cast) -> None:
    """The reason names the side, the actor the person."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(dawit, session.alias)

    assert ("active", "ended", "counselor", dawit.me) == (await moves(app, session))[-1]


async def test_declined_and_lapsed(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Back to the queue by the counselor's word, then by nobody's."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.hana()
    session = await cast.request(sara)
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.decline(dawit, offer.id)
    (offer,) = await app.matching.match_waiting(limit=10)
    clock.at = offer.expires_at
    await app.offering.lapse_due()
    expected: list[Move] = [
        ("waiting", "offered", "matched", None),
        ("offered", "waiting", "declined", dawit.me),
        ("waiting", "offered", "matched", None),
        ("offered", "waiting", "lapsed", None),
    ]

    assert expected == (await moves(app, session))[1:]


async def test_withdrawn(app: App, cast: Cast) -> None:
    """The counselor could not be reached."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.request(sara)
    await app.matching.match_waiting(limit=10)
    await app.delivering.give_up((await cast.owed(dawit))[-1], Failure.UNREACHABLE, error="Forbidden")

    assert ("offered", "waiting", "withdrawn", None) == (await moves(app, session))[-1]


async def test_cancelled_while_waiting_and_while_offered(app: App, cast: Cast) -> None:
    """The event says from which of the two."""
    sara = await cast.sara()
    first = await cast.request(sara)
    await app.requesting.cancel(sara, first.alias)
    await cast.dawit()
    second = await cast.request(sara)
    await app.matching.match_waiting(limit=10)
    await app.requesting.cancel(sara, second.alias)

    assert ("waiting", "cancelled", "student", sara.me) == (await moves(app, first))[-1]
    assert ("offered", "cancelled", "student", sara.me) == (await moves(app, second))[-1]


async def test_what_is_refused_is_no_move(app: App, cast: Cast) -> None:
    """An answer that came too late, or from a stranger, leaves no event."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    session = await cast.conversation(sara, dawit)
    before = await moves(app, session)
    for attempt in (
        app.closing.end(hana, session.alias),
        app.requesting.cancel(sara, session.alias),
        app.closing.end(hana, "NO"),
    ):
        with pytest.raises(Conflict):
            await attempt

    assert before == await moves(app, session)
