"""How a conversation goes to somebody else, falls silent and ends, and what is asked about it; by buttons, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import LiteralString

from bot import app as root
from bot.playground import BotApiServer, Message, Person
from bot.playground.keyboards import find_inline
from bot.settings import load
from bot.telegram.handlers import rating, session
from bot.texts import ending
from tests.acceptance.pressing import unpressed
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import accept, ask, converse, enrol


async def test_a_conversation_is_handed_on(server: BotApiServer, programs: Programs) -> None:
    """Dawit looks at it, thinks twice, and hands it on; Sara keeps her place, Hana takes it up, and Dawit is out."""
    await programs.start(**UNLIMITED)
    sara, dawit, hana = server.person("Sara"), server.person("Dawit"), server.person("Hana")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await begin(sara, dawit)

    await dawit.press(f"Transfer {alias}")
    await dawit.see(f"Hand student {alias} over")
    await dawit.press("No, go on")
    await dawit.see(f"Student {alias}\nTopic")
    await dawit.press(f"Transfer {alias}")
    question = await dawit.see(f"Hand student {alias} over")
    yes = data_of(question, "Yes, hand over")
    await dawit.press("Yes, hand over")
    await dawit.see(f"You have handed student {alias} over")
    told = await sara.see("Dawit cannot go on with this conversation")
    await sara.send("is anybody there?")
    await sara.see("Nobody has read what you just wrote")
    again = await dawit.press_data(yes, in_message=question)

    assert "keep your place in the queue: 1." in told.text
    assert "This is no longer available." == await again.answered()
    await enrol(programs, hana, "Hana", "mental_emotional")
    assert alias == await accept(hana, sara)
    await sara.send("hello Hana")
    await hana.see("hello Hana")
    await dawit.send("one more thing")
    await dawit.see("nobody has read this")
    assert not [text for text in hana.received if "hello" in text and "Hana" not in text]
    assert not [text for text in dawit.received if "hello Hana" in text]


def data_of(message: Message, label: str) -> str:
    """Return what a button of a message carries, for somebody who presses it when it is not there any more."""
    button = find_inline(message.reply_markup, label)
    assert button is not None
    return button["callback_data"]


async def begin(sara: Person, dawit: Person) -> str:
    """Have them talk, and look at what stands about it; return the name under which Sara appears."""
    await ask(sara, "I feel <b>&_* 😀 bad")
    alias = await accept(dawit, sara)
    await sara.send("hello")
    await dawit.see("hello")
    await visit_info(sara, dawit, alias)
    return alias


async def visit_info(sara: Person, dawit: Person, alias: str) -> None:
    """Both look at what stands about the conversation, from what told them of its beginning and from the menu."""
    for person, says in ((sara, "Counselor: Dawit"), (dawit, "In their words: I feel <b>&_* 😀 bad")):
        await person.press("Session Info")
        info = await person.see(says)
        assert "Topic: 🧠 Psychological" in info.text
        assert "Messages: 1" in info.text
        assert " UTC" in info.text
        await person.press("Home", in_message=info)
        await person.see("You are talking with" if person is sara else "Conversations: 1")
        await person.press("Session Info" if person is sara else f"ℹ️ {alias}")
        await person.see(says)


async def test_stars_and_a_word(server: BotApiServer, programs: Programs) -> None:
    """Sara ends it and rates it with a word; a press on what stood there before changes nothing."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)
    await sara.send("/menu")
    await sara.see("You are talking with Dawit")
    await sara.press("End Session")
    await sara.see("End the conversation with Dawit?")
    await sara.press("Yes, end it")
    asked = await sara.see("The conversation has ended. Thank you for your trust.")
    assert [f"⭐ {stars}" for stars in range(1, 6)] == asked.buttons[0]
    three = data_of(asked, "⭐ 3")
    await sara.press("⭐ 4")
    await sara.see("Thank you for the 4 ⭐.")
    again = await sara.press_data(three, in_message=asked)
    assert "already" in (await again.answered() or "")
    await sara.send("x" * 1001)
    await sara.see("That is 1001 characters, and at most 1000 fit.")
    await sara.send("<b>&_* thank you")
    await sara.see("Thank you, that helps us.")
    await sara.send("hello?")
    await sara.see("nobody has read this")
    mark = dawit.mark()

    assert [(4, True)] == await kept(programs, "SELECT rating, rating_comment IS NOT NULL AS is_there FROM session")
    await sara.press("Request Counseling")
    await sara.see("What is it about?")
    assert not [message for message in dawit.bot_messages if message.seen_at > mark]


async def test_put_off_and_done_later(server: BotApiServer, programs: Programs) -> None:
    """Told of the end by the counselor, Sara says *Not now*, comes back to it, and skips the word."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await converse(sara, dawit)
    await dawit.press(f"End {alias}")
    await dawit.see("End the conversation with student")
    await dawit.press("Yes, end it")
    await sara.see("Dawit has ended the conversation.")
    await sara.press("Not now")
    await sara.see("You can still do it later")
    await sara.press("Rate Session")
    await sara.see("How was the conversation?")
    await sara.press("⭐ 1")
    await sara.see("Thank you for the 1 ⭐.")
    await sara.press("Skip")
    await sara.see("Alright.")

    assert [(1, None)] == await kept(programs, "SELECT rating, rating_comment FROM session")


async def test_who_falls_silent_is_reminded_and_it_ends(server: BotApiServer, programs: Programs) -> None:
    """Half of the timeout after the last message both are reminded; a word begins anew; at the whole of it, it ends."""
    await programs.start(**UNLIMITED, SCHEDULER_CHECK_INTERVAL="1", SESSION_TIMEOUT_HOURS="2")
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await converse(sara, dawit)
    await pass_time(programs, "UPDATE session SET last_message_at = :at", hours=1)
    reminder = await sara.see("Nobody has written here for 1 h")
    of_dawit = await dawit.see(f"Nobody has written in the conversation with student {alias} for 1 h")
    assert "ends in 1 h" in reminder.text
    assert [f"🔚 End {alias}"] == of_dawit.buttons[0]
    await dawit.send("I am here", reply_to=of_dawit)
    await sara.see("I am here")
    assert [(None,)] == await kept(programs, "SELECT reminded_at FROM session")
    await pass_time(programs, "UPDATE session SET last_message_at = :at", hours=1)
    await sara.see("Nobody has written here for 1 h")
    await pass_time(programs, "UPDATE session SET reminded_at = :at", hours=1)
    await sara.see("so this conversation has ended")
    await dawit.see(f"the conversation with student {alias} has ended")
    await sara.press("⭐ 5")
    await sara.see("Thank you for the 5 ⭐.")

    assert [("ended", "timeout", 5)] == await kept(programs, "SELECT state, end_reason, rating FROM session")


async def pass_time(programs: Programs, sql: LiteralString, *, hours: float) -> None:
    """Have the last event of the only session lie a little longer ago, so that what Telegram last told us lies behind it."""
    async with root.opened(load(programs.environment, None), kind="cli", is_guest=True) as app, app.db.transaction() as tx:
        await tx.execute(sql, at=app.clock() - timedelta(hours=hours, seconds=30))


async def kept(programs: Programs, sql: LiteralString) -> list[tuple[object, ...]]:
    """Return what the database holds, beside the bot that runs."""
    async with root.opened(load(programs.environment, None), kind="cli", is_guest=True) as app, app.db.reading() as tx:
        return [tuple(row.values()) for row in await tx.fetch_all(sql)]


async def test_every_button_leads_somewhere(server: BotApiServer, programs: Programs) -> None:
    """Each button of the info, the transfer and the rating is pressed, each action is one of them, and each press is answered."""
    await programs.start(**UNLIMITED)
    sara, dawit, hana = server.person("Sara"), server.person("Dawit"), server.person("Hana")
    await enrol(programs, dawit, "Dawit", "other")
    alias = await begin(sara, dawit)
    await dawit.press(f"Transfer {alias}")
    await dawit.see("over to another counselor?")
    await dawit.press("Yes, hand over")
    await sara.see("cannot go on with this conversation")
    await enrol(programs, hana, "Hana", "other")
    await accept(hana, sara)
    await hana.press(f"End {alias}")
    await hana.see("End the conversation with student")
    await hana.press("Yes, end it")
    await sara.see("Hana has ended the conversation.")
    await sara.press("Not now")
    await sara.see("You can still do it later")
    await sara.press("Rate Session")
    asked = await sara.see("How was the conversation?")
    stars = [data_of(asked, f"⭐ {number}") for number in range(1, 6)]
    await sara.press_data(stars[0], in_message=asked)
    await sara.see("Thank you for the 1 ⭐.")
    notices = [await (await sara.press_data(data, in_message=asked)).answered() for data in stars[1:]]
    await sara.press("Skip")
    await sara.see("Alright.")

    assert {ending.ALREADY_RATED.plain()} == set(notices)
    assert set() == unpressed(server, [*session.ACTIONS, *rating.ACTIONS])
