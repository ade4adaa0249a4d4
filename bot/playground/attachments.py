"""What people attach to a message: ``photo("look")``, ``document(file_name="cv.pdf")`` and the other kinds."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack, cast

from bot.playground.files import Kind
from bot.playground.wire import Json

_SIZE = 3_000  # bytes, unless told
_APART = frozenset({"content", "size", "entities"})  # what does not stand in the object of the file


class Given(TypedDict, total=False):
    """What may be said of every attachment."""

    content: bytes  #: what is in the file
    size: int  #: bytes that are made up, in place of a content
    entities: list[Json]  #: of the caption, as on the wire


class GivenNamed(Given, total=False):
    """What may be said of a file with a name."""

    file_name: str


class GivenAudio(GivenNamed, total=False):
    """What may be said of a piece of music."""

    performer: str
    title: str


class GivenDocument(GivenNamed, total=False):
    """What may be said of a document."""

    mime_type: str


class GivenSticker(Given, total=False):
    """What may be said of a sticker; an empty ``set_name`` for one of no set."""

    set_name: str
    emoji: str


@dataclass(slots=True, frozen=True)
class Attachment:
    """A file that is ready to be sent."""

    kind: Kind
    caption: str
    entities: list[Json]  #: of the caption
    details: Json  #: fields of the file's object on the wire
    size: int  #: bytes
    content: bytes | None  #: None where it is made up


def photo(caption: str = "", **given: Unpack[Given]) -> Attachment:
    """A picture; no name of a file comes with it."""
    return _attachment("photo", caption, given)


def voice(caption: str = "", **given: Unpack[Given]) -> Attachment:
    """What somebody said into the phone."""
    return _attachment("voice", caption, given)


def video(caption: str = "", **given: Unpack[GivenNamed]) -> Attachment:
    """A film."""
    return _attachment("video", caption, given, file_name="VID_0001.mp4")


def video_note(**given: Unpack[Given]) -> Attachment:
    """A round film, which has no caption."""
    return _attachment("video_note", "", given)


def audio(caption: str = "", **given: Unpack[GivenAudio]) -> Attachment:
    """A piece of music."""
    return _attachment("audio", caption, given, file_name="song.mp3", performer="Some Singer", title="Some Song")


def document(caption: str = "", **given: Unpack[GivenDocument]) -> Attachment:
    """A file of any kind; its type follows from its name unless told."""
    file_name = given.get("file_name", "notes.pdf")
    mime_type, _ = mimetypes.guess_type(file_name)
    return _attachment("document", caption, given, file_name=file_name, mime_type=mime_type or "application/octet-stream")


def sticker(**given: Unpack[GivenSticker]) -> Attachment:
    """A sticker, which has no caption."""
    return _attachment("sticker", "", given, set_name="HotCherry", emoji="🙂")


def animation(caption: str = "", **given: Unpack[GivenNamed]) -> Attachment:
    """A short film without a sound."""
    return _attachment("animation", caption, given, file_name="cat.mp4")


def _attachment(kind: Kind, caption: str, given: Given, **usual: str) -> Attachment:
    said = usual | {name: value for name, value in cast("Mapping[str, str]", given).items() if name not in _APART}
    content = given.get("content")
    size = given.get("size", _SIZE) if content is None else len(content)
    details: Json = {name: value for name, value in said.items() if value}
    return Attachment(kind, caption, given.get("entities", []), details, size, content)
