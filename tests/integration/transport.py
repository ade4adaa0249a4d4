"""The parts that talk to Telegram, wired to a server of ours, and a database whose writes can be made to fail."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from bot import lifecycle
from bot.app import App
from bot.playground import BotApiServer
from bot.storage.database import Channel, Database, DatabaseUnavailable, Transaction, Turn
from bot.telegram import api as bot_api
from bot.telegram import application as applications
from bot.telegram.api import Api
from bot.telegram.calls import Calls
from bot.telegram.intake import Intake
from bot.telegram.limits import Limits
from bot.telegram.sender import Sender
from bot.telegram.worker import Worker


@dataclass
class ReadOnly:
    """A database that can always be read, and written while *is_full* is not set: a disk that is full for a while."""

    db: Database
    is_full: bool = False
    refused: int = 0  #: transactions

    @property
    def skip_locked(self) -> LiteralString:
        """As of the database."""
        return self.db.skip_locked

    @property
    def writers(self) -> int:
        """As of the database."""
        return self.db.writers

    def transaction(self, turn: Turn = Turn.CONVERSATION) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction, or refuse to."""
        if self.is_full:
            self.refused += 1
            raise DatabaseUnavailable("The disk is full.")
        return self.db.transaction(turn)

    def reading(self, turn: Turn = Turn.CONVERSATION) -> AbstractAsyncContextManager[Transaction]:
        """Read as ever."""
        return self.db.reading(turn)

    def subscribe(self, *channels: Channel) -> asyncio.Event:
        """Subscribe as ever."""
        return self.db.subscribe(*channels)

    async def close(self) -> None:
        """Leave the database to whoever opened it."""


@asynccontextmanager
async def api_of(server: BotApiServer) -> AsyncGenerator[Api]:
    """Lend connections to a server of ours."""
    trust = ssl.create_default_context()
    polling, calling = bot_api.connection(trust), bot_api.Connections(trust)
    try:
        yield Api(host=server.url, token=server.token, polling=polling, calling=calling)
    finally:
        await polling.shutdown()
        await calling.close()


@asynccontextmanager
async def sender_of(app: App, server: BotApiServer, *, db: Database | None = None) -> AsyncGenerator[Sender]:
    """Lend a sender that makes its calls at a server of ours, and has them recorded in *db*."""
    limits = Limits(per_second=0, per_chat_per_second=0, per_chat_burst=0, now=lambda: 0.0)
    delivering = replace(app.delivering, db=db or app.db)
    async with api_of(server) as api:
        calls = Calls(api=api, vault=app.vault)
        sender = Sender(calls=calls, db=db or app.db, clock=app.clock, people=app.people, delivering=delivering, limits=limits)
        try:
            yield sender
        finally:
            await sender.stop(seconds=0)  # what hangs at a server that ends would keep it waiting


@asynccontextmanager
async def intake_of(app: App, server: BotApiServer, *, db: Database | None = None) -> AsyncGenerator[Intake]:
    """Lend an intake that polls a server of ours."""
    async with api_of(server) as api:
        yield Intake(api=api, db=db or app.db, vault=app.vault, clock=app.clock, pulse=app.pulse)


@asynccontextmanager
async def under_way(loop: Coroutine[Any, Any, None]) -> AsyncGenerator[asyncio.Task[None]]:
    """Have a loop that never ends run for the block."""
    running = asyncio.create_task(loop)
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def worker_of(app: App, server: BotApiServer) -> AsyncGenerator[Worker]:
    """Lend a worker, with the handlers, for updates that are stored already."""
    trust = ssl.create_default_context()
    asking = bot_api.connection(trust)
    application = applications.build(token=server.token, base=server.url, request=asking)
    await application.initialize()
    try:
        yield Worker(application=application, db=app.db, clock=app.clock, services=lifecycle._services(app))
    finally:
        await asking.shutdown()
