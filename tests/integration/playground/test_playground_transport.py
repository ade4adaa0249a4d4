"""HTTP: tokens, methods, and all the ways in which parameters may arrive."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession, FormData

from bot.playground import BotApiServer


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("/bot12345:another-token/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 404, "Not Found"),
        ("/bot{token}/sendDice", 404, "Not Found"),
    ],
)
async def test_what_is_unknown_is_refused(
    server: BotApiServer, http: ClientSession, path: str, status: int, description: str
) -> None:
    """Another token is 401; something that is no token, and a method that we do not know, are 404."""
    async with http.post(server.url + path.format(token=server.token)) as response:
        body = await response.json()

    assert (status, {"ok": False, "error_code": status, "description": description}) == (response.status, body)


async def test_get_me_describes_the_bot(server: BotApiServer, http: ClientSession) -> None:
    """The id of the bot is the number before the colon; GET and another case of the method are fine."""
    async with http.get(f"{server.url}/bot{server.token}/getme") as response:
        body = await response.json()

    assert (True, 12345, True) == (body["ok"], body["result"]["id"], body["result"]["is_bot"])


@pytest.mark.parametrize("way", ["query", "json", "form", "multipart"])
async def test_parameters_arrive_in_four_ways(server: BotApiServer, http: ClientSession, way: str) -> None:
    """Query, JSON, form and multipart mean the same."""
    sara = server.person("Sara")
    await sara.open()
    params = {"chat_id": str(sara.id), "text": "a+b & <c> 😀"}
    multipart = FormData(params)
    multipart.add_field("file", b"unused", filename="x.bin")
    ways = {"query": {"params": params}, "json": {"json": params}, "form": {"data": params}, "multipart": {"data": multipart}}
    async with http.post(f"{server.url}/bot{server.token}/sendMessage", **ways[way]) as response:
        body = await response.json()

    assert ("a+b & <c> 😀", ["a+b & <c> 😀"]) == (body["result"]["text"], sara.received)


async def test_a_body_that_is_no_object_is_refused(server: BotApiServer, http: ClientSession) -> None:
    """JSON that is not an object has no parameters in it."""
    async with http.post(f"{server.url}/bot{server.token}/getMe", json=[1]) as response:
        body = await response.json()

    assert body["description"] == "Bad Request: can't parse JSON object"


async def test_calls_are_recorded(server: BotApiServer, http: ClientSession) -> None:
    """Each call is kept with its parameters and its status, and told to ``on_call``."""
    told: list[str] = []
    server.on_call = lambda call: told.append(call.method)
    async with http.post(f"{server.url}/bot{server.token}/sendMessage", json={"chat_id": 5, "text": "x"}):
        await server.wait_for(lambda: len(server.calls) == 1, description="one call")
    call = server.calls[0]

    assert ("sendMessage", 400, 5, "Bad Request: chat not found") == (call.method, call.status, call.chat_id, call.description)
    assert ({"chat_id": 5, "text": "x"}, ["sendMessage"], 1) == (call.params, told, server.totals["sendmessage"])


async def test_waiting_in_vain_tells_the_last_calls(server: BotApiServer) -> None:
    """A predicate that does not come true is an assertion with its description."""
    with pytest.raises(AssertionError, match="a call that never comes"):
        await server.wait_for(lambda: bool(server.calls), timeout=0.01, description="a call that never comes")
