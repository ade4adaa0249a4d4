"""People who press and send what nobody asked for, at the worst moment: each gets an answer, and nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground import BotApiServer, Person, photo, video
from bot.playground.state import Query
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import accept, add_counselor, agree, converse, enrol
from tests.acceptance.test_once import data_of

FORGED = "This button is not valid any more. /menu shows what there is."


def press_raw(server: BotApiServer, person: Person, data: str, **more: Any) -> Query:
    """Send a press without its message, or with what is left of one."""
    query = server.world.new_query(data)
    server.updates.put("callback_query", {"id": query.query_id, "from": person.user, "chat_instance": "1", "data": data, **more})
    return query


async def answered(query: Query) -> str | None:
    """Wait for the end of a press; return what was said with it."""
    if await query.bell.wait_until(lambda: query.is_answered or None, 10.0) is None:
        raise AssertionError(f"{query.data!r} was not answered")
    return query.text


async def test_a_press_without_its_message_is_answered(server: BotApiServer, programs: Programs) -> None:
    """Telegram names no message, or only that there was one: a genuine press counts, below; a forged one is refused."""
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await agree(sara)
    gone = {"chat": sara.private_chat.info, "message_id": 1, "date": 0}
    topic = data_of(sara, "Psychological")
    forged = [
        await answered(press_raw(server, sara, "sos:1:2", **more)) for more in ({}, {"message": gone}, {"inline_message_id": "1"})
    ]
    genuine = [await answered(press_raw(server, sara, topic))]
    await sara.see("think of you?", edited=False)
    genuine.append(await answered(press_raw(server, sara, data_of(sara, "Rather"), message=gone)))
    await sara.see("in a few words", edited=False)
    genuine.append(await answered(press_raw(server, sara, data_of(sara, "Skip"), inline_message_id="1")))

    assert await sara.see("Your request is in.")
    assert ([FORGED] * 3, [None] * 3) == (forged, genuine)


async def test_a_form_takes_words_and_nothing_else(server: BotApiServer, programs: Programs) -> None:
    """An album, a sticker, a voice message, a contact and a place in a form: each is refused, the form stays, words go on."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await agree(sara)
    await sara.press("Psychological")
    await sara.see("think of you?")
    await sara.press("Rather")
    await sara.see("in a few words")
    await sara.send_album([photo("one"), video("two"), photo()])
    await sara.send_sticker()
    await sara.send_voice("a caption")
    await sara.send_contact("+251911987654", "Sara")
    await sara.send_location(9.0, 38.7)
    for _ in range(7):
        await sara.see("Please answer in words", edited=False)
    said = await sara.send("first")
    await sara.see("Your request is in.")
    await sara.edit(said, "second")
    offer = await dawit.see("A student asks for help.")

    assert "first" in offer.text
    assert not [text for text in dawit.received if "second" in text]


async def test_start_in_the_middle_of_everything(server: BotApiServer, programs: Programs) -> None:
    """A form is left by it, a request and a conversation are not; what was left is over, and its buttons say so."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await agree(sara)
    await sara.press("Psychological")
    await sara.see("think of you?")
    gender = data_of(sara, "Rather")
    await sara.send("/start")
    await sara.see("What would you like to do?")
    late = await (await sara.press_data(gender)).answered()
    await ask_again(sara)
    await sara.send("/start@playground_bot now")
    await sara.see("Your request waits")
    await dawit.open()
    await dawit.see("HU Counseling")
    await add_counselor(programs, dawit, "Dawit", "mental_emotional")
    await accept(dawit, sara)
    for person, other in ((sara, dawit), (dawit, sara)):
        await person.send("/start")
        await person.send("after the start")
        await other.see("after the start")

    assert "This is no longer available." == late


async def ask_again(student: Person) -> None:
    """Make a request, from the home screen."""
    await student.press("Request Counseling")
    await student.see("What is it about?")
    await student.press("Psychological")
    await student.see("think of you?")
    await student.press("Rather")
    await student.see("in a few words")
    await student.press("Skip")
    await student.see("Your request is in.")


@pytest.mark.parametrize("count", [2, 9])
async def test_presses_at_the_same_moment_count_once(server: BotApiServer, programs: Programs, count: int) -> None:
    """*Skip*, and then *End*, pressed several times before any answer, by both sides: one request, one end, all answered."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await agree(sara)
    await sara.press("Psychological")
    await sara.see("think of you?")
    await sara.press("Rather")
    await sara.see("in a few words")
    skips = [await sara.press("Skip") for _ in range(count)]
    skipped = [await press.answered() for press in skips]
    alias = await accept(dawit, sara)
    await sara.send("/menu")
    await sara.see("talking with")
    await sara.press("End Session")
    await sara.see("End the conversation with")
    await dawit.press(f"End {alias}")
    await dawit.see("End the conversation with student")
    ends = [await person.press("Yes, end it") for _ in range(count) for person in (sara, dawit)]
    ended = [await press.answered() for press in ends]
    told = [text for person in (sara, dawit) for text in person.received if "has ended" in text]

    assert 1 == skipped.count(None)
    assert 1 == ended.count(None)
    assert 2 == len(told)


async def test_who_has_blocked_the_bot_harms_nobody(server: BotApiServer, programs: Programs) -> None:
    """What Sara pressed and wrote just before reaches us after the news; Dawit reads it, and she can come back."""
    bot = await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await converse(sara, dawit)
    await bot.stop()
    await sara.send("before I go")
    await sara.press("Session Info")
    await sara.block()
    again = await programs.start(**UNLIMITED)
    await dawit.see("before I go")
    await dawit.see("cannot be reached")
    await dawit.send("are you there?")
    await dawit.see("could not be delivered")
    await sara.unblock()
    await sara.send("I am back")
    await dawit.see("I am back")
    await dawit.send("good")
    await sara.see("good")

    assert "parked" not in again.log


async def test_updates_of_other_kinds_are_passed_by(server: BotApiServer, programs: Programs) -> None:
    """Posts of channels, polls, payments, what is not invented yet, and what has no sender: nothing is said, nothing fails."""
    bot = await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await sara.open()
    await sara.see("HU Counseling")
    channel = {"id": -1001, "type": "channel", "title": "X"}
    chat = sara.private_chat.info
    updates: dict[str, dict[str, Any]] = {
        "channel_post": {"message_id": 1, "date": 1, "chat": channel, "text": "/start"},
        "edited_channel_post": {"message_id": 1, "date": 1, "edit_date": 2, "chat": channel, "text": "/start"},
        "poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": True, "type": "regular"},
        "inline_query": {"id": "1", "from": sara.user, "query": "x", "offset": ""},
        "pre_checkout_query": {"id": "1", "from": sara.user, "currency": "XTR", "total_amount": 1, "invoice_payload": "x"},
        "chat_join_request": {"chat": channel, "from": sara.user, "user_chat_id": sara.id, "date": 1},
        "message": {"message_id": 5, "date": 1, "chat": chat, "text": "nobody"},
        "edited_message": {"message_id": 6, "date": 1, "edit_date": 2, "chat": chat, "from": sara.user, "text": "/start"},
        "something_new": {"from": sara.user, "chat": chat, "id": 1},
    }
    server.updates.allowed = frozenset(updates)  # as an earlier program may have asked for them
    for kind, body in updates.items():
        server.updates.put(kind, body)
    await sara.send("/help")
    await sara.see("How it works")

    assert 2 == len(sara.bot_messages)
    assert "Traceback" not in bot.log


async def test_more_than_telegram_would_take(server: BotApiServer, programs: Programs) -> None:
    """5,000 characters are refused where a form asks for fewer, and arrive whole in a conversation, also below a picture."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await agree(sara)
    await sara.press("Psychological")
    await sara.see("think of you?")
    await sara.press("Rather")
    await sara.see("in a few words")
    await sara.send_raw({"text": "<b>&_*" * 833 + "ab"})
    refusal = await sara.see("5000 characters, and at most 1000 fit")
    await sara.send("<b>&_*" * 166)
    await accept(dawit, sara)
    await sara.send_raw({"text": "<b>&_*" * 833 + "ab"})
    parts = [await dawit.see("<b>&_*", edited=False) for _ in range(2)]
    await dawit.send_media(photo(), fields={"caption": "<b>&_*" * 833 + "ab"})
    below = [await sara.see("<b>&_*", edited=False) for _ in range(2)]

    assert [["🆘 Help lines"], ["🏠 Home"]] == refusal.buttons
    for shown in (parts, below):
        assert "<b>&_*" * 833 + "ab" == "".join(part.words.partition("\n")[2] for part in shown)
