"""Which backups stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.retention import Generations

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  #: a Monday
DEFAULT = Generations(daily=7, weekly=4, monthly=0)


def test_each_day_keeps_its_newest() -> None:
    """Of several backups of a day the newest stays, for so many days."""
    made = [NOON - timedelta(hours=hours) for hours in range(0, 72, 6)]

    assert {NOON, datetime(2026, 3, 1, 18, tzinfo=UTC)} == Generations(daily=2, weekly=0, monthly=0).keep(made)


def test_days_without_a_backup_do_not_count() -> None:
    """Seven days are seven days that have a backup, however long ago: a bot that was off for a month keeps what it has."""
    made = {NOON - timedelta(days=days) for days in (0, 40, 41, 42, 43)}

    assert made == Generations(daily=7, weekly=0, monthly=0).keep(made)


def test_weeks_are_those_of_the_calendar_across_the_year() -> None:
    """31 December 2026 and 1 January 2027 lie in the same ISO week, the 53rd: only the newer one stays."""
    made = [datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)]

    assert {made[1]} == Generations(daily=0, weekly=4, monthly=0).keep(made)


def test_months() -> None:
    """Each month keeps its newest."""
    made = [datetime(2026, month, day, tzinfo=UTC) for month in range(1, 7) for day in (1, 15, 28)]
    expected = {datetime(2026, month, 28, tzinfo=UTC) for month in (4, 5, 6)}

    assert expected == Generations(daily=0, weekly=0, monthly=3).keep(made)


def test_a_year_of_days_with_the_defaults() -> None:
    """Seven days, and of the weeks before three more: the week of today and the last one are in the seven."""
    made = [NOON - timedelta(days=days) for days in range(365)]
    sundays = {datetime(2026, 2, day, 12, tzinfo=UTC) for day in (22, 15)}
    days = {NOON - timedelta(days=days) for days in range(7)}

    assert days | sundays == DEFAULT.keep(made)


@given(
    st.lists(st.integers(0, 10 * 365 * 24).map(lambda hours: NOON + timedelta(hours=hours))),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(0, 10),
)
def test_the_newest_stays_and_never_more_than_asked_for(made: list[datetime], daily: int, weekly: int, monthly: int) -> None:
    """Also with 0, 0, 0 the newest is kept; nothing is kept that was not made; the generations limit how many."""
    kept = Generations(daily=daily, weekly=weekly, monthly=monthly).keep(made)

    assert set(sorted(made)[-1:]) <= kept <= set(made)
    assert len(kept) <= max(1, daily + weekly + monthly)
