"""The methods that send a message: a text, or a file with a caption."""

from __future__ import annotations

from bot.playground.files import CAPTIONED, Kind, Media
from bot.playground.formatting import format_caption, format_text
from bot.playground.keyboards import check_keyboard
from bot.playground.messages import Chat, Message
from bot.playground.state import World
from bot.playground.wire import Json, Params, as_object, as_objects, bad_request

# Parameters that stand in the object of an uploaded file (Bot API, sendAudio, sendVideo, sendSticker …).
_NUMBERS = ("duration", "width", "height", "length")
_WORDS: dict[Kind, tuple[str, ...]] = {"audio": ("performer", "title"), "sticker": ("emoji",)}


def send_message(world: World, params: Params) -> Json:
    """Send a text to a chat."""
    text, entities = text_of(params)
    chat, message = _begin(world, params)
    message.text, message.entities = text, entities
    message.link_preview_options = as_object(params.structure("link_preview_options")) or None
    return _finish(world, chat, message)


def send_media(kind: Kind, world: World, params: Params) -> Json:
    """Send a file to a chat, uploaded or by its ``file_id``."""
    caption, entities = caption_of(params)
    chat, message = _begin(world, params)
    message.media = _media(world, kind, params)
    if message.media.kind in CAPTIONED:
        message.caption, message.caption_entities = caption, entities
    message.has_spoiler = params.flag("has_spoiler")
    return _finish(world, chat, message)


def text_of(params: Params) -> tuple[str, list[Json]]:
    """Give text and entities.

    Raises:
        ApiError: As :func:`format_text`.
    """
    return format_text(params.text("text"), *_format(params, "entities"))


def caption_of(params: Params) -> tuple[str, list[Json]]:
    """Give caption and entities.

    Raises:
        ApiError: As :func:`format_caption`.
    """
    return format_caption(params.text("caption"), *_format(params, "caption_entities"))


def _format(params: Params, entities: str) -> tuple[str, list[Json]]:
    parse_mode = params.text("parse_mode")
    return parse_mode, [] if parse_mode else as_objects(params.structure(entities))


def chat_id_of(params: Params) -> int:
    """Give the chat that a call is about.

    Raises:
        ApiError: None is named, or by something that is not a number (we know no usernames of chats).
    """
    if "chat_id" not in params:
        raise bad_request("chat_id is empty")
    chat_id = params.integer("chat_id")
    if not chat_id:
        raise bad_request("chat not found")
    return chat_id


def _begin(world: World, params: Params) -> tuple[Chat, Message]:
    """Give the chat and a message without content."""
    markup = check_keyboard(params.structure("reply_markup"))
    chat = world.chat_to_write_to(chat_id_of(params))
    message = Message(
        message_id=world.next_message_id(),
        chat=chat.info,
        sender=world.bot,
        date=world.now(),
        reply_markup=markup,
        reply_to=_replied(chat, params),
        protect_content=params.flag("protect_content"),
        disable_notification=params.flag("disable_notification"),
    )
    return chat, message


def _finish(world: World, chat: Chat, message: Message) -> Json:
    markup = message.reply_markup
    if markup and "inline_keyboard" not in markup:
        chat.keyboard = markup if "keyboard" in markup else None
    return world.post(chat, message).to_dict()


def _replied(chat: Chat, params: Params) -> Message | None:
    reply = as_object(params.structure("reply_parameters"))
    message_id = int(reply.get("message_id", 0)) or params.integer("reply_to_message_id")
    found = chat.messages.get(message_id)
    if message_id and not found and not _may_be_missing(reply, params):
        raise bad_request("message to be replied not found")
    return found


def _may_be_missing(reply: Json, params: Params) -> bool:
    return bool(reply.get("allow_sending_without_reply")) or params.flag("allow_sending_without_reply")


def _media(world: World, kind: Kind, params: Params) -> Media:
    if upload := params.upload(kind):
        numbers: Json = {name: params.integer(name) for name in _NUMBERS if name in params}
        words = {name: params.text(name) for name in _WORDS.get(kind, ()) if name in params}
        return world.files.upload(kind, upload, numbers | words)
    if kind not in params:
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    return world.files.again(kind, params.text(kind))
