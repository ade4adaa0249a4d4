"""What a file is, as far as its sender and its name tell."""

from __future__ import annotations

import pytest

from bot.domain.content import Media, type_of_file


@pytest.mark.parametrize(
    ("mime_type", "name", "is_picture", "is_film"),
    [
        ("image/jpeg", "a.jpg", True, False),
        ("IMAGE/PNG", None, True, False),
        ("application/octet-stream", "IMG_1.HEIC", True, False),
        (None, "a.b.jpeg ", True, False),
        ("video/quicktime", "a.bin", False, True),
        ("application/octet-stream", "film.MP4", False, True),
        ("application/pdf", "a.mov", False, True),
        ("image/gif", "a.mp4", True, False),
        ("application/pdf", "jpg", True, False),
        ("application/pdf", "letter.pdf", False, False),
        ("application/octet-stream", "a.bin", False, False),
        ("text/plain", "jpg.txt", False, False),
        (None, None, False, False),
    ],
)
def test_pictures_and_films(mime_type: str | None, name: str | None, is_picture: bool, is_film: bool) -> None:
    """By the type that is told, and by the ending where none is told that says so."""
    media = Media(file_id="f", unique_id="u", mime_type=type_of_file(mime_type, name))

    assert (is_picture, is_film) == (media.is_picture, media.is_film)


@pytest.mark.parametrize("mime_type", ["application/pdf", "application/octet-stream", "text/plain", None])
def test_any_other_file_keeps_its_type(mime_type: str | None) -> None:
    """Its ending goes nowhere."""
    assert mime_type == type_of_file(mime_type, "Sara Bekele.docx")
