"""The tasks and people from a terminal: alone and beside a running bot, with their exit codes and lines to the letter."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import app as root
from bot.playground import BotApiServer, Person
from bot.settings import load
from bot.storage.runs import NewRun, Run, Trigger
from tests.acceptance.program import SCRIPT, UNLIMITED, Ended, Programs
from tests.acceptance.steps import accept, ask, converse, enrol

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)

CLEANUP = [
    "INFO:Executing scheduled task: cleanup",
    "INFO:Cleaned up 0 old sessions and 0 messages",
    "INFO:Successfully executed task: cleanup",
]
MATCH = [
    "INFO:Executing scheduled task: match",
    "INFO:Auto-matched 0 pending sessions",
    "INFO:Successfully executed task: match",
]


def backup_lines(folder: str, suffix: str) -> list[str]:
    """Return the lines of a backup, as patterns."""
    return [
        "INFO:Executing scheduled task: backup",
        rf"INFO:Database backed up to: {re.escape(folder)}/hu_counseling_backup_\d{{8}}_\d{{6}}\.{suffix}",
        "INFO:Successfully executed task: backup",
    ]


def suffix_of(programs: Programs) -> str:
    """Return how a backup of this database ends."""
    return "db" if programs.environment["DATABASE_URL"].startswith("sqlite") else "dump"


def fresh(programs: Programs, *lines: str) -> list[str]:
    """Return *lines* as patterns behind what a command says that finds no database and makes one."""
    notice = [r"WARNING:There was no database at .*: a new one is made\."]
    return [*(notice if suffix_of(programs) == "db" else []), *lines]


def read_as(patterns: list[str], text: str) -> bool:
    """Return whether *text* is these lines and no others."""
    lines = text.splitlines()
    return len(patterns) == len(lines) and all(re.fullmatch(*pair) for pair in zip(patterns, lines, strict=True))


@pytest.fixture
def folder(programs: Programs) -> Path:
    """Where the backups go."""
    return Path(programs.environment["BACKUP_DIR"])


@on_sqlite
async def test_the_tasks_are_listed_without_any_settings(programs: Programs) -> None:
    """``list`` names the tasks and says what each does, for people and as JSON."""
    plain, as_json = await programs.tasks("list", BOT_TOKEN=None), await programs.tasks("list", "--json", BOT_TOKEN=None)

    names = [line.split()[0] for line in plain.out.splitlines()]
    assert (0, "") == (plain.code, plain.err)
    assert {"backup", "cleanup", "match"} <= set(names)
    assert names == [task["name"] for task in json.loads(as_json.out)]


@on_sqlite
@pytest.mark.parametrize(
    "arguments", [("frobnicate",), (), ("backup", "--wait", "-1"), ("backup", "--wait", "x"), ("backup", "--what")]
)
async def test_wrong_arguments_end_with_2(programs: Programs, arguments: tuple[str, ...]) -> None:
    """Arguments that make no sense end with 2 and a word on stderr; nothing is done."""
    done = await programs.tasks(*arguments)

    assert 2 == done.code
    assert done.err
    assert "Executing" not in done.err


async def test_a_backup_alone_needs_no_token(programs: Programs, folder: Path) -> None:
    """``backup`` on a machine without the bot and without a token: three lines, a copy, its manifest and the key file."""
    done = await programs.tasks("backup", BOT_TOKEN=None)

    assert 0 == done.code
    assert read_as(fresh(programs, *backup_lines(str(folder), suffix_of(programs))), done.err)
    assert "" == done.out
    (copy,) = folder.glob(f"*.{suffix_of(programs)}")
    assert {copy.name, f"{copy.name}.json", "hu_counseling_backup.keys"} == {path.name for path in folder.iterdir()}


async def test_a_cleanup_alone_needs_no_token(programs: Programs) -> None:
    """``cleanup`` says what it erased, also where that is nothing."""
    done = await programs.tasks("cleanup", BOT_TOKEN=None)

    assert (0, True) == (done.code, read_as(fresh(programs, *CLEANUP), done.err))


@on_sqlite
async def test_the_log_says_the_folder_as_it_was_written(programs: Programs) -> None:
    """With the default ``BACKUP_DIR`` the line has the relative path that operators look for."""
    done = await programs.tasks("backup", BACKUP_DIR=None)

    assert (0, True) == (done.code, read_as(fresh(programs, *backup_lines("backups", "db")), done.err))


async def test_all_is_backup_cleanup_match(programs: Programs, folder: Path) -> None:
    """``all`` does the three in this order; ``--json`` puts one object for each on stdout and nothing else."""
    done = await programs.tasks("all", "--json")

    assert 0 == done.code
    assert read_as(fresh(programs, *backup_lines(str(folder), suffix_of(programs)), *CLEANUP, *MATCH), done.err)
    outcomes = json.loads(done.out)
    assert [("backup", "succeeded"), ("cleanup", "succeeded"), ("match", "succeeded")] == [
        (outcome["task"], outcome["state"]) for outcome in outcomes
    ]
    assert outcomes[0]["result"]["bytes"] > 0
    assert {"summary": "Cleaned up 0 old sessions and 0 messages", "sessions": 0, "messages": 0} == outcomes[1]["result"]
    assert {"summary": "Auto-matched 0 pending sessions", "matched": 0} == outcomes[2]["result"]


@on_sqlite
async def test_what_fails_does_not_stop_the_rest(programs: Programs, folder: Path) -> None:
    """Of ``all``, a backup that cannot be written fails with one line, the others are done, and the exit code is 1."""
    (folder / "hu_counseling_backup.keys").mkdir(parents=True)

    done = await programs.tasks("all", "--json")

    assert 1 == done.code
    assert ["failed", "succeeded", "succeeded"] == [outcome["state"] for outcome in json.loads(done.out)]
    assert [line for line in done.err.splitlines() if line.startswith(f"backup: The backup could not be written to {folder}")]
    assert "Traceback" not in done.err
    assert not list(folder.glob("*.db"))


async def test_all_beside_a_running_bot(server: BotApiServer, programs: Programs, folder: Path) -> None:
    """The three tasks run beside the bot, which relays meanwhile and afterwards."""
    bot = await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)

    running = asyncio.create_task(programs.tasks("all"))
    number = 0
    while not running.done():
        number += 1
        await sara.send(f"#{number}")
        await dawit.see(f"#{number}")
    done = await running

    assert 0 == done.code
    assert read_as([*backup_lines(str(folder), suffix_of(programs)), *CLEANUP, *MATCH], done.err)
    assert [f"{one + 1}" for one in range(number)] == [text.partition("#")[2] for text in dawit.received if "#" in text]
    assert "INFO:Scheduled tasks manager started" in bot.log
    assert re.search(backup_lines(str(folder), suffix_of(programs))[1], bot.log)  # on a fresh database it is due at once
    assert "ERROR" not in bot.log


@asynccontextmanager
async def task_under_way(programs: Programs, task: str) -> AsyncIterator[Run]:
    """Have a run of a task under way in another process, this one, for as long as the block lasts."""
    settings = load(programs.environment, None)
    await root.prepare(settings)
    async with root.opened(settings, kind="cli", is_guest=True) as app:
        new = NewRun(task=task, trigger=Trigger.MANUAL, requested_by="test", max_attempts=1, scheduled_for=app.clock())
        run = await app.executor.begin(new)
        yield run
        await app.executor.execute(run)


async def test_a_busy_task_ends_with_75(programs: Programs) -> None:
    """Where the task is running elsewhere for longer than ``--wait``, the command says so and ends with 75."""
    async with task_under_way(programs, "cleanup"):
        done = await programs.tasks("cleanup", "--wait", "0.5", "--json")
        other = await programs.tasks("match", "--wait", "0.5")

    assert 75 == done.code
    assert "The task cleanup is running elsewhere: try again.\n" == done.err
    assert [{"task": "cleanup", "state": "busy", "error": done.err.strip()}] == json.loads(done.out)
    assert 0 == other.code


async def test_a_command_waits_for_its_turn(programs: Programs) -> None:
    """Within ``--wait`` the command waits until the other run is over, and then does its own."""
    async with task_under_way(programs, "cleanup"):
        waiting = asyncio.create_task(programs.tasks("cleanup"))
        refused = await programs.tasks("cleanup", "--wait", "0")
        assert not waiting.done()
    done = await waiting

    assert 75 == refused.code
    assert (0, CLEANUP) == (done.code, done.err.splitlines())


async def somebody_waits(server: BotApiServer, programs: Programs) -> tuple[Person, Person]:
    """Have a student wait because the only counselor has one conversation and may have no more; the bot goes on running."""
    liya, sara, dawit = server.person("Liya"), server.person("Sara"), server.person("Dawit")
    await programs.start(MAX_SESSIONS_PER_COUNSELOR="1", **UNLIMITED)
    await enrol(programs, dawit, "Dawit", "other")
    await converse(liya, dawit)
    await ask(sara)
    return sara, dawit


def matched(count: int) -> list[str]:
    """Return the lines of a match."""
    return [MATCH[0], f"INFO:Auto-matched {count} pending sessions", MATCH[2]]


async def test_match_alone_tells_the_counselor_itself(server: BotApiServer, programs: Programs) -> None:
    """Where no bot runs, the command makes the offer and sends it; *Accept* is pressed when the bot is back."""
    sara, dawit = await somebody_waits(server, programs)
    await programs.started[0].stop()

    done = await programs.tasks("match")
    offer = await dawit.see("A student asks for help.")
    await dawit.press("Accept", in_message=offer)
    await programs.start(**UNLIMITED)
    await sara.see("is here for you.")

    assert (0, matched(1)) == (done.code, done.err.splitlines())
    assert 2 == len([call for call in server.calls_to("sendMessage") if "asks for help" in call.params["text"]])


async def test_match_without_a_token_leaves_the_message_to_the_bot(server: BotApiServer, programs: Programs) -> None:
    """Without a token the offer is made and the message waits; the command says so, and the bot sends it at its next start."""
    sara, dawit = await somebody_waits(server, programs)
    await programs.started[0].stop()

    done = await programs.tasks("match", BOT_TOKEN=None)
    before = len(server.calls)
    await programs.start(**UNLIMITED)

    assert 0 == done.code
    assert [*matched(1), "1 messages wait for the bot: BOT_TOKEN is not set here."] == done.err.splitlines()
    assert await accept(dawit, sara)
    assert before


async def test_match_beside_the_bot_leaves_the_message_to_the_bot(server: BotApiServer, programs: Programs) -> None:
    """Beside a running bot the command makes the offer, and the bot sends it, once."""
    sara, dawit = await somebody_waits(server, programs)

    done = await programs.tasks("match")  # without the bot's limit
    await dawit.see("A student asks for help.")
    await dawit.press("End")
    await dawit.see("End the conversation with")
    await dawit.press("Yes, end it")
    await dawit.see("has ended. Thank you")
    await dawit.press("Accept Session")
    await sara.see("is here for you.")

    assert (0, matched(1)) == (done.code, done.err.splitlines())
    assert 2 == len([call for call in server.calls_to("sendMessage") if "asks for help" in call.params["text"]])


@on_sqlite
@pytest.mark.parametrize("task", ["backup", "cleanup", "match", "--help"])
async def test_what_needs_no_telegram_imports_none(programs: Programs, task: str) -> None:
    """Help, backup, cleanup and a match with nothing to send never import telegram, which costs half a second and 30 MB."""
    done = await programs.run("-X", "importtime", SCRIPT, task)
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines() if line.startswith("import time")
    }

    assert 0 == done.code
    assert {"typer"} == {"telegram", "httpx", "aiohttp", "typer"} & imported


@on_sqlite
async def test_the_command_line_explains_itself(programs: Programs) -> None:
    """``--help`` of each command names what there is."""
    program, script, people = (
        await programs.cli("--help"),
        await programs.tasks("--help"),
        await programs.cli("people", "add-counselor", "--help"),
    )

    assert [0, 0, 0] == [program.code, script.code, people.code]
    assert all(name in program.out for name in ("run", "demo", "people", "tasks"))
    assert all(name in script.out for name in ("--wait", "--json", "--dry-run", "--no-backup", "--set"))
    assert all(name in people.out for name in ("--telegram-id", "--name", "--topics", "--gender"))


async def add(programs: Programs, **options: str) -> Ended:
    """Run ``people add-counselor`` with usual options, or those given."""
    given = {"telegram-id": "77001", "name": "Dawit", "topics": "other", **options}
    return await programs.cli(
        "people", "add-counselor", *(word for name, value in given.items() for word in (f"--{name}", value))
    )


@on_sqlite
@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("topics", "gardening", "Unknown topic: gardening."),
        ("topics", " , ", "Unknown topic: none."),
        ("name", "D", "2"),
        ("name", "D" * 51, "50"),
        ("telegram-id", "0", "A Telegram id is a positive whole number"),
        ("telegram-id", "-5", "A Telegram id is a positive whole number"),
        ("telegram-id", "dawit", "integer"),
        ("gender", "perhaps", "perhaps"),
    ],
)
async def test_a_counselor_that_cannot_be_is_refused(programs: Programs, option: str, value: str, sentence: str) -> None:
    """A bad id, name, topic or gender ends with 2 and one sentence that says what would be right."""
    done = await add(programs, **{option: value})

    assert 2 == done.code
    assert sentence in done.err
    assert "Traceback" not in done.err


async def test_a_counselor_is_added_alone_and_welcomed_by_the_bot(server: BotApiServer, programs: Programs) -> None:
    """Where no bot runs the command works all the same, twice too; the bot welcomes the counselor when it starts."""
    dawit = server.person("Dawit", user_id=77001)
    await dawit.open()

    first, second = await add(programs), await add(programs, name="Dawit B")
    await programs.start(**UNLIMITED)
    await dawit.see("Welcome, Dawit.")
    await dawit.see("Your details were changed: Dawit B")

    assert (0, "Dawit is a counselor now, approved and online.\n") == (first.code, first.out)
    assert 0 == second.code


@on_sqlite
async def test_the_demo_refuses_a_token(programs: Programs) -> None:
    """``demo`` with ``BOT_TOKEN`` set ends with 2: nobody shall play with the real bot by mistake."""
    done = await programs.cli("demo", "--script")

    assert 2 == done.code
    assert "BOT_TOKEN" in done.err


async def test_no_log_says_who_somebody_is_or_what_they_said(server: BotApiServer, programs: Programs, tmp_path: Path) -> None:
    """At DEBUG, with the bot, the commands and an error in between, no token, key, id, name or word of anybody is logged."""
    sara = server.person("Sarafina", user_id=5_123_456_701, username="sarafina_x")
    dawit = server.person("Dawitoriginal", user_id=5_123_456_702, username="dawit_x")
    debug = {"LOG_LEVEL": "DEBUG", **UNLIMITED}
    bot = await programs.start(LOG_FILE=str(tmp_path / "written.log"), **debug)
    await enrol(programs, dawit, "Displayname", "other")
    await ask(sara, "a-described-worry")
    alias = await accept(dawit, sara)
    await sara.send("a-relayed-word")
    await dawit.see("a-relayed-word")
    await sara.send_raw({"contact": {"phone_number": "+251911987654", "first_name": "Sarafina"}})
    await sara.see("cannot be passed on")
    server.updates.put("message", {"message_id": 1, "text": "a-broken-word", "chat": {"id": 5_123_456_703, "type": "private"}})
    await bot.logs("An update could not be handled")
    await dawit.block()
    await sara.send("a-lost-word")
    await sara.see("cannot be reached", timeout=20)
    tasks = await programs.tasks("all", **debug)
    await bot.stop()

    words = [server.token, server.token.partition(":")[2], programs.environment["ENCRYPTION_KEY"], alias]
    words += [str(person.id) for person in (sara, dawit)] + ["5123456703"] + [person.first_name for person in (sara, dawit)]
    words += ["sarafina_x", "dawit_x", "Displayname", "-described-", "-relayed-", "-broken-", "-lost-", "251911987654"]
    logged = (bot.log + tasks.err + tasks.out + (tmp_path / "written.log").read_text()).encode()
    assert [] == [word for word in words if word.encode() in logged]
    assert b"DEBUG" in logged or b"INFO" in logged
