"""What can be refused, and how.

BotError
├── InvalidInput   what was given cannot be used; says what would be right
├── NotAllowed     the actor may not do that
├── NotFound       there is no such thing
└── Conflict       somebody or something was faster

The message of a ``BotError`` is always safe to show to the person who caused it: it holds no id, no name, no secret.
"""

from __future__ import annotations

from typing import ClassVar

from bot.domain.text import Text


class BotError(Exception):
    """A refusal with a sentence for the person concerned; nothing was changed."""

    is_safe: ClassVar[bool] = True  #: the log may print the message

    def __init__(self, text: Text | str) -> None:
        self.text = text if isinstance(text, Text) else Text(text)
        super().__init__(str(self.text))


class InvalidInput(BotError):
    """What was given cannot be used; the sentence says what would be right."""


class NotAllowed(BotError):
    """The actor may not do that."""


class NotFound(BotError):
    """There is no such thing, or not for this actor."""


class Conflict(BotError):
    """The state moved on: somebody or something was faster."""
