"""Instants and spans, as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.texts import times


@pytest.mark.parametrize(
    ("length", "text"),
    [
        ({"seconds": 0}, "now"),
        ({"seconds": -5}, "now"),
        ({"milliseconds": 900}, "now"),
        ({"seconds": 59}, "59 s"),
        ({"seconds": 90}, "1 min 30 s"),
        ({"hours": 3, "minutes": 12, "seconds": 59}, "3 h 12 min"),
        ({"hours": 3, "seconds": 59}, "3 h"),
        ({"days": 1}, "1 d"),
        ({"days": 12, "hours": 5, "minutes": 59}, "12 d 5 h"),
    ],
)
def test_a_span_has_its_two_largest_units(length: dict[str, float], text: str) -> None:
    """Rounded down; a unit that is not there is not skipped to one below."""
    assert text == str(times.span(timedelta(**length)))


def test_an_instant_of_today_has_no_day() -> None:
    """Seen from another day it has."""
    at = datetime(2026, 3, 2, 0, 5, tzinfo=UTC)

    assert "today 00:05 UTC" == str(times.recent(at, now=at + timedelta(hours=23)))
    assert "2026-03-02 00:05 UTC" == str(times.recent(at, now=at + timedelta(hours=24)))


def test_an_instant_is_in_utc() -> None:
    """To the minute, and says so."""
    assert "2026-03-02 08:05 UTC" == times.moment(datetime(2026, 3, 2, 8, 5, 59, tzinfo=UTC))
