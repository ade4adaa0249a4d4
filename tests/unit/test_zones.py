"""Time zones: their names as people type them."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import InvalidInput
from bot.domain.zones import zone_name, zone_of


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Europe/Berlin", "Europe/Berlin"), (" africa/addis ababa ", "Africa/Addis_Ababa"), ("utc", "UTC"), ("CET", "CET")],
)
def test_a_name_is_known_however_it_is_typed(typed: str, name: str) -> None:
    """Capitals and blanks are put right."""
    assert name == zone_name(typed)


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("Africa/Adis_Ababa", "Africa/Addis_Ababa"),
        ("Berlin", "Europe/Berlin"),
        ("+03:00", "Africa/Addis_Ababa"),
        ("", "Africa/Addis_Ababa"),
        ("../../etc/passwd", "Africa/Addis_Ababa"),
        ("posixrules", "Africa/Addis_Ababa"),
        ("UTC+3", "Africa/Addis_Ababa"),
        ("addis ababa", "Africa/Addis_Ababa"),
    ],
)
def test_another_name_is_refused(typed: str, nearest: str) -> None:
    """With the nearest one that there is; an offset is no zone, and no other file is one."""
    sentence = f'There is no time zone "{typed}". It is written as area and city, for example {nearest}.'
    with pytest.raises(InvalidInput) as refused:
        zone_of(typed)

    assert sentence == str(refused.value)


def test_a_zone_is_made_once() -> None:
    """Thousands of schedules share it."""
    assert zone_of("Europe/Berlin") is zone_of("Europe/Berlin")
    assert ZoneInfo("Europe/Berlin") == zone_of("europe/berlin")
    assert zone_of("UTC") is UTC
