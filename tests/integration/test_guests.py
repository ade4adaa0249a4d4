"""A command beside the bot on one SQLite file: it gives way, and the write-ahead log stays small whoever else is there."""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from bot import app as root
from bot.app import App
from bot.settings import Settings
from bot.storage.database import Turn
from bot.storage.holding import lock_file
from tests.support import one, wait_until

pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)

_ROW: Any = """
    INSERT INTO "update" (update_id, payload, state, due_at, received_at) VALUES (:id, :payload, 'parked', 0, 0)
"""
_PIECES, _BYTES = 40, 100_000


async def write(app: App, needle: bytes) -> None:
    """Write as a maintenance task does: 4 MB in pieces."""
    for number in range(_PIECES):
        async with app.db.transaction(Turn.MAINTENANCE) as tx:
            await tx.execute(_ROW, id=number, payload=needle + os.urandom(_BYTES))


def database(settings: Settings) -> Path:
    """Return the file."""
    assert settings.sqlite_path is not None
    return settings.sqlite_path


@pytest.mark.parametrize("is_bot_there", [True, False])
async def test_only_who_holds_the_lock_empties_the_log(settings: Settings, is_bot_there: bool) -> None:
    """A command that is alone does so as it goes; beside a bot it never does (SQLite before 3.51.3 could be corrupted)."""
    await root.prepare(settings)
    path = database(settings)
    with lock_file(path) if is_bot_there else nullcontext():
        async with root.opened(settings, kind="cli", is_guest=True) as guest:
            await write(guest, b"needle")
            log = path.with_name(f"{path.name}-wal").stat().st_size
            is_in_the_file = b"needle" in path.read_bytes()

    assert (is_bot_there, not is_bot_there) == (log > _PIECES * _BYTES, is_in_the_file)


async def test_a_bot_that_writes_nothing_empties_the_log_of_a_guest(app: App, settings: Settings) -> None:
    """Else the first message after a long cleanup would have to wait for all of it."""
    path = database(settings)
    with lock_file(path):
        async with root.opened(settings, kind="cli", is_guest=True) as guest:
            await write(guest, b"needle")
            await wait_until(lambda: path.read_bytes().count(b"needle") == _PIECES, "all of it is in the file")
            written = await one(app, 'SELECT count(*) AS number FROM "update"')

    assert _PIECES == written


async def test_a_guest_lets_the_bot_in(app: App, settings: Settings) -> None:
    """While a guest works without an end, the bot comes to write, too, as often as it likes."""

    async def work(guest: App) -> None:
        while True:
            await write(guest, b"")
            async with guest.db.transaction(Turn.MAINTENANCE) as tx:
                await tx.execute('DELETE FROM "update" WHERE update_id < :id', id=_PIECES)

    with lock_file(database(settings)):
        async with root.opened(settings, kind="cli", is_guest=True) as guest:
            working = asyncio.create_task(work(guest))
            for number in range(20):
                async with app.db.transaction() as tx:
                    await tx.execute(_ROW, id=_PIECES + number, payload=b"bot")
            is_at_work = not working.done()
            working.cancel()
            await asyncio.wait({working})

    assert is_at_work
    assert 20 == await one(app, 'SELECT count(*) AS number FROM "update" WHERE update_id >= :id', id=_PIECES)
