"""A delivery in the words of the Bot API: which call it is, and with which parameters."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from telegram import InputFile
from telegram.error import BadRequest, InvalidToken, TelegramError, TimedOut

from bot.domain.content import Kind, Media, neutral_name
from bot.domain.ids import PersonId
from bot.domain.outgoing import Method
from bot.services.vault import Vault
from bot.storage.deliveries import Delivery
from bot.storage.turns import Line
from bot.telegram import callbacks
from bot.telegram.api import UPLOAD_READ_SECONDS, Api, is_telegrams_word
from bot.telegram.callbacks import Press

_NOT_MODIFIED = "message is not modified"
_TOO_LATE_TO_ANSWER = "query is too old"
_NOTHING_TO_EDIT = ("message to edit not found", "message can't be edited")
#: Files side by side that are made anew. Each is held in memory while it is fetched and sent on, so there are few large ones; and
#: where large ones hang, small ones do not wait for them.
_LARGE_AT_ONCE, _SMALL_AT_ONCE = 2, 8
_LARGE_BYTES = 2 * 1024 * 1024
_FILE_SECONDS = 300.0  #: for one try with a file that is made anew: 20 MB there and back at 1.1 Mbit/s

#: The method that sends each kind of file, and what it may be told beside the file. Sizes are needed where a file is made anew.
_METHODS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.PHOTO: ("sendPhoto", ("has_spoiler",)),
    Kind.VOICE: ("sendVoice", ("duration",)),
    Kind.VIDEO: ("sendVideo", ("width", "height", "duration", "has_spoiler")),
    Kind.VIDEO_NOTE: ("sendVideoNote", ("duration",)),
    Kind.AUDIO: ("sendAudio", ("duration", "title", "performer")),
    Kind.DOCUMENT: ("sendDocument", ()),
    Kind.STICKER: ("sendSticker", ()),
    Kind.ANIMATION: ("sendAnimation", ("width", "height", "duration", "has_spoiler")),
}


class FileFailed(Exception):
    """Telegram fails on this file, and takes another call for the same chat: it is the file and no outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Makes the calls that deliveries stand for."""

    api: Api
    vault: Vault
    _large: Line = field(default_factory=lambda: Line(_LARGE_AT_ONCE))
    _small: Line = field(default_factory=lambda: Line(_SMALL_AT_ONCE))

    async def make(self, delivery: Delivery, payload: dict[str, Any], *, chat_id: int, target: int | None) -> int | None:
        """Make the call of a delivery; return the id of the message that it made or changed.

        Args:
            delivery: What is to be made.
            payload: What ``Outbox.open`` says of it.
            chat_id: Where.
            target: The message at Telegram that it changes or answers; None where it never came to be.

        Raises:
            FileFailed: In passing, on a file, while Telegram answers otherwise.
            telegram.error.TelegramError: As ``Api.call``.
        """
        if delivery.method is Method.ANSWER:
            await _ignoring(_TOO_LATE_TO_ANSWER, self._finish_press(payload))
            return None
        common = {
            "urgency": delivery.urgency,
            "chat_id": chat_id,
            "parse_mode": "HTML",
            "reply_markup": self._keyboard(payload, delivery.person_id),
        }
        if delivery.method is Method.EDIT:
            return await self._edit(payload, common, target, is_screen=delivery.target_id is None)
        return await self._say(payload, common, reply_to=target)

    async def _say(self, payload: dict[str, Any], common: dict[str, Any], *, reply_to: int | None = None) -> int:
        more: dict[str, Any] = {"protect_content": True, **common}
        if reply_to is not None:
            more["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
        if "attachment" in payload:
            try:
                return await self._send_file(payload, more)
            except TelegramError as error:
                if _is_verdict(error) or not await self._answers(more):
                    raise
                raise FileFailed(type(error).__name__) from error
        return (await self.api.call("sendMessage", **_words(payload), **more))["message_id"]

    async def _send_file(self, payload: dict[str, Any], more: dict[str, Any]) -> int:
        """Send a file by its id where that tells nothing, else fetch it and send it as a new one under a neutral name.

        What the bot made itself lies in the delivery, with its name.
        """
        described = dict(payload["attachment"])
        kind = Kind(described.pop("kind"))
        if "content" in described:
            return await self._send_own(kind, described, {**more, "caption": payload["text"] or None})
        media = Media(**described)
        method, told = _METHODS[kind]
        facts: dict[str, Any] = {
            "width": media.width,
            "height": media.height,
            "duration": media.duration,
            "has_spoiler": media.is_spoiler or None,
            "title": "Audio",  # else Telegram takes both from the file
            "performer": "Anonymous",
        }
        parameters: dict[str, Any] = {**more, **{name: facts[name] for name in told}}
        if kind.has_caption:
            parameters["caption"] = payload["text"] or None
        if not kind.is_made_anew:
            parameters[kind] = media.file_id
            return (await self.api.call(method, **parameters))["message_id"]
        line = self._small if media.size is not None and media.size <= _LARGE_BYTES else self._large
        async with line.place(more["urgency"]):
            try:
                async with asyncio.timeout(_FILE_SECONDS):  # the others only end a silence, not a trickle
                    content = await self.api.file(media.file_id, urgency=more["urgency"])
                    parameters[kind] = InputFile(content, filename=neutral_name(kind, media.mime_type))
                    return (await self.api.call(method, read_seconds=UPLOAD_READ_SECONDS, **parameters))["message_id"]
            except TimeoutError:
                raise TimedOut from None

    async def _send_own(self, kind: Kind, file: dict[str, str], parameters: dict[str, Any]) -> int:
        """Send a file that the bot made; whoever gets it may save it and pass it on."""
        content = InputFile(base64.b64decode(file["content"]), filename=file["name"])
        parameters = {**parameters, "protect_content": None, kind: content}
        async with self._small.place(parameters["urgency"]):
            return (await self.api.call(_METHODS[kind][0], read_seconds=UPLOAD_READ_SECONDS, **parameters))["message_id"]

    async def _answers(self, more: dict[str, Any]) -> bool:
        """Return whether Telegram takes another call for the same chat, one that says there that a file is on its way."""
        try:
            await self.api.call("sendChatAction", urgency=more["urgency"], chat_id=more["chat_id"], action="upload_document")
        except TelegramError as error:
            return _is_verdict(error)
        return True

    async def _edit(
        self, payload: dict[str, Any], common: dict[str, Any], message_id: int | None, *, is_screen: bool
    ) -> int | None:
        """Change a message; where it is gone, a screen is shown anew, and anything else is let be."""
        if message_id is None:
            return None
        method, words = "editMessageText", _words(payload)
        if payload.get("is_caption"):
            method, words = "editMessageCaption", {"caption": payload["text"]}
        try:
            await _ignoring(_NOT_MODIFIED, self.api.call(method, message_id=message_id, **words, **common))
        except BadRequest as error:
            if not error.message.lower().endswith(_NOTHING_TO_EDIT) or not is_screen:
                raise
            return await self._say(payload, common)
        return message_id

    async def _finish_press(self, payload: dict[str, Any]) -> None:
        await self.api.call(
            "answerCallbackQuery", callback_query_id=payload["query_id"], text=payload["text"], show_alert=bool(payload["text"])
        )

    def _keyboard(self, payload: dict[str, Any], person_id: PersonId) -> dict[str, Any] | None:
        rows = [
            [
                {"text": label, "callback_data": callbacks.write(self.vault, Press(action, reference), person_id)}
                for label, action, reference in row
            ]
            for row in payload["buttons"]
        ]
        return {"inline_keyboard": rows} if rows else None


def _words(payload: dict[str, Any]) -> dict[str, Any]:
    return {"text": payload["text"], "link_preview_options": {"is_disabled": True}}


def _is_verdict(error: TelegramError) -> bool:
    """Return whether Telegram said what it thinks of a call; of the token it says the same whatever the call is."""
    return is_telegrams_word(error) and not isinstance(error, InvalidToken)


async def _ignoring(harmless: str, call: Coroutine[Any, Any, object]) -> None:
    try:
        await call
    except BadRequest as error:
        if harmless not in error.message.lower():
            raise
