"""Edits, deletions, and answers to presses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot.playground import BotApiServer, Person

Api = Callable[..., Awaitable[dict[str, Any]]]
GO = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    sara = server.person("Sara")
    await sara.open()
    return sara


async def test_an_edit_changes_text_and_buttons(api: Api, sara: Person) -> None:
    """The message has the new text, no buttons unless they are given again, and remembers the old text."""
    await api("sendMessage", chat_id=sara.id, text="before", reply_markup=GO)
    message = await sara.see("before")
    body = await api("editMessageText", chat_id=sara.id, message_id=message.message_id, text="after")
    same = await sara.see("after")

    assert (True, "after", [], ["before"]) == (same is message, message.text, message.buttons, message.edits)
    assert ("after", message.edit_date) == (body["result"]["text"], body["result"]["edit_date"])


async def test_an_edit_must_change_something(api: Api, sara: Person) -> None:
    """The same text with the same buttons is refused; the same text with other buttons is not."""
    sent = await api("sendMessage", chat_id=sara.id, text="x", reply_markup=GO)
    message = {"chat_id": sara.id, "message_id": sent["result"]["message_id"]}
    same = await api("editMessageText", **message, text=" x ", reply_markup=GO)
    same_buttons = await api("editMessageReplyMarkup", **message, reply_markup=GO)
    without = await api("editMessageReplyMarkup", **message)
    with_again = await api("editMessageText", **message, text="x", reply_markup=GO)

    assert (NOT_MODIFIED, NOT_MODIFIED) == (same["description"], same_buttons["description"])
    assert (False, GO) == ("reply_markup" in without["result"], with_again["result"]["reply_markup"])


async def test_only_its_own_messages_can_be_edited(api: Api, sara: Person) -> None:
    """Her messages cannot be edited, nor one that never was, nor one with a reply keyboard."""
    hers = sara.chat[0].message_id
    keyboard = await api("sendMessage", chat_id=sara.id, text="x", reply_markup={"keyboard": [["Home"]]})
    ids = (hers, 1, keyboard["result"]["message_id"])
    answers = [await api("editMessageText", chat_id=sara.id, message_id=message_id, text="y") for message_id in ids]

    assert [
        "Bad Request: message can't be edited",
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
    ] == [answer["description"] for answer in answers]


async def test_a_message_can_be_deleted_for_two_days(api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """A deleted message is gone for both; an old one stays, and one that never was is not found."""
    young = await api("sendMessage", chat_id=sara.id, text="young")
    old = await api("sendMessage", chat_id=sara.id, text="old")
    deleted = await api("deleteMessage", chat_id=sara.id, message_id=young["result"]["message_id"])
    again = await api("deleteMessage", chat_id=sara.id, message_id=young["result"]["message_id"])
    clock.now += 48 * 3_600 + 1
    refused = await api("deleteMessage", chat_id=sara.id, message_id=old["result"]["message_id"])

    assert (True, ["old"]) == (deleted["result"], sara.received)
    assert ("Bad Request: message to delete not found", "Bad Request: message can't be deleted") == (
        again["description"],
        refused["description"],
    )


async def test_a_press_is_answered_once(api: Api, sara: Person) -> None:
    """The person sees the text of the answer; a second one comes too late, as does one to nobody."""
    await api("sendMessage", chat_id=sara.id, text="x", reply_markup=GO)
    press = await sara.press("Go")
    answer = {"callback_query_id": press.query_id, "text": "Done", "show_alert": True}
    first, second = await api("answerCallbackQuery", **answer), await api("answerCallbackQuery", **answer)
    unknown = await api("answerCallbackQuery", callback_query_id="1")
    too_late = "Bad Request: query is too old and response timeout expired or query ID is invalid"

    assert (True, "Done") == (first["result"], await press.answered())
    assert (too_late, too_late) == (second["description"], unknown["description"])


async def test_an_answer_comes_in_time_and_is_short(api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """More than 200 characters are refused, and an answer after the time-out too."""
    await api("sendMessage", chat_id=sara.id, text="x", reply_markup=GO)
    press = await sara.press("Go")
    long = await api("answerCallbackQuery", callback_query_id=press.query_id, text="x" * 201)
    clock.now += 16
    late = await api("answerCallbackQuery", callback_query_id=press.query_id)

    assert ("Bad Request: MESSAGE_TOO_LONG", False) == (long["description"], late["ok"])


@pytest.mark.parametrize("method", ["editMessageText", "editMessageReplyMarkup", "deleteMessage"])
async def test_a_message_must_be_named(api: Api, sara: Person, method: str) -> None:
    """Without a chat, in an unknown chat, or without a message there is nothing to change."""
    nowhere = await api(method, message_id=1, text="x")
    unknown = await api(method, chat_id=99, message_id=1, text="x")
    unnamed = await api(method, chat_id=sara.id, text="x")

    assert [
        "Bad Request: chat_id is empty",
        "Bad Request: chat not found",
        "Bad Request: message identifier is not specified",
    ] == [answer["description"] for answer in (nowhere, unknown, unnamed)]


async def test_an_edit_takes_inline_keyboards_only(api: Api, sara: Person) -> None:
    """A reply keyboard cannot be put below an existing message."""
    sent = await api("sendMessage", chat_id=sara.id, text="x")
    message = {"chat_id": sara.id, "message_id": sent["result"]["message_id"]}
    body = await api("editMessageReplyMarkup", **message, reply_markup={"keyboard": [["Home"]]})

    assert "Bad Request: inline keyboard expected" == body["description"]
