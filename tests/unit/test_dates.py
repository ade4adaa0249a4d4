"""Dates and times that people type: in a zone, also on the days when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.domain.dates import AmbiguousTime, read
from bot.domain.errors import InvalidInput

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-12-24 18:00", BERLIN, "2026-12-24T17:00+00:00"),
        ("2026-12-24T18:00", "Africa/Addis_Ababa", "2026-12-24T15:00+00:00"),
        ("2026-3-1 13:01", BERLIN, "2026-03-01T12:01+00:00"),
        ("2026-12-24 18:00:30Z", BERLIN, "2026-12-24T18:00:30+00:00"),
        ("2026-12-24 18:00 +0530", BERLIN, "2026-12-24T12:30+00:00"),
        ("2026-12-24 18:00-03", BERLIN, "2026-12-24T21:00+00:00"),
        ("2026-10-25 02:30+02:00", BERLIN, "2026-10-25T00:30+00:00"),
        ("2026-10-25 02:30+01:00", BERLIN, "2026-10-25T01:30+00:00"),
        ("2026-03-29 03:00", BERLIN, "2026-03-29T01:00+00:00"),
        ("2026-03-29 01:59", BERLIN, "2026-03-29T00:59+00:00"),
    ],
)
def test_a_date_is_read_in_its_zone(text: str, zone: str, expected: str) -> None:
    """Unless it brings an offset of its own."""
    assert datetime.fromisoformat(expected) == read(text, zone, now=NOW)


@pytest.mark.parametrize(
    ("zone", "text", "before", "after"),
    [
        (BERLIN, "2026-03-29 02:30", "2026-03-29 01:59", "2026-03-29 03:00"),
        ("America/New_York", "2026-03-08 02:00", "2026-03-08 01:59", "2026-03-08 03:00"),
        ("Asia/Beirut", "2026-03-29 00:59", "2026-03-28 23:59", "2026-03-29 01:00"),
    ],
)
def test_a_time_that_is_left_out(zone: str, text: str, before: str, after: str) -> None:
    """It is refused, with the last one before the clocks are set forward and the first one behind."""
    sentence = f"{text} does not exist in {zone}: the clocks are set forward over it."
    with pytest.raises(InvalidInput) as refused:
        read(text, zone, now=NOW)

    assert f"{sentence} The nearest times that do are {before} and {after}." == str(refused.value)


def test_a_time_that_comes_twice_is_asked_about() -> None:
    """Both instants are known, and each way to write them is an answer."""
    with pytest.raises(AmbiguousTime) as asked:
        read("2026-10-25 02:30", BERLIN, now=NOW)
    sentence = (
        "2026-10-25 02:30 comes twice in Europe/Berlin, because the clocks are set back then. Which one is meant? "
        "Write 2026-10-25 02:30+02:00 for the first or 2026-10-25 02:30+01:00 for the second."
    )
    answers = [read(answer, BERLIN, now=NOW) for answer in ("2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00")]

    assert sentence == str(asked.value)
    assert (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == asked.value.choices
    assert answers == list(asked.value.choices)


FORM = (
    "Write year, month, day, hour and minute, for example 2026-03-02 18:00; "
    "what happens every day is a cron line, for example 0 18 * * *."
)
CALENDAR = "is not in the calendar or not on the clock. For example: 2026-03-02 18:00"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2026-12-24", f'"2026-12-24" is no date and time. {FORM}'),
        ("24.12.2026 18:00", f'"24.12.2026 18:00" is no date and time. {FORM}'),
        ("18:00", f'"18:00" is no date and time. {FORM}'),
        ("2026-12-24 18:00+02:75", f'"2026-12-24 18:00+02:75" is no date and time. {FORM}'),
        ("2026-02-30 18:00", f'"2026-02-30 18:00" {CALENDAR}'),
        ("2026-12-24 25:00", f'"2026-12-24 25:00" {CALENDAR}'),
        ("2026-12-24 18:00+25:00", f'"2026-12-24 18:00+25:00" {CALENDAR}'),
        ("0001-01-01 00:00", f'"0001-01-01 00:00" {CALENDAR}'),
        ("2026-03-01 13:00", '"2026-03-01 13:00" is past. Write a time that is still to come: 2026-03-02 18:00'),
        (
            "9999-12-31 23:59",
            '"9999-12-31 23:59" lies more than fifty years ahead. Was this year meant? For example: 2026-03-02 18:00',
        ),
    ],
)
def test_each_mistake_has_its_sentence(text: str, sentence: str) -> None:
    """It says what is wrong, with a date that would be right today."""
    with pytest.raises(InvalidInput) as refused:
        read(text, BERLIN, now=NOW)

    assert sentence == str(refused.value)
