"""The scripted people: what they do reaches the bot, what the bot does reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot.playground import BotApiServer, Person

Api = Callable[..., Awaitable[dict[str, Any]]]


def inline(*labels: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": f"data of {label}"}] for label in labels]}


@pytest.fixture
async def sara(server: BotApiServer, api: Api) -> Person:
    """Sara, whose ``/start`` is confirmed."""
    sara = server.person("Sara", username="sara_s", language_code="am")
    await sara.open()
    server.updates.clear()
    return sara


async def last_update(api: Api) -> dict[str, Any]:
    body = await api("getUpdates", offset=-1)
    return {key: value for key, value in body["result"][0].items() if key != "update_id"}


async def test_what_she_writes_is_an_update(api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """A message has its sender, its chat and its commands."""
    message = await sara.send("  see /help now ")
    expected = {
        "message_id": message.message_id,
        "from": {"id": sara.id, "is_bot": False, "first_name": "Sara", "username": "sara_s", "language_code": "am"},
        "chat": {"id": sara.id, "first_name": "Sara", "username": "sara_s", "type": "private"},
        "date": int(clock.now),
        "text": "see /help now",
        "entities": [{"type": "bot_command", "offset": 4, "length": 5}],
    }

    assert {"message": expected} == await last_update(api)


async def test_her_reply_holds_the_message(api: Api, sara: Person) -> None:
    """A reply says what it answers."""
    await api("sendMessage", chat_id=sara.id, text="how are you?")
    await sara.send("fine", reply_to=sara.last)
    update = await last_update(api)

    assert update["message"]["reply_to_message"]["text"] == "how are you?"


@pytest.mark.parametrize("text", ["", "  ", "x" * 4_097])
async def test_a_client_sends_no_impossible_text(sara: Person, text: str) -> None:
    """Nothing, or more than one message, is an error of the script."""
    with pytest.raises(ValueError, match="1 to 4096"):
        await sara.send(text)


async def test_any_kind_of_message_can_be_sent(server: BotApiServer, api: Api, sara: Person) -> None:
    """Fields go to the bot as they are, also from a group, which can be written to then."""
    group = {"id": -100, "type": "group", "title": "Friends"}
    await sara.send_raw({"contact": {"phone_number": "+251", "first_name": "Sara"}}, chat=group)
    update = await last_update(api)
    sent = await api("sendMessage", chat_id=-100, text="only in private")

    assert (group, "+251") == (update["message"]["chat"], update["message"]["contact"]["phone_number"])
    assert (True, "only in private") == (sent["ok"], list(server.chat(-100).messages.values())[-1].text)


async def test_her_edit_is_an_update(api: Api, sara: Person) -> None:
    """An edit comes with the new text and its date."""
    message = await sara.send("tpyo")
    await sara.edit(message, "typo")
    update = await last_update(api)

    assert ("typo", message.message_id) == (update["edited_message"]["text"], update["edited_message"]["message_id"])
    assert ("edit_date" in update["edited_message"], ["tpyo"]) == (True, message.edits)


async def test_blocking_is_an_update(api: Api, sara: Person) -> None:
    """Blocking and unblocking change the membership of the bot; who blocks cannot write."""
    await sara.block()
    blocked = (await last_update(api))["my_chat_member"]
    with pytest.raises(ValueError, match="blocked"):
        await sara.send("hello?")
    await sara.unblock()
    unblocked = (await last_update(api))["my_chat_member"]

    assert ("member", "kicked") == (blocked["old_chat_member"]["status"], blocked["new_chat_member"]["status"])
    assert ("kicked", "member") == (unblocked["old_chat_member"]["status"], unblocked["new_chat_member"]["status"])


async def test_a_press_is_an_update(api: Api, sara: Person) -> None:
    """A press carries the data and the message with its buttons."""
    await api("sendMessage", chat_id=sara.id, text="choose", reply_markup=inline("Yes", "No"))
    press = await sara.press("No")
    query = (await last_update(api))["callback_query"]

    assert (press.query_id, "data of No", sara.id) == (query["id"], query["data"], query["from"]["id"])
    assert (inline("Yes", "No"), "choose") == (query["message"]["reply_markup"], query["message"]["text"])


async def test_the_newest_button_is_pressed(api: Api, sara: Person) -> None:
    """The newest message wins; in one message the very label wins over a part; an older message can be named."""
    await api("sendMessage", chat_id=sara.id, text="old", reply_markup=inline("End Session"))
    await api("sendMessage", chat_id=sara.id, text="new", reply_markup=inline("✅ End Session", "End"))
    newest, exact = await sara.press("End S"), await sara.press("End")
    older = await sara.press("End", in_message=await sara.see("old"))

    assert ("new", "data of ✅ End Session", "data of End", "old") == (
        newest.message.text,
        newest.query and newest.query.data,
        exact.query and exact.query.data,
        older.message.text,
    )


async def test_a_button_that_is_not_there_cannot_be_pressed(api: Api, sara: Person) -> None:
    """The failure lists the buttons that she sees."""
    await api("sendMessage", chat_id=sara.id, text="choose", reply_markup=inline("Yes"))
    await api("sendMessage", chat_id=sara.id, text="menu", reply_markup={"keyboard": [[{"text": "Home"}]]})
    with pytest.raises(AssertionError, match=r"no button 'Maybe'; she sees: \['Yes', 'Home'\]"):
        await sara.press("Maybe")


async def test_a_button_of_the_reply_keyboard_sends_its_text(api: Api, sara: Person) -> None:
    """It stays until it is removed."""
    await api("sendMessage", chat_id=sara.id, text="menu", reply_markup={"keyboard": [["🏠 Home", {"text": "Help"}]]})
    press = await sara.press("Home")
    update = await last_update(api)
    await api("sendMessage", chat_id=sara.id, text="bye", reply_markup={"remove_keyboard": True})

    assert ("🏠 Home", "🏠 Home", "") == (update["message"]["text"], press.message.text, press.query_id)
    assert [] == sara.visible_buttons


async def test_data_can_be_forged(api: Api, sara: Person) -> None:
    """A client can send any data with any message of the bot."""
    await api("sendMessage", chat_id=sara.id, text="nothing to press")
    await sara.press_data("accept:42")
    query = (await last_update(api))["callback_query"]

    assert ("accept:42", "nothing to press") == (query["data"], query["message"]["text"])


async def test_seeing_waits(api: Api, sara: Person) -> None:
    """What comes later is found when it comes, new or edited."""
    async with asyncio.TaskGroup() as group:
        first = group.create_task(sara.see("hello"))
        sent = await api("sendMessage", chat_id=sara.id, text="oh, hello")
        await first
        second = group.create_task(sara.see("goodbye"))
        await api("editMessageText", chat_id=sara.id, message_id=sent["result"]["message_id"], text="goodbye")

    assert first.result() is second.result()


async def test_nothing_is_seen_twice(api: Api, sara: Person) -> None:
    """What lies before the last thing seen counts as seen, as does what she caught up with."""
    for text in ("one", "two", "three"):
        await api("sendMessage", chat_id=sara.id, text=text)
    two = await sara.see("two")
    with pytest.raises(AssertionError, match=r"did not see 'one' within 0.01 s(.|\n)*bot \(seen\): 'two'"):
        await sara.see("one", timeout=0.01)
    three = await sara.see("three", after=two)
    sara.catch_up()
    with pytest.raises(AssertionError, match="did not see ''"):
        await sara.see("", timeout=0.01)

    assert ("three", ["one", "two", "three"]) == (three.text, sara.received)


async def test_a_mark_looks_back(api: Api, sara: Person) -> None:
    """From a mark, two messages are found in any order."""
    mark = sara.mark()
    for text in ("one", "two"):
        await api("sendMessage", chat_id=sara.id, text=text)
    found = [(await sara.see(part, after=mark)).text for part in ("two", "one")]

    assert ["two", "one"] == found


async def test_an_answer_that_does_not_come_is_a_failure(api: Api, sara: Person) -> None:
    """A press without an answer, and a query that is not hers, fail with her name."""
    await api("sendMessage", chat_id=sara.id, text="x", reply_markup=inline("Go"))
    press = await sara.press("Go")
    with pytest.raises(AssertionError, match="Sara got no answer to 'data of Go'"):
        await press.answered(timeout=0.01)
    with pytest.raises(AssertionError, match="made no press"):
        await sara.answered("1", timeout=0.01)


async def test_an_id_belongs_to_one_person(server: BotApiServer, sara: Person) -> None:
    """Nobody else gets her id."""
    with pytest.raises(ValueError, match="Sara"):
        server.person("Hana", user_id=sara.id)


async def test_a_server_for_benches_forgets() -> None:
    """Without records only the last 200 messages of a chat are kept, and no calls; what comes is still seen."""
    async with BotApiServer(record_calls=False) as server:
        sara = server.person("Sara")
        for number in range(1_000):
            await sara.send(f"{number}")
        kept = [message.text for message in sara.chat]

        assert ([f"{number}" for number in range(800, 1_000)], []) == (kept, server.calls)
