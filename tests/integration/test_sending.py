"""The sender beside a database that cannot be written, a clock that was set back, a proxy, and more calls than connections."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain import retries
from bot.domain.outgoing import Urgency
from bot.domain.people import Actor
from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.playground import BotApiServer, Call, Fault
from bot.telegram import api as bot_api
from bot.telegram import sender as sending
from tests.integration.transport import ReadOnly, api_of, sender_of, under_way
from tests.support import Cast, SteadyClock, one, rows, wait_until

PAGE = "<html><head><title>{status}</title></head><body>Blocked by the campus filter. Chat not found.</body></html>"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the sender, which are real."""
    monkeypatch.setattr(sending, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(retries, "DELIVERY", Backoff(first=timedelta(milliseconds=10), most=timedelta(milliseconds=50)))


async def say(app: App, actor: Actor, *texts: str, urgency: Urgency = Urgency.CONVERSATION) -> None:
    """Owe these messages to *actor*."""
    async with app.db.transaction() as tx:
        for text in texts:
            await app.outbox.say(tx, Text("{text}", text=text), to=actor.me, at=app.clock(), urgency=urgency)


async def is_settled(app: App) -> bool:
    """Return whether nothing waits."""
    return 0 == await one(app, "SELECT count(*) AS number FROM delivery WHERE state = 'waiting'")


async def test_what_was_sent_is_recorded_when_the_disk_has_room_again(app: App, cast: Cast) -> None:
    """However often that is refused, the message is not sent a second time, and the next one of the chat waits for it."""
    sara, db = await cast.sara(), ReadOnly(app.db)
    await say(app, sara, "first", "second")

    def fill_the_disk(call: Call) -> None:
        db.is_full = db.is_full or (call.method == "sendMessage" and not db.refused)

    async with BotApiServer() as server, sender_of(app, server, db=db) as sender:
        person = server.person("Sara", user_id=1001)
        await person.open()
        server.on_call = fill_the_disk
        async with under_way(sender.run()):
            await wait_until(lambda: db.refused >= 5, "the sender has tried to record it a few times")
            before = person.received, await one(app, "SELECT count(*) AS number FROM delivery WHERE state = 'waiting'")
            db.is_full = False
            await wait_until(lambda: is_settled(app), "both are recorded")

        assert (["first"], 2) == before
        assert ["first", "second"] == person.received
        assert 2 == len(server.calls_to("sendMessage"))
    assert [("done", 0)] * 2 == [(row["state"], row["attempts"]) for row in await rows(app, "SELECT * FROM delivery")]


async def test_an_error_that_cannot_be_recorded_ends_no_chat(app: App, cast: Cast) -> None:
    """Telegram fails in passing while the disk is full: the chat goes on by itself once there is room, in its order."""
    sara, db = await cast.sara(), ReadOnly(app.db, is_full=True)
    await say(app, sara, "first", "second")
    async with BotApiServer() as server, sender_of(app, server, db=db) as sender:
        person = server.person("Sara", user_id=1001)
        await person.open()
        server.faults.add(Fault(kind="status", method="sendMessage", status=502, times=3))
        async with under_way(sender.run()):
            await wait_until(lambda: db.refused >= 3, "the sender has tried to postpone it a few times")
            db.is_full = False
            await wait_until(lambda: is_settled(app), "both are recorded")

        assert ["first", "second"] == person.received


@pytest.mark.parametrize("is_retried", [False, True])
async def test_a_clock_that_is_set_back_keeps_no_message(app: App, cast: Cast, clock: SteadyClock, is_retried: bool) -> None:
    """What is owed since an hour ahead of now is sent at once, also where it failed before."""
    sara = await cast.sara()
    await say(app, sara, "hello")
    if is_retried:
        await app.delivering.postpone((await cast.owed(sara))[0], error="TimedOut", delay=timedelta(seconds=4))
    clock.move(hours=-1)
    async with BotApiServer() as server, sender_of(app, server) as sender:
        person = server.person("Sara", user_id=1001)
        await person.open()
        async with under_way(sender.run()):
            await wait_until(lambda: is_settled(app), "it is sent")

        assert ["hello"] == person.received


@pytest.mark.parametrize("status", [400, 403])
async def test_a_page_in_place_of_an_answer_is_not_telegrams_word(app: App, cast: Cast, status: int) -> None:
    """A proxy says 400 or 403 in HTML: the call is repeated, and the counselor and the offer stay as they are."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.offer(sara)
    async with BotApiServer() as server, sender_of(app, server) as sender:
        person = server.person("Dawit", user_id=2001)
        await person.open()
        await server.person("Sara", user_id=1001).open()
        strange = server.faults.add(
            Fault(kind="status", method="sendMessage", status=status, body=PAGE.format(status=status), chat_id=2001, times=2)
        )
        async with under_way(sender.run()):
            await wait_until(lambda: is_settled(app), "everything is sent")

        assert 2 == strange.hits
        assert "A student asks for help." in person.received[-1]
    assert await one(app, "SELECT is_reachable FROM person WHERE id = :id", id=dawit.me)
    assert "offered" == await one(app, "SELECT state FROM session")
    assert [("done", 2), ("done", 0)] == [
        (row["state"], row["attempts"])
        for row in await rows(app, "SELECT * FROM delivery WHERE person_id = :id ORDER BY id", id=dawit.me)
    ]


async def test_telegrams_own_refusal_is_final(app: App, cast: Cast) -> None:
    """A 403 in Telegram's JSON is heard as ever: the person cannot be reached, and nothing is repeated."""
    sara = await cast.sara()
    await say(app, sara, "hello")
    async with BotApiServer() as server, sender_of(app, server) as sender:
        person = server.person("Sara", user_id=1001)
        await person.open()
        await person.block()
        async with under_way(sender.run()):
            await wait_until(lambda: is_settled(app), "it is given up")

        assert [403] == [call.status for call in server.calls_to("sendMessage")]
    assert not await one(app, "SELECT is_reachable FROM person")


async def test_with_all_connections_in_use_the_most_urgent_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crisis goes before screens and bulk that asked long before; among equals the first one goes."""
    monkeypatch.setattr(bot_api, "IN_FLIGHT", 1)
    asked = [Urgency.BULK, Urgency.BULK, Urgency.SCREEN, Urgency.CONVERSATION, Urgency.SCREEN, Urgency.CRISIS]
    async with BotApiServer() as server, api_of(server) as api, asyncio.TaskGroup() as group:
        await server.person("Sara", user_id=1001).open()
        server.latency = (0.01, 0.02)
        calls = [
            group.create_task(api.call("sendMessage", urgency=urgency, chat_id=1001, text=str(number)))
            for number, urgency in enumerate(asked)
        ]
        await asyncio.gather(*calls)
        order = [int(call.params["text"]) for call in server.calls_to("sendMessage")]

    assert [0, 5, 3, 2, 4, 1] == order


async def test_a_crisis_waits_for_no_bulk(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender tells how urgent a delivery is: the one about a crisis, owed last, gets the next connection."""
    monkeypatch.setattr(bot_api, "IN_FLIGHT", 1)
    people = [await cast.student(1001 + number) for number in range(5)]
    for number, actor in enumerate(people):
        await say(app, actor, "hello", urgency=Urgency.CRISIS if number == 4 else Urgency.BULK)
    async with BotApiServer() as server, sender_of(app, server) as sender:
        for number in range(5):
            await server.person("Somebody", user_id=1001 + number).open()
        server.faults.add(Fault(kind="delay", method="sendMessage", delay_seconds=0.5))  # until all wait in line
        async with under_way(sender.run()):
            await wait_until(lambda: is_settled(app), "everything is sent")
        order = [call.chat_id for call in server.calls_to("sendMessage")]

    assert 5 == len(order)
    assert 1005 in order[:2]


@pytest.mark.parametrize("urgency", [Urgency.OFFER, Urgency.BULK])
async def test_what_can_wait_leaves_most_connections_free(app: App, cast: Cast, urgency: Urgency) -> None:
    """While a few of many offers, or of a broadcast, hang at Telegram, the others are not begun, and a message passes."""
    waiting = [await cast.student(2001 + number) for number in range(12)]
    for actor in waiting:
        await say(app, actor, "hello", urgency=urgency)
    await say(app, await cast.sara(), "a message")
    async with BotApiServer() as server, sender_of(app, server) as sender:
        sara = server.person("Sara", user_id=1001)
        await sara.open()
        for number in range(2001, 2013):
            await server.person("Somebody", user_id=number).open()
        hanging = [server.faults.add(Fault(kind="hang", method="sendMessage", chat_id=2001 + number)) for number in range(12)]
        async with under_way(sender.run()):
            await wait_until(lambda: 4 == sum(fault.hits for fault in hanging), "four hang")
            await sara.see("a message")

            assert 4 == sum(fault.hits for fault in hanging)
