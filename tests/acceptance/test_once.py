"""What is pressed at the same moment, twice, or without a right to it happens at most once."""

from __future__ import annotations

import pytest

from bot.playground import BotApiServer, Person, Press
from bot.playground.updates import Update
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import ask, converse, enrol

PRESSES = 64


def data_of(person: Person, label: str) -> str:
    """Return what the newest button with this label carries."""
    rows = (row for message in reversed(person.bot_messages) for row in (message.reply_markup or {}).get("inline_keyboard", []))
    return next(button["callback_data"] for row in rows for button in row if label in button["text"])


def redeliver(server: BotApiServer, update: Update) -> None:
    """Deliver an update again, as Telegram does where its confirmation was lost."""
    server.updates._pending.append(update)
    if server.updates._poll and not server.updates._poll.done():
        server.updates._poll.set_result(None)


async def test_64_presses_of_accept_start_one_conversation(server: BotApiServer, programs: Programs) -> None:
    """Its addressee presses *Accept* again and again while strangers replay and forge it: one start, every press answered."""
    await programs.start(**UNLIMITED)
    sara, dawit, hana, eve = (server.person(name) for name in ("Sara", "Dawit", "Hana", "Eve"))
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await enrol(programs, hana, "Hana", "academic_career")
    await eve.open()
    await eve.see("HU Counseling")
    await ask(sara)
    offer = await dawit.see("A student asks for help.")
    genuine = data_of(dawit, "Accept")

    presses: list[Press] = []
    for number in range(PRESSES // 4):
        presses += [
            await dawit.press("Accept", in_message=offer),
            await hana.press_data(genuine),
            await eve.press_data(genuine, in_message=offer),
            await sara.press_data(f"offer.accept:{number + 1}:{genuine.rpartition(':')[2]}"),
        ]
    answers = [await press.answered() for press in presses]
    for speaker, listener in ((sara, dawit), (dawit, sara)):
        await speaker.send("Behind all that.")
        await listener.see("Behind all that.")

    assert PRESSES == len(answers)
    assert 1 == len([text for text in dawit.received if "You are talking with student" in text])
    assert 1 == len([text for text in sara.received if "is here for you." in text])
    assert [] == [text for person in (hana, eve) for text in person.received if "talking" in text or "accepted" in text]
    answers_to_dawit = [answer for press, answer in zip(presses, answers, strict=True) if press.person is dawit]
    assert [None, *["This request is no longer available."] * (PRESSES // 4 - 1)] == answers_to_dawit


def forgeries(genuine: str) -> list[str]:
    """Return what a client can send in place of the data of a button."""
    action, reference, mac = genuine.split(":")
    return [
        *("", ":", "::", ":::", "\0", "offer.accept", "🆘" * 16, "x" * 64, "x" * 5000, "sos:", "__init__::", '{"a": 1}'),
        f"{action}:{reference}",
        f"{action}:{reference}:",
        f"{action}:{reference}:{'A' * 12}",
        f"{action}:{reference}:{mac[:-1]}",
        f"{action}:{reference}:{mac.swapcase()}",
        f"{action}:{reference}:{mac}:{mac}",
        f"{action}:{reference}:ä{mac[1:]}",
        f"{action}:{int(reference) + 1}:{mac}",
        f"{action}: {reference}:{mac}",
        f"{action}:-{reference}:{mac}",
        f"{action}:{reference}' OR 1=1 --:{mac}",
        f"offer.decline:{reference}:{mac}",
        f"session.end.yes:{reference}:{mac}",
        f"request.cancel:{reference}:{mac}",
        f"home:{reference}:{mac}",
        f"{reference}:{action}:{mac}",
    ]


async def test_forged_presses_change_nothing(server: BotApiServer, programs: Programs) -> None:
    """Whatever bytes a client puts into a press, it is answered with a refusal, and the offer stands as before."""
    bot = await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await ask(sara)
    offer = await dawit.see("A student asks for help.")
    said = [len(person.bot_messages) for person in (sara, dawit)]

    presses = [await dawit.press_data(data, in_message=offer) for data in forgeries(data_of(dawit, "Accept"))]
    presses += [await sara.press_data(data) for data in forgeries(data_of(dawit, "Accept"))]
    answers = {await press.answered() for press in presses}

    assert {"This button is not valid any more. /menu shows what there is."} == answers
    assert said == [len(person.bot_messages) for person in (sara, dawit)]
    assert [["✅ Accept Session", "✖️ Decline"]] == offer.buttons
    assert "parked" not in bot.log
    await dawit.press("Accept")
    assert await dawit.see("You are talking with student")


async def test_a_genuine_press_of_somebody_else_changes_nothing(server: BotApiServer, programs: Programs) -> None:
    """A button is good for one person: not even the other side of the same conversation can press it."""
    await programs.start(**UNLIMITED)
    sara, dawit, eve = server.person("Sara"), server.person("Dawit"), server.person("Eve")
    await enrol(programs, dawit, "Dawit", "other")
    await eve.open()
    await eve.see("HU Counseling")
    alias = await converse(sara, dawit)
    await dawit.press(f"End {alias}")
    await dawit.see("End the conversation with student")
    stolen = [data_of(dawit, label) for label in ("Yes, end it", "No, go on", f"End {alias}")]

    answers = {await (await person.press_data(data)).answered() for person in (eve, sara) for data in stolen}
    await sara.send("still there?")

    assert {"This button is not valid any more. /menu shows what there is."} == answers
    assert await dawit.see("still there?")
    assert not [text for text in (*sara.received, *dawit.received) if "has ended" in text]


async def test_an_old_press_says_that_it_is_too_late(server: BotApiServer, programs: Programs) -> None:
    """Buttons that were genuine once, of a request that is over, change nothing and say so."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await ask(sara)
    await dawit.see("A student asks for help.")
    old = {label: data_of(dawit, label) for label in ("Accept", "Decline")}
    cancel = data_of(sara, "Cancel Request")
    alias = await accept_offer(dawit, sara)

    late = [await (await dawit.press_data(data)).answered() for data in old.values()]
    late.append(await (await sara.press_data(cancel)).answered())
    await dawit.send("hello")
    await sara.see("Dawit\nhello")

    assert ["This request is no longer available."] * 2 + ["This is no longer available."] == late
    assert alias


async def accept_offer(counselor: Person, student: Person) -> str:
    """Accept what is offered already."""
    await counselor.press("Accept Session")
    await student.see("is here for you.")
    return (await counselor.see("You are talking with student")).text


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_an_update_that_comes_twice_is_handled_once(
    server: BotApiServer, programs: Programs, *, is_restarted: bool
) -> None:
    """Telegram delivers a message and a press again, to the same process or to the next: each happens once."""
    bot = await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await ask(sara)
    await dawit.see("A student asks for help.")
    await dawit.press("Accept")
    accepting = server.updates.pending[-1]
    await sara.see("is here for you.")
    await sara.send("only once")
    saying = server.updates.pending[-1]
    await dawit.see("only once")

    if is_restarted:
        await bot.stop()
    redeliver(server, accepting)
    redeliver(server, saying)
    if is_restarted:
        await programs.start(**UNLIMITED)
    await server.wait_for(lambda: not len(server.updates))
    await sara.send("the end")
    await dawit.see("the end")

    assert 1 == len([text for text in dawit.received if "only once" in text])
    assert 1 == len([text for text in sara.received if "is here for you." in text])
