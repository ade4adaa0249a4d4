"""Crontab lines: the times of each are those of Debian's cron, in every zone and on the days when the clocks change.

``CRON=100 pytest tests/unit/test_cron.py`` compares a hundred times as many lines.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.crontab import read
from bot.domain.schedules import Cron
from bot.domain.zones import zone_of
from tests.crontab_oracle import NAMES, ODD_WINDOWS, RANGES, WINDOWS, occurrences, window

TIMES = int(os.environ.get("CRON", "1"))
ZONES = [(zone, window(*day)) for zone, days in WINDOWS.items() for day in days]
ODD_ZONES = [(zone, window(*day)) for zone, days in ODD_WINDOWS.items() for day in days]
BERLIN = "Europe/Berlin"


@st.composite
def terms(draw: st.DrawFn, place: int) -> str:
    """Draw what can stand between two commas of a field."""
    low, high = RANGES[place]
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high - low + 1))
    name = NAMES[place][first] if first < len(NAMES[place]) else str(first)
    return draw(
        st.sampled_from(["*", f"*/{step}", f"{first}", name, f"{first}-{last}", f"{name}-{last}", f"{first}-{last}/{step}"])
    )


def fields(place: int) -> st.SearchStrategy[str]:
    """Return fields, half of them with a star because most lines of people have some."""
    return st.just("*") | st.lists(terms(place), min_size=1, max_size=3).map(",".join)


#: Around the hour in which clocks change, so that this is met often.
MINUTES = st.sampled_from(["0", "30", "15,45", "*/20", "*", "59"]) | fields(0)
HOURS = st.sampled_from(["0", "1", "2", "3", "1-3", "*/2", "0,2", "*"]) | fields(1)
LINES = st.tuples(MINUTES, HOURS, fields(2), st.just("*") | fields(3), fields(4)).map(" ".join)


def is_possible(line: str) -> bool:
    """Return whether a drawn line is one that we take: 30 February is not."""
    days, months = line.split()[2:4]
    return not (days[0] == "3" and months != "*")


@settings(max_examples=80 * TIMES, deadline=None)
@given(LINES.filter(is_possible), st.sampled_from(ZONES + ODD_ZONES), st.integers(0, 4 * 24 * 3600))
@example("30 2 * * *", (BERLIN, window(2026, 10, 23)), 131_400 + 3_000)  # asked in the second of the two hours
@example("0,30 2 * * *", (BERLIN, window(2026, 3, 27)), 133_200)  # asked when the clocks have just been set forward
def test_the_times_are_those_of_cron(line: str, place: tuple[str, tuple[datetime, datetime]], seconds: int) -> None:
    """Forward and backward, from anywhere, and counted: each answer is what a walk over the minutes finds."""
    name, (start, end) = place
    zone, table = zone_of(name), read(line)
    expected = occurrences(line, name, start, end)
    now = start + timedelta(seconds=seconds)
    before, after = expected[: bisect_right(expected, now)], expected[bisect_right(expected, now) :]
    early, late = start - timedelta(seconds=1), end + timedelta(seconds=1)

    assert expected == list(takewhile(late.__gt__, table.after(early, zone)))
    assert expected[::-1] == list(takewhile(early.__lt__, table.until(end, zone)))
    assert after == list(takewhile(late.__gt__, table.after(now, zone)))
    assert before[::-1] == list(takewhile(early.__lt__, table.until(now, zone)))
    assert len(before) == table.count(early, now, zone, most=10_000)
    assert len(after) == table.count(now, end, zone, most=10_000)


@pytest.mark.parametrize(
    ("line", "zone", "before", "expected"),
    [
        ("0 0 * * mon", BERLIN, "2026-03-27T12:00+01:00", "2026-03-30T00:00+02:00"),
        ("0 0 * * mon", "America/New_York", "2026-03-06T12:00-05:00", "2026-03-09T00:00-04:00"),
        ("0 0 * * mon", BERLIN, "2026-10-23T12:00+02:00", "2026-10-26T00:00+01:00"),
        ("0 0 1 * *", BERLIN, "2026-03-15T12:00+01:00", "2026-04-01T00:00+02:00"),
        ("0 0 1 * *", "America/New_York", "2026-10-15T12:00-04:00", "2026-11-01T00:00-04:00"),
        ("30 0 * * mon-fri", BERLIN, "2026-03-27T12:00+01:00", "2026-03-30T00:30+02:00"),
        ("30 2 * * *", BERLIN, "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("30 2 * * *", BERLIN, "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),
        ("30 * * * *", BERLIN, "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),
        ("30 * * * *", BERLIN, "2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"),
        ("*/5 2 25 10 *", BERLIN, "2026-10-25T02:55+02:00", "2026-10-25T02:00+01:00"),
        ("*/5 2 25 10 *", BERLIN, "2026-01-01T00:00+01:00", "2026-10-25T02:00+02:00"),
        ("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00+02:00", "2026-03-29T01:00+03:00"),
        ("0 3 * * 0", "Africa/Addis_Ababa", "2026-11-20T12:00+03:00", "2026-11-22T03:00+03:00"),
        ("0 3 * * 7", "Africa/Addis_Ababa", "2026-11-20T12:00+03:00", "2026-11-22T03:00+03:00"),
        ("0 0 13 * 5", "UTC", "2026-11-20T12:00+00:00", "2026-11-27T00:00+00:00"),
        ("0 0 */10 * 1", "UTC", "2026-11-20T12:00+00:00", "2026-12-21T00:00+00:00"),
        ("0 0 29 2 *", "UTC", "2026-11-20T12:00+00:00", "2028-02-29T00:00+00:00"),
        ("0 0 29 2 */7", "UTC", "2033-01-01T00:00+00:00", "2060-02-29T00:00+00:00"),
        ("0 0 30 2 mon", "UTC", "2026-02-20T12:00+00:00", "2026-02-23T00:00+00:00"),
        ("1 1 5-5/10 * *", "UTC", "2026-11-06T12:00+00:00", "2026-12-05T01:01+00:00"),
    ],
)
def test_the_next_time(line: str, zone: str, before: str, expected: str) -> None:
    """What is easily lost: the Monday and the first after a change, times that come twice or never, the rules about days."""
    following = Cron(line, zone).next(datetime.fromisoformat(before), now=datetime.fromisoformat(before))

    assert datetime.fromisoformat(expected) == following


@settings(max_examples=50 * TIMES, deadline=None)
@given(LINES.filter(is_possible), st.sampled_from(ZONES), st.integers(0, 10**9), st.integers(0, 10**9))
def test_it_never_falls_silent(line: str, place: tuple[str, tuple[datetime, datetime]], passed: int, ahead: int) -> None:
    """However far ahead the last occurrence lies because the clock was set back, the next one is the first after now."""
    zone, (start, _) = place
    when, now = Cron(line, zone), start + timedelta(microseconds=passed)
    following = when.next(now + timedelta(seconds=ahead), now=now)

    assert following is not None
    assert when.first(now) == following
    assert now < following
    assert (following, 0) == when.latest(following, now=following)
    assert [following] == when.upcoming(now, 1)


def test_what_was_missed_is_counted() -> None:
    """The last occurrence until now, and those from the one that is due up to it."""
    when, due = Cron("0 3 * * *", BERLIN), datetime(2026, 3, 27, 2, tzinfo=UTC)

    assert (due, 0) == when.latest(due, now=due + timedelta(hours=23))
    assert (datetime(2026, 3, 30, 1, tzinfo=UTC), 3) == when.latest(due, now=datetime(2026, 3, 30, 1, tzinfo=UTC))


def test_no_more_than_a_thousand_are_counted() -> None:
    """After a year, "more than enough" says it."""
    due = datetime(2026, 1, 1, tzinfo=UTC)
    minutely, now = Cron("* * * * *", BERLIN), datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)

    assert (now.replace(second=0), 1000) == minutely.latest(due, now=now)


def test_what_is_due_need_not_lie_on_the_grid() -> None:
    """A schedule that was made due at once has not missed what came before."""
    due = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)

    assert (due, 0) == Cron("@daily", BERLIN).latest(due, now=due + timedelta(minutes=1))


def test_a_line_is_kept_as_it_is_compared() -> None:
    """Blanks, capitals, aliases and the spelling of a zone make no other schedule."""
    assert Cron("0 0 * * *", BERLIN) == Cron("@Daily", "europe/berlin")
    assert Cron("0 3 * * sun", "UTC") == Cron("  0\t3 *  * SUN ", "utc")
    assert ("0 0 * * *", "UTC") == (Cron("@midnight", "UTC").spec, Cron("@midnight", "UTC").zone)


def test_the_next_times_come_in_order() -> None:
    """As many as are asked for, across a change of the clocks."""
    times = Cron("0 9 * * *", BERLIN).upcoming(datetime(2026, 3, 27, 12, tzinfo=UTC), 3)

    assert [
        datetime(2026, 3, 28, 8, tzinfo=UTC),
        datetime(2026, 3, 29, 7, tzinfo=UTC),
        datetime(2026, 3, 30, 7, tzinfo=UTC),
    ] == times
