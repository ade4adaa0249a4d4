"""A database that cannot be written for a while: nothing is confirmed, help lines are shown, and it goes on by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from bot.app import App, opened
from bot.playground import BotApiServer
from bot.settings import Settings
from bot.storage import postgresql, sqlite
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from tests.integration.test_taking_in import has_stored
from tests.integration.transport import intake_of, under_way
from tests.support import SteadyClock, change, one, wait_until

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)

_TAKE = "INSERT INTO lease (name, owner, expires_at) VALUES (:name, 'test', :at)"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says of the condition of the database."""
    return [record.getMessage() for record in caplog.records if record.name == "bot.storage.condition"]


def pragma(app: App, text: str) -> Any:
    """Ask SQLite something through the connection that writes."""
    writer: Any = app.db._writer  # type: ignore[attr-defined]
    return writer._connection.execute(f"PRAGMA {text}").fetchone()[0]


@contextmanager
def full(app: App) -> Iterator[None]:
    """Let the file not grow any more: SQLite then says what it says of a full disk."""
    pragma(app, f"max_page_count = {pragma(app, 'page_count')}")
    yield
    pragma(app, "max_page_count = 1000000")


@contextmanager
def read_only(app: App) -> Iterator[None]:
    """Let the connection not write any more: SQLite then says what it says of a file that is read-only."""
    writer: Any = app.db._writer  # type: ignore[attr-defined]
    writer._connection.execute("PRAGMA query_only = ON")
    yield
    writer._connection.execute("PRAGMA query_only = OFF")


@on_sqlite
@pytest.mark.parametrize(("fault", "words"), [(full, "database or disk is full"), (read_only, "readonly database")])
async def test_what_cannot_be_stored_stays_at_telegram(
    app: App, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, fault: Any, words: str
) -> None:
    """While it lasts nothing is confirmed, who calls for help is answered once, and the log has one line; then all is stored."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("bot.telegram.intake._STORE_AGAIN_SECONDS", 0.02)
    async with BotApiServer() as server, intake_of(app, server) as intake:
        sara, liya = server.person("Sara"), server.person("Liya")
        await sara.send("long " * 800)
        await liya.send("/sos")
        async with under_way(intake.run()):
            with fault(app):
                await liya.see("there is help right now")
                polls = len(server.calls_to("getUpdates"))
                await server.wait_for(lambda: len(server.calls_to("getUpdates")) > polls + 5)
                confirmed = {call.params.get("offset") for call in server.calls_to("getUpdates")}
                during = said(caplog)
            await wait_until(lambda: has_stored(app, 2), "both are stored")

        assert {None} == confirmed
        assert [liya.id] == [call.chat_id for call in server.calls_to("sendMessage")]
    assert 1 == len(during)
    assert words in during[0]
    assert [*during, "The database works again, after 0 s."] == said(caplog)


@on_sqlite
async def test_a_full_disk_is_not_over_because_nothing_was_written(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """A transaction that changes nothing, or was undone, ends well there too, and tells of no end."""
    caplog.set_level(logging.INFO)
    with full(app):
        with pytest.raises(DatabaseUnavailable):
            await change(app, _TAKE, name="x" * 100_000, at=app.clock())
        async with app.db.transaction() as tx:
            await tx.fetch_all("SELECT * FROM lease")
        is_failing = app.db.condition.is_failing
    await change(app, _TAKE, name="x", at=app.clock())

    assert is_failing
    assert 2 == len(said(caplog))


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold, as another process, what every message needs."""
    if settings.sqlite_path is not None:
        other: Any = sqlite.sqlite3.connect(settings.sqlite_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(settings.database_url)
        other.execute('LOCK TABLE "update" IN ACCESS EXCLUSIVE MODE')
    yield
    other.rollback()
    other.close()


async def test_a_lock_that_another_process_holds_passes(
    settings: Settings, app: App, clock: SteadyClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls for help is answered although nothing can be stored; one line tells of it; it is stored afterwards."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.2)
    monkeypatch.setattr(postgresql, "_OPTIONS", postgresql._OPTIONS.replace("lock_timeout=10000", "lock_timeout=200"))
    async with opened(settings, kind="bot", clock=clock) as there, BotApiServer() as server, intake_of(there, server) as intake:
        liya = server.person("Liya")
        with locked(settings):
            await liya.send("/sos")
            async with under_way(intake.run()):
                await liya.see("there is help right now")
                await wait_until(lambda: len(server.calls_to("getUpdates")) > 2, "it was tried again")
        async with under_way(intake.run()):
            await wait_until(lambda: has_stored(there, 1), "it is stored")

    assert 2 == len(said(caplog))
    assert "for longer than we wait" in said(caplog)[0]


@on_sqlite
async def test_help_does_not_wait_for_the_lock(settings: Settings, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help lines come while the database is still being waited for, long before that is given up."""
    monkeypatch.setattr("bot.telegram.intake._HELP_AFTER_SECONDS", 0.05)
    async with BotApiServer() as server, intake_of(app, server) as intake:
        liya = server.person("Liya")
        async with under_way(intake.run()):
            with locked(settings):
                await liya.send("/sos")
                await liya.see("there is help right now")
                is_failing = app.db.condition.is_failing
            await wait_until(lambda: has_stored(app, 1), "it is stored")

    assert not is_failing


@on_sqlite
async def test_who_was_held_up_once_waits_no_longer(settings: Settings, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one that waited in vain the others do not wait as long, and after a success they do again."""
    with locked(settings):
        monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
        monkeypatch.setattr(sqlite, "_BUSY_AGAIN_SECONDS", 0.05)
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                await change(app, "DELETE FROM lease")
        during = pragma(app, "busy_timeout")
    await change(app, _TAKE, name="x", at=app.clock())
    await change(app, "DELETE FROM lease")

    assert (50, 100) == (during, pragma(app, "busy_timeout"))


@on_postgresql
async def test_connections_that_the_server_cuts_are_made_anew(
    settings: Settings, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is struck by it is told that nothing was changed, and the next works."""
    caplog.set_level(logging.INFO)
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        with pytest.raises(DatabaseUnavailable):
            async with app.db.transaction() as tx:
                await tx.execute(_TAKE, name="x", at=app.clock())
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        assert 0 == other.execute("SELECT count(*) FROM lease").fetchone()[0]  # type: ignore[index]
    await wait_until(lambda: works(app), "the next one works")

    assert 1 == await one(app, "SELECT count(*) AS number FROM lease")
    assert 2 == len(said(caplog))


async def works(app: App) -> bool:
    """Return whether something can be written."""
    try:
        await change(app, _TAKE, name="x", at=app.clock())
    except DatabaseUnavailable:
        return False
    return True
