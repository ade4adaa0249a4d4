"""Messages and the chats that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.playground.files import Media
from bot.playground.keyboards import keyboard_labels
from bot.playground.waiting import Bell
from bot.playground.wire import Json

# What a message of a person can be, for ``kind``; an animation has a document too, a venue a location (Bot API, Message).
_KINDS = (
    "animation",
    "audio",
    "document",
    "photo",
    "sticker",
    "story",
    "video",
    "video_note",
    "voice",
    "contact",
    "dice",
    "game",
    "poll",
    "venue",
    "location",
)

ChatStatus = Literal["silent", "open", "blocked", "deactivated"]


@dataclass(slots=True, eq=False)
class Message:
    """One message as both sides see it now."""

    message_id: int
    chat: Json  #: as on the wire
    sender: Json  #: as on the wire
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list[Json])
    media: Media | None = None
    caption: str = ""
    caption_entities: list[Json] = field(default_factory=list[Json])
    has_spoiler: bool = False
    reply_markup: Json | None = None
    reply_to: Message | None = None
    edit_date: int | None = None
    edits: list[str] = field(default_factory=list[str])  #: the texts or captions that it had before, oldest first
    protect_content: bool = False
    disable_notification: bool = False
    link_preview_options: Json | None = None
    extra: Json = field(default_factory=dict[str, object])  #: further fields, as given to ``send_raw``
    seen_at: int = 0  #: place of its newest event in the chat, for ``see(after=message)``

    @property
    def is_from_bot(self) -> bool:
        """Whether the bot wrote it."""
        return bool(self.sender.get("is_bot"))

    @property
    def is_edited(self) -> bool:
        """Whether it was changed since it was sent."""
        return self.edit_date is not None

    @property
    def kind(self) -> str:
        """What it is, by the name of its field on the wire: "text", "photo", "contact" and so on."""
        if self.media:
            return self.media.kind
        return next((kind for kind in _KINDS if kind in self.extra), "text")

    @property
    def media_group_id(self) -> str | None:
        """What the messages of an album share."""
        return self.extra.get("media_group_id")

    @property
    def words(self) -> str:
        """Its text, or its caption."""
        return self.text or self.caption

    @property
    def reply_to_message_id(self) -> int | None:
        """The id of the message that it answers."""
        return self.reply_to.message_id if self.reply_to else None

    @property
    def details(self) -> Json:
        """The object of its file on the wire, of a photo the largest size; empty without a file."""
        return self.media.details if self.media else {}

    @property
    def file_id(self) -> str:
        """The id of its file; empty without one."""
        return self.details.get("file_id", "")

    @property
    def file_name(self) -> str | None:
        """The name of its file; None for the kinds that have none."""
        return self.details.get("file_name")

    @property
    def mime_type(self) -> str | None:
        """The type of its file; None for the kinds that have none."""
        return self.details.get("mime_type")

    @property
    def file_size(self) -> int:
        """The bytes of its file; 0 without one."""
        return self.media.file.size if self.media else 0

    @property
    def content(self) -> bytes:
        """What is in its file; empty without one."""
        return self.media.file.content if self.media else b""

    @property
    def buttons(self) -> list[list[str]]:
        """The rows of labels below it, inline or not."""
        return keyboard_labels(self.reply_markup)

    @property
    def inline_keyboard(self) -> Json | None:
        """Its inline keyboard; the other kinds are not part of a message on the wire."""
        return self.reply_markup if self.reply_markup and "inline_keyboard" in self.reply_markup else None

    def to_dict(self, *, with_reply: bool = True) -> Json:
        """Give the message as on the wire."""
        body: Json = {"message_id": self.message_id, "from": self.sender, "chat": self.chat, "date": self.date}
        body |= self._content()
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.inline_keyboard:
            body["reply_markup"] = self.inline_keyboard
        if self.reply_to and with_reply:
            body["reply_to_message"] = self.reply_to.to_dict(with_reply=False)
        if self.protect_content:
            body["has_protected_content"] = True
        if self.link_preview_options:
            body["link_preview_options"] = self.link_preview_options
        return body | self.extra if self.extra else body

    def _content(self) -> Json:
        if self.text:
            return {"text": self.text, "entities": self.entities} if self.entities else {"text": self.text}
        fields: Json = {
            "caption": self.caption,
            "caption_entities": self.caption_entities,
            "has_media_spoiler": self.has_spoiler,
        }
        media = self.media.to_dict() if self.media else {}
        return media | {name: value for name, value in fields.items() if value}


@dataclass(slots=True, frozen=True)
class Event:
    """A message of the bot that arrived, or whose text or caption changed."""

    message: Message
    text: str
    is_edit: bool

    def fits(self, part: str, kind: str | None, *, is_edit: bool | None) -> bool:
        """Say whether it is what somebody looks for; None for what does not matter."""
        return part in self.text and kind in (None, self.message.kind) and is_edit in (None, self.is_edit)


class Chat:
    """One chat: its messages in order, and the events that ``see`` looks through."""

    def __init__(self, info: Json, *, status: ChatStatus, keep: int | None) -> None:
        self.id: int = info["id"]
        self.info = info
        self.status: ChatStatus = status
        self.keep = keep  #: messages that are remembered; None for all
        self.messages: dict[int, Message] = {}
        self.keyboard: Json | None = None  #: the reply keyboard that is open now
        self.bell = Bell()
        self.actions = 0  #: sendChatAction, counted
        self._events: list[Event] = []
        self._forgotten = 0

    @property
    def end(self) -> int:
        """The place behind the newest event."""
        return self._forgotten + len(self._events)

    def search(self, start: int, fits: Callable[[Event], bool]) -> tuple[Message | None, int]:
        """Find the first event from *start* on that *fits*; gives its message and the place behind it.

        Where there is none, the place is the end, from which the search goes on after the next event.
        """
        for index in range(max(start - self._forgotten, 0), len(self._events)):
            if fits(self._events[index]):
                return self._events[index].message, self._forgotten + index + 1
        return None, self.end

    def add(self, message: Message) -> None:
        """Take in a new message."""
        self.messages[message.message_id] = message
        if self.keep is not None and len(self.messages) > self.keep:
            del self.messages[next(iter(self.messages))]
        if message.is_from_bot:
            self.note(message)

    def note(self, message: Message, *, is_edit: bool = False) -> None:
        """Record that a message of the bot arrived or changed, and wake who waits for it."""
        self._events.append(Event(message, message.words, is_edit))
        if self.keep is not None and len(self._events) > 2 * self.keep:
            del self._events[: self.keep]
            self._forgotten += self.keep
        message.seen_at = self.end
        self.bell.ring()

    def remove(self, message: Message) -> None:
        """Delete a message for both sides."""
        self.messages.pop(message.message_id, None)
        self.bell.ring()
