"""The figures of a day: where it begins, how waits are told apart, and that numbers with names lose nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.analytics import BOUNDS, Day, Figures, Waits, day_after, day_of, together

_COUNTS = st.integers(0, 2**40)
_LENGTHS = st.lists(st.timedeltas(timedelta(seconds=-5), timedelta(days=3)), max_size=30)
_NAMES = (
    *("crises", "ended", "cancelled", "messages", "conversations", "ratings", "ratings_total", "offered", "accepted"),
    *("declined", "lapsed", "counselors", "new_students"),
)
_FIGURES = st.builds(
    Figures,
    topics=st.dictionaries(st.sampled_from(["other", "crisis_substance", "life.skills"]), st.integers(1, 2**40)),
    waits=st.builds(Waits.of, _LENGTHS),
    **dict.fromkeys(_NAMES, _COUNTS),
)


@given(_FIGURES)
def test_numbers_with_names_lose_nothing(figures: Figures) -> None:
    """What was made of figures makes the same figures again; zeros need not be written down, unknown names do no harm."""
    numbers = figures.numbers

    assert figures == Figures.of({**numbers, "of another release": 1})
    assert 0 not in numbers.values()
    assert Day.from_numbers(date(2026, 3, 2), numbers).numbers == numbers


@given(st.lists(_FIGURES, max_size=4))
def test_sums(several: list[Figures]) -> None:
    """Each figure of several days is the sum of those of the days, the classes of waits too."""
    whole = together(several)

    assert whole.messages == sum(one.messages for one in several)
    assert whole.requests == sum(one.requests for one in several)
    assert whole.waits == sum((one.waits for one in several), Waits())


@given(_LENGTHS.filter(bool), st.floats(0, 1))
def test_a_share_of_the_waits(lengths: list[timedelta], share: float) -> None:
    """The estimate lies in the class in which the exact answer lies; never beyond the last bound."""
    waits = Waits.of(lengths)
    found = waits.within(share)
    seconds = sorted(max(0, round(one.total_seconds())) for one in lengths)
    exact = seconds[max(0, -int(-share * len(seconds) // 1) - 1)]
    above = next((bound for bound in BOUNDS if exact <= bound), BOUNDS[-1])
    below = max((bound for bound in BOUNDS if bound < exact), default=0)

    assert found is not None
    assert below - 1e-6 <= found.total_seconds() <= above + 1e-6
    assert len(lengths) == waits.count


def test_nobody_waited() -> None:
    """There is no mean of nothing."""
    assert (None, None, 0) == (Waits().average, Waits().within(0.5), Waits().count)
    assert Figures().average_rating is None


@pytest.mark.parametrize(
    ("zone", "on", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Africa/Addis_Ababa", date(2026, 3, 29), 24),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # the clocks jump from midnight to one
        ("America/Havana", date(2026, 11, 1), 25),  # there are two midnights
    ],
)
def test_how_long_a_day_is(zone: str, on: date, hours: int) -> None:
    """A day is 23 or 25 hours long where the clocks change, at midnight too; each moment of it is of that day."""
    found = day_of(datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo(zone)), ZoneInfo(zone))
    first, last = found.starts_at, found.ends_at - timedelta(microseconds=1)

    assert timedelta(hours=hours) == found.ends_at - found.starts_at
    assert [on, on] == [one.astimezone(ZoneInfo(zone)).date() for one in (first, last)]
    assert found.ends_at == day_after(found.on, found.ends_at, ZoneInfo(zone)).starts_at


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2036, 1, 1)),  # noqa: DTZ001 — hypothesis adds no zone
    st.lists(st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue", "America/Havana"]), min_size=2, max_size=9),
)
def test_days_follow_each_other_whatever_the_zone(moment: datetime, zones: list[str]) -> None:
    """Where the zone is changed between two days, no moment is left out, none is in two, and no date comes twice."""
    day = day_of(moment.replace(tzinfo=UTC), ZoneInfo(zones[0]))
    for name in zones[1:]:
        following = day_after(day.on, day.ends_at, ZoneInfo(name))

        assert day.ends_at == following.starts_at < following.ends_at
        assert day.on < following.on
        day = following
