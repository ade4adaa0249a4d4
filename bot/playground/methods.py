"""The methods of the Bot API that we know, one function each; their wording is Telegram's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import cast

from bot.playground.files import CAPTIONED
from bot.playground.keyboards import check_inline_keyboard
from bot.playground.messages import Chat, Message
from bot.playground.sending import caption_of, chat_id_of, send_media, send_message, text_of
from bot.playground.state import World
from bot.playground.updates import MAX_LIMIT
from bot.playground.wire import ApiError, Json, Params, as_objects, bad_request

Method = Callable[[World, Params], object]

MAX_ANSWER = 200  #: characters of the answer to a press (Bot API, answerCallbackQuery)
_DELETABLE_SECONDS = 48 * 3600  # Bot API, deleteMessage
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")  # Bot API, BotCommand
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
_WEBHOOK_IS_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_ACTIONS = frozenset(
    {
        "choose_sticker",
        "find_location",
        "record_video",
        "record_video_note",
        "record_voice",
        "typing",
        "upload_document",
        "upload_photo",
        "upload_video",
        "upload_video_note",
        "upload_voice",
    },
)


def get_me(world: World, _: Params) -> Json:
    """Describe the bot."""
    return world.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_updates(world: World, params: Params) -> list[Json]:
    """Give the updates from ``offset`` on; waits for one up to ``timeout`` seconds."""
    if world.webhook_url:
        raise ApiError(409, _WEBHOOK_IS_ACTIVE)
    _remember_allowed(world, params)
    limit = min(max(params.integer("limit", MAX_LIMIT), 1), MAX_LIMIT)
    updates = await world.updates.take(params.integer("offset"), limit, params.integer("timeout"))
    return [update.payload for update in updates]


def _remember_allowed(world: World, params: Params) -> None:
    allowed = params.structure("allowed_updates")
    if isinstance(allowed, list):
        world.updates.allowed = frozenset(cast("list[str]", allowed))


def set_webhook(world: World, params: Params) -> bool:
    """Remember a webhook, so that getUpdates is refused; nothing is delivered to it."""
    _remember_allowed(world, params)
    world.webhook_url = params.text("url")
    if world.webhook_url:
        world.updates.abort("Conflict: terminated by setWebhook request")
    return _drop_pending(world, params)


def delete_webhook(world: World, params: Params) -> bool:
    """Forget the webhook."""
    world.webhook_url = ""
    return _drop_pending(world, params)


def _drop_pending(world: World, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        world.updates.clear()
    return True


def get_webhook_info(world: World, _: Params) -> Json:
    """Describe the webhook."""
    info: Json = {"url": world.webhook_url, "has_custom_certificate": False, "pending_update_count": len(world.updates.pending)}
    return info | ({"allowed_updates": sorted(world.updates.allowed)} if world.updates.allowed else {})


def edit_message_text(world: World, params: Params) -> Json:
    """Change the text and the inline keyboard of a message."""
    text, entities = text_of(params)
    markup = check_inline_keyboard(params.structure("reply_markup"))
    chat, message = _editable(world, params)
    if message.media:
        raise bad_request("there is no text in the message to edit")
    if (message.text, message.entities, message.inline_keyboard) == (text, entities, markup):
        raise bad_request(_NOT_MODIFIED)
    if (message.text, message.entities) != (text, entities):
        message.edits.append(message.text)
        message.text, message.entities = text, entities
        chat.note(message, is_edit=True)
    return _changed(world, chat, message, markup)


def edit_message_caption(world: World, params: Params) -> Json:
    """Change the caption and the inline keyboard of a message."""
    caption, entities = caption_of(params)
    markup = check_inline_keyboard(params.structure("reply_markup"))
    chat, message = _editable(world, params)
    if message.kind not in CAPTIONED:
        raise bad_request("there is no caption in the message to edit")
    if (message.caption, message.caption_entities, message.inline_keyboard) == (caption, entities, markup):
        raise bad_request(_NOT_MODIFIED)
    if (message.caption, message.caption_entities) != (caption, entities):
        message.edits.append(message.caption)
        message.caption, message.caption_entities = caption, entities
        chat.note(message, is_edit=True)
    return _changed(world, chat, message, markup)


def edit_message_reply_markup(world: World, params: Params) -> Json:
    """Change or remove the inline keyboard of a message."""
    markup = check_inline_keyboard(params.structure("reply_markup"))
    chat, message = _editable(world, params)
    if message.inline_keyboard == markup:
        raise bad_request(_NOT_MODIFIED)
    return _changed(world, chat, message, markup)


def _changed(world: World, chat: Chat, message: Message, markup: Json | None) -> Json:
    message.edit_date, message.reply_markup = world.now(), markup
    chat.bell.ring()
    world.bell.ring()
    return message.to_dict()


def _editable(world: World, params: Params) -> tuple[Chat, Message]:
    chat = world.chat_to_write_to(chat_id_of(params))
    if "message_id" not in params:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if not message.is_from_bot or "keyboard" in (message.reply_markup or {}):
        raise bad_request("message can't be edited")
    return chat, message


def delete_message(world: World, params: Params) -> bool:
    """Delete a message for both sides."""
    chat = world.chats.get(chat_id_of(params))
    if chat is None or chat.status == "silent":
        raise bad_request("chat not found")
    if "message_id" not in params:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if world.clock() - message.date > _DELETABLE_SECONDS:
        raise bad_request("message can't be deleted")
    chat.remove(message)
    world.bell.ring()
    return True


def answer_callback_query(world: World, params: Params) -> bool:
    """Answer a press, with a text or only so that the button stops spinning."""
    text = params.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    world.answer_query(params.text("callback_query_id"), text or None, show_alert=params.flag("show_alert"))
    return True


def get_file(world: World, params: Params) -> Json:
    """Give the path under which a file can be downloaded."""
    if "file_id" not in params:
        raise bad_request("file_id not specified")
    file = world.files.reveal(params.text("file_id"))
    return file.to_dict() | {"file_path": file.path}


def send_chat_action(world: World, params: Params) -> bool:
    """Show "typing…" to the other side."""
    chat = world.chat_to_write_to(chat_id_of(params))
    if params.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.actions += 1
    return True


def set_my_commands(world: World, params: Params) -> bool:
    """Remember the menu of commands of a scope and a language."""
    commands = as_objects(params.structure("commands"))
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not command.get("description"):
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_scope_of(world, params)] = commands
    return True


def get_my_commands(world: World, params: Params) -> list[Json]:
    """Give the menu of commands of a scope and a language."""
    return world.commands.get(_scope_of(world, params), [])


def delete_my_commands(world: World, params: Params) -> bool:
    """Forget the menu of commands of a scope and a language."""
    world.commands.pop(_scope_of(world, params), None)
    return True


def _scope_of(world: World, params: Params) -> str:
    return world.commands_key(params.structure("scope"), params.text("language_code"))


#: By the lower-cased name: Telegram does not mind the case. ``getUpdates`` is apart, as it waits.
METHODS: dict[str, Method] = {
    "getme": get_me,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "sendmessage": send_message,
    "sendphoto": partial(send_media, "photo"),
    "sendvoice": partial(send_media, "voice"),
    "sendvideo": partial(send_media, "video"),
    "sendvideonote": partial(send_media, "video_note"),
    "sendaudio": partial(send_media, "audio"),
    "senddocument": partial(send_media, "document"),
    "sendsticker": partial(send_media, "sticker"),
    "sendanimation": partial(send_media, "animation"),
    "getfile": get_file,
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "sendchataction": send_chat_action,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
}
