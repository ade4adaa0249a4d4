"""What one side says reaches the other, and nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.app import App
from bot.domain.content import Content, Kind, Media
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.outgoing import Method
from bot.storage import deliveries
from tests.support import Cast, SteadyClock, change, one


async def test_a_message_is_owed_to_the_other_side_only(app: App, cast: Cast) -> None:
    """What Sara writes is owed to Dawit, once."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)

    await cast.say(sara, "<b>&_*", message_id=1, reply_to=None)

    async with app.db.reading() as tx:
        owed = await deliveries.owed(tx, after=app.outbox.made[-2], limit=10)
        delivery = await deliveries.find_waiting(tx, owed[0].id)
        assert delivery is not None
        payload = await app.outbox.open(tx, delivery)

    assert [dawit.me] == [one.person_id for one in owed]
    assert f"<b>Student {session.alias}</b>\n&lt;b&gt;&amp;_*" == payload["text"]


async def test_nobody_means_what_ends_at_the_same_moment(app: App, cast: Cast) -> None:
    """Sara has switched to a conversation, which is not committed yet, when Dawit ends it: he waits for that, and she is out."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await change(app, "UPDATE person SET current_session_id = NULL")
    async with app.db.transaction():
        await app.relaying.switch(sara, session.alias)
        ending = asyncio.create_task(app.closing.end(dawit, session.alias))
        done, _ = await asyncio.wait([ending], timeout=0.2)
    await ending

    assert not done
    assert 0 == await one(app, "SELECT count(*) AS number FROM person WHERE current_session_id IS NOT NULL")


async def test_who_is_in_no_conversation_is_told_so(app: App, cast: Cast) -> None:
    """A message of somebody without a conversation goes nowhere."""
    sara = await cast.sara()

    with pytest.raises(Conflict):
        await cast.say(sara, "hello?", message_id=1, reply_to=None)


async def test_in_several_what_could_be_for_another_is_asked_about(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Dawit cannot answer the wrong student: after a message of the other one he must say where to."""
    dawit, liya, sara = await cast.dawit(), await cast.student(1001), await cast.student(1002)
    to_liya = await cast.conversation(liya, dawit)
    clock.move(seconds=1)
    to_sara = await cast.conversation(sara, dawit)
    clock.move(seconds=1)
    current = await cast.say(dawit, "hello sara", message_id=1)
    clock.move(seconds=1)
    await cast.say(liya, "and me?", message_id=1)
    clock.move(seconds=1)
    unclear = await cast.say(dawit, "for whom?", message_id=2)
    await app.relaying.switch(dawit, to_liya.alias)
    chosen = await cast.say(dawit, "hello liya", message_id=3)

    assert [to_sara.id, None, to_liya.id] == [current and current.id, unclear, chosen and chosen.id]


async def test_only_who_takes_part_can_make_a_conversation_current(app: App, cast: Cast) -> None:
    """A foreign alias, and one of a conversation that is over."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    session = await cast.conversation(sara, dawit)
    with pytest.raises(Conflict):
        await app.relaying.switch(hana, session.alias)
    await app.closing.end(sara, session.alias)
    with pytest.raises(Conflict):
        await app.relaying.switch(dawit, session.alias)


async def test_a_held_message_goes_out_once(app: App, cast: Cast) -> None:
    """Whatever is pressed after it: to the same one again, or to another."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    held = Content(kind=Kind.TEXT, text="once")
    await app.relaying.send_held(dawit, session.alias, held, message_id=7)
    with pytest.raises(Conflict, match="already"):
        await app.relaying.send_held(dawit, session.alias, held, message_id=7)

    assert 1 == await one(app, "SELECT count(*) AS number FROM message")


async def test_a_change_is_kept_and_owed_where_the_message_stands(app: App, cast: Cast) -> None:
    """The words that are kept are the new ones, and the change goes to the delivery of the message."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "I am fin", message_id=5)
    (*_, first) = await cast.owed(dawit)
    await app.relaying.change(sara, Content(kind=Kind.TEXT, text="I am fine"), message_id=5)
    (*_, edit) = await cast.owed(dawit)
    body = await one(app, "SELECT body FROM message")
    async with app.db.reading() as tx:
        kept = await app.vault.unseal(tx, session.key_id, bytes(body), about="message")

    assert ["I am fine", Method.EDIT, first.id] == [kept, edit.method, edit.target_id]


async def test_a_change_of_the_file_is_refused(app: App, cast: Cast) -> None:
    """The caption may change, the picture may not: it would be another message."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    photo = Content(kind=Kind.PHOTO, text="me", media=Media(file_id="a", unique_id="a"))
    await app.relaying.relay(sara, session, photo, message_id=5)
    other = replace(photo, media=Media(file_id="b", unique_id="b"))
    with pytest.raises(InvalidInput, match="exchanged"):
        await app.relaying.change(sara, other, message_id=5)

    before = await cast.owed(dawit)
    await app.relaying.change(sara, replace(photo, text="us"), message_id=5)

    assert len(before) + 1 == len(await cast.owed(dawit))


async def test_nobody_changes_or_answers_what_another_counselor_said(app: App, cast: Cast, clock: SteadyClock) -> None:
    """After a transfer the numbers of messages in the chat of the one before mean nothing in the chat of the one after."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await cast.say(dawit, "from dawit", message_id=5)
    await app.delivering.succeed((await cast.owed(sara))[-1], message_id=50)
    clock.move(minutes=10)
    await app.transferring.transfer(dawit, session.alias)
    await change(app, "UPDATE counselor SET is_online = FALSE")
    hana = await cast.hana()
    (offer,) = await app.matching.match_waiting(limit=10)
    again = await app.offering.accept(hana, offer.id)
    clock.move(minutes=1)
    before = await cast.owed(sara)
    await app.relaying.change(hana, Content(kind=Kind.TEXT, text="forged"), message_id=5)
    changed = before != await cast.owed(sara)
    await app.relaying.relay(sara, again, Content(kind=Kind.TEXT, text="to dawit's"), message_id=6, reply_to=50)
    (*_, owed) = await cast.owed(hana)
    async with app.db.reading() as tx:
        payload = await app.outbox.open(tx, owed)

    assert not changed
    assert "message_id" not in payload
    assert owed.target_id is None


async def test_what_was_begun_for_who_has_left_does_not_reach_who_is_left(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Liya ends while Dawit still types to her: he is asked, with one student left as with several."""
    dawit, liya, sara, hana = await cast.dawit(), await cast.student(1001), await cast.student(1002), await cast.student(1003)
    to_liya, to_sara = await cast.conversation(liya, dawit), await cast.conversation(sara, dawit)
    to_hana = await cast.conversation(hana, dawit)
    for leaving, left in ((liya, to_liya), (sara, to_sara)):
        clock.move(seconds=1)
        await app.relaying.switch(dawit, left.alias)
        clock.move(seconds=1)
        await app.closing.end(leaving, left.alias)
        assert await cast.say(dawit, "about your brother", message_id=1) is None
    await app.relaying.switch(dawit, to_hana.alias)
    to_her = await cast.say(dawit, "hello hana", message_id=2)

    assert to_hana.id == (to_her and to_her.id)


async def test_a_reply_to_something_that_is_no_message_of_anybody_is_asked_about(app: App, cast: Cast) -> None:
    """A card or a screen names a student, perhaps another one than is current."""
    dawit, sara = await cast.dawit(), await cast.sara()
    await cast.conversation(sara, dawit)

    assert await cast.say(dawit, "to the card", message_id=1, reply_to=9999) is None
    assert await cast.say(sara, "to a screen", message_id=1, reply_to=9999) is not None


async def test_a_change_after_the_end_is_not_lost_in_silence(app: App, cast: Cast) -> None:
    """Who corrects her last words just after the end hears that nobody reads it; who edits a command hears nothing."""
    dawit, sara = await cast.dawit(), await cast.sara()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "I am fine", message_id=5)
    await app.closing.end(dawit, session.alias)
    with pytest.raises(Conflict, match="is over"):
        await app.relaying.change(sara, Content(kind=Kind.TEXT, text="I am not fine"), message_id=5)

    await app.relaying.change(sara, Content(kind=Kind.TEXT, text="/menu"), message_id=6)


async def test_a_change_does_not_reach_a_counselor_who_has_handed_it_on(app: App, cast: Cast) -> None:
    """It was said to Dawit, and is nobody's business any more but hers."""
    dawit, sara = await cast.dawit(), await cast.sara()
    session = await cast.conversation(sara, dawit)
    await cast.say(sara, "for dawit", message_id=5)
    await app.transferring.transfer(dawit, session.alias)
    before = await cast.owed(dawit)
    await app.relaying.change(sara, Content(kind=Kind.TEXT, text="for nobody"), message_id=5)

    assert before == await cast.owed(dawit)
