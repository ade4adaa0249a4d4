"""Telegram's HTML: a text with tags becomes a plain text and entities.

The rules and the wording of the errors are those of TDLib, ``td/telegram/MessageEntity.cpp``, ``parse_html``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.playground.wire import ApiError, Json, bad_request

_KINDS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#(?:x(?P<hex>[0-9a-fA-F]+)|(?P<number>[0-9]+))|(?P<name>[a-zA-Z]+));?")
_PLAIN = re.compile(r"[^<&]+")
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"[^\s=>]*")
_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")
_SPACE = re.compile(r"\s*")
_MAX_CHARACTER_REFERENCE = 10  # bytes of "&#…", as TDLib counts them
_END_OF_CHARACTERS = 0x10FFFF
_USER_LINK = re.compile(r"tg://user\?id=(\d+)")


def utf16_length(text: str) -> int:
    """Count the UTF-16 units of *text*: the unit of every length and offset at Telegram."""
    return len(text) if text.isascii() else len(text) + sum(letter > "\uffff" for letter in text)


def decode_character(match: re.Match[str]) -> str:
    """Give the character that ``&lt;`` or ``&#128512;`` stands for; the text itself where Telegram knows none."""
    if match["name"]:
        return _CHARACTERS.get(match["name"], match[0])
    code = int(match["hex"], 16) if match["hex"] else int(match["number"])
    if not 0 < code < _END_OF_CHARACTERS or len(match[0].rstrip(";")) >= _MAX_CHARACTER_REFERENCE:
        return match[0]
    return chr(code)


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int  #: UTF-16 units
    start: int  #: index into the plain text


class HtmlParser:
    """Reads one text; use :func:`parse_html`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.plain: list[str] = []
        self.units = 0
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def run(self) -> tuple[str, list[Json]]:
        """Read to the end."""
        while self.at < len(self.source):
            self._step()
        if self.open:
            raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        text = "".join(self.plain)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise _cannot_parse("Text contains invalid Unicode characters after decoding HTML entities")
        return text, self.entities

    def _step(self) -> None:
        if match := _PLAIN.match(self.source, self.at):
            self._emit(match[0], match.end())
        elif self.source[self.at] == "&":
            reference = _CHARACTER.match(self.source, self.at)
            self._emit(decode_character(reference), reference.end()) if reference else self._emit("&", self.at + 1)
        elif self.source.startswith("</", self.at):
            self._end_tag()
        else:
            self._start_tag()

    def _emit(self, text: str, then: int) -> None:
        self.plain.append(text)
        self.units += utf16_length(text)
        self.at = then

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.source, self.at)
        found = match[0] if match else ""
        self.at += len(found)
        return found

    def _here(self) -> str:
        """Give the next character; empty at the end."""
        return self.source[self.at : self.at + 1]

    def _error(self, message: str, start: int) -> ApiError:
        return _cannot_parse(f"{message} at byte offset {len(self.source[:start].encode())}")

    def _start_tag(self) -> None:
        start = self.at
        self.at += 1
        tag = self._match(_NAME).lower()
        if not self._here():
            raise self._error("Unclosed start tag", start)
        if tag not in _KINDS:
            raise self._error(f'Unsupported start tag "{tag}"', start)
        argument = ""
        self._match(_SPACE)
        while self._here() != ">":
            argument = self._attribute(tag, start) or argument
            self._match(_SPACE)
        if tag == "span" and argument != "spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"', start)
        self.at += 1
        self.open.append(_Open(tag, argument, self.units, sum(map(len, self.plain))))

    def _attribute(self, tag: str, start: int) -> str:
        """Read one attribute; gives what it says about the entity, empty for one without a meaning."""
        name = self._match(_ATTRIBUTE)
        if not name:
            raise self._error(f'Empty attribute name in the tag "{tag}"', start)
        self._match(_SPACE)
        if tag == "blockquote" and name == "expandable" and self._here() != "=":
            return "expandable"
        if self._here() != "=":
            raise self._error(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', start)
        self.at += 1
        self._match(_SPACE)
        if not self._here():
            raise self._error(f'Unclosed start tag "{tag}"', start)
        value = self._value()
        if not self._here():
            raise self._error("Unclosed start tag", start)
        return _argument(tag, name, value)

    def _value(self) -> str:
        quote = self._here()
        if quote not in ("'", '"'):
            start = self.at
            value = self._match(_TOKEN).lower()
            if self._here() and not self._here().isspace() and self._here() != ">":
                raise self._error("Unexpected end of name token", start)
            return value
        end = self.source.find(quote, self.at + 1)
        if end < 0:
            self.at = len(self.source)
            return ""
        value = self.source[self.at + 1 : end]
        self.at = end + 1
        return _CHARACTER.sub(decode_character, value)

    def _end_tag(self) -> None:
        start = self.at
        if not self.open:
            raise self._error("Unexpected end tag", start)
        self.at += 2
        found = self._match(_NAME).lower()
        self._match(_SPACE)
        if self._here() != ">":
            raise self._error("Unclosed end tag", start)
        self.at += 1
        expected = self.open[-1].tag
        if found not in ("", expected):
            offset = len(self.source[:start].encode())
            raise _cannot_parse(f'Unmatched end tag at byte offset {offset}, expected "</{expected}>", found "</{found}>"')
        self._close(self.open.pop())

    def _close(self, opened: _Open) -> None:
        length = self.units - opened.offset
        if length:
            inner = "".join(self.plain)[opened.start :] if opened.tag == "a" else ""
            entity = _entity(opened, length, inner)
            if entity:
                self._add(entity, opened.tag)

    def _add(self, entity: Json, tag: str) -> None:
        """Add *entity*; ``<pre><code class="language-…">`` becomes one ``pre`` with a language."""
        last = self.entities[-1] if self.entities else {}
        same = (last.get("offset"), last.get("length")) == (entity["offset"], entity["length"])
        if tag == "pre" and same and last.get("type") == "code" and "language" in last:
            last["type"] = "pre"
        elif tag == "code" and same and last.get("type") == "pre" and "language" in entity:
            last["language"] = entity["language"]
        else:
            self.entities.append(entity)


def _argument(tag: str, name: str, value: str) -> str:
    match (tag, name):
        case ("a", "href") | ("tg-emoji", "emoji-id"):
            return value
        case ("code", "class"):
            return value.removeprefix("language-") if value.startswith("language-") else ""
        case ("span", "class"):
            return value.removeprefix("tg-") if value.startswith("tg-") else ""
        case _:
            return ""


def _entity(opened: _Open, length: int, inner: str) -> Json | None:
    """Build the entity of a tag; None for a link that leads nowhere."""
    entity: Json = {"offset": opened.offset, "length": length, "type": _KINDS[opened.tag]}
    match opened.tag:
        case "a":
            return _link(entity, opened.argument or inner)
        case "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise _cannot_parse("Invalid custom emoji identifier specified")
            return entity | {"custom_emoji_id": opened.argument}
        case "code" if opened.argument:
            return entity | {"language": opened.argument}
        case "blockquote" if opened.argument:
            return entity | {"type": "expandable_blockquote"}
        case _:
            return entity


def _link(entity: Json, url: str) -> Json | None:
    if user := _USER_LINK.fullmatch(url):
        return entity | {"type": "text_mention", "user": {"id": int(user[1]), "is_bot": False, "first_name": ""}}
    if "://" not in url and not url.startswith("tg:"):
        url = f"http://{url}"
    host = url.partition("://")[2].partition("/")[0]
    if " " in url or (url.startswith("http") and "." not in host):
        return None
    return entity | {"url": url if "/" in url.partition("://")[2] or url.startswith("tg:") else f"{url}/"}


def _cannot_parse(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Turn HTML into a plain text and its entities, in the order of their ends.

    Raises:
        ApiError: A tag that Telegram does not know, or one that does not close, with the byte offset.
    """
    text, entities = HtmlParser(source).run()
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, entities
