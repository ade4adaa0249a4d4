"""One update from the table to its end: in the order of its chat, what follows from it, and what it asks for last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot import texts
from bot.app import App
from bot.domain.outgoing import Urgency
from bot.domain.people import Actor
from bot.playground import BotApiServer
from bot.services.match_requests import request_match
from bot.storage import updates
from bot.storage.database import Transaction
from bot.storage.updates import Incoming
from bot.telegram import callbacks
from bot.telegram.callbacks import Press
from bot.telegram.intake import chat_of
from bot.telegram.worker import Worker
from tests.integration.transport import under_way, worker_of
from tests.support import Cast, SteadyClock, change, one, rows, wait_until

DAWIT = 2001


@pytest.fixture
async def worker(app: App) -> AsyncIterator[Worker]:
    """A worker with all handlers."""
    async with BotApiServer() as server, worker_of(app, server) as worker:
        yield worker


def said(update_id: int, telegram_id: int, text: str) -> dict[str, Any]:
    """Return the update of a command or a text."""
    chat = {"id": telegram_id, "type": "private"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    message = {"message_id": update_id, "date": 1, "chat": chat, "text": text, "entities": entities}
    return {"update_id": update_id, "message": {**message, "from": {"id": telegram_id, "is_bot": False, "first_name": "X"}}}


def pressed(app: App, update_id: int, telegram_id: int, actor: Actor, press: Press) -> dict[str, Any]:
    """Return the update of a press."""
    user = {"id": telegram_id, "is_bot": False, "first_name": "X"}
    message = {"message_id": 1, "date": 1, "chat": {"id": telegram_id, "type": "private"}, "text": "x"}
    data = callbacks.write(app.vault, press, actor.me)
    query = {"id": str(update_id), "from": user, "chat_instance": "1", "data": data, "message": message}
    return {"update_id": update_id, "callback_query": query}


def membership(update_id: int, telegram_id: int, status: str) -> dict[str, Any]:
    """Return the update that says that somebody has blocked the bot (*kicked*), or let it back in (*member*)."""
    bot = {"id": 12345, "is_bot": True, "first_name": "Bot"}
    old = {"user": bot, "status": "member" if status == "kicked" else "kicked", "until_date": 0}
    change_ = {"chat": {"id": telegram_id, "type": "private"}, "date": 1, "old_chat_member": old}
    user = {"id": telegram_id, "is_bot": False, "first_name": "X"}
    return {
        "update_id": update_id,
        "my_chat_member": {**change_, "from": user, "new_chat_member": {"user": bot, "status": status, "until_date": 0}},
    }


async def store(app: App, *raw: dict[str, Any]) -> None:
    """Store updates as the intake does."""
    incoming = [
        Incoming(
            update_id=update["update_id"],
            chat_hash=None if (chat_id := chat_of(update)) is None else app.vault.lookup(chat_id),
            payload=app.vault.seal_update(json.dumps(update).encode()),
        )
        for update in raw
    ]
    async with app.db.transaction() as tx:
        await updates.store(tx, incoming, at=app.clock())


async def is_handled(app: App) -> bool:
    """Return whether no update is open."""
    return 0 == await one(app, "SELECT count(*) AS number FROM \"update\" WHERE state = 'open'")


async def test_help_lines_are_urgent_and_kept_for_a_day(app: App, cast: Cast, worker: Worker, clock: SteadyClock) -> None:
    """``/sos`` goes before all others, and where Telegram is away for hours the answer comes all the same."""
    sara = await cast.sara()
    await store(app, said(1, 1001, "/sos"))
    async with under_way(worker.run()):
        await wait_until(lambda: is_handled(app), "it is handled")
    (answer,) = await cast.owed(sara)

    assert [texts.help_lines().render()] == await cast.said(sara)
    assert (Urgency.CRISIS, timedelta(hours=24)) == (answer.urgency, answer.patience_ends_at - clock())


@pytest.mark.parametrize(("first", "last"), [("kicked", "member"), ("member", "kicked")])
async def test_who_blocks_the_bot_and_comes_back_does_so_in_this_order(
    app: App, cast: Cast, worker: Worker, clock: SteadyClock, first: str, last: str
) -> None:
    """While the first news has to wait for a second try, the second one waits for it."""
    dawit = await cast.dawit()
    await store(app, membership(1, DAWIT, first), membership(2, DAWIT, last))
    async with app.db.transaction() as tx:
        await updates.postpone(tx, 1, error="ValueError", due_at=clock() + timedelta(seconds=1))
    async with under_way(worker.run()):
        await store(app, said(3, 3001, "/help"))
        await wait_until(lambda: is_done(app, 3), "an update of somebody else is handled")
        waiting = await rows(app, "SELECT update_id FROM \"update\" WHERE state = 'open' ORDER BY update_id")
        clock.move(seconds=1)
        await store(app, said(4, 3001, "/help"))
        await wait_until(lambda: is_handled(app), "all are handled")

    assert [1, 2] == [row["update_id"] for row in waiting]
    assert (last == "member") == await one(app, "SELECT is_reachable FROM person WHERE id = :id", id=dawit.me)


async def is_done(app: App, update_id: int) -> bool:
    """Return whether this update is handled."""
    return "done" == await one(app, 'SELECT state FROM "update" WHERE update_id = :id', id=update_id)


async def test_who_comes_back_asks_for_a_match_last(app: App, cast: Cast, worker: Worker) -> None:
    """1. Somebody holds the offer. 2. Dawit, who was away, declines it and waits. 3. The former asks for a match, and commits.

    Had Dawit's update asked first, each of the two would wait for the other.
    """
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    await change(app, "UPDATE person SET is_reachable = FALSE WHERE id = :id", id=dawit.me)
    await change(app, "DELETE FROM run")
    await store(app, pressed(app, 1, DAWIT, dawit, Press("offer.decline", str(offer.id))))
    async with app.db.transaction() as tx:
        await tx.execute("UPDATE offer SET delivery_id = delivery_id WHERE id = :id", id=offer.id)
        handling = asyncio.create_task(worker.run())
        if app.db.writers > 1:
            await wait_until(lambda: is_somebody_waiting(tx), "his update waits for the offer")
        await request_match(tx, because="somebody else", at=app.clock())
    await wait_until(lambda: is_handled(app), "his update is handled")
    worker.stop()
    await handling

    assert [("done", 0)] == [tuple(row.values()) for row in await rows(app, 'SELECT state, attempts FROM "update"')]
    assert "declined" == await one(app, "SELECT outcome FROM offer")
    assert await one(app, "SELECT is_reachable FROM person WHERE id = :id", id=dawit.me)
    assert 1 == await one(app, "SELECT count(*) AS number FROM run")


async def is_somebody_waiting(tx: Transaction) -> bool:
    """Return whether a transaction waits for another one."""
    return bool(await tx.fetch_all("SELECT pid FROM pg_locks WHERE NOT granted"))
