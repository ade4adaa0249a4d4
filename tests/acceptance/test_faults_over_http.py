"""What the network, Telegram and people can do to the bot, and how it goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.playground import BotApiServer, Fault, Person
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import accept, ask, converse, enrol, struck

pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)  # nothing here is about the database


async def two_people(server: BotApiServer, programs: Programs, student: str, counselor: str) -> tuple[Person, Person, str]:
    """Bring a student and a counselor together; return them and the student's alias."""
    one, other = server.person(student), server.person(counselor)
    await enrol(programs, other, counselor, "other")
    return one, other, await converse(one, other)


async def test_429_holds_only_the_chat_concerned(server: BotApiServer, programs: Programs) -> None:
    """While Telegram wants silence in one chat, the others go on; the held messages arrive afterwards, in order."""
    await programs.start(**UNLIMITED)
    sara, dawit, _ = await two_people(server, programs, "Sara", "Dawit")
    liya, hana, _ = await two_people(server, programs, "Liya", "Hana")
    fault = server.faults.add(Fault(kind="status", method="sendMessage", status=429, retry_after=2, chat_id=dawit.id))

    for number in range(3):
        await sara.send(f"held {number}")
    await struck(fault)
    await liya.send("not held")
    await hana.see("not held")
    assert not [text for text in dawit.received if "held" in text]

    await dawit.see("held 2")
    refused, *tries = [
        call for call in server.calls_to("sendMessage") if "held " in call.params["text"] and call.chat_id == dawit.id
    ]
    assert 429 == refused.status
    assert [f"held {number}" for number in range(3)] == [call.params["text"].rpartition("\n")[2] for call in tries]
    assert tries[0].at - refused.at >= 2


@pytest.mark.parametrize(
    ("fault", "most_repeats"),
    [
        (Fault(kind="status", method="sendMessage", status=502, times=3), 0),
        (Fault(kind="status", method="sendMessage", status=500, description="Internal Server Error"), 0),
        (Fault(kind="cut", method="sendMessage", times=2), 0),
        (Fault(kind="lost", method="sendMessage"), 1),
        (Fault(kind="late", method="sendMessage", delay_seconds=1.0), 0),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
async def test_what_fails_in_passing_is_sent_again(
    server: BotApiServer, programs: Programs, fault: Fault, most_repeats: int
) -> None:
    """After an error of a proxy, a cut connection or a lost answer everything arrives in order, repeated only where it may be."""
    await programs.start(**UNLIMITED)
    sara, dawit, alias = await two_people(server, programs, "Sara", "Dawit")
    heading, mark, fault.hits = f"Student {alias}\n", dawit.mark(), 0
    server.faults.add(fault)

    for number in range(4):
        await sara.send(f"{number}")
    await dawit.see(f"{heading}3", timeout=30)

    arrived = [message.text.removeprefix(heading) for message in dawit.bot_messages if message.seen_at > mark]
    assert fault.times == fault.hits
    assert ["0", "1", "2", "3"] == list(dict.fromkeys(arrived))
    assert sorted(arrived) == arrived
    assert len(arrived) <= 4 + most_repeats


async def test_who_blocked_the_bot_is_reported_to_the_other_side(server: BotApiServer, programs: Programs) -> None:
    """A message to somebody who blocked the bot comes back as a sentence to who wrote it, on both sides."""
    await programs.start(**UNLIMITED)
    sara, dawit, alias = await two_people(server, programs, "Sara", "Dawit")

    await sara.block()
    await dawit.send("are you there?")
    await dawit.see(f"Student {alias} cannot be reached")
    await sara.unblock()
    await dawit.send("and now?")
    await sara.see("and now?")
    await dawit.block()
    await sara.send("I am back")

    assert await sara.see("cannot be reached")


async def test_an_offer_to_who_blocked_the_bot_moves_on(server: BotApiServer, programs: Programs) -> None:
    """A counselor who blocked the bot loses the open offer, gets no new one, and is offered sessions again once they write."""
    await programs.start(**UNLIMITED)
    liya, dawit, _ = await two_people(server, programs, "Liya", "Dawit")
    sara, hana = server.person("Sara"), server.person("Hana")
    await ask(sara)
    await dawit.see("A student asks for help.")
    await enrol(programs, hana, "Hana", "mental_emotional")

    await dawit.block()
    await liya.send("are you there?")
    await liya.see("cannot be reached")
    assert await accept(hana, sara)

    selam = server.person("Selam")
    await hana.block()
    await sara.send("and you?")
    await sara.see("cannot be reached")
    await ask(selam)
    await dawit.unblock()
    await dawit.open()

    assert await accept(dawit, selam)


async def test_an_offer_that_cannot_be_shown_moves_on(server: BotApiServer, programs: Programs) -> None:
    """Where the message with the offer itself is refused, the next counselor gets it at once."""
    await programs.start(**UNLIMITED)
    sara, dawit, hana = server.person("Sara"), server.person("Dawit"), server.person("Hana")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await enrol(programs, hana, "Hana", "other")
    await dawit.deactivate()

    await ask(sara)

    assert await accept(hana, sara)


async def test_the_bot_heals_from_every_error_of_a_poll(server: BotApiServer, programs: Programs) -> None:
    """401, 404, 409, 5xx, 429 and a cut connection in ``getUpdates`` pass: the same process hears everything afterwards."""
    bot = await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await sara.open()
    await sara.see("HU Counseling")

    for status in (401, 404, 409, 500, 502, 504, 429, 0):
        fault = Fault(
            kind="status" if status else "cut", method="getUpdates", status=status, retry_after=1 if status == 429 else None
        )
        server.faults.add(fault)
        await sara.send("/about")  # ends the poll that waits, so that the next one fails
        await sara.see("A service by trained volunteers")
        await struck(fault)
        await sara.send("/help")
        await sara.see("How it works")

    assert bot.is_running
    assert 8 == bot.log.count("WARNING:Telegram gives no updates")
    assert 8 == bot.log.count("INFO:Telegram answers again, after ")


async def test_an_error_of_the_first_call_passes(server: BotApiServer, programs: Programs) -> None:
    """Where Telegram refuses or fails at the very first, the bot asks again and then works."""
    server.faults.add(Fault(kind="status", method="getMe", status=401))
    server.faults.add(Fault(kind="status", method="getMe", status=502))
    server.faults.add(Fault(kind="status", method="getUpdates", status=401))
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")

    await sara.open()

    assert await sara.see("HU Counseling")


@pytest.mark.slow
async def test_a_poll_that_hangs_is_given_up(server: BotApiServer, programs: Programs) -> None:
    """A long poll that is never answered ends by itself after 50 s, and the next one hears everything."""
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    fault = server.faults.add(Fault(kind="hang", method="getUpdates"))
    await sara.open()
    await sara.see("HU Counseling")
    await struck(fault)

    await sara.send("/help")

    assert await sara.see("How it works", timeout=60)


async def test_updates_that_nobody_understands_harm_nobody(server: BotApiServer, programs: Programs) -> None:
    """What cannot be parsed is stored and set aside, and its neighbours in the same batch are handled at once."""
    bot = await programs.start(**UNLIMITED)
    people = [server.person(f"Somebody {number}") for number in range(7)]
    bodies: list[Any] = [
        {"message_id": "abc", "date": "never"},
        {"message_id": 1, "chat": {"type": "private"}, "text": 5},
        {"message_id": 1, "date": 0, "chat": {"id": "x", "type": "private"}, "from": []},
        [],
        "text",
        7,
    ]

    for person, body in zip(people, [*bodies, None], strict=True):
        await person.open()
        server.updates.put("message", body)

    for person in people:
        assert await person.see("HU Counseling")
    assert bot.is_running
    assert 0 == len(server.updates)


async def test_a_malformed_update_is_parked_and_its_chat_goes_on(server: BotApiServer, programs: Programs) -> None:
    """An update that raises is tried three times, then parked; an admin is told, and the next in its chat is handled then."""
    lensa, sara, liya = server.person("Lensa"), server.person("Sara"), server.person("Liya")
    bot = await programs.start(ADMIN_IDS=str(lensa.id), **UNLIMITED)
    await lensa.open()
    await lensa.see("HU Counseling")

    server.updates.put("message", {"message_id": 1, "chat": {"id": sara.id, "type": "private"}, "from": {"id": sara.id}})
    await sara.open()
    await liya.open()
    await liya.see("HU Counseling")
    parked = await lensa.see("An update could not be handled and was parked", timeout=20)
    await sara.see("HU Counseling")

    assert 3 == bot.log.count("An update could not be handled (attempt")
    assert f"An update was parked under {parked.text.partition('parked: ')[2][:8]}" in bot.log


async def test_a_screen_that_is_the_same_already_is_no_error(server: BotApiServer, programs: Programs) -> None:
    """A button that is pressed again and leads to the very same screen is answered; nothing is repeated, nothing is logged."""
    bot = await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await sara.open()
    screen = await sara.see("HU Counseling")
    await sara.press("How it works")
    await sara.see("How it works")
    help_data = "help:" + next(query.data for query in server.world.queries.values()).partition(":")[2]

    presses = [await sara.press_data(help_data, in_message=screen) for _ in range(3)]
    answers = [await press.answered() for press in presses]
    await sara.press("Home")
    await sara.see("What would you like to do?")

    refused = [call for call in server.calls_to("editMessageText") if call.status == 400]
    assert [None] * 3 == answers
    assert 3 == len(refused)
    assert all("message is not modified" in call.description for call in refused)
    assert "ERROR" not in bot.log


async def test_a_screen_that_is_gone_is_shown_anew(server: BotApiServer, programs: Programs) -> None:
    """Where the message with the buttons was deleted, the screen comes as a new one."""
    await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await sara.open()
    screen = await sara.see("HU Counseling")

    press = await sara.press("How it works")
    sara.private_chat.remove(screen)

    assert "How it works" in (await sara.see("How it works")).text
    assert await press.answered() is None


async def test_a_press_that_is_too_old_to_be_answered_harms_nothing(server: BotApiServer, programs: Programs) -> None:
    """An answer that Telegram takes no more is let be; the screen is shown all the same."""
    bot = await programs.start(**UNLIMITED)
    sara = server.person("Sara")
    await sara.open()
    await sara.see("HU Counseling")
    server.world.answer_within_seconds = -1

    await sara.press("How it works")
    await sara.see("How it works")
    await server.wait_for(lambda: bool(server.calls_to("answerCallbackQuery")))
    await sara.send("/about")

    assert await sara.see("A service by trained volunteers")
    assert "ERROR" not in bot.log


async def test_updates_of_a_night_are_handled_in_order(server: BotApiServer, programs: Programs) -> None:
    """What people wrote while the bot was away, more than one batch of it, arrives afterwards, in the order of each chat."""
    bot = await programs.start(**UNLIMITED)
    sara, dawit, alias = await two_people(server, programs, "Sara", "Dawit")
    await bot.stop()
    for number in range(150):
        await sara.send(f"{number}")
        await dawit.send(f"{number}")

    await programs.start(**UNLIMITED)
    await asyncio.gather(sara.see("Dawit\n149"), dawit.see(f"Student {alias}\n149"))

    numbers = [f"{number}" for number in range(150)]
    assert numbers == [text.rpartition("\n")[2] for text in sara.received if text.startswith("Dawit\n")]
    assert numbers == [text.rpartition("\n")[2] for text in dawit.received if text.startswith(f"Student {alias}\n")]
