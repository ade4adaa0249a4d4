"""How a counselor comes to be and a student finds her: made-up people, pressed, typed and sent as on a phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.playground.people import Person
from bot.playground.server import BotApiServer

#: Adds a counselor: Telegram id, display name, keys of topics.
AddCounselor = Callable[[int, str, str], Awaitable[None]]

_BIO = "Third year of social work, trained as a peer counselor last spring. I know how long a night before an exam can be."


@dataclass(frozen=True, slots=True)
class Cast:
    """Who appears; nobody of them exists."""

    sara: Person  #: a student
    dawit: Person  #: a counselor who is busy just now
    hana: Person  #: a volunteer who applies, and takes it up
    meron: Person  #: an admin


def cast(server: BotApiServer) -> Cast:
    """Seed the people of the story."""
    return Cast(server.person("Sara"), server.person("Dawit"), server.person("Hana"), server.person("Meron"))


@dataclass(frozen=True, slots=True)
class Story:
    """The story, scene by scene.

    Each scene raises an AssertionError where the bot does not do what the story expects; it says who saw what instead.
    """

    people: Cast
    add_counselor: AddCounselor
    tell: Callable[[Person, str], None]  #: hears what people do; what the bot says is heard at the server

    async def play(self) -> None:
        """Play all scenes."""
        await self._open()
        await self._apply()
        await self._approve()
        await self._request()
        await self._offer()
        await self._talk()
        await self._send_files()
        await self._end()
        await self._rate()

    async def _open(self) -> None:
        """Meron and Dawit are there already; Dawit was made a counselor by the operator."""
        meron, dawit = self.people.meron, self.people.dawit
        for person in (meron, dawit):
            await self._write(person, "/start")
            await person.see("HU Counseling")
        await self.add_counselor(dawit.id, dawit.first_name, "mental_emotional,other")
        await dawit.see("You are a counselor now")

    async def _apply(self) -> None:
        hana = self.people.hana
        await self._write(hana, "/start")
        await hana.see("HU Counseling")
        await self._press(hana, "Become a Counselor")
        await hana.see("What can you help with?")
        await self._press(hana, "Academic")
        await self._press(hana, "Psychological")
        await self._press(hana, "Next")
        await hana.see("How may students think of you?")
        await self._press(hana, "Female")
        await hana.see("Under which name")
        await self._write(hana, "Hana")
        await hana.see("Tell us about yourself.")
        await self._write(hana, _BIO)
        await hana.see("Is everything right?")
        await self._press(hana, "Send application")
        await hana.see("Thank you for wanting to help.")

    async def _approve(self) -> None:
        hana, meron = self.people.hana, self.people.meron
        await meron.see("would like to become a counselor")
        await self._press(meron, "Read it")
        await meron.see(_BIO)
        await self._press(meron, "Approve")
        await meron.see("is a counselor now")
        await hana.see("You are a counselor now")

    async def _request(self) -> None:
        sara = self.people.sara
        await self._write(sara, "/start")
        await sara.see("HU Counseling")
        for label, answer in (
            ("Request Counseling", "Do you agree?"),
            ("I agree", "What is it about?"),
            ("Psychological", "How should the counselor think of you?"),
            ("Female", "If you like"),
        ):
            await self._press(sara, label)
            await sara.see(answer)
        await self._write(sara, "I can't sleep before the exams & everything feels <b>too much</b> 😞")
        await sara.see("Your request is in.")

    async def _offer(self) -> None:
        dawit, hana = self.people.dawit, self.people.hana
        await dawit.see("A student asks for help.")
        await self._press(dawit, "Decline")
        await hana.see("A student asks for help.")
        await self._press(hana, "Accept Session")
        await hana.see("You are talking with student")
        await self.people.sara.see("Hana is here for you.")

    async def _talk(self) -> None:
        hana, sara = self.people.hana, self.people.sara
        await self._write(hana, "Hello, I'm glad you wrote. Since when has it been like this?")
        asked = await sara.see("Since when")
        self.tell(sara, "(replies) For three weeks. I lie awake until 4 & count hours _again_ 🕓")
        answered = await sara.reply(asked, "For three weeks. I lie awake until 4 & count hours _again_ 🕓")
        await hana.see("For three weeks")
        self.tell(sara, "(corrects it) For four weeks. I lie awake until 4 & count hours _again_ 🕓")
        await sara.edit(answered, "For four weeks. I lie awake until 4 & count hours _again_ 🕓")
        await hana.see("For four weeks", edited=True)

    async def _send_files(self) -> None:
        """A picture, a voice and a file whose name would tell who she is."""
        hana, sara = self.people.hana, self.people.sara
        self.tell(sara, "(a photo) my desk at night")
        await sara.send_photo(caption="my desk at night")
        await hana.see("my desk at night", kind="photo")
        self.tell(hana, "(a voice message)")
        await hana.send_voice()
        await sara.see(kind="voice")
        self.tell(sara, "(a file: Timetable_Sara_Tadesse.pdf) this is my week")
        await sara.send_document(caption="this is my week", file_name="Timetable_Sara_Tadesse.pdf")
        arrived = await hana.see("this is my week", kind="document")
        if "Sara" in (arrived.file_name or ""):
            raise AssertionError(f"The file arrived as {arrived.file_name}.")

    async def _end(self) -> None:
        sara = self.people.sara
        await self._write(sara, "/menu")
        await sara.see("You are talking with Hana")
        await self._press(sara, "End Session")
        await sara.see("End the conversation with Hana?")
        await self._press(sara, "Yes, end it")
        await sara.see("The conversation has ended.")
        await self.people.hana.see("has ended the conversation")

    async def _rate(self) -> None:
        sara = self.people.sara
        await self._press(sara, "⭐ 5")
        await sara.see("Thank you for the 5")
        await self._write(sara, "She listened. I slept <i>six</i> hours.")
        await sara.see("that helps us")

    async def _write(self, person: Person, text: str) -> None:
        self.tell(person, text)
        await person.send(text)

    async def _press(self, person: Person, label: str) -> None:
        self.tell(person, f"[{label}]")
        await (await person.press(label)).answered()
