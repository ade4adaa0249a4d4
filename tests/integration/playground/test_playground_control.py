"""The server in a process of its own, driven over ``/control``."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

TOKEN = "1:abc"


@pytest.fixture
async def process() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.playground", "--token", TOKEN, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    yield process, url
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def post(http: ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    async with http.post(url, json=body) as response:
        return await response.json()


async def test_a_whole_conversation(process: tuple[asyncio.subprocess.Process, str], http: ClientSession) -> None:
    """A person is made, writes and presses; faults strike; her chat can be read; SIGTERM ends it with 0."""
    child, url = process
    control, api = f"{url}/control", f"{url}/bot{TOKEN}"
    await post(http, f"{control}/person", {"id": 7, "name": "Sara"})
    await post(http, f"{control}/send", {"user_id": 7, "text": "/start"})
    await post(http, f"{control}/latency", {"low": 0.001, "high": 0.002})
    await post(http, f"{control}/fault", {"kind": "status", "method": "sendMessage"})
    message = {"chat_id": 7, "text": "hi", "reply_markup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}}
    struck, sent = await post(http, f"{api}/sendMessage", message), await post(http, f"{api}/sendMessage", message)
    pressed = await post(http, f"{control}/press", {"user_id": 7, "label": "Go"})
    updates = await post(http, f"{api}/getUpdates", {})
    async with http.get(f"{control}/chat/7") as response:
        chat = await response.json()
    child.send_signal(signal.SIGTERM)

    assert (False, True, True) == (struck["ok"], sent["ok"], pressed["ok"])
    assert [("/start", []), ("hi", [["Go"]])] == [(each["text"], each["buttons"]) for each in chat["messages"]]
    assert (2, 0) == (len(updates["result"]), await child.wait())


async def test_refusals_are_explained(process: tuple[asyncio.subprocess.Process, str], http: ClientSession) -> None:
    """Somebody unknown, a button that is not there and a field that is missing are 400 with a description."""
    _, url = process
    await post(http, f"{url}/control/person", {"id": 7, "name": "Sara"})
    bodies = [
        await post(http, f"{url}/control/send", {"user_id": 8, "text": "x"}),
        await post(http, f"{url}/control/press", {"user_id": 7, "label": "Go"}),
        await post(http, f"{url}/control/send", {"user_id": 7}),
        await post(http, f"{url}/control/fault", {"sort": "x"}),
    ]
    async with http.get(f"{url}/control/chat/8") as response:
        bodies.append(await response.json())

    assert [False] * 5 == [body["ok"] for body in bodies]
    assert ("nobody has that id", True) == (bodies[0]["description"], "no button 'Go'" in bodies[1]["description"])
