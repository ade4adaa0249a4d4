"""What people do in the stories, step by step, each seen to have worked."""

from __future__ import annotations

import asyncio
import re

from bot.playground import Fault, Person
from tests.acceptance.program import Ended, Programs

_ALIAS = re.compile(r"[Ss]tudent ([A-Z2-9]{6})\b")


async def enrol(programs: Programs, counselor: Person, name: str, *topics: str) -> Ended:
    """Have *counselor* open the bot and be made one by the command, beside whatever runs."""
    await counselor.open()
    await counselor.see("HU Counseling")
    done = await add_counselor(programs, counselor, name, *topics)
    await counselor.see(f"Welcome, {name}.")
    return done


async def add_counselor(programs: Programs, counselor: Person, name: str, *topics: str) -> Ended:
    """Run the command; it must succeed."""
    arguments = ("--telegram-id", str(counselor.id), "--name", name, "--topics", ",".join(topics or ("other",)))
    done = await programs.cli("people", "add-counselor", *arguments)
    if done.code:
        raise AssertionError(f"add-counselor ended with {done.code}: {done.err}")
    return done


async def agree(student: Person) -> None:
    """Go from nothing to the question for the topic, by way of the consent."""
    await student.open()
    await student.see("What would you like to do?")
    await student.press("Request Counseling")
    await student.see("Do you agree?")
    await student.press("I agree")
    await student.see("What is it about?")


async def fill_in(student: Person, description: str | None, *, topic: str = "Psychological", gender: str = "Rather") -> None:
    """Answer the questions of the form, from the topic on."""
    await student.press(topic)
    await student.see("think of you?")
    await student.press(gender)
    await student.see("in a few words")
    if description is None:
        await student.press("Skip")
    else:
        await student.send(description)
    await student.see("Your request is in.")


async def ask(student: Person, description: str | None = None, *, topic: str = "Psychological") -> None:
    """Make a first request."""
    await agree(student)
    await fill_in(student, description, topic=topic)


async def accept(counselor: Person, student: Person) -> str:
    """Have *counselor* take up what is offered; return the name under which *student* appears there."""
    await counselor.see("A student asks for help.")
    await counselor.press("Accept Session")
    started = await counselor.see("You are talking with student")
    await student.see("is here for you.")
    return alias_in(started.text)


async def converse(student: Person, counselor: Person) -> str:
    """Go from nothing to a conversation; return the name under which *student* appears."""
    await ask(student)
    return await accept(counselor, student)


def alias_in(text: str) -> str:
    """Return the alias of the student whom *text* is about."""
    found = _ALIAS.search(text)
    if found is None:
        raise AssertionError(f"no alias in {text!r}")
    return found[1]


async def struck(fault: Fault, seconds: float = 20.0) -> None:
    """Wait until *fault* has struck a call; a call that hangs rings no bell."""
    async with asyncio.timeout(seconds):
        while not fault.hits:
            await asyncio.sleep(0.01)
