"""What can happen to the PostgreSQL server under a running bot, and how that goes on by itself."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg
import pytest

from bot.playground import BotApiServer, Person
from tests.acceptance.program import UNLIMITED, Program, Programs
from tests.acceptance.steps import converse, enrol
from tests.support import Postgres

on_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)  # replaced by a server of our own


async def pair(server: BotApiServer, programs: Programs) -> tuple[Person, Person]:
    """Bring Sara and Dawit together."""
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)
    return sara, dawit


def troubles(bot: Program) -> list[str]:
    """Return what the log says of the database, and whatever nobody thought of."""
    return [line for line in bot.log.splitlines() if line.startswith(("ERROR:", "CRITICAL:", "Traceback")) or "atabase" in line]


@on_sqlite
async def test_a_server_that_is_stopped_and_started_again(
    server: BotApiServer, programs: Programs, postgres: Postgres, own_server: Any
) -> None:
    """/sos is answered while it is away, nothing is confirmed; when it is back all arrives once, and the log has few lines."""
    there = {"DATABASE_URL": own_server.get_uri(), "PG_BIN_DIR": str(postgres.programs)}
    programs.environment = {**programs.environment, **there}
    bot = await programs.start(ADMIN_IDS="1", **UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    sara, dawit = await pair(server, programs)
    liya, selam = server.person("Liya"), server.person("Selam")

    own_server.stop()
    await sara.send("while it was away")
    await liya.send("/sos")
    await liya.see("there is help right now", timeout=15)
    await selam.send("/sos")
    await selam.see("there is help right now", timeout=15)
    assert len(server.updates) >= 1
    own_server.start()
    await dawit.see("while it was away", timeout=30)
    await bot.logs("INFO:The database works again, after ")
    await dawit.send("and back")
    await sara.see("and back")

    assert 1 == len([text for text in dawit.received if "while it was away" in text])
    assert bot.is_running
    assert 1 == len([line for line in troubles(bot) if "Nothing is lost" in line])
    assert len(troubles(bot)) <= 4
    assert "Traceback" not in bot.log


@on_postgresql
async def test_connections_that_are_cut_under_way(server: BotApiServer, programs: Programs) -> None:
    """Cut again and again in the middle of a conversation: every message arrives, once and in order."""
    bot = await programs.start(ADMIN_IDS="1", **UNLIMITED)
    sara, dawit = await pair(server, programs)

    with psycopg.connect(programs.environment["DATABASE_URL"], autocommit=True) as other:
        for number in range(30):
            await sara.send(f"#{number}")
            if number % 10 == 5:
                await dawit.see(f"#{number - 3}", timeout=30)
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
    await dawit.see("#29", timeout=40)

    arrived = [text.partition("#")[2] for text in dawit.received if "#" in text]
    assert [f"{number}" for number in range(30)] == list(dict.fromkeys(arrived))
    assert len(arrived) <= 30 + 3  # one call in flight for each cut
    assert bot.is_running


@on_postgresql
async def test_a_lock_that_somebody_holds(server: BotApiServer, programs: Programs) -> None:
    """A table that somebody has locked by hand: /sos is answered, and when it is free all arrives once."""
    await programs.start(ADMIN_IDS="1", **UNLIMITED)
    sara, dawit = await pair(server, programs)
    liya = server.person("Liya")

    with closing(psycopg.connect(programs.environment["DATABASE_URL"])) as other:
        other.execute('LOCK TABLE "update" IN ACCESS EXCLUSIVE MODE')
        await sara.send("while it was locked")
        await liya.send("/sos")
        await liya.see("there is help right now")
        other.rollback()
    await dawit.see("while it was locked", timeout=30)

    assert 1 == len([text for text in dawit.received if "while it was locked" in text])
