"""How the bot starts, stops, and refuses to start: exit codes and what is said, as CONTRACT.md has them."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot.playground import BotApiServer, Fault
from tests.acceptance.program import UNLIMITED, Program, Programs
from tests.acceptance.steps import converse, enrol, struck

EXIT_SECONDS = 15.0  #: CONTRACT.md: in which the bot ends after a signal

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)


async def ended_well(bot: Program, seconds: float = EXIT_SECONDS) -> bool:
    """Return whether it ends with 0 in time, without a trace of an error."""
    code = await bot.ended(seconds)
    return code == 0 and "Traceback" not in bot.log and "ERROR" not in bot.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_idle_bot(programs: Programs, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the bot with 0, in time and without an error."""
    bot = await programs.start()

    bot.signal(number)

    assert await ended_well(bot)
    assert bot.log.endswith("INFO:Stopped.\n")


async def test_a_signal_under_load_loses_and_repeats_nothing(server: BotApiServer, programs: Programs) -> None:
    """Stopped with hundreds of messages on their way, the bot ends in time, and the next start delivers the rest, each once."""
    bot = await programs.start(**UNLIMITED)
    students, counselors = [server.person(f"S{n}") for n in range(3)], [server.person(f"C{n}") for n in range(3)]
    for student, counselor in zip(students, counselors, strict=True):
        await enrol(programs, counselor, counselor.first_name, "other")
        await converse(student, counselor)
    server.latency = (0.02, 0.06)
    for number in range(60):
        for student in students:
            await student.send(f"#{number}")
    await server.wait_for(lambda: any("#20" in text for text in counselors[0].received), 20)

    bot.signal(signal.SIGTERM)
    assert await ended_well(bot)
    left = [person for person in counselors if not any("#59" in text for text in person.received)]
    await programs.start(**UNLIMITED)
    for counselor in left:
        await counselor.see("#59", timeout=30)

    for counselor in counselors:
        arrived = [text.partition("#")[2] for text in counselor.received if "#" in text]
        assert [f"{number}" for number in range(60)] == arrived
    assert left


async def test_a_call_that_hangs_does_not_keep_the_bot(server: BotApiServer, programs: Programs) -> None:
    """With a call that Telegram never answers the bot ends in time after one signal; the call is made at the next start."""
    bot, fault = await with_a_call_that_hangs(server, programs)

    bot.signal(signal.SIGTERM)
    assert await ended_well(bot)
    server.faults.clear()
    await programs.start(**UNLIMITED)
    await next(iter(server.people.values())).see("HU Counseling")

    assert fault.hits


@on_sqlite
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_the_bot_at_once(server: BotApiServer, programs: Programs, number: signal.Signals) -> None:
    """Who sends a second signal need not wait, and the exit code is 0 all the same."""
    bot, _ = await with_a_call_that_hangs(server, programs)

    bot.signal(number)
    await bot.logs("Stopping.")
    bot.signal(number)

    assert 0 == await bot.ended(2)


async def with_a_call_that_hangs(server: BotApiServer, programs: Programs) -> tuple[Program, Fault]:
    """Start a bot whose answer to somebody hangs."""
    bot = await programs.start(**UNLIMITED)
    fault = server.faults.add(Fault(kind="hang", method="sendMessage", times=None))
    await server.person("Sara").open()
    await struck(fault)
    return bot, fault


@on_sqlite
async def test_a_signal_ends_a_bot_that_cannot_reach_telegram(server: BotApiServer, programs: Programs) -> None:
    """Also while nothing answers, from the first call on, a signal ends the bot with 0."""
    server.faults.add(Fault(kind="status", status=502, times=None))
    bot = await programs.start(waits=False)
    await bot.logs("Telegram does not say who we are")

    bot.signal(signal.SIGTERM)

    assert await ended_well(bot)


@on_sqlite
@pytest.mark.parametrize("token", [None, "", "  "])
async def test_without_a_token_the_bot_says_so(programs: Programs, token: str | None) -> None:
    """``run`` without ``BOT_TOKEN`` ends with 2 and one line that says what to do."""
    bot = await programs.start(waits=False, BOT_TOKEN=token)

    assert 2 == await bot.ended()
    assert 1 == len(bot.log.splitlines())
    assert re.match(r"BOT_TOKEN\b.* not set", bot.log)
    assert "@BotFather" in bot.log


@on_sqlite
async def test_all_bad_settings_are_named_at_once(programs: Programs) -> None:
    """Bad values end with 2: one line for each variable, with its value, the rule and an example, and no secret."""
    bot = await programs.start(
        waits=False, BOT_TOKEN="my-secret", ADMIN_IDS="1,x", SESSION_RETENTION_DAYS="0", BACKUP_INTERVAL_MINUTS="5"
    )

    assert 2 == await bot.ended()
    assert {"BOT_TOKEN=***", "ADMIN_IDS=1,x", "SESSION_RETENTION_DAYS=0", "BACKUP_INTERVAL_MINUTS"} == {
        line.partition(":")[0] for line in bot.log.splitlines()
    }
    assert "my-secret" not in bot.log
    assert "did you mean BACKUP_INTERVAL_MINUTES?" in bot.log


@on_sqlite
async def test_a_second_bot_waits_for_the_first_to_stop(server: BotApiServer, programs: Programs) -> None:
    """Started beside one that is stopping, as a deploy does, the second bot takes over and hears what came in between."""
    first = await programs.start(**UNLIMITED)
    second = await programs.start(waits=False, LOG_LEVEL="DEBUG", **UNLIMITED)
    await second.logs("Waiting for another process that uses the database.")
    sara = server.person("Sara")

    assert 0 == await first.stop()
    await sara.open()
    await sara.see("HU Counseling")

    assert second.is_running
    await server.wait_for(lambda: server.updates.is_polled)  # between two calls it is not, for a moment


@on_sqlite
@pytest.mark.slow
async def test_a_second_bot_on_the_same_file_gives_up(programs: Programs) -> None:
    """A SQLite file has one bot: the second one waits 30 s, says so, and ends with 75; the first is not disturbed."""
    first = await programs.start()
    second = await programs.start(waits=False)

    assert 75 == await second.ended(45)
    assert second.log.endswith(
        "Another process uses " + programs.environment["DATABASE_URL"].removeprefix("sqlite:///") + ": "
        "stop it first, or wait until it has stopped.\n"
    )
    assert first.is_running


async def test_a_key_that_does_not_open_the_database_is_refused(programs: Programs) -> None:
    """With another ``ENCRYPTION_KEY`` the bot ends with 2 and one line, which shows neither key; nothing is changed."""
    await (await programs.start()).stop()
    other = "B" * 43 + "="

    refused = await programs.start(waits=False, ENCRYPTION_KEY=other)
    assert 2 == await refused.ended()
    again = await programs.start(ENCRYPTION_KEY=f"{other},{programs.environment['ENCRYPTION_KEY']}")

    assert "ENCRYPTION_KEY" in refused.log.splitlines()[-1]
    assert not [line for line in refused.log.splitlines() if "BBBB" in line or "AAAA" in line or "Traceback" in line]
    assert again.is_running


@on_sqlite
async def test_a_key_is_made_at_the_first_start_and_never_again(programs: Programs, tmp_path: Path) -> None:
    """Without ``ENCRYPTION_KEY`` a key lies beside the database, for its owner alone; where it is lost, no other is made."""
    await (await programs.start(ENCRYPTION_KEY=None)).stop()
    key = tmp_path / "hu_counseling.key"
    mode = stat.S_IMODE(key.stat().st_mode)
    await (await programs.start(ENCRYPTION_KEY=None)).stop()
    key.rename(tmp_path / "lost")

    refused = await programs.start(waits=False, ENCRYPTION_KEY=None)

    assert 2 == await refused.ended()
    assert 0o600 == mode
    assert f"{key} is missing" in refused.log
    assert not key.exists()


async def test_a_database_of_a_newer_release_is_refused(programs: Programs) -> None:
    """A database that a newer release has changed ends the start with 2 and one line."""
    await (await programs.start()).stop()
    add_a_step_of_tomorrow(programs.environment["DATABASE_URL"])

    refused = await programs.start(waits=False)

    assert 2 == await refused.ended()
    assert "The database was written by a newer release than this one" in refused.log.splitlines()[-1]


def add_a_step_of_tomorrow(url: str) -> None:
    """Make the database look as if a newer release had migrated it."""
    statement = (
        "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) "
        "VALUES ('feed', '9999.tomorrow', '2030-01-01 00:00:00')"
    )
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement.encode())
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            file.execute(statement)


@on_sqlite
async def test_a_file_that_is_no_database_ends_the_start(programs: Programs, tmp_path: Path) -> None:
    """A damaged database ends the start with 1 and says what to do; nothing is thrown away."""
    damaged = b"This is no database. " * 1000
    (tmp_path / "bot.db").write_bytes(damaged)

    bot = await programs.start(waits=False)

    assert 1 == await bot.ended()
    assert "backup" in bot.log.splitlines()[-1]
    assert damaged == (tmp_path / "bot.db").read_bytes()


@on_sqlite
async def test_on_render_data_must_lie_on_a_disk(programs: Programs, tmp_path: Path) -> None:
    """Where a deploy would delete the database, the bot does not start: 1, and what to do."""
    if any(folder.is_mount() for folder in tmp_path.parents[:-1]):
        pytest.skip("the folder for tests is a mount itself")

    bot = await programs.start(waits=False, RENDER="true")

    assert 1 == await bot.ended()
    assert "attach a disk" in bot.log.splitlines()[-1]


@on_sqlite
@pytest.mark.slow
async def test_a_token_that_nobody_knows_ends_the_bot_after_a_minute(server: BotApiServer, programs: Programs) -> None:
    """A token that Telegram refuses for 60 s from the first call on ends the bot with 1; it never appears in the log."""
    token = "54321:NOT-the-token-of-any-bot-00000000000"
    began = asyncio.get_running_loop().time()
    bot = await programs.start(waits=False, BOT_TOKEN=token)

    assert 1 == await bot.ended(100)
    assert 60 <= asyncio.get_running_loop().time() - began
    assert "copy it again from @BotFather" in bot.log.splitlines()[-1]
    assert token not in bot.log
    assert token.partition(":")[2] not in bot.log


@on_postgresql
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_second_bot_takes_over_from_the_first(server: BotApiServer, programs: Programs, number: signal.Signals) -> None:
    """On PostgreSQL one bot polls and the other stands by; when the first ends, however it does, the second goes on."""
    first = await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)
    second = await programs.start(waits=False, **UNLIMITED)
    await second.logs("Standing by")
    polls = {call.status for call in server.calls_to("getUpdates")}

    first.signal(number)
    await sara.send("Is anybody there?")
    await dawit.see("Is anybody there?", timeout=40)
    await sara.send("And still?")
    await dawit.see("And still?")

    assert {200} == polls
    assert 1 == len([text for text in dawit.received if "anybody" in text])
    assert second.is_running
    assert (0 if number is signal.SIGTERM else -number) == await first.ended()


@on_postgresql
async def test_two_bots_share_the_work(server: BotApiServer, programs: Programs) -> None:
    """With two bots on one PostgreSQL each message arrives once and in order, whichever of them handles it."""
    await programs.start(**UNLIMITED)
    second = await programs.start(waits=False, **UNLIMITED)
    await second.logs("Standing by")
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)

    for number in range(100):
        await sara.send(f"#{number}")
        await dawit.send(f"#{number}")
    await asyncio.gather(sara.see("#99"), dawit.see("#99"))

    for person in (sara, dawit):
        assert [f"{number}" for number in range(100)] == [text.partition("#")[2] for text in person.received if "#" in text]


@on_sqlite
async def test_somebody_whose_key_is_damaged_keeps_nobody_waiting(
    server: BotApiServer, programs: Programs, tmp_path: Path
) -> None:
    """An update that can be neither handled nor apologised for is parked like any other, and everybody else is served."""
    bot = await programs.start(**UNLIMITED)
    sara, liya = server.person("Sara"), server.person("Liya")
    await sara.open()
    await sara.see("HU Counseling")
    await bot.stop()
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as file:
        file.execute("UPDATE key SET wrapped = zeroblob(60) WHERE purpose = 'person'")

    bot = await programs.start(**UNLIMITED)
    await sara.send("/menu")
    await bot.logs("An update was parked under")
    await liya.open()

    assert await liya.see("HU Counseling")
