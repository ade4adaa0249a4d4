"""What a person sends: texts, files, albums, edits; and how she blocks the bot."""

from __future__ import annotations

import re
from typing import Unpack

from bot.playground import attachments
from bot.playground.attachments import Attachment, Given, GivenAudio, GivenDocument, GivenNamed, GivenSticker
from bot.playground.files import CAPTIONED
from bot.playground.formatting import MAX_CAPTION, MAX_TEXT, settle
from bot.playground.html_text import utf16_length
from bot.playground.messages import Chat, ChatStatus, Message
from bot.playground.state import World
from bot.playground.wire import Json

_COMMAND = re.compile(r"(?<![^\s])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]+)?")
_WORDS = ("text", "entities", "caption", "caption_entities")  # fields that stand in a message of ours by themselves


class Writer:
    """One user of Telegram in a private chat with the bot, as far as she writes; see ``Person``."""

    def __init__(self, world: World, user: Json) -> None:
        self._world = world
        self.user = user  #: as on the wire
        info = {key: user[key] for key in ("id", "first_name", "username") if key in user} | {"type": "private"}
        self.private_chat: Chat = world.open_chat(info, status="silent")

    @property
    def first_name(self) -> str:
        """Her first name."""
        return self.user["first_name"]

    # -- texts ------------------------------------------------------------------------------------------------------

    async def open(self) -> Message:
        """Open the bot for the first time: "/start"."""
        return await self.send("/start")

    async def send(self, text: str, *, reply_to: Message | None = None, entities: list[Json] | None = None) -> Message:
        """Write *text*; commands get their entity, the ends are trimmed as a client does.

        Raises:
            ValueError: Nothing visible, or more than 4,096 UTF-16 units (a client sends that as several messages).
        """
        message = self._new(self.private_chat.info, reply_to)
        message.text, message.entities = _written(text, entities or [], least=1, most=MAX_TEXT)
        return self._write(self.private_chat, message)

    async def send_raw(self, fields: Json, *, chat: Json | None = None) -> Message:
        """Send a message of any kind: *fields* as on the wire; *chat* where it is not her private one."""
        place = self._world.open_chat(chat) if chat else self.private_chat
        message = self._new(place.info)
        message.text, message.entities = fields.get("text", ""), fields.get("entities", [])
        message.caption, message.caption_entities = fields.get("caption", ""), fields.get("caption_entities", [])
        message.extra = {key: value for key, value in fields.items() if key not in _WORDS}
        return self._write(place, message)

    async def reply(self, to: Message, what: str | Attachment) -> Message:
        """Answer a message with a text or a file."""
        return await (self.send(what, reply_to=to) if isinstance(what, str) else self.send_media(what, reply_to=to))

    # -- files and the like -----------------------------------------------------------------------------------------

    async def send_media(self, what: Attachment, *, reply_to: Message | None = None, fields: Json | None = None) -> Message:
        """Send any attachment, with further *fields* of the message as on the wire.

        Raises:
            ValueError: The caption has more than 1,024 UTF-16 units.
        """
        message = self._new(self.private_chat.info, reply_to)
        message.media = self._world.files.add(what.kind, what.details, size=what.size, data=what.content)
        message.caption, message.caption_entities = _written(what.caption, what.entities, least=0, most=MAX_CAPTION)
        message.extra = fields or {}
        return self._write(self.private_chat, message)

    async def send_album(self, items: list[Attachment], *, reply_to: Message | None = None) -> list[Message]:
        """Send several files at once: one message each, which share a ``media_group_id``."""
        group_id = str(self._world.rng.getrandbits(54))
        fields: Json = {"media_group_id": group_id}
        return [await self.send_media(item, reply_to=reply_to, fields=fields) for item in items]

    async def send_photo(self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[Given]) -> Message:
        """Send a photo."""
        return await self.send_media(attachments.photo(caption, **given), reply_to=reply_to)

    async def send_voice(self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[Given]) -> Message:
        """Send a voice message."""
        return await self.send_media(attachments.voice(caption, **given), reply_to=reply_to)

    async def send_video(self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[GivenNamed]) -> Message:
        """Send a video."""
        return await self.send_media(attachments.video(caption, **given), reply_to=reply_to)

    async def send_video_note(self, *, reply_to: Message | None = None, **given: Unpack[Given]) -> Message:
        """Send a round video."""
        return await self.send_media(attachments.video_note(**given), reply_to=reply_to)

    async def send_audio(self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[GivenAudio]) -> Message:
        """Send a piece of music."""
        return await self.send_media(attachments.audio(caption, **given), reply_to=reply_to)

    async def send_document(
        self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[GivenDocument]
    ) -> Message:
        """Send a file of any kind."""
        return await self.send_media(attachments.document(caption, **given), reply_to=reply_to)

    async def send_sticker(self, *, reply_to: Message | None = None, **given: Unpack[GivenSticker]) -> Message:
        """Send a sticker."""
        return await self.send_media(attachments.sticker(**given), reply_to=reply_to)

    async def send_animation(self, caption: str = "", *, reply_to: Message | None = None, **given: Unpack[GivenNamed]) -> Message:
        """Send a short film without a sound."""
        return await self.send_media(attachments.animation(caption, **given), reply_to=reply_to)

    async def send_contact(
        self, phone_number: str, first_name: str, *, user_id: int | None = None, reply_to: Message | None = None
    ) -> Message:
        """Send a phone number out of her contacts; *user_id* where its owner has Telegram."""
        contact: Json = {"phone_number": phone_number, "first_name": first_name} | ({"user_id": user_id} if user_id else {})
        return self._write_extra({"contact": contact}, reply_to)

    async def send_location(self, latitude: float, longitude: float, *, reply_to: Message | None = None) -> Message:
        """Send where she is."""
        return self._write_extra({"location": {"latitude": latitude, "longitude": longitude}}, reply_to)

    # -- edits ------------------------------------------------------------------------------------------------------

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text of a message of hers.

        Raises:
            ValueError: It has none, or *text* is none.
        """
        if not message.text:
            raise ValueError(f"a message of the kind {message.kind} has no text")
        message.edits.append(message.text)
        message.text, message.entities = _written(text, [], least=1, most=MAX_TEXT)
        return self._edited(message)

    async def edit_caption(self, message: Message, caption: str) -> Message:
        """Change the caption of a message of hers.

        Raises:
            ValueError: It cannot have one, or it is too long.
        """
        if message.kind not in CAPTIONED:
            raise ValueError(f"a message of the kind {message.kind} has no caption")
        message.edits.append(message.caption)
        message.caption, message.caption_entities = _written(caption, [], least=0, most=MAX_CAPTION)
        return self._edited(message)

    # -- membership -------------------------------------------------------------------------------------------------

    async def block(self) -> None:
        """Block the bot."""
        self._membership("blocked", "member", "kicked")

    async def unblock(self) -> None:
        """Unblock the bot."""
        self._membership("open", "kicked", "member")

    async def deactivate(self) -> None:
        """Delete her account."""
        self.private_chat.status = "deactivated"

    def _membership(self, status: ChatStatus, old: str, new: str) -> None:
        self.private_chat.status = status
        body: Json = {"chat": self.private_chat.info, "from": self.user, "date": self._world.now()}
        body["old_chat_member"], body["new_chat_member"] = self._member(old), self._member(new)
        self._world.updates.put("my_chat_member", body)

    def _member(self, status: str) -> Json:
        return {"user": self._world.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})

    # -- what all of this comes to ----------------------------------------------------------------------------------

    def _new(self, chat: Json, reply_to: Message | None = None) -> Message:
        return Message(self._world.next_message_id(), chat, self.user, self._world.now(), reply_to=reply_to)

    def _write_extra(self, fields: Json, reply_to: Message | None) -> Message:
        message = self._new(self.private_chat.info, reply_to)
        message.extra = fields
        return self._write(self.private_chat, message)

    def _write(self, chat: Chat, message: Message) -> Message:
        if chat is self.private_chat:
            if chat.status not in ("silent", "open"):
                raise ValueError(f"{self.first_name} cannot write: {chat.status}")
            chat.status = "open"
        self._world.post(chat, message)
        self._world.updates.put("message", message.to_dict())
        return message

    def _edited(self, message: Message) -> Message:
        message.edit_date = self._world.now()
        self._world.updates.put("edited_message", message.to_dict())
        return message


def _written(text: str, entities: list[Json], *, least: int, most: int) -> tuple[str, list[Json]]:
    """Give what a client makes of a text or a caption, with the commands marked.

    Raises:
        ValueError: Not *least* to *most* UTF-16 units.
    """
    text, entities = settle(text, entities)
    if not least <= utf16_length(text) <= most:
        raise ValueError(f"a message has {least} to {most} UTF-16 units, not {utf16_length(text)}")
    return text, [*entities, *_commands(text)]


def _commands(text: str) -> list[Json]:
    """Find the commands that a client marks."""
    return [
        {"type": "bot_command", "offset": utf16_length(text[: match.start()]), "length": len(match[0])}
        for match in _COMMAND.finditer(text)
    ]
