"""A whole conversation between made-up people, pressed and typed as on a phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.playground.people import Person
from bot.playground.server import BotApiServer

#: Adds a counselor: Telegram id, display name, keys of topics.
AddCounselor = Callable[[int, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who appears; nobody of them exists."""

    sara: Person  #: a student
    dawit: Person  #: a counselor who is busy just now
    hana: Person  #: the counselor who takes it up


def cast(server: BotApiServer) -> Cast:
    """Seed the people of the story."""
    return Cast(server.person("Sara"), server.person("Dawit"), server.person("Hana"))


async def play(people: Cast, add_counselor: AddCounselor, tell: Callable[[Person, str], None]) -> None:
    """Play the story; *tell* hears what people do, what the bot says is heard at the server.

    Raises:
        AssertionError: The bot does not do what the story expects; says who saw what instead.
    """
    await _enrol(people, add_counselor, tell)
    await _request(people.sara, tell)
    await _offer(people, tell)
    await _talk(people, tell)
    await _end(people, tell)


async def _enrol(people: Cast, add_counselor: AddCounselor, tell: Callable[[Person, str], None]) -> None:
    for person, topics in ((people.dawit, "mental_emotional,other"), (people.hana, "academic_career,other")):
        await _send(person, "/start", tell)
        await person.see("HU Counseling")
        await add_counselor(person.id, person.first_name, topics)
        await person.see("You are a counselor now")


async def _request(sara: Person, tell: Callable[[Person, str], None]) -> None:
    await _send(sara, "/start", tell)
    await sara.see("HU Counseling")
    for label, answer in (
        ("Request Counseling", "Do you agree?"),
        ("I agree", "What is it about?"),
        ("Psychological", "How should the counselor think of you?"),
        ("Female", "If you like"),
    ):
        await _press(sara, label, tell)
        await sara.see(answer)
    await _send(sara, "I can't sleep before the exams & everything feels <b>too much</b> 😞", tell)
    await sara.see("Your request is in.")


async def _offer(people: Cast, tell: Callable[[Person, str], None]) -> None:
    await people.dawit.see("A student asks for help.")
    await _press(people.dawit, "Decline", tell)
    await people.hana.see("A student asks for help.")
    await _press(people.hana, "Accept Session", tell)
    await people.hana.see("You are talking with student")
    await people.sara.see("Hana is here for you.")


async def _talk(people: Cast, tell: Callable[[Person, str], None]) -> None:
    for writer, reader, text in (
        (people.hana, people.sara, "Hello, I'm glad you wrote. Since when has it been like this?"),
        (people.sara, people.hana, "For three weeks. I lie awake until 4 & count hours _again_ 🕓"),
        (people.hana, people.sara, "That is exhausting. Let us look at tonight first: what usually keeps you awake?"),
        (people.sara, people.hana, "That I'd disappoint my family. Thank you for asking ❤️"),
    ):
        await _send(writer, text, tell)
        await reader.see(text)


async def _end(people: Cast, tell: Callable[[Person, str], None]) -> None:
    await _send(people.sara, "/menu", tell)
    await people.sara.see("You are talking with Hana")
    await _press(people.sara, "End Session", tell)
    await people.sara.see("End the conversation with Hana?")
    await _press(people.sara, "Yes, end it", tell)
    await people.sara.see("The conversation has ended.")
    await people.hana.see("has ended the conversation")


async def _send(person: Person, text: str, tell: Callable[[Person, str], None]) -> None:
    tell(person, text)
    await person.send(text)


async def _press(person: Person, label: str, tell: Callable[[Person, str], None]) -> None:
    tell(person, f"[{label}]")
    await (await person.press(label)).answered()
