"""The whole story by buttons, over HTTP, on both databases."""

from __future__ import annotations

import re

import pytest

from bot.playground import BotApiServer, Person
from bot.playground.html_text import utf16_length
from bot.telegram.handlers import conversation, counselor, everyone, student
from tests.acceptance.pressing import ONLY_FOR_SEVERAL, unpressed
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import accept, add_counselor, agree, ask, converse, enrol, fill_in

TYPED = [
    "<b>&_*[]()~`>#+-=|{}.! </b>&amp; 😀",
    "two\nlines\n\nand a third",
    "ሰላም 👩‍👩‍👧‍👦 🇪🇹",
    "http://example.com/?a=1&b=<2>",
    "%s {body} {alias} \\n",
]
STORY = (everyone.ACTIONS, student.ACTIONS, counselor.ACTIONS, conversation.ACTIONS)  #: the others have tests of their own
LONG = ["x" * 4096, "😀" * 2048, "a<b&c " * 682 + "four", "line of words\n" * 292 + "end"]


async def say(speaker: Person, listener: Person, text: str, *, heading: str) -> None:
    """Have *speaker* write something short; it arrives under *heading*, as typed."""
    await speaker.send(text)
    message = await listener.see(heading)

    assert f"{heading}\n{text}" == message.text
    assert message.protect_content


async def end(person: Person, other: Person, *, button: str, question: str) -> None:
    """Have *person* end the conversation by the buttons; both are told."""
    await person.send("/menu")
    await person.see("talking with" if "with" in question and "student" not in question else "Conversations: 1")
    await person.press(button)
    await person.see(question)
    await person.press("Yes, end it")
    await person.see("has ended. Thank you")
    await other.see("has ended the conversation.")


async def test_from_the_first_start_to_a_second_request(server: BotApiServer, programs: Programs) -> None:
    """A student asks, one counselor declines, the other accepts; they talk, it ends, and it begins again."""
    await programs.start(**UNLIMITED)
    sara, dawit, hana = server.person("Sara"), server.person("Dawit"), server.person("Hana")
    await enrol(programs, dawit, "Dr. <D> & Co", "mental_emotional", "other")
    await enrol(programs, hana, "Hana", "other")

    await ask(sara, "I feel <b>&_* 😀 bad")
    offer = await dawit.see("A student asks for help.")
    assert "Topic: 🧠 Psychological\n" in offer.text
    assert "In their words: I feel <b>&_* 😀 bad\n" in offer.text
    await dawit.press("Decline")
    await dawit.see("You declined.")

    alias = await accept(hana, sara)
    await say(sara, hana, "hello <i>there</i>", heading=f"Student {alias}")
    await say(hana, sara, "hello to you & yours", heading="Hana")
    await end(sara, hana, button="End Session", question="End the conversation with Hana?")

    await sara.press("Home")
    await sara.see("What would you like to do?")
    await sara.press("Request Counseling")
    await sara.see("What is it about?")
    await fill_in(sara, None)
    again = await accept(dawit, sara)
    assert alias != again
    await say(dawit, sara, "here I am", heading="Dr. <D> & Co")
    await end(dawit, sara, button=f"End {again}", question=f"End the conversation with student {again}?")
    assert not [text for text in hana.received if again in text]


async def test_what_is_typed_arrives_as_typed(server: BotApiServer, programs: Programs) -> None:
    """Whatever characters one side types, the other side reads the same, also where it takes two messages."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await converse(sara, dawit)

    for text in TYPED:
        await say(sara, dawit, text, heading=f"Student {alias}")
        await say(dawit, sara, text, heading="Dawit")
    for text in LONG:
        mark, heading = dawit.mark(), f"Student {alias}\n"
        sent = await sara.send(text)
        await sara.send("(end)")
        await dawit.see("(end)", after=mark)
        parts = [message for message in dawit.bot_messages if message.seen_at > mark][:-1]

        assert 2 == len(parts)
        assert all(part.text.startswith(heading) and utf16_length(part.text) <= 4096 for part in parts)
        assert re.sub(r"\s", "", sent.text) == re.sub(r"\s", "", "".join(part.text.removeprefix(heading) for part in parts))
        assert all(part.protect_content for part in parts)


async def test_a_reply_goes_to_the_student_it_replies_to(server: BotApiServer, programs: Programs) -> None:
    """A counselor in two conversations names one by replying; without that he is asked, and nobody gets anything."""
    await programs.start(**UNLIMITED)
    sara, liya, dawit = server.person("Sara"), server.person("Liya"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    of_sara, of_liya = await converse(sara, dawit), await converse(liya, dawit)
    await sara.send("I am first")
    from_sara = await dawit.see(f"Student {of_sara}\nI am first")
    await liya.send("I am second")
    from_liya = await dawit.see(f"Student {of_liya}\nI am second")

    await dawit.send("for whom?")
    await dawit.see("For whom is this? It is not sent yet")
    await dawit.send("for Sara", reply_to=from_sara)
    await sara.see("Dawit\nfor Sara")
    await dawit.send("for Liya", reply_to=from_liya)
    await liya.see("Dawit\nfor Liya")

    assert ["Dawit\nfor Sara"] == [text for text in sara.received if "for " in text and text.startswith("Dawit")]
    assert ["Dawit\nfor Liya"] == [text for text in liya.received if "for " in text and text.startswith("Dawit")]


async def test_a_half_filled_form_survives_restarts(server: BotApiServer, programs: Programs) -> None:
    """The bot is stopped at each question of the form; what is pressed meanwhile counts, and the answers are kept."""
    sara, dawit = server.person("Sara"), server.person("Dawit")
    bot = await programs.start(**UNLIMITED)
    await enrol(programs, dawit, "Dawit", "other")
    await agree(sara)
    for press, question in (("Life Skills", "think of you?"), ("Female", "in a few words")):
        assert 0 == await bot.stop()
        await sara.press(press)
        bot = await programs.start(**UNLIMITED)
        await sara.see(question)

    await bot.stop()
    bot = await programs.start(**UNLIMITED)
    await sara.send("It is about <my> sister")
    await sara.see("Your request is in.")
    offer = await dawit.see("A student asks for help.")

    assert "Topic: 💑 Life Skills\nGender: Female\nIn their words: It is about <my> sister" in offer.text
    assert await accept_after_restart(programs, dawit, sara)


async def accept_after_restart(programs: Programs, counselor: Person, student: Person) -> str:
    """Stop the bot, have *counselor* accept, and start it again."""
    await programs.started[-1].stop()
    counselor_saw = counselor.mark()
    await counselor.press("Accept Session")
    await programs.start(**UNLIMITED)
    await student.see("is here for you.")
    return (await counselor.see("You are talking with student", after=counselor_saw)).text


async def visit_what_everybody_sees(sara: Person) -> None:
    """Press all buttons before a request; the ones that lead away from the consent first."""
    await sara.open()
    for button, text in (("How it works", "How it works"), ("Privacy", "What is kept"), ("Help lines", "You matter")):
        await sara.see("What would you like to do?")
        await sara.press(button)
        await sara.see(text)
        await sara.press("Home")
    await sara.see("What would you like to do?")
    await sara.press("Request Counseling")
    await sara.see("Do you agree?")
    await sara.press("Not now")
    await sara.see("What would you like to do?")
    await sara.press("Request Counseling")
    await sara.see("Do you agree?")
    await sara.press("I agree")


async def visit_the_form(sara: Person) -> None:
    """Choose each topic and each gender, go back, and take the request back; begins and ends where topics are asked for."""
    genders = ("Male", "Female", "Rather not say")
    for number, topic in enumerate(("Academic", "Psychological", "Life Skills", "Spiritual", "Addiction", "Other")):
        await sara.see("What is it about?")
        await sara.press(topic)
        await sara.see("think of you?")
        await sara.press("Back")
        await sara.see("What is it about?")
        await sara.press(topic)
        await sara.see("think of you?")
        await sara.press(genders[number % 3])
        await sara.see("in a few words")
        await sara.press("Back")
        await sara.see("think of you?")
        await sara.press(genders[number % 3])
        await sara.see("in a few words")
        await sara.press("Skip")
        await sara.see("We are asking a counselor for you right now" if topic == "Addiction" else "Your request is in.")
        await sara.press("Cancel Request")
        await sara.see("Your request was cancelled.")
        await sara.press("Home")
        await sara.see("What would you like to do?")
        await sara.press("Request Counseling")


async def visit_a_conversation(sara: Person, dawit: Person) -> None:
    """Decline, accept, go on, and end, from both sides."""
    await sara.see("What is it about?")
    await fill_in(sara, None)
    await dawit.see("A student asks for help.")
    await dawit.press("Decline")
    await dawit.see("You declined.")
    await sara.press("Home")
    await sara.see("Your request waits for a counselor.")
    await sara.press("Cancel Request")
    await sara.see("Your request was cancelled.")
    for ending, other in ((sara, dawit), (dawit, sara)):
        await sara.send("/menu")
        await sara.see("What would you like to do?")
        await sara.press("Request Counseling")
        await sara.see("What is it about?")
        await fill_in(sara, None)
        alias = await accept(dawit, sara)
        button = "End Session" if ending is sara else f"End {alias}"
        await ending.send("/menu")
        await ending.see("talking with" if ending is sara else "Conversations: 1")
        await ending.press(button)
        await ending.see("End the conversation with")
        await ending.press("No, go on")
        await ending.see("talking with" if ending is sara else "Conversations: 1")
        await ending.press(button)
        await ending.see("End the conversation with")
        await ending.press("Yes, end it")
        await other.see("has ended the conversation.")
        await ending.see("has ended. Thank you")


async def test_every_button_of_every_screen_leads_somewhere(server: BotApiServer, programs: Programs) -> None:
    """Each kind of button of a student and their counselor is pressed, each action is one of them, and each press is answered."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await visit_what_everybody_sees(sara)
    await visit_the_form(sara)
    await enrol(programs, dawit, "Dawit", "other")
    await visit_a_conversation(sara, dawit)

    queries = server.world.queries.values()
    await server.wait_for(lambda: all(query.is_answered for query in queries))

    known = {action for table in STORY for action in table}
    assert set() == unpressed(server, known - ONLY_FOR_SEVERAL)
    assert [] == [query.text for query in queries if query.text]


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_each_command_is_answered(server: BotApiServer, programs: Programs) -> None:
    """Each command, a command that there is not, and a word out of place have their answer, with a way on."""
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")

    for command, answer in (
        ("/start", "What would you like to do?"),
        ("/menu", "What would you like to do?"),
        ("/help", "How it works"),
        ("/about", "A service by trained volunteers"),
        ("/privacy", "until 30 days after its end"),
        ("/sos", "You matter, and there is help right now."),
        ("/cancel", "There is nothing to cancel."),
        ("/frobnicate", "I do not know this command."),
        ("hello?", "nobody has read this"),
    ):
        await sara.send(command)
        screen = await sara.see(answer)

        assert screen.buttons


async def test_what_cannot_pass_is_refused_at_once(server: BotApiServer, programs: Programs) -> None:
    """A contact, a place, a dice and what else says more than words are refused, and do not reach the other side."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await converse(sara, dawit)
    place = {"latitude": 9.0, "longitude": 38.7}
    mark = dawit.mark()

    for fields in (
        {"contact": {"phone_number": "+251911000000", "first_name": "Sara"}},
        {"location": place},
        {"venue": {"location": place, "title": "My home", "address": "Block 4"}, "location": place},
        {"dice": {"emoji": "🎲", "value": 4}},
        {"story": {"chat": {"id": sara.id, "type": "private", "first_name": "Sara"}, "id": 1}},
        {"something_of_next_year": {"by": "Sara"}},
    ):
        await sara.send_raw(fields)
        await sara.see("cannot be passed on, so it was not sent.")
    await sara.send("the end")
    await dawit.see("the end", after=mark)

    assert [f"Student {alias}\nthe end"] == [message.text for message in dawit.bot_messages if message.seen_at > mark]


async def test_groups_are_not_served(server: BotApiServer, programs: Programs) -> None:
    """In a group the bot says nothing, whatever is written there, and in private it goes on."""
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    group = {"id": -1_001_234, "type": "supergroup", "title": "A group"}

    for text in ("/start", "/sos", "hello"):
        await sara.send_raw({"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}]}, chat=group)
    await server.wait_for(lambda: not len(server.updates))
    await sara.open()
    await sara.see("What would you like to do?")

    assert [] == [call for call in server.calls if call.chat_id == group["id"]]


async def test_a_counselor_may_be_added_before_they_ever_wrote(server: BotApiServer, programs: Programs) -> None:
    """Who was made a counselor first and opens the bot afterwards gets the next offer."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await add_counselor(programs, dawit, "Dawit", "other")
    await server.wait_for(lambda: any(call.chat_id == dawit.id for call in server.calls))

    await dawit.open()
    await dawit.see("You are a counselor, Dawit")
    await ask(sara)

    assert await accept(dawit, sara)
