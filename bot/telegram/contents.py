"""What of a Telegram message may pass to the other side; all else of it stays behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from telegram import Message

from bot.domain.content import Content, Kind, Media, type_of_file

#: Where Telegram puts each kind. An animation is a document too, so it is looked for first.
_PLACES = (Kind.ANIMATION, Kind.VOICE, Kind.VIDEO, Kind.VIDEO_NOTE, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER)


def read(message: Message) -> Content | None:
    """Return what a message says and shows; None where it is of a kind that does not pass."""
    if message.text is not None:
        return Content(kind=Kind.TEXT, text=message.text)
    caption = message.caption or ""
    is_spoiler = bool(message.has_media_spoiler)
    if message.photo:
        return Content(kind=Kind.PHOTO, text=caption, media=_media(message.photo[-1], Kind.PHOTO, is_spoiler=is_spoiler))
    for kind in _PLACES:
        found = getattr(message, kind)
        if found is not None:
            return Content(kind=kind, text=caption, media=_media(found, kind, is_spoiler=is_spoiler))
    return None


def _media(found: Any, kind: Kind, *, is_spoiler: bool) -> Media:  # noqa: ANN401 — any of Telegram's kinds of files
    mime_type = _sticker_type(found) if kind is Kind.STICKER else getattr(found, "mime_type", None)
    if kind is Kind.DOCUMENT:
        mime_type = type_of_file(mime_type, found.file_name)
    length = getattr(found, "length", None)  # of a video note, which is round
    return Media(
        file_id=found.file_id,
        unique_id=found.file_unique_id,
        size=found.file_size,
        mime_type=mime_type,
        width=getattr(found, "width", None) or length,
        height=getattr(found, "height", None) or length,
        duration=_seconds(getattr(found, "duration", None)),
        is_spoiler=is_spoiler,
    )


def _sticker_type(sticker: Any) -> str:  # noqa: ANN401 — a Sticker
    if sticker.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if sticker.is_video else "image/webp"


def _seconds(duration: int | timedelta | None) -> int | None:
    return int(duration.total_seconds()) if isinstance(duration, timedelta) else duration
