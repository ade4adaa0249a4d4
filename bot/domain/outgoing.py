"""What is to be said to a person, before any transport has put it into its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum

from bot.domain.content import Kind, Media
from bot.domain.errors import InvalidInput
from bot.domain.ids import DeliveryId
from bot.domain.text import Text


@dataclass(frozen=True, slots=True)
class Button:
    """A button and what a press of it asks for."""

    label: Text
    action: str  #: a name of ``telegram/callbacks.py``'s table
    reference: str = ""  #: what the action is about; the press is authenticated, so it comes back as it was given


Keyboard = Sequence[Sequence[Button]]  #: rows of buttons


@dataclass(frozen=True, slots=True)
class Place:
    """A message in a person's chat: by its id at Telegram, or by the delivery that it was or will be."""

    message_id: int | None = None
    delivery_id: DeliveryId | None = None


#: Of a file that the bot made. It waits sealed in the database, once for each person; to write more at once takes over 5 ms.
MOST_OWN_BYTES = 300 * 1024
_NAME_LENGTH = 100  #: characters


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that the bot made, a picture or a table; the person may keep it and pass it on.

    Raises:
        InvalidInput: It is empty or too large, or its name cannot be the name of a file.
    """

    name: str  #: as the person sees it, where its kind shows one
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _NAME_LENGTH or not self.name.isprintable() or set(self.name) & {"/", "\\"}:
            raise InvalidInput(
                Text("The name of a file has 1 to {most} characters and no slash, for example report.csv.", most=_NAME_LENGTH)
            )
        if not 0 < len(self.content) <= MOST_OWN_BYTES:
            raise InvalidInput(
                Text(
                    "The file {name} has {size} kB; the bot sends what it made itself from 1 byte up to {most} kB.",
                    name=self.name,
                    size=-(-len(self.content) // 1024),
                    most=MOST_OWN_BYTES // 1024,
                )
            )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes out, with the text as its caption where its kind has one."""

    kind: Kind
    media: Media | OwnFile


class Method(StrEnum):
    """What kind of call a delivery makes."""

    SAY = "say"  #: a new message
    EDIT = "edit"  #: the text and buttons of one that was sent before
    ANSWER = "answer"  #: the end of a press; has no order


class Urgency(IntEnum):
    """Which chat goes first where not all can; never an order within a chat."""

    CRISIS = 0
    CONVERSATION = 1
    SCREEN = 2
    OFFER = 3  #: a thousand of them can come of one match, and each can wait longer than a message or a press
    BULK = 4


#: How long a delivery is worth repeating (CONTRACT.md, *Updates and deliveries*).
PATIENCE = timedelta(hours=24)
SCREEN_PATIENCE = timedelta(hours=1)
ANSWER_PATIENCE = timedelta(seconds=15)
