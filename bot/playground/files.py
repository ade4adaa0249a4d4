"""Files: what is in them, and how photos, voices and the like describe them on the wire."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, TypeVar

from bot.playground.wire import Json, Upload, bad_request

Value = TypeVar("Value")
Kind = Literal["photo", "voice", "video", "video_note", "audio", "document", "sticker", "animation"]

MAX_DOWNLOAD_BYTES = 20 << 20  #: Bot API, getFile; TBA, Client.h: MAX_DOWNLOAD_FILE_SIZE
CAPTIONED: frozenset[str] = frozenset(
    {"photo", "voice", "video", "audio", "document", "animation"}
)  #: TDLib, can_have_message_content_caption
KEPT_FILES = 1_000  #: where memory is bounded

_NAMED = frozenset({"video", "audio", "document", "animation"})  # kinds whose object has a ``file_name`` (Bot API)
_THUMBNAIL_BYTES = 1_500
_MOVING: Json = {"width": 640, "height": 360, "duration": 3, "mime_type": "video/mp4"}
_STICKER: Json = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
#: What stands in the object of a kind unless somebody says otherwise.
_DETAILS: dict[Kind, Json] = {
    "photo": {"width": 1280, "height": 960},
    "voice": {"duration": 3, "mime_type": "audio/ogg"},
    "video": _MOVING,
    "video_note": {"length": 240, "duration": 3},
    "audio": {"duration": 3, "mime_type": "audio/mpeg"},
    "document": {"mime_type": "application/octet-stream"},
    "sticker": _STICKER,
    "animation": _MOVING,
}
# How an id begins, the folder of a download, its extension where there is no name, and TDLib's word in an error.
_MARKS: dict[Kind, tuple[str, str, str, str]] = {
    "photo": ("AgACAgQAAx", "photos", ".jpg", "Photo"),
    "voice": ("AwACAgQAAx", "voice", ".oga", "VoiceNote"),
    "video": ("BAACAgQAAx", "videos", ".mp4", "Video"),
    "video_note": ("DQACAgQAAx", "video_notes", ".mp4", "VideoNote"),
    "audio": ("CQACAgQAAx", "music", ".mp3", "Audio"),
    "document": ("BQACAgQAAx", "documents", "", "Document"),
    "sticker": ("CAACAgQAAx", "stickers", ".webp", "Sticker"),
    "animation": ("CgACAgQAAx", "animations", ".mp4", "Animation"),
}


@dataclass(slots=True, frozen=True, eq=False)
class File:
    """One file at Telegram."""

    file_id: str
    unique_id: str
    path: str  #: for the download, once ``getFile`` was asked
    size: int  #: bytes
    data: bytes | None = None  #: None where it is made up when somebody reads it

    @property
    def content(self) -> bytes:
        """What is in it; what is made up differs from file to file."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Give what is in it, piece by piece."""
        if self.data is not None:
            yield self.data
            return
        block = self.unique_id.encode() * 4_096
        for start in range(0, self.size, len(block)):
            yield block[: self.size - start]

    def to_dict(self) -> Json:
        """Give what every object on the wire says of its file."""
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}


@dataclass(slots=True, frozen=True, eq=False)
class Media:
    """A photo, a voice and so on: what a message holds, and keeps however often it is sent again."""

    kind: Kind
    file: File  #: of a photo the largest
    body: Json | list[Json]  #: as on the wire; of a photo all sizes, the smallest first

    @property
    def details(self) -> Json:
        """The object on the wire; of a photo its largest size."""
        return self.body[-1] if isinstance(self.body, list) else self.body

    def to_dict(self) -> Json:
        """Give the field of a message, or the two of an animation (Bot API, Message: for backward compatibility)."""
        if self.kind != "animation":
            return {self.kind: self.body}
        plain = {key: value for key, value in self.details.items() if key not in ("width", "height", "duration")}
        return {"animation": self.body, "document": plain}


class Files:
    """All files by their ids."""

    def __init__(self, rng: random.Random, *, is_bounded: bool) -> None:
        self._rng = rng
        self._keep = KEPT_FILES if is_bounded else None
        self._files: dict[str, tuple[File, Media]] = {}
        self._paths: dict[str, File] = {}
        self._made = 0

    def add(self, kind: Kind, details: Json, *, size: int, data: bytes | None = None) -> Media:
        """Take in a file of *size* bytes; *details* are the fields of its object that are not the usual ones."""
        details = _DETAILS[kind] | details
        file = self._new(kind, str(details.get("file_name", "")), size, data)
        if kind == "photo":
            small = self._new(kind, "", min(size, _THUMBNAIL_BYTES), None)
            media = Media(kind, file, [small.to_dict() | {"width": 90, "height": 67}, file.to_dict() | details])
            self._remember(small, media)
        else:
            media = Media(kind, file, file.to_dict() | details)
        self._remember(file, media)
        return media

    def upload(self, kind: Kind, upload: Upload, details: Json) -> Media:
        """Take in what the bot uploads; where a kind shows a file name, it is that of the upload.

        Raises:
            ApiError: There is nothing in it.
        """
        if not upload.content:
            raise bad_request("file must be non-empty")
        named = {"file_name": upload.file_name, "mime_type": upload.mime_type} if kind in _NAMED else {}
        return self.add(kind, named | details, size=len(upload.content), data=upload.content)

    def again(self, kind: Kind, file_id: str) -> Media:
        """Give what is sent again by *file_id*, as it was, with its names.

        Telegram knows two classes, photos and all others. Between them it refuses; within the second the file goes out
        as what it is, whichever method sends it (TDLib, FileManager, check_input_file_id).

        Raises:
            ApiError: Unknown, or of the other class.
        """
        if file_id not in self._files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        media = self._files[file_id][1]
        if (media.kind == "photo") != (kind == "photo"):
            raise bad_request(f"can't use file of type {_MARKS[media.kind][-1]} as {_MARKS[kind][-1]}")
        return media

    def reveal(self, file_id: str) -> File:
        """Give the file that may be downloaded from now on.

        Raises:
            ApiError: Unknown, or too big for a download.
        """
        if file_id not in self._files:
            raise bad_request("invalid file_id")
        file = self._files[file_id][0]
        if file.size > MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        self._paths[file.path] = file
        _shorten(self._paths, self._keep)
        return file

    def at(self, path: str) -> File | None:
        """Give the file that was revealed at *path*."""
        return self._paths.get(path)

    def _new(self, kind: Kind, name: str, size: int, data: bytes | None) -> File:
        self._made += 1
        start, folder, extension, _ = _MARKS[kind]
        path = f"{folder}/file_{self._made}{PurePath(name).suffix or extension}"
        unique = f"AgAD{self._rng.getrandbits(48):012x}"
        return File(f"{start}{self._rng.getrandbits(160):040x}", unique, path, size, data)

    def _remember(self, file: File, media: Media) -> None:
        self._files[file.file_id] = file, media
        _shorten(self._files, self._keep)


def _shorten(found: dict[str, Value], keep: int | None) -> None:
    if keep is not None and len(found) > keep:
        del found[next(iter(found))]
