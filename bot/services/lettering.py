"""Letters as strokes: a machine without fonts draws the same labels, and no font has to be shipped.

Each glyph was drawn for this module, as one SVG path of lines and arcs. Capitals and digits stand between y = 0 and the base line
at 10, small letters begin at 3.4, and what goes below the line ends at 13.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

HEIGHT = 10.0  #: of a capital
_GAP = 2.3  #: between two glyphs
_BOWL = "M5.6 6.7A2.8 3.3 0 1 0 0 6.7A2.8 3.3 0 1 0 5.6 6.7"
_ARCH = "M0 3.4V10M0 6.2A2.6 2.8 0 0 1 5.2 6.2V10"


class _Glyph(NamedTuple):
    width: float
    path: str


_GLYPHS: dict[str, _Glyph] = {
    " ": _Glyph(1.6, ""),
    "A": _Glyph(7.2, "M0 10L3.6 0L7.2 10M1.3 6.5H5.9"),
    "B": _Glyph(6.1, "M0 4.7H3.2A2.35 2.35 0 0 0 3.2 0H0V10H3.4A2.65 2.65 0 0 0 3.4 4.7"),
    "C": _Glyph(7.6, "M7.6 1.9A4.2 5 0 1 0 7.6 8.1"),
    "D": _Glyph(7.2, "M0 0V10H2.7A4.5 5 0 0 0 2.7 0Z"),
    "E": _Glyph(5.4, "M5.4 0H0V10H5.4M0 4.8H4.7"),
    "F": _Glyph(5.2, "M5.2 0H0V10M0 4.8H4.5"),
    "G": _Glyph(7.9, "M7.6 1.9A4.2 5 0 1 0 7.9 7.8V5.4H4.8"),
    "H": _Glyph(6.9, "M0 0V10M6.9 0V10M0 4.8H6.9"),
    "I": _Glyph(0, "M0 0V10"),
    "J": _Glyph(4.2, "M4.2 0V7A2.5 3 0 0 1 0 8.7"),
    "K": _Glyph(6.5, "M0 0V10M6.3 0L0 6.2M2.5 3.9L6.5 10"),
    "L": _Glyph(5.1, "M0 0V10H5.1"),
    "M": _Glyph(8.4, "M0 10V0L4.2 6.6L8.4 0V10"),
    "N": _Glyph(7, "M0 10V0L7 10V0"),
    "O": _Glyph(8.6, "M4.3 0A4.3 5 0 1 0 4.3 10A4.3 5 0 1 0 4.3 0"),
    "P": _Glyph(6.1, "M0 10V0H3.3A2.8 2.8 0 0 1 3.3 5.6H0"),
    "Q": _Glyph(8.6, "M4.3 0A4.3 5 0 1 0 4.3 10A4.3 5 0 1 0 4.3 0M5.6 7.4L8.4 10.8"),
    "R": _Glyph(6.5, "M0 10V0H3.3A2.7 2.7 0 0 1 3.3 5.4H0M3.2 5.4L6.5 10"),
    "S": _Glyph(6, "M5.6 1.7A3 2.4 0 0 0 3 0A2.6 2.35 0 0 0 3 4.7A3 2.65 0 0 1 3 10A3.3 2.8 0 0 1 0 8.1"),
    "T": _Glyph(7, "M0 0H7M3.5 0V10"),
    "U": _Glyph(6.8, "M0 0V6.5A3.4 3.5 0 0 0 6.8 6.5V0"),
    "V": _Glyph(7.2, "M0 0L3.6 10L7.2 0"),
    "W": _Glyph(10.4, "M0 0L2.6 10L5.2 1.4L7.8 10L10.4 0"),
    "X": _Glyph(6.6, "M0 0L6.6 10M6.6 0L0 10"),
    "Y": _Glyph(6.8, "M0 0L3.4 5L6.8 0M3.4 5V10"),
    "Z": _Glyph(6.5, "M.2 0H6.4L0 10H6.5"),
    "a": _Glyph(5.6, f"{_BOWL}M5.6 3.4V10"),
    "b": _Glyph(5.6, f"{_BOWL}M0 0V10"),
    "c": _Glyph(5, "M5 4.6A2.8 3.3 0 1 0 5 8.8"),
    "d": _Glyph(5.6, f"{_BOWL}M5.6 0V10"),
    "e": _Glyph(5.6, "M0 6.5H5.6A2.8 3.2 0 1 0 5.1 8.7"),
    "f": _Glyph(3.5, "M3.6 .2A2 2 0 0 0 1.5 2.2V10M0 3.5H3.3"),
    "g": _Glyph(5.6, f"{_BOWL}M5.6 3.4V10.2A2.7 2.7 0 0 1 .6 11.7"),
    "h": _Glyph(5.2, f"M0 0V4{_ARCH}"),
    "i": _Glyph(0, "M0 3.4V10M0 .5V.6"),
    "j": _Glyph(1.4, "M1.4 3.4V11A1.8 1.8 0 0 1 -.4 12.8M1.4 .5V.6"),
    "k": _Glyph(4.9, "M0 0V10M4.6 3.4L0 7.6M2 5.8L4.9 10"),
    "l": _Glyph(0, "M0 0V10"),
    "m": _Glyph(8.6, "M0 3.4V10M0 5.9A2.15 2.5 0 0 1 4.3 5.9V10M4.3 5.9A2.15 2.5 0 0 1 8.6 5.9V10"),
    "n": _Glyph(5.2, _ARCH),
    "o": _Glyph(5.6, _BOWL),
    "p": _Glyph(5.6, f"{_BOWL}M0 3.4V13"),
    "q": _Glyph(5.6, f"{_BOWL}M5.6 3.4V13"),
    "r": _Glyph(3, "M0 3.4V10M0 6.2A2.7 2.8 0 0 1 3.1 3.5"),
    "s": _Glyph(4.5, "M4.2 4.6A2.4 1.6 0 0 0 2.2 3.4A1.9 1.6 0 0 0 2.2 6.6A2.2 1.7 0 0 1 2.2 10A2.6 2 0 0 1 0 8.8"),
    "t": _Glyph(3.5, "M1.4 .9V8A1.9 2 0 0 0 3.5 9.9M0 3.5H3.3"),
    "u": _Glyph(5.2, "M0 3.4V7.2A2.6 2.8 0 0 0 5.2 7.2M5.2 3.4V10"),
    "v": _Glyph(5.4, "M0 3.4L2.7 10L5.4 3.4"),
    "w": _Glyph(8, "M0 3.4L2 10L4 4.2L6 10L8 3.4"),
    "x": _Glyph(5, "M0 3.4L5 10M5 3.4L0 10"),
    "y": _Glyph(5.4, "M0 3.4L2.8 9.7M5.4 3.4L2.4 11.2A2.2 2.2 0 0 1 .2 12.8"),
    "z": _Glyph(4.9, "M.1 3.4H4.8L0 10H4.9"),
    "0": _Glyph(6, "M3 0A3 5 0 1 0 3 10A3 5 0 1 0 3 0"),
    "1": _Glyph(6, "M1.2 2.2L3.8 0V10"),
    "2": _Glyph(6, "M.2 2.8A2.8 2.8 0 0 1 5.8 2.9C5.8 5 2.4 7 .1 10H6"),
    "3": _Glyph(6, "M.6 1.5A2.6 2.35 0 1 1 2.8 4.7A2.9 2.65 0 1 1 .3 8.2"),
    "4": _Glyph(6, "M4.5 10V0L0 7H6"),
    "5": _Glyph(6, "M5.4 0H1.1L.6 4.6A3 3.1 0 1 1 .2 8.4"),
    "6": _Glyph(6, "M4.7 0C2 1.2 .1 4 .1 7A2.9 3 0 1 0 5.9 7A2.9 3 0 1 0 .1 7"),
    "7": _Glyph(6, "M0 0H6L2 10"),
    "8": _Glyph(6, "M3 4.6A2.4 2.3 0 1 1 3 0A2.4 2.3 0 1 1 3 4.6A2.8 2.7 0 1 0 3 10A2.8 2.7 0 1 0 3 4.6"),
    "9": _Glyph(6, "M1.3 10C4 8.8 5.9 6 5.9 3A2.9 3 0 1 0 .1 3A2.9 3 0 1 0 5.9 3"),
    ".": _Glyph(0, "M0 9.9V10"),
    "…": _Glyph(6, "M0 9.9V10M3 9.9V10M6 9.9V10"),
    ",": _Glyph(0.4, "M.4 9.7L-.1 11.6"),
    ":": _Glyph(0, "M0 4.6V4.7M0 9.9V10"),
    "-": _Glyph(3, "M0 6.2H3"),
    "–": _Glyph(4.6, "M0 6.2H4.6"),
    "+": _Glyph(5.2, "M0 6H5.2M2.6 3.4V8.6"),
    "=": _Glyph(5.2, "M0 4.7H5.2M0 7.3H5.2"),
    "<": _Glyph(4.8, "M4.8 3L0 6L4.8 9"),
    ">": _Glyph(4.8, "M0 3L4.8 6L0 9"),
    "%": _Glyph(
        7.6, "M6.6 0L1 10M1.7 0A1.7 1.9 0 1 0 1.7 3.8A1.7 1.9 0 1 0 1.7 0M5.9 6.2A1.7 1.9 0 1 0 5.9 10A1.7 1.9 0 1 0 5.9 6.2"
    ),
    "(": _Glyph(1.8, "M1.8 -1A9 9 0 0 0 1.8 11.6"),
    ")": _Glyph(1.8, "M0 -1A9 9 0 0 1 0 11.6"),
    "/": _Glyph(4.2, "M0 11L4.2 -.6"),
    "_": _Glyph(6, "M0 11.4H6"),
    "'": _Glyph(0, "M0 0V2.2"),
    "·": _Glyph(0.6, "M.3 6V6.1"),
    "?": _Glyph(4.8, "M.1 2.3A2.4 2.3 0 1 1 3.7 4.4C2.7 5.1 2.4 5.6 2.4 7M2.4 9.9V10"),
    "!": _Glyph(0, "M0 0V7M0 9.9V10"),
    "&": _Glyph(6.8, "M6.8 10L1.8 3.6A2 2 0 1 1 4.8 3.3C3.8 4.9 .1 5.3 .1 7.6A2.5 2.4 0 0 0 4.9 8.6L6.5 5.8"),
}


def plain(text: str) -> str | None:
    """Return *text* as it can be drawn, accents and icons left out; None where letters are missing or nothing is left."""
    letters = [letter for letter in unicodedata.normalize("NFD", text) if unicodedata.category(letter)[0] != "M"]
    known = "".join(letter for letter in letters if letter in _GLYPHS).strip()
    is_whole = all(letter in _GLYPHS or not letter.isalnum() for letter in letters)
    return known if known and is_whole else None


def width(text: str, size: float) -> float:
    """Return how wide a text is whose capitals are *size* high."""
    return sum(_glyph(letter).width + _GAP for letter in text) * size / HEIGHT


def write(text: str, *, x: float, y: float, size: float, weight: float = 1.0, color: str = "#222") -> str:
    """Return a text as SVG.

    Args:
        text: What ``plain`` returned; a letter that there is not becomes a question mark.
        x: Where it begins.
        y: Its base line.
        size: The height of a capital.
        weight: The thickness of a stroke, in tenths of that height.
        color: Of the strokes.
    """
    strokes: list[str] = []
    at = 0.0
    for letter in text:
        glyph = _glyph(letter)
        if glyph.path:
            strokes.append(f'<path transform="translate({at:.1f})" d="{glyph.path}"/>')
        at += glyph.width + _GAP
    place = f"translate({x:.1f} {y - size:.1f}) scale({size / HEIGHT:.3f})"
    style = f'fill="none" stroke="{color}" stroke-width="{weight}" stroke-linecap="round" stroke-linejoin="round"'
    return f'<g transform="{place}" {style}>{"".join(strokes)}</g>'


def _glyph(letter: str) -> _Glyph:
    return _GLYPHS.get(letter) or _GLYPHS["?"]
