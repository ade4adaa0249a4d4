"""Pictures of figures: SVG of our own, made into a PNG."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.domain.errors import BotError
from bot.domain.suppression import Told, Withheld
from bot.services import lettering
from bot.services.lettering import write

_WIDTH, _EDGE, _BARS_AT, _BARS_END = 1000, 40, 330, 900
_TILE_WIDTH, _HEADING_AT, _ROWS_AT, _ROW = 232, 232, 268, 54
_INK, _FAINT, _NOW, _BEFORE, _TILE = "#1f2933", "#5f6b76", "#1f6f8b", "#a9c9d6", "#f1f5f7"
_STUB = 26  #: the width of a bar that must not tell its length
_SECONDS = 60.0

#: In a process of its own: the renderer keeps Python's lock for as long as it works, 50 ms in which nobody would get an answer.
_PROGRAM = """
import sys, resvg_py
png = resvg_py.svg_to_bytes(svg_string=sys.stdin.read(), skip_system_fonts=True)
sys.stdout.buffer.write(png)
"""


class ChartFailed(BotError):
    """The renderer made no picture."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure in large digits."""

    label: str
    now: str
    before: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure as a length; where it is withheld, of no length that means something."""

    label: str
    now: Told
    before: Told


def comparison(title: str, tiles: Sequence[Tile], heading: str, bars: Sequence[Bar], *, legend: tuple[str, str]) -> str:
    """Return a page as SVG: some figures in large digits, and below them bars, each beside what it was before.

    All texts are drawn as ``lettering`` has them, so pass them through ``lettering.plain`` first.
    """
    height = _ROWS_AT + _ROW * len(bars) + 20
    longest = max((count for bar in bars for count in (bar.now, bar.before) if isinstance(count, int)), default=0)
    parts = [
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        write(title, x=_EDGE, y=60, size=20, weight=1.4, color=_INK),
        *(part for number, tile in enumerate(tiles) for part in _tile(tile, x=_EDGE + number * _TILE_WIDTH)),
        write(heading, x=_EDGE, y=_HEADING_AT, size=15, weight=1.3, color=_INK),
        *_legend(legend),
    ]
    for number, bar in enumerate(bars):
        parts += _row(bar, y=_ROWS_AT + number * _ROW, longest=max(longest, 1))
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}">\n{body}\n</svg>\n'


async def to_png(svg: str) -> bytes:
    """Return a picture as PNG, drawn in a process of its own; no font is read.

    Raises:
        ChartFailed: It came to nothing.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            png, _ = await process.communicate(svg.encode())
    except BaseException:
        with suppress(ProcessLookupError):  # it has just ended
            process.kill()
        await process.wait()
        raise
    if process.returncode or not png:
        raise ChartFailed(
            "The picture could not be drawn: check that the package resvg-py is installed and works on this machine."
        )
    return png


def _tile(tile: Tile, *, x: float) -> Iterator[str]:
    yield f'<rect x="{x}" y="88" width="{_TILE_WIDTH - 16}" height="100" rx="8" fill="{_TILE}"/>'
    yield write(tile.label, x=x + 16, y=114, size=11, color=_FAINT)
    yield write(tile.now, x=x + 16, y=150, size=24, weight=1.3, color=_NOW)
    yield write(tile.before, x=x + 16, y=174, size=10, color=_FAINT)


def _legend(legend: tuple[str, str]) -> Iterator[str]:
    x = float(_BARS_AT)
    for label, color in zip(legend, (_NOW, _BEFORE), strict=True):
        yield f'<rect x="{x:.1f}" y="{_HEADING_AT - 12}" width="14" height="12" rx="2" fill="{color}"/>'
        yield write(label, x=x + 22, y=_HEADING_AT, size=11, color=_FAINT)
        x += 22 + lettering.width(label, 11) + 26


def _row(bar: Bar, *, y: float, longest: int) -> Iterator[str]:
    yield write(_fitted(bar.label, _BARS_AT - _EDGE - 16, 13), x=_EDGE, y=y + 22, size=13, color=_INK)
    for count, top, height, size, color in ((bar.now, y, 20, 12, _NOW), (bar.before, y + 23, 13, 9.5, _BEFORE)):
        length = _STUB if isinstance(count, Withheld) else (_BARS_END - _BARS_AT) * count / longest
        if isinstance(count, Withheld):
            outline = f'fill="none" stroke="{color}" stroke-width="1.5" stroke-dasharray="4 3"'
            yield f'<rect x="{_BARS_AT}" y="{top + 1}" width="{length}" height="{height - 2}" rx="2" {outline}/>'
        elif count:
            yield f'<rect x="{_BARS_AT}" y="{top}" width="{length:.1f}" height="{height}" rx="2" fill="{color}"/>'
        yield write(str(count), x=_BARS_AT + length + 10, y=top + (height + size) / 2, size=size, weight=1.2, color=_INK)


def _fitted(text: str, most: float, size: float) -> str:
    while lettering.width(text, size) > most:
        text = text[:-2].rstrip() + "."
    return text
