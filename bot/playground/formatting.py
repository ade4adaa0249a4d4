"""Texts as Telegram keeps them: parsed, cleaned, trimmed and measured in UTF-16 units."""

from __future__ import annotations

import re
from bisect import bisect_left

from bot.playground.html_text import parse_html, utf16_length
from bot.playground.wire import Json, bad_request

MAX_TEXT = 4096  #: UTF-16 units of a message (Bot API, sendMessage)
MAX_CAPTION = 1024  #: UTF-16 units below a photo and the like (Bot API, sendPhoto)

# TDLib, clean_input_string: control characters become spaces, these others vanish.
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
_VANISHING = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
# TDLib, strip_empty_characters: a text of nothing but these is empty.
_INVISIBLE = re.compile(
    "[ \n\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*",
)
_ORDER = {"blockquote": 0, "expandable_blockquote": 0, "pre": 11, "code": 20, "text_link": 49, "text_mention": 49, "bold": 90}


def format_text(text: str, parse_mode: str = "", entities: list[Json] | None = None) -> tuple[str, list[Json]]:
    """Give the text and the entities of a message that asked for *text*.

    Raises:
        ApiError: Empty, too long, or formatted in a way that Telegram does not understand.
    """
    if not text:
        raise bad_request("message text is empty")
    text, entities = _parsed(text, parse_mode, entities)
    if not text:
        raise bad_request("text must be non-empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text, entities


def format_caption(text: str, parse_mode: str = "", entities: list[Json] | None = None) -> tuple[str, list[Json]]:
    """Give the caption and the entities of a message that asked for *text*, which may be empty.

    Raises:
        ApiError: Too long, or formatted in a way that Telegram does not understand.
    """
    text, entities = _parsed(text, parse_mode, entities)
    if utf16_length(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return text, entities


def _parsed(text: str, parse_mode: str, entities: list[Json] | None) -> tuple[str, list[Json]]:
    if parse_mode:
        if parse_mode.lower() != "html":
            raise bad_request("unsupported parse_mode")
        text, entities = parse_html(text)
    return settle(text, entities or [])


def settle(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Clean and trim *text*, with the entities moved along; empty where nothing visible is left.

    Raises:
        ApiError: An entity that lies outside of the text.
    """
    if entities:
        _check(entities, utf16_length(text))
    if _VANISHING.search(text):
        text, entities = _without_vanishing(text, entities)
    text = _CONTROL.sub(" ", text)
    if _INVISIBLE.fullmatch(text):
        return "", []
    text, entities = _trim(text, entities)
    return text, sorted(entities, key=_position) if len(entities) > 1 else entities


def _position(entity: Json) -> tuple[int, int, int]:
    return entity["offset"], -entity["length"], _ORDER.get(entity["type"], 91)


def _check(entities: list[Json], length: int) -> None:
    for entity in entities:
        start, size = entity.get("offset"), entity.get("length")
        if not isinstance(start, int) or not isinstance(size, int) or start < 0 or size <= 0 or "type" not in entity:
            raise bad_request("can't parse MessageEntity: wrong offset, length or type")
        if start + size > length:
            raise bad_request(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {length}"
            )


def _without_vanishing(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    gone = [utf16_length(text[: match.start()]) for match in _VANISHING.finditer(text)]
    moved: list[Json] = []
    for entity in entities:
        start = entity["offset"] - bisect_left(gone, entity["offset"])
        end = entity["offset"] + entity["length"]
        moved.append(entity | {"offset": start, "length": end - bisect_left(gone, end) - start})
    return _VANISHING.sub("", text), [entity for entity in moved if entity["length"] > 0]


def _trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Cut white space at both ends; at the front only as far as no entity holds it (TDLib, fix_formatted_text)."""
    text = text.rstrip(" \n")
    leading = len(text) - len(text.lstrip(" \n"))
    if not entities:
        return text[leading:], entities
    leading = min(leading, *(entity["offset"] for entity in entities), leading)
    end = utf16_length(text)
    moved = [
        entity | {"offset": entity["offset"] - leading, "length": min(entity["length"], end - entity["offset"])}
        for entity in entities
        if entity["offset"] < end
    ]
    return text[leading:], moved
