"""Messages and the chats that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.playground.keyboards import keyboard_labels
from bot.playground.waiting import Bell
from bot.playground.wire import Json

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
    reply_markup: Json | None = None
    reply_to: Message | None = None
    edit_date: int | None = None
    edits: list[str] = field(default_factory=list[str])  #: the texts that it had before, oldest first
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
        if self.text:
            body["text"] = self.text
        if self.entities:
            body["entities"] = self.entities
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


@dataclass(slots=True, frozen=True)
class Event:
    """A message of the bot that arrived, or whose text changed."""

    message: Message
    text: str


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

    def search(self, part: str, start: int) -> tuple[Message | None, int]:
        """Find the first event from *start* on whose text contains *part*; gives its message and the place behind it.

        Where there is none, the place is the end, from which the search goes on after the next event.
        """
        for index in range(max(start - self._forgotten, 0), len(self._events)):
            if part in self._events[index].text:
                return self._events[index].message, self._forgotten + index + 1
        return None, self.end

    def add(self, message: Message) -> None:
        """Take in a new message."""
        self.messages[message.message_id] = message
        if self.keep is not None and len(self.messages) > self.keep:
            del self.messages[next(iter(self.messages))]
        if message.is_from_bot:
            self.note(message)

    def note(self, message: Message) -> None:
        """Record that a message of the bot arrived or changed, and wake who waits for it."""
        self._events.append(Event(message, message.text))
        if self.keep is not None and len(self._events) > 2 * self.keep:
            del self._events[: self.keep]
            self._forgotten += self.keep
        message.seen_at = self.end
        self.bell.ring()

    def remove(self, message: Message) -> None:
        """Delete a message for both sides."""
        self.messages.pop(message.message_id, None)
        self.bell.ring()
