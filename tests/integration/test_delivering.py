"""What follows from a call of the Bot API that was made, is to be repeated, or cannot be made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.content import Content, Kind
from bot.domain.outgoing import Method
from bot.domain.text import Text
from bot.playground import BotApiServer
from bot.services.delivering import Failure
from tests.integration.transport import sender_of
from tests.support import Cast, SteadyClock, change, one, rows


async def test_what_was_delivered_is_erased(app: App, cast: Cast) -> None:
    """Only that it was made, and which message it became, is kept; the next one of the chat follows in order."""
    dawit = await cast.dawit()
    async with app.db.transaction() as tx:
        await app.outbox.say(tx, Text("second"), to=dawit.me, at=app.clock())
    first, second = await cast.owed(dawit)
    following = await app.delivering.succeed(first, message_id=77)
    row = (await rows(app, "SELECT state, payload, message_id FROM delivery WHERE id = :id", id=first.id))[0]

    assert ("done", None, 77) == (row["state"], row["payload"], row["message_id"])
    assert following is not None
    assert second.id == following.id


async def test_an_answer_to_a_press_waits_for_nobody(app: App, cast: Cast) -> None:
    """It has no order: behind it nothing follows, and before it nothing comes."""
    dawit = await cast.dawit()
    async with app.db.transaction() as tx:
        await app.outbox.answer(tx, "query", Text("ok"), to=dawit.me, at=app.clock())
    answer = (await cast.owed(dawit))[-1]

    assert Method.ANSWER is answer.method
    assert await app.delivering.succeed(answer, message_id=None) is None


async def test_what_fails_in_passing_is_repeated_later(app: App, cast: Cast, clock: SteadyClock) -> None:
    """It keeps its place in front of its chat, counts the attempt, and says when."""
    dawit = await cast.dawit()
    (delivery,) = await cast.owed(dawit)
    due_at = await app.delivering.postpone(delivery, error="TimedOut", delay=timedelta(seconds=4))
    (again,) = await cast.owed(dawit)

    assert (clock() + timedelta(seconds=4), 1, due_at) == (again.due_at, again.attempts, again.due_at)


async def test_what_has_been_late_for_a_day_is_parked(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The sender of the message is told, and what it said is erased from the queue."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "hello", message_id=1, reply_to=None)
    message = (await cast.owed(dawit))[-1]
    clock.move(hours=23, minutes=59)
    kept = await app.delivering.postpone(message, error="NetworkError", delay=timedelta(seconds=59))
    given_up = await app.delivering.postpone(message, error="NetworkError", delay=timedelta(seconds=61))
    row = (await rows(app, "SELECT state, payload FROM delivery WHERE id = :id", id=message.id))[0]

    assert kept is not None
    assert (None, "parked", None) == (given_up, row["state"], row["payload"])
    assert "did not get through. Your counselor is still there" in (await cast.said(sara))[-1]


async def test_a_screen_is_worth_an_hour_and_an_answer_seconds(app: App, cast: Cast, clock: SteadyClock) -> None:
    """CONTRACT.md: 24 h, screens 1 h, ``answerCallbackQuery`` 15 s."""
    sara = await cast.sara()
    async with app.db.transaction() as tx:
        await app.outbox.say(tx, Text("screen"), to=sara.me, at=clock())
        await app.outbox.answer(tx, "query", None, to=sara.me, at=clock())
    patience = [delivery.patience_ends_at - clock() for delivery in await cast.owed(sara)]

    assert [timedelta(hours=1), timedelta(seconds=15)] == patience


async def test_who_blocked_the_bot_is_not_lost_in_silence(app: App, cast: Cast) -> None:
    """The sender learns that the message did not arrive: the student about the counselor, and the other way round."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "to dawit", message_id=1, reply_to=None)
    await cast.say(dawit, "to sara", message_id=2, reply_to=None)
    for message in [(await cast.owed(actor))[-1] for actor in (dawit, sara)]:
        await app.delivering.give_up(message, Failure.UNREACHABLE, error="Forbidden")

    assert "could not be delivered to the counselor" in (await cast.said(sara))[-1]
    assert f"could not be delivered to student {session.alias}" in (await cast.said(dawit))[-1]
    assert f"Student {session.alias} cannot be reached" in (await cast.said(dawit))[-2]


async def test_a_counselor_who_blocked_the_bot_gets_no_offers(app: App, cast: Cast) -> None:
    """What was offered to them goes back to the queue at once, and to somebody else."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    await cast.offer(sara)
    await app.delivering.give_up((await cast.owed(dawit))[-1], Failure.UNREACHABLE, error="Forbidden")
    state = await one(app, "SELECT state FROM session")
    await cast.request(await cast.student(1002))
    offers = await app.matching.match_waiting(limit=10)

    assert ("waiting", [hana.me, hana.me]) == (state, [offer.counselor_id for offer in offers])


async def test_what_telegram_refuses_from_everybody_makes_nobody_unreachable(app: App, cast: Cast) -> None:
    """A defect of ours in one message takes no counselor offline."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "hello", message_id=1, reply_to=None)
    await app.delivering.give_up((await cast.owed(dawit))[-1], Failure.REFUSED, error="BadRequest")

    assert await one(app, "SELECT is_reachable FROM person WHERE id = :id", id=dawit.me)
    assert "did not get through" in (await cast.said(sara))[-1]


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.LATE])
async def test_who_is_still_there_is_not_called_unreachable(app: App, cast: Cast, failure: Failure) -> None:
    """Both sides read that one message did not get through, and that they can send it again."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "to dawit", message_id=1)
    await cast.say(dawit, "to sara", message_id=2)
    for message in [(await cast.owed(actor))[-1] for actor in (dawit, sara)]:
        await app.delivering.give_up(message, failure, error="BadRequest")
    to_sara, to_dawit = (await cast.said(sara))[-1], (await cast.said(dawit))[-1]

    assert "Your counselor is still there, so please send it again" in to_sara
    assert f"student {session.alias}, who is still there. Please send it again" in to_dawit
    assert "reached" not in to_sara + to_dawit


async def test_who_is_not_there_any_more_is_not_said_to_be(app: App, cast: Cast) -> None:
    """The conversation was handed on, or is over, before the message was given up: it need not be sent again."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "to dawit", message_id=1)
    await cast.say(dawit, "to sara", message_id=2)
    messages = [[one for one in await cast.owed(actor) if one.message_seq][-1] for actor in (dawit, sara)]
    await app.transferring.transfer(dawit, session.alias)
    for message in messages:
        await app.delivering.give_up(message, Failure.LATE, error="NetworkError")

    assert ["not in this conversation any more" in (await cast.said(actor))[-1] for actor in (sara, dawit)] == [True, True]


async def test_a_change_that_does_not_get_through_leaves_the_message_as_it_was(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Its author hears just that, and of the next change again."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "I am fin", message_id=1)
    before = len(await cast.said(sara))
    for _ in range(2):
        clock.move(seconds=1)
        await app.relaying.change(sara, Content(kind=Kind.TEXT, text="I am fine"), message_id=1)
        await app.delivering.give_up((await cast.owed(dawit))[-1], Failure.REFUSED, error="BadRequest")
    said = (await cast.said(sara))[before:]

    assert ["the message stands as it was" in text for text in said] == [True, True]


async def test_a_reply_to_the_news_is_meant_for_that_conversation(app: App, cast: Cast) -> None:
    """Dawit reads that his words to Sara were lost, and says them again below that, though he is talking with Liya."""
    liya, sara, dawit = await cast.student(1002), await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(dawit, "to sara", message_id=5)
    await app.delivering.give_up((await cast.owed(sara))[-1], Failure.LATE, error="NetworkError")
    await app.delivering.succeed((await cast.owed(dawit))[-1], message_id=900)
    await cast.conversation(liya, dawit)
    again = await cast.say(dawit, "again, Sara", message_id=12, reply_to=900)

    assert again is not None
    assert session.id == again.id


async def test_a_delivery_is_given_up_once(app: App, cast: Cast) -> None:
    """Its sender is not told twice, and nobody is told about a notice that could not be delivered."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "hello", message_id=1, reply_to=None)
    message = (await cast.owed(dawit))[-1]
    for _ in range(2):
        await app.delivering.give_up(message, Failure.REFUSED, error="BadRequest")
    notices = [delivery for delivery in await cast.owed(sara) if delivery.sender_id is None]
    await app.delivering.give_up(notices[-1], Failure.REFUSED, error="BadRequest")
    said = [text for text in (*await cast.said(sara), *await cast.said(dawit)) if "did not get through" in text]

    assert [] == said


async def test_who_writes_again_is_reachable_again(app: App, cast: Cast) -> None:
    """A message from them is proof."""
    sara = await cast.sara()
    async with app.db.transaction() as tx:
        await app.outbox.say(tx, Text("hello"), to=sara.me, at=app.clock())
    await app.delivering.give_up((await cast.owed(sara))[-1], Failure.UNREACHABLE, error="Forbidden")
    before = await one(app, "SELECT is_reachable FROM person")
    actor = await app.people.identify(1001)
    await app.people.came_back(actor)

    assert actor.was_away
    assert not (await app.people.identify(1001)).was_away
    assert [False, True] == [before, await one(app, "SELECT is_reachable FROM person")]


async def test_a_counselor_who_is_reachable_again_is_matched_at_once(app: App, cast: Cast) -> None:
    """What waits is offered to them when they write, not at the next safety net; what they could not answer is no refusal."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.offer(sara)
    await app.delivering.give_up((await cast.owed(dawit))[-1], Failure.UNREACHABLE, error="Forbidden")
    await change(app, "DELETE FROM run")
    away = await app.matching.match_waiting(limit=10)
    await app.people.came_back(await app.people.identify(2001))
    (again,) = await app.matching.match_waiting(limit=10)

    assert ([], dawit.me) == (away, again.counselor_id)
    assert 1 == await one(app, "SELECT count(*) AS number FROM run")


async def test_what_is_undone_is_owed_to_nobody(app: App, cast: Cast) -> None:
    """A delivery belongs to the transaction in which it came about."""
    sara = await cast.sara()
    with pytest.raises(ZeroDivisionError):
        async with app.db.transaction() as tx:
            await app.outbox.say(tx, Text("never"), to=sara.me, at=app.clock())
            raise ZeroDivisionError

    assert [] == await cast.owed(sara)


async def test_of_an_erased_session_nothing_is_sent(app: App, cast: Cast) -> None:
    """What was said of it dies with its key, also in the queue: it is settled, and its chat goes on."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "hello", message_id=1, reply_to=None)
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM key WHERE id = :id", id=session.key_id)
    app.vault.forget(session.key_id)
    async with BotApiServer() as server, sender_of(app, server) as sender:
        await server.person("Dawit", user_id=2001).open()
        left = await sender.deliver_only({delivery.id for delivery in await cast.owed(dawit)}, seconds=20)

    assert set() == left
    assert {"done", "refused"} == {
        row["state"] for row in await rows(app, "SELECT state FROM delivery WHERE person_id = :id", id=dawit.me)
    }


async def test_a_message_that_never_arrived_needs_no_change(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The offer was refused, then it lapses: there is no message to edit, and nothing stays behind in the queue."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    welcome, shown = await cast.owed(dawit)
    await app.delivering.succeed(welcome, message_id=1)
    await app.delivering.give_up(shown, Failure.REFUSED, error="BadRequest")
    clock.at = offer.expires_at
    await app.offering.lapse_due()
    (edit,) = await cast.owed(dawit)
    async with BotApiServer() as server, sender_of(app, server) as sender:
        await server.person("Dawit", user_id=2001).open()
        left = await sender.deliver_only({edit.id}, seconds=20)

    assert set() == left
    assert "done" == await one(app, "SELECT state FROM delivery WHERE id = :id", id=edit.id)


async def test_a_message_in_parts_is_reported_once(app: App, cast: Cast) -> None:
    """Where a long text went out in several messages and none arrives, its sender hears of it once."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    before = len(await cast.owed(dawit))
    await cast.say(sara, "word " * 2000, message_id=1, reply_to=None)
    parts = (await cast.owed(dawit))[before:]
    told = len(await cast.owed(sara))
    for part in parts:
        await app.delivering.give_up(part, Failure.UNREACHABLE, error="Forbidden")

    said = (await cast.said(sara))[told:]
    assert 3 == len(parts)
    assert ["Dawit</b> cannot be reached" in said[0], "not be delivered" in said[1]] == [True] * len(said)
