"""A counselor in several conversations: nothing that is meant for one student reaches another."""

from __future__ import annotations

import pytest

from bot.playground import BotApiServer, Person
from tests.acceptance.pressing import ONLY_FOR_SEVERAL, unpressed
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import converse, enrol


@pytest.fixture
async def trio(server: BotApiServer, programs: Programs) -> tuple[Person, Person, Person, str, str]:
    """Dawit with Liya and Sara, in this order, and the names under which they appear to him."""
    await programs.start(**UNLIMITED)
    liya, sara, dawit = server.person("Liya"), server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    return dawit, liya, sara, await converse(liya, dawit), await converse(sara, dawit)


Trio = tuple[Person, Person, Person, str, str]


async def heard_nothing(person: Person, *words: str) -> bool:
    """Return whether nothing with one of *words* is in a chat, once all that was on its way there has arrived."""
    await person.send("/about")
    await person.see("A service by trained volunteers")
    return not [text for text in person.received for word in words if word in text]


async def test_what_could_be_for_another_is_asked_about(trio: Trio) -> None:
    """Sara is current; when Liya writes, Dawit is asked before his next message goes anywhere, and it goes where he says."""
    dawit, liya, sara, to_liya, _ = trio
    await dawit.send("hello Sara")
    await sara.see("hello Sara")
    await liya.send("and me?")
    await dawit.see("and me?")
    held = await dawit.send("I am here for you")
    question = await dawit.see("For whom is this?")
    await dawit.press(f"Student {to_liya}")
    await liya.see("I am here for you")
    await dawit.see("Sent to student", edited=True)
    await dawit.send("go on")
    await liya.see("go on")

    assert held.message_id == question.reply_to_message_id
    assert await heard_nothing(sara, "I am here for you", "go on")


async def test_a_held_message_is_sent_once(trio: Trio) -> None:
    """Pressed twice, and for the other one too: the first press counts."""
    dawit, liya, sara, to_liya, to_sara = trio
    await liya.send("and me?")
    await dawit.see("and me?")
    await dawit.send("only once")
    question = await dawit.see("For whom is this?")
    first = dawit.press(f"Student {to_liya}", in_message=question)
    await first
    await dawit.press(f"Student {to_sara}", in_message=question)
    await liya.see("only once")
    await liya.send("thanks")
    await dawit.see("thanks")

    assert 1 == len([text for text in (*liya.received, *sara.received) if "only once" in text])


async def test_a_held_picture_is_sent_and_one_that_is_not_wanted_is_not(trio: Trio) -> None:
    """What is held is whatever it was, with its file."""
    dawit, liya, sara, to_liya, _ = trio
    await liya.send("and me?")
    await dawit.see("and me?")
    await dawit.send_photo(caption="for you", content=b"\xff\xd8")
    await dawit.see("For whom is this?")
    await dawit.press(f"Student {to_liya}")
    came = await liya.see("for you", kind="photo")
    await sara.send("hello?")
    await dawit.see("hello?")
    await dawit.send("oh no")
    await dawit.see("For whom is this?", edited=False)
    await dawit.press("Do not send")
    await dawit.see("Not sent to anybody", edited=True)

    assert b"\xff\xd8" == came.content
    assert await heard_nothing(liya, "oh no")
    assert await heard_nothing(sara, "oh no")


async def test_a_switch_is_confirmed_and_seen(trio: Trio) -> None:
    """The home screen shows who is current; a switch asks first, and what is written next goes there."""
    dawit, liya, sara, to_liya, to_sara = trio
    await dawit.send("/menu")
    home = await dawit.see("Conversations: 2")
    assert f"student {to_sara}, 🧠 Psychological (current)" in home.text
    await dawit.press(f"Switch to {to_liya}")
    await dawit.see("What you write next then goes to them")
    await dawit.press(f"Switch to {to_liya}")
    await dawit.see("You are writing to student", edited=True)
    await dawit.send("hello Liya")
    await liya.see("hello Liya")

    assert await heard_nothing(sara, "hello Liya")


async def test_a_reply_needs_no_question(trio: Trio) -> None:
    """It goes to whom it replies to, and the next plain message is asked about only where somebody else wrote since."""
    dawit, liya, sara, _, _ = trio
    await liya.send("from liya")
    hers = await dawit.see("from liya")
    await dawit.send("to liya", reply_to=hers)
    await liya.see("to liya")
    await dawit.send("and more")
    await liya.see("and more")

    assert await heard_nothing(sara, "to liya", "and more")


async def test_each_button_of_several_conversations_leads_somewhere(server: BotApiServer, trio: Trio) -> None:
    """Those that only stand there where a counselor talks with more than one student."""
    dawit, liya, sara, to_liya, to_sara = trio
    await liya.send("and me?")
    await dawit.see("and me?")
    for words, button in (("one", f"Student {to_liya}"), ("two", f"Student {to_sara}"), ("three", "Do not send")):
        await sara.send("still there?")
        await dawit.see("still there?")
        await liya.send("and me?")
        await dawit.see("and me?")
        await dawit.send(words)
        await dawit.see("For whom is this?", edited=False)
        await dawit.press(button)
        await dawit.see("ent to", edited=True)
    await dawit.send("/menu")
    await dawit.see("Conversations: 2")
    await dawit.press(f"Switch to {to_liya}")
    await dawit.see("What you write next then goes to them")
    await dawit.press(f"Switch to {to_liya}")
    await dawit.see("You are writing to student", edited=True)

    assert set() == unpressed(server, ONLY_FOR_SEVERAL)
