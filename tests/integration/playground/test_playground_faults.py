"""Faults, latency and flood limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout

from bot.playground import BotApiServer, Fault, FloodLimits, Person

Api = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    sara = server.person("Sara")
    await sara.open()
    return sara


@pytest.mark.parametrize(
    ("fault", "code", "description"),
    [
        (Fault(kind="status"), 502, "Bad Gateway"),
        (Fault(kind="status", status=500, description="Internal Server Error: restart"), 500, "Internal Server Error: restart"),
        (Fault(kind="status", method="sendmessage", status=429, retry_after=7), 429, "Too Many Requests: retry after 7"),
    ],
)
async def test_a_status_is_answered_in_place_of_the_call(
    server: BotApiServer, api: Api, sara: Person, fault: Fault, code: int, description: str
) -> None:
    """The call is not performed; after ``times`` calls the next one goes well."""
    server.faults.add(fault)
    first = await api("sendMessage", chat_id=sara.id, text="first")
    await api("sendMessage", chat_id=sara.id, text="second")

    assert (code, description, ["second"]) == (first["error_code"], first["description"], sara.received)
    assert ({"retry_after": 7} if code == 429 else None, 1) == (first.get("parameters"), fault.hits)


async def test_a_cut_call_is_not_performed(server: BotApiServer, api: Api, sara: Person) -> None:
    """The connection closes without an answer, and nothing was sent."""
    server.faults.add(Fault(kind="cut", method="sendMessage"))
    with pytest.raises(ClientConnectionError):
        await api("sendMessage", chat_id=sara.id, text="x")

    assert ([], 0, "cut") == (sara.received, server.calls[0].status, server.calls[0].fault)


async def test_a_lost_call_is_performed(server: BotApiServer, api: Api, sara: Person) -> None:
    """The connection closes without an answer, but she has the message."""
    server.faults.add(Fault(kind="lost", chat_id=sara.id))
    with pytest.raises(ClientConnectionError):
        await api("sendMessage", chat_id=sara.id, text="x")

    assert ["x"] == sara.received


async def test_a_call_hangs_until_the_client_gives_up(server: BotApiServer, http: ClientSession, sara: Person) -> None:
    """There is no answer, and nothing was sent."""
    server.faults.add(Fault(kind="hang"))
    with pytest.raises(TimeoutError):
        await http.post(
            f"{server.url}/bot{server.token}/sendMessage",
            data={"chat_id": sara.id, "text": "x"},
            timeout=ClientTimeout(total=0.05),
        )
    await server.wait_for(lambda: bool(server.calls), description="the call ended")

    assert ([], 0, "hang") == (sara.received, server.calls[0].status, server.calls[0].fault)


async def test_a_late_answer_is_performed_at_once(server: BotApiServer, api: Api, sara: Person) -> None:
    """She has the message before the bot has the answer; with ``delay`` she has it after."""
    server.faults.add(Fault(kind="late", delay_seconds=0.05))
    server.faults.add(Fault(kind="delay", delay_seconds=0.05))
    async with asyncio.TaskGroup() as group:
        late = group.create_task(api("sendMessage", chat_id=sara.id, text="late"))
        await sara.see("late")
        was_answered = late.done()
        delayed = await api("sendMessage", chat_id=sara.id, text="delayed")

    assert (False, True, ["late", "delayed"]) == (was_answered, delayed["ok"], sara.received)


async def test_faults_choose_their_calls(server: BotApiServer, api: Api, sara: Person) -> None:
    """Another method, another chat, no luck, or a cleared fault: the call goes well."""
    server.faults.add(Fault(kind="status", method="getMe", times=None))
    server.faults.add(Fault(kind="status", chat_id=1, times=None))
    server.faults.add(Fault(kind="status", probability=0.0, times=None))
    fine = await api("sendMessage", chat_id=sara.id, text="x")
    struck = await api("getMe")
    server.faults.clear()
    cleared = await api("getMe")

    assert (True, False, True) == (fine["ok"], struck["ok"], cleared["ok"])


async def test_luck_is_repeatable() -> None:
    """The same seed strikes the same calls."""
    struck: list[list[int]] = []
    for _ in range(2):
        async with BotApiServer(seed=5) as server:
            fault = server.faults.add(Fault(kind="cut", times=None, probability=0.3))
            struck.append([number for number in range(100) if server.faults.pick("getme", None) is fault])

    assert struck[0] == struck[1]
    assert 10 < len(struck[0]) < 50


async def test_latency_holds_back_the_answer(server: BotApiServer, api: Api, sara: Person) -> None:
    """Everything but getUpdates takes its time."""
    loop = asyncio.get_running_loop()
    server.latency = (0.04, 0.04)
    start = loop.time()
    await api("sendMessage", chat_id=sara.id, text="x")
    slow = loop.time() - start

    assert slow >= 0.04


async def test_what_is_under_way_arrives_though_the_client_dies(server: BotApiServer, http: ClientSession, sara: Person) -> None:
    """A client that goes away during the latency has sent its message all the same, once."""
    server.latency = (30, 30)
    with pytest.raises(TimeoutError):
        await http.post(
            f"{server.url}/bot{server.token}/sendMessage",
            data={"chat_id": sara.id, "text": "x"},
            timeout=ClientTimeout(total=0.05),
        )
    await sara.see("x")

    assert ["x"] == sara.received


async def test_flood_limits_ask_for_patience(server: BotApiServer, api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """After the burst a chat is refused until a second has passed; other methods and chats are not."""
    dawit = server.person("Dawit")
    await dawit.open()
    server.limits = FloodLimits(per_second=30, per_chat_per_second=1, per_chat_burst=3)
    burst = [(await api("sendMessage", chat_id=sara.id, text=f"{number}"))["ok"] for number in range(4)]
    refused = await api("sendMessage", chat_id=sara.id, text="x")
    typing, other = (
        await api("sendChatAction", chat_id=sara.id, action="typing"),
        await api("sendMessage", chat_id=dawit.id, text="x"),
    )
    clock.now += 1
    later = await api("sendMessage", chat_id=sara.id, text="later")

    assert ([True, True, True, False], {"retry_after": 1}) == (burst, refused["parameters"])
    assert (429, "Too Many Requests: retry after 1") == (refused["error_code"], refused["description"])
    assert (True, True, True) == (typing["ok"], other["ok"], later["ok"])


async def test_all_chats_together_are_limited(server: BotApiServer, api: Api, sara: Person) -> None:
    """The limit of the whole bot holds across methods; without limits nothing is refused."""
    server.limits = FloodLimits(per_second=2)
    answers = [(await api("sendMessage", chat_id=sara.id, text=f"{number}"))["ok"] for number in range(3)]
    server.limits = None
    free = await api("sendMessage", chat_id=sara.id, text="free")

    assert ([True, True, False], True) == (answers, free["ok"])
