"""What a review found, seen from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.playground import BotApiServer
from tests.acceptance.program import SCRIPT, UNLIMITED, Ended, Programs
from tests.acceptance.steps import ask, converse, enrol

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)

#: A command that waits a fifth of a second for another process that writes, in place of ten seconds.
IMPATIENT = """
import runpy, sys
from bot.storage import sqlite
sqlite._BUSY_SECONDS = 0.2
sys.argv = sys.argv[1:]
if sys.argv[0] == "-m":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


async def test_a_reply_to_who_has_left_reaches_nobody(server: BotApiServer, programs: Programs) -> None:
    """Liya has ended her conversation; Dawit's reply to what she said is refused, and Sara, who is left, does not get it."""
    await programs.start(**UNLIMITED)
    liya, sara, dawit = server.person("Liya"), server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(liya, dawit)
    to_sara = await converse(sara, dawit)
    await liya.send("I thought of leaving")
    left = await dawit.see("I thought of leaving")
    await liya.send("/menu")
    await liya.see("talking with")
    await liya.press("End Session")
    await liya.see("End the conversation with")
    await liya.press("Yes, end it")
    await dawit.see("has ended the conversation.")
    await dawit.send("please stay", reply_to=left)
    await dawit.see("not sent")
    await dawit.send("and how are you?")
    await dawit.see("For whom is this?")
    await dawit.press(f"Student {to_sara}")
    await sara.see("and how are you?")

    assert [] == [text for person in (liya, sara) for text in person.received if "please stay" in text]


async def test_who_accepts_writes_to_the_student_and_not_into_a_form(server: BotApiServer, programs: Programs) -> None:
    """Dawit is at the last question of a request of his own when he accepts Sara's: what he writes next reaches her."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await dawit.press("Request Counseling")
    await dawit.see("Do you agree?")
    await dawit.press("I agree")
    await dawit.see("What is it about?")
    await dawit.press("Psychological")
    await dawit.see("think of you?")
    await dawit.press("Rather")
    await dawit.see("in a few words")
    await ask(sara)
    await dawit.see("A student asks for help.")
    await dawit.press("Accept Session")
    await dawit.see("You are talking with student")
    await dawit.send("how are you?")
    await sara.see("how are you?")

    assert [] == [text for text in dawit.received if "Your request is in." in text]
    press = await dawit.press("Skip")
    assert "one at a time" in str(await press.answered())


async def impatient(programs: Programs, *arguments: str | Path) -> Ended:
    """Run a command that does not wait long."""
    return await programs.run("-c", IMPATIENT, *arguments)


@contextmanager
def locked(programs: Programs) -> Iterator[None]:
    """Write to the database, as another process, for as long as the block lasts."""
    path = programs.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@on_sqlite
@pytest.mark.parametrize("task", ["cleanup", "backup", "match"])
async def test_a_database_that_another_process_holds_is_busy(programs: Programs, task: str) -> None:
    """A task that cannot write for longer than it waits ends with 75 and a sentence: try again, nothing is broken."""
    first = await impatient(programs, SCRIPT, task)
    with locked(programs):
        busy = await impatient(programs, SCRIPT, task)
    again = await impatient(programs, SCRIPT, task)

    assert (0, 75, 0) == (first.code, busy.code, again.code)
    assert "Another process is writing to the database for longer than we wait." in busy.err
    assert "Traceback" not in busy.err


@on_sqlite
async def test_a_counselor_cannot_be_added_to_a_busy_database(programs: Programs) -> None:
    """The other command ends with 75 too, and nothing was changed."""
    arguments = ("-m", "bot", "people", "add-counselor", "--telegram-id", "77001", "--name", "Dawit", "--topics", "other")
    await impatient(programs, SCRIPT, "match")
    with locked(programs):
        busy = await impatient(programs, *arguments)
    again = await impatient(programs, *arguments)

    assert (75, 0) == (busy.code, again.code)
    assert "Another process is writing" in busy.err
    assert "Traceback" not in busy.err
