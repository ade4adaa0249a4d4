"""What one side may send to the other: kinds of messages, and what of them is passed on. What is not named here does not pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Bots can fetch files of at most 20 MB (Bot API, getFile).
MOST_BYTES = 20 * 1024 * 1024
CAPTION_LENGTH = 1024  #: UTF-16 units after parsing of entities (Bot API, sendPhoto)


class Kind(StrEnum):
    """Kinds of messages that pass."""

    TEXT = "text"
    PHOTO = "photo"
    VOICE = "voice"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    ANIMATION = "animation"

    @property
    def has_caption(self) -> bool:
        """Whether words can stand under it."""
        return self not in {Kind.TEXT, Kind.VIDEO_NOTE, Kind.STICKER}

    @property
    def is_made_anew(self) -> bool:
        """Whether it is fetched and sent as a new file: sent by its id it keeps a file's name, or a sticker's set."""
        return self in {Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER, Kind.ANIMATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file at Telegram, and what of its description may be told: sizes, never a name, a title or a performer."""

    file_id: str
    unique_id: str  #: the same for the same file, whoever sends it
    size: int | None = None  #: bytes
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    duration: int | None = None  #: seconds
    is_spoiler: bool = False  #: shown only after a tap

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture that was sent as a file, which holds where and with what it was taken."""
        return (self.mime_type or "").lower().startswith("image/")

    @property
    def is_film(self) -> bool:
        """Whether it is a video that was sent as a file, which can hold the same."""
        return (self.mime_type or "").lower().startswith("video/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody sent: words, a file with or without words."""

    kind: Kind
    text: str = ""  #: as typed; under a file its caption
    media: Media | None = None


#: Endings of pictures and films, as cameras and phones write them.
_PICTURES = {"avif", "bmp", "cr2", "dng", "gif", "heic", "heif", "jpe", "jpeg", "jpg", "nef", "png", "tif", "tiff", "webp"}
_FILMS = {"3g2", "3gp", "avi", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "webm", "wmv"}


def type_of_file(mime_type: str | None, name: str | None) -> str | None:
    """Return the MIME type of a file; of a picture or film by its name where the type does not say so."""
    ending = (name or "").rpartition(".")[2].lower().strip()
    if (mime_type or "").lower().startswith(("image/", "video/")) or ending not in _PICTURES | _FILMS:
        return mime_type
    return f"image/{ending}" if ending in _PICTURES else f"video/{ending}"


#: Endings that the receiver's phone needs to open a file; any other file is ``.bin``.
_ENDINGS = {
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-tgsticker": "tgs",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/m4a": "m4a",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/x-m4a": "m4a",
    "audio/x-wav": "wav",
    "image/gif": "gif",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/plain": "txt",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}


def neutral_name(kind: Kind, mime_type: str | None) -> str:
    """Return the name under which a file is sent anew: its kind, and an ending from a closed list."""
    return f"{kind}.{_ENDINGS.get((mime_type or '').lower(), 'bin')}"
