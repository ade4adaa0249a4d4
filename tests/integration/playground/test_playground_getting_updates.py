"""getUpdates: confirmation, long polling, conflicts, expiry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot.playground import BotApiServer

Api = Callable[..., Awaitable[dict[str, Any]]]


def texts(body: dict[str, Any]) -> list[str]:
    return [update["message"]["text"] for update in body["result"]]


async def test_updates_come_again_until_they_are_confirmed(server: BotApiServer, api: Api) -> None:
    """Only a higher offset forgets updates; ids follow each other."""
    sara = server.person("Sara")
    for text in ("one", "two", "three"):
        await sara.send(text)
    first = await api("getUpdates")
    again = await api("getUpdates")
    ids = [update["update_id"] for update in first["result"]]
    rest = await api("getUpdates", offset=ids[1])

    assert (["one", "two", "three"], first, ["two", "three"]) == (texts(first), again, texts(rest))
    assert [ids[0], ids[0] + 1, ids[0] + 2] == ids


async def test_a_negative_offset_keeps_the_end(server: BotApiServer, api: Api) -> None:
    """-1 gives the last update and forgets the others."""
    sara = server.person("Sara")
    for text in ("one", "two", "three"):
        await sara.send(text)
    last = await api("getUpdates", offset=-1)
    rest = await api("getUpdates")

    assert (["three"], ["three"]) == (texts(last), texts(rest))


async def test_the_limit_cuts_the_answer(server: BotApiServer, api: Api) -> None:
    """At most ``limit`` updates come, 100 without one."""
    sara = server.person("Sara")
    for number in range(101):
        await sara.send(f"{number}")
    two, default = await api("getUpdates", limit=2), await api("getUpdates")

    assert (["0", "1"], 100) == (texts(two), len(default["result"]))


async def test_a_poll_is_woken_by_a_new_update(server: BotApiServer, api: Api) -> None:
    """A poll that waits gets what happens meanwhile, at once."""
    sara = server.person("Sara")
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api("getUpdates", timeout=50))
        await server.wait_for(lambda: server.updates.is_polled)
        await sara.send("hello")

    assert ["hello"] == texts(poll.result())


async def test_a_poll_ends_empty(api: Api) -> None:
    """Without updates a poll answers with nothing, at once where it does not want to wait."""
    body = await api("getUpdates", timeout=0)

    assert {"ok": True, "result": []} == body


async def test_a_newer_poll_ends_the_older_one(server: BotApiServer, api: Api) -> None:
    """Of two polls that wait the older one gets 409."""
    sara = server.person("Sara")
    async with asyncio.TaskGroup() as group:
        older = group.create_task(api("getUpdates", timeout=50))
        await server.wait_for(lambda: server.updates.is_polled)
        newer = group.create_task(api("getUpdates", timeout=50))
        conflict = await older
        await sara.send("hello")

    assert (409, ["hello"]) == (conflict["error_code"], texts(newer.result()))
    assert conflict["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def test_a_webhook_excludes_polling(server: BotApiServer, api: Api) -> None:
    """With a webhook getUpdates is refused, and a poll that waits ends; without it polling works again."""
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api("getUpdates", timeout=50))
        await server.wait_for(lambda: server.updates.is_polled)
        await api("setWebhook", url="https://example.org/hook")
    refused = await api("getUpdates")
    info = await api("getWebhookInfo")
    await api("deleteWebhook")

    assert poll.result()["description"] == "Conflict: terminated by setWebhook request"
    assert refused["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    assert ("https://example.org/hook", []) == (info["result"]["url"], (await api("getUpdates"))["result"])


async def test_pending_updates_can_be_dropped(server: BotApiServer, api: Api) -> None:
    """Removing the webhook forgets what waits where it is told to."""
    await server.person("Sara").send("lost")
    await api("deleteWebhook", drop_pending_updates=True)

    assert [] == server.updates.pending


async def test_only_allowed_kinds_come(server: BotApiServer, api: Api) -> None:
    """``allowed_updates`` is remembered, and an empty list is the default again."""
    sara = server.person("Sara")
    await api("getUpdates", allowed_updates=["my_chat_member"])
    await sara.send("unheard")
    await sara.block()
    only_allowed = await api("getUpdates")
    await api("getUpdates", offset=-1, allowed_updates=[])
    await sara.unblock()
    await sara.send("heard")
    kinds = [next(kind for kind in update if kind != "update_id") for update in (await api("getUpdates"))["result"]]

    assert (1, ["my_chat_member", "my_chat_member", "message"]) == (len(only_allowed["result"]), kinds)


@pytest.mark.parametrize(("seconds", "kinds"), [(149, ["message", "callback_query"]), (151, ["message"]), (86_401, [])])
async def test_updates_expire(server: BotApiServer, api: Api, clock: SimpleNamespace, seconds: int, kinds: list[str]) -> None:
    """A press waits for 150 seconds, a message for a day."""
    sara = server.person("Sara")
    await sara.open()
    await api("sendMessage", chat_id=sara.id, text="x")
    await sara.press_data("anything")
    clock.now += seconds
    body = await api("getUpdates")

    assert kinds == [next(key for key in update if key != "update_id") for update in body["result"]]
