"""Pictures: what is in them, and that a machine without fonts draws them."""

from __future__ import annotations

import re

import pytest

from bot.domain.suppression import Withheld
from bot.services import charts
from bot.services.charts import Bar, ChartFailed, Tile

TILES = [Tile("Requests", "22+", "week before: 9+")]
BARS = [
    Bar("Academic", 12, 6),
    Bar("Spiritual", 0, Withheld.FEW),
    Bar("A topic whose label is longer than there is room for", 3, 1),
]


def drawn() -> str:
    """Return a page."""
    return charts.comparison("2026-02-23", TILES, "Requests by topic", BARS, legend=("now", "before"))


def test_bars_are_as_long_as_they_should_be() -> None:
    """In proportion to the longest; what is not told has an outline that is the same for all."""
    bars = re.findall(r'<rect x="330" y="\d+" width="([\d.]+)"', drawn())

    assert ["570.0", "285.0", "26", "142.5", "47.5"] == bars
    assert 1 == drawn().count("stroke-dasharray")


def test_no_font_is_asked_for() -> None:
    """All letters are paths."""
    assert "<text" not in drawn()
    assert "font" not in drawn()


async def test_a_picture_is_a_png() -> None:
    """Of the size of the page."""
    png = await charts.to_png(drawn())

    assert b"\x89PNG\r\n\x1a\n" == png[:8]
    assert (1000, 450) == (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"))


async def test_what_cannot_be_drawn_is_said() -> None:
    """A page that is none ends in one sentence, and in no half picture."""
    with pytest.raises(ChartFailed, match="could not be drawn"):
        await charts.to_png("no page")
