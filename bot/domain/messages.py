"""How long a text may be for Telegram, and how a longer one is cut."""

from __future__ import annotations

MESSAGE_LENGTH = 4096  #: UTF-16 units after parsing of entities (Bot API, sendMessage)
_BREAKS = ("\n\n", "\n", " ")


def utf16_length(text: str) -> int:
    """Return the length as Telegram counts it: in UTF-16 units, an emoji of the higher planes being two."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, *, limit: int = MESSAGE_LENGTH) -> list[str]:
    """Cut *text* into parts of at most *limit* UTF-16 units that add up to it again.

    It is cut behind a paragraph, else a line, else a word, else between two characters, where that leaves a part of at
    least half the limit. Telegram trims white space at both ends of a message, so what is lost at a cut is only that. A part
    never consists of white space alone: Telegram refuses such a message.
    """
    parts: list[str] = []
    rest = text
    while utf16_length(rest) > limit:
        end = _cut(rest, limit)
        parts.append(rest[:end])
        rest = rest[end:]
    return [part for part in (*parts, rest) if part.strip()]


def _cut(text: str, limit: int) -> int:
    """Return the index, in characters, at which the first part of *text* ends."""
    end, units = 0, 0
    for character in text:
        units += 2 if character > "\uffff" else 1
        if units > limit:
            break
        end += 1
    for mark in _BREAKS:
        found = text.rfind(mark, end // 2, end)
        if found > 0:
            return found + len(mark)
    return end
