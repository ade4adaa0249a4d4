"""A server with a clock that stands still, and a client that speaks to it as python-telegram-bot does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest
from aiohttp import ClientSession

from bot.playground import BotApiServer
from bot.playground.wire import Json


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1_800_000_000.0)


@pytest.fixture
async def server(clock: SimpleNamespace) -> AsyncIterator[BotApiServer]:
    async with BotApiServer(clock=lambda: clock.now) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def api(server: BotApiServer, http: ClientSession) -> Callable[..., Awaitable[Json]]:
    """Call a method with a form, nested objects as JSON; gives the body of the answer."""

    async def call(method: str, **params: object) -> Json:
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
        async with http.post(f"{server.url}/bot{server.token}/{method}", data=form) as response:
            body: Json = await response.json()
            assert response.status == (200 if body["ok"] else body["error_code"])
            return body

    return call
