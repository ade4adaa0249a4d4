"""Retention: what was said is erased when its time has come, in small pieces, and nothing younger is touched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.sessions import Session
from bot.services.erasing import Erased, Erasing
from bot.services.vault import Unreadable
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from tests.support import Cast, SteadyClock, one, rows

CONTENT = "SELECT id, description, content_erased_at, messages FROM session ORDER BY id"
MESSAGES = "SELECT count(*) AS number FROM message"


async def go_on() -> None:
    """Let an erasure go on."""


async def ended_session(app: App, cast: Cast, telegram_id: int, *, messages: int = 3) -> Session:
    """Return a session with a description and messages that has just ended; the counselor is free again."""
    student = await cast.student(telegram_id)
    dawit = await cast.dawit()
    await cast.request(student, description="my trouble")
    (offer,) = await app.matching.match_waiting(limit=10)
    session = await app.offering.accept(dawit, offer.id)
    for number in range(messages):
        await cast.say(student, f"message {number}", message_id=number, reply_to=None)
    return await app.closing.end(student, session.alias)


def erasing(app: App) -> Erasing:
    """Return the service that the task calls."""
    return app.executor.services.erasing


async def test_at_the_boundary(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Exactly thirty days ago is not *more than* thirty days ago; a microsecond later it is."""
    await ended_session(app, cast, 1001)
    clock.move(days=30)
    on_the_dot = await erasing(app).erase_old(batch=500, between=go_on)
    clock.move(microseconds=1)

    assert [Erased(0, 0), Erased(1, 3)] == [on_the_dot, await erasing(app).erase_old(batch=500, between=go_on)]


async def test_nothing_is_left_but_the_bare_record(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Messages and description are gone, and the key; topic, times and counselor stay."""
    session = await ended_session(app, cast, 1001)
    clock.move(days=31)
    await erasing(app).erase_old(batch=500, between=go_on)
    (row,) = await rows(app, "SELECT * FROM session")

    assert (None, None, clock()) == (row["description"], row["rating_comment"], row["content_erased_at"])
    assert (session.topic, session.ended_at, session.counselor_id) == (row["topic"], row["ended_at"], row["counselor_id"])
    assert 0 == await one(app, MESSAGES)
    assert 0 == await one(app, "SELECT count(*) AS number FROM key WHERE id = :id", id=session.key_id)
    with pytest.raises(Unreadable):
        async with app.db.reading() as tx:
            await app.vault.seal(tx, session.key_id, "x", about="message")


async def test_nothing_younger_is_touched(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A younger session, an active one and a waiting one keep every word and their keys."""
    await ended_session(app, cast, 1001)
    clock.move(days=20)
    await ended_session(app, cast, 1002)
    clock.move(days=11)
    active = await cast.conversation(await cast.student(1003), await cast.dawit())
    await cast.say(await app.people.identify(1003), "hello", message_id=1, reply_to=None)
    await cast.request(await cast.student(1004), description="waiting")
    found = await erasing(app).erase_old(batch=500, between=go_on)
    content = await rows(app, CONTENT)

    assert Erased(1, 3) == found
    assert [True, False, False, False] == [row["content_erased_at"] is not None for row in content]
    assert [None, None] == [content[0]["description"], content[2]["description"]]
    assert 4 == await one(app, MESSAGES)
    assert 3 == await one(app, "SELECT count(*) AS number FROM key WHERE purpose = 'session'")
    assert "active" == await one(app, "SELECT state FROM session WHERE id = :id", id=active.id)


async def test_a_cancelled_request_is_erased_too(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Its description was as personal as any."""
    sara = await cast.sara()
    session = await cast.request(sara, description="never mind")
    await app.requesting.cancel(sara, session.alias)
    clock.move(days=31)

    assert Erased(1, 0) == await erasing(app).erase_old(batch=500, between=go_on)
    assert await one(app, "SELECT description FROM session") is None


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 8, 500])
async def test_whatever_the_size_of_the_pieces(app: App, cast: Cast, clock: SteadyClock, batch: int) -> None:
    """All goes and is counted once, also where the last piece is exactly full."""
    await ended_session(app, cast, 1001, messages=7)
    await ended_session(app, cast, 1002, messages=0)
    clock.move(days=31)

    assert Erased(2, 7) == await erasing(app).erase_old(batch=batch, between=go_on)
    assert Erased(0, 0) == await erasing(app).erase_old(batch=batch, between=go_on)


@pytest.mark.parametrize(("batch", "pieces"), [(500, 1), (6, 2), (3, 3), (2, 3)])
async def test_small_sessions_share_a_piece(app: App, cast: Cast, clock: SteadyClock, batch: int, pieces: int) -> None:
    """As many as have no more messages than the batch together, so that a short conversation costs less than a commit."""
    for number in range(3):
        await ended_session(app, cast, 1001 + number)
    clock.move(days=31)
    counted = 0

    async def count() -> None:
        nonlocal counted
        counted += 1

    assert Erased(3, 9) == await erasing(app).erase_old(batch=batch, between=count)
    assert pieces == counted


async def test_what_dies_in_between_is_taken_up_again(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Stopped after the first session, and within one: the next run finds the rest, and nothing is counted twice."""
    for number in range(3):
        await ended_session(app, cast, 1001 + number)
    clock.move(days=31)

    async def stop() -> None:
        raise Conflict("stopped")

    with pytest.raises(Conflict):
        await erasing(app).erase_old(batch=3, between=stop)
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM message WHERE seq = 1")

    assert Erased(2, 4) == await erasing(app).erase_old(batch=2, between=go_on)


async def test_an_erased_session_answers_nobody(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Its deliveries that still wait cannot be opened any more."""
    await ended_session(app, cast, 1001)
    dawit = await app.people.identify(2001)
    clock.move(days=31)
    await erasing(app).erase_old(batch=500, between=go_on)
    of_the_session = [delivery for delivery in await cast.owed(dawit) if delivery.message_seq is not None]

    assert 3 == len(of_the_session)
    for delivery in of_the_session:
        with pytest.raises(Unreadable):
            async with app.db.reading() as tx:
                await app.outbox.open(tx, delivery)


async def test_the_task_says_what_it_did(app: App, cast: Cast, clock: SteadyClock, caplog: pytest.LogCaptureFixture) -> None:
    """The line operators look for, to the letter; also where there was nothing to do."""
    caplog.set_level("INFO")
    task = TASKS["cleanup"]
    context = RunContext(services=app.executor.services)
    nothing = await task.run(context, task.parse({}))
    await ended_session(app, cast, 1001)
    clock.move(days=31)
    something = await task.run(context, task.parse({"batch": 2}))

    assert ["Cleaned up 0 old sessions and 0 messages", "Cleaned up 1 old sessions and 3 messages"] == [
        record.getMessage() for record in caplog.records if record.name == "bot.tasks.cleanup"
    ]
    assert ({"sessions": 0, "messages": 0}, {"sessions": 1, "messages": 3}) == (nothing.counts, something.counts)


async def test_the_retention_is_the_settings(app: App, cast: Cast, clock: SteadyClock) -> None:
    """``SESSION_RETENTION_DAYS`` is what is waited for."""
    await ended_session(app, cast, 1001)
    short = Erasing(db=app.db, clock=clock, vault=app.vault, retention=timedelta(days=1))
    clock.move(days=2)

    assert Erased(1, 3) == await short.erase_old(batch=500, between=go_on)
