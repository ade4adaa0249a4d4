"""sendMessage and sendChatAction: who may be written to, and what a message may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.playground import BotApiServer, Person

Api = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    sara = server.person("Sara", username="sara")
    await sara.open()
    return sara


async def test_a_message_is_answered_and_seen(server: BotApiServer, api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """The answer holds the message as it was sent; she sees it."""
    body = await api("sendMessage", chat_id=sara.id, text=" <b>Hi</b> 😀 ", parse_mode="HTML", protect_content=True)
    seen = await sara.see("Hi")
    expected = {
        "message_id": seen.message_id,
        "from": server.world.bot,
        "chat": {"id": sara.id, "first_name": "Sara", "username": "sara", "type": "private"},
        "date": int(clock.now),
        "text": "Hi 😀",
        "entities": [{"type": "bold", "offset": 0, "length": 2}],
        "has_protected_content": True,
    }

    assert (expected, True) == (body["result"], seen.protect_content)


async def test_entities_may_be_given(api: Api, sara: Person) -> None:
    """Entities come as JSON where no parse mode is used, and nothing in the text is read as a tag."""
    await api("sendMessage", chat_id=sara.id, text="<b>&_*", entities=[{"type": "italic", "offset": 0, "length": 3}])
    seen = await sara.see("<b>&_*")

    assert [{"type": "italic", "offset": 0, "length": 3}] == seen.entities


async def test_strangers_cannot_be_written_to(server: BotApiServer, api: Api) -> None:
    """Nobody knows the chat of somebody who never wrote."""
    hana = server.person("Hana")
    answers = [await api("sendMessage", chat_id=chat_id, text="x") for chat_id in (hana.id, 99, "@hana")]

    assert [(400, "Bad Request: chat not found")] * 3 == [(each["error_code"], each["description"]) for each in answers]


async def test_who_blocked_or_left_cannot_be_written_to(api: Api, sara: Person) -> None:
    """403 while she blocks the bot, a message after she unblocked it, 403 once her account is gone."""
    await sara.block()
    blocked = await api("sendMessage", chat_id=sara.id, text="x")
    await sara.unblock()
    unblocked = await api("sendMessage", chat_id=sara.id, text="x")
    await sara.deactivate()
    deactivated = await api("sendMessage", chat_id=sara.id, text="x")

    assert (403, "Forbidden: bot was blocked by the user") == (blocked["error_code"], blocked["description"])
    assert (True, 403, "Forbidden: user is deactivated") == (
        unblocked["ok"],
        deactivated["error_code"],
        deactivated["description"],
    )


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": ""}, "Bad Request: message text is empty"),
        ({"text": "x" * 4_097}, "Bad Request: message is too long"),
        (
            {"text": "<b>", "parse_mode": "HTML"},
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ({"text": "x", "reply_parameters": {"message_id": 1}}, "Bad Request: message to be replied not found"),
        ({"text": "x", "reply_to_message_id": 1}, "Bad Request: message to be replied not found"),
        ({"text": "x", "reply_markup": "{"}, "Bad Request: can't parse reply markup JSON object"),
        ({"text": "x", "reply_markup": [1]}, "Bad Request: object expected as reply markup"),
    ],
)
async def test_bad_messages_are_refused(api: Api, sara: Person, params: dict[str, Any], description: str) -> None:
    """Each refusal has Telegram's words, and nothing is sent."""
    body = await api("sendMessage", chat_id=sara.id, **params)

    assert (description, []) == (body["description"], sara.received)


@pytest.mark.parametrize(
    ("button", "description"),
    [
        ({"text": "x", "callback_data": ""}, "Bad Request: BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": "é" * 32 + "x"}, "Bad Request: BUTTON_DATA_INVALID"),
        ({"text": "x"}, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": "x"}, "Bad Request: can't parse inline keyboard button: Can't find field \"text\""),
    ],
)
async def test_bad_buttons_are_refused(api: Api, sara: Person, button: dict[str, str], description: str) -> None:
    """The data of a button has 1 to 64 bytes."""
    body = await api("sendMessage", chat_id=sara.id, text="x", reply_markup={"inline_keyboard": [[button]]})

    assert description == body["description"]


async def test_a_reply_points_at_its_message(api: Api, sara: Person) -> None:
    """A reply holds the message that it answers; one to nothing is sent where that is allowed."""
    question = await sara.send("how?")
    reply = await api("sendMessage", chat_id=sara.id, text="so", reply_parameters={"message_id": question.message_id})
    loose = await api(
        "sendMessage",
        chat_id=sara.id,
        text="anyway",
        reply_parameters={"message_id": 1, "allow_sending_without_reply": True},
    )

    assert ("how?", False) == (reply["result"]["reply_to_message"]["text"], "reply_to_message" in loose["result"])


async def test_settings_of_a_message_are_kept(api: Api, sara: Person) -> None:
    """Silence and link previews are remembered as they were asked for."""
    await api("sendMessage", chat_id=sara.id, text="x", disable_notification=True, link_preview_options={"is_disabled": True})
    seen = await sara.see("x")

    assert (True, {"is_disabled": True}) == (seen.disable_notification, seen.link_preview_options)


async def test_a_chat_action_needs_a_chat(server: BotApiServer, api: Api, sara: Person) -> None:
    """Typing is shown to who can be written to, and only actions that exist are."""
    typing = await api("sendChatAction", chat_id=sara.id, action="typing")
    unknown = await api("sendChatAction", chat_id=sara.id, action="dancing")

    assert (True, 1, "Bad Request: wrong parameter action in request") == (
        typing["result"],
        server.chat(sara.id).actions,
        unknown["description"],
    )


async def test_half_a_surrogate_pair_is_no_text(server: BotApiServer, http: ClientSession, sara: Person) -> None:
    """A text without UTF-8 is refused."""
    url = f"{server.url}/bot{server.token}/sendMessage"
    async with http.post(url, json={"chat_id": sara.id, "text": "\ud800"}) as response:
        body = await response.json()

    assert body["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_an_empty_keyboard_is_none(api: Api, sara: Person) -> None:
    """An inline keyboard without rows is no keyboard."""
    body = await api("sendMessage", chat_id=sara.id, text="x", reply_markup={"inline_keyboard": []})

    assert (True, False) == (body["ok"], "reply_markup" in body["result"])


async def test_commands_are_kept_by_scope_and_language(api: Api) -> None:
    """A menu is set, read and removed for one scope and language; bad names are refused."""
    menu = [{"command": "start", "description": "Begin"}]
    await api("setMyCommands", commands=menu, scope={"type": "all_private_chats"}, language_code="am")
    found = await api("getMyCommands", scope={"type": "all_private_chats"}, language_code="am")
    default = await api("getMyCommands")
    await api("deleteMyCommands", scope={"type": "all_private_chats"}, language_code="am")
    gone = await api("getMyCommands", scope={"type": "all_private_chats"}, language_code="am")
    bad = await api("setMyCommands", commands=[{"command": "Start!", "description": "x"}])

    assert (menu, [], []) == (found["result"], default["result"], gone["result"])
    assert bad["description"] == "Bad Request: BOT_COMMAND_INVALID"
