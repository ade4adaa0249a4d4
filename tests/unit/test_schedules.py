"""When an interval falls due: from the last occurrence, never from a start of the process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.schedules import Interval

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOURLY = Interval(timedelta(hours=1))


def test_it_is_counted_from_the_last_occurrence() -> None:
    """A run that began late does not make the next one late."""
    assert NOON + timedelta(hours=1) == HOURLY.next(NOON, now=NOON + timedelta(minutes=10))


def test_on_the_dot_the_next_one_is_a_whole_interval_away() -> None:
    """At the moment of an occurrence the next one is not that occurrence again."""
    assert NOON + timedelta(hours=1) == HOURLY.next(NOON, now=NOON)
    assert NOON + timedelta(hours=3) == HOURLY.next(NOON, now=NOON + timedelta(hours=2))


def test_what_was_missed_counts_once() -> None:
    """After hours of silence the next one is the next on the grid, not one for each miss."""
    assert NOON + timedelta(hours=6) == HOURLY.next(NOON, now=NOON + timedelta(hours=5, minutes=59))


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    """However far ahead the last occurrence lies, the next one is at most one interval from now."""
    assert NOON + timedelta(hours=1) == HOURLY.next(NOON + timedelta(days=700), now=NOON)


@given(
    st.integers(min_value=1, max_value=60 * 60 * 24 * 30),
    st.integers(min_value=-(10**8), max_value=10**8),
)
def test_next_is_always_ahead_and_never_more_than_one_interval(every_seconds: int, passed_seconds: int) -> None:
    """Whatever the interval and however much time has passed, the next occurrence lies within one interval of now."""
    every, now = timedelta(seconds=every_seconds), NOON + timedelta(seconds=passed_seconds)
    ahead = Interval(every).next(NOON, now=now) - now

    assert timedelta(0) < ahead <= every


@given(st.integers(min_value=1, max_value=10**6), st.integers(min_value=0, max_value=10**8))
def test_the_grid_is_kept(every_seconds: int, passed_seconds: int) -> None:
    """The next occurrence lies a whole number of intervals behind the last one."""
    every = timedelta(seconds=every_seconds)
    following = Interval(every).next(NOON, now=NOON + timedelta(seconds=passed_seconds))

    assert timedelta(0) == (following - NOON) % every
