"""When a schedule falls due: from the last occurrence, never from a start of the process; and what people type for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidInput
from bot.domain.schedules import AmbiguousTime, Cron, Interval, Kind, Once, When, parse, when_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Interval(HOUR)
BERLIN = "Europe/Berlin"


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


def test_what_was_missed_is_counted() -> None:
    """The last occurrence until now, and those from the one that is due up to it; a thousand stands for more."""
    assert (NOON, 0) == HOURLY.latest(NOON, now=NOON + timedelta(minutes=59))
    assert (NOON + 5 * HOUR, 5) == HOURLY.latest(NOON, now=NOON + timedelta(hours=5, minutes=59))
    assert (NOON + 5000 * HOUR, 1000) == HOURLY.latest(NOON, now=NOON + 5000 * HOUR)
    assert (NOON, 0) == HOURLY.latest(NOON, now=NOON - HOUR)


def test_a_new_interval_begins_now() -> None:
    """Its first time is one interval away, and the others follow."""
    assert NOON + HOUR == HOURLY.first(NOON)
    assert [NOON + HOUR, NOON + 2 * HOUR] == HOURLY.upcoming(NOON, 2)


# Once


def test_once_is_once() -> None:
    """It comes when its time comes, and after that there is none any more, also where the clock was set back."""
    once = Once(NOON)

    assert NOON == once.first(NOON - HOUR)
    assert NOON == once.next(NOON - HOUR, now=NOON - HOUR)
    assert [NOON] == once.upcoming(NOON - HOUR, 5)
    assert (NOON, 0) == once.latest(NOON, now=NOON + HOUR)
    assert once.next(NOON, now=NOON) is None
    assert once.next(NOON, now=NOON - HOUR) is None


def test_a_time_that_is_past_is_not_made_up_for() -> None:
    """Whoever resumes it later is not surprised by what was meant for another day."""
    once = Once(NOON)

    assert once.first(NOON) is None
    assert [] == once.upcoming(NOON, 5)
    assert [] == once.upcoming(NOON - HOUR, 0)


# The table


@pytest.mark.parametrize(
    ("when", "kind", "spec", "zone"),
    [
        (Interval(timedelta(days=1)), "interval", "1d", "UTC"),
        (Interval(timedelta(minutes=90)), "interval", "1h30m", "UTC"),
        (Interval(timedelta(seconds=90)), "interval", "90s", "UTC"),
        (Interval(timedelta(seconds=3661)), "interval", "1h1m1s", "UTC"),
        (Interval(timedelta(weeks=2)), "interval", "2w", "UTC"),
        (Interval(timedelta(days=10)), "interval", "10d", "UTC"),
        (Cron("@weekly", "europe/berlin"), "cron", "0 0 * * 0", BERLIN),
        (Once(NOON, BERLIN), "once", "2026-03-02T12:00:00+00:00", BERLIN),
    ],
)
def test_the_table_keeps_it(when: When, kind: str, spec: str, zone: str) -> None:
    """What is written in the three columns is read again as the same schedule."""
    assert (Kind(kind), spec, zone) == (when.kind, when.spec, when.zone)
    assert when == when_of(kind, spec, zone)


@given(st.integers(min_value=1, max_value=365 * 86_400))
def test_every_interval_can_be_typed(seconds: int) -> None:
    """However odd it is, its text is read again as the same interval."""
    every = Interval(timedelta(seconds=seconds))

    assert every == when_of(Kind.INTERVAL, every.spec, "UTC")
    assert every == parse(every.spec, "UTC", now=NOON)


@pytest.mark.parametrize(
    ("kind", "spec", "zone"),
    [
        ("interval", "soon", "UTC"),
        ("cron", "5m", "UTC"),
        ("cron", "@daily", "Mars"),
        ("once", "soon", "UTC"),
        ("once", "2026-03-02", "Mars"),
    ],
)
def test_what_the_table_should_not_hold_is_refused(kind: str, spec: str, zone: str) -> None:
    """Somebody else wrote it."""
    with pytest.raises(InvalidInput):
        when_of(kind, spec, zone)


# What people type


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("90s", Interval(timedelta(seconds=90))),
        ("5m", Interval(timedelta(minutes=5))),
        ("1h30m", Interval(timedelta(minutes=90))),
        ("1h 30m", Interval(timedelta(minutes=90))),
        ("1d", Interval(timedelta(days=1))),
        ("1W", Interval(timedelta(weeks=1))),
        ("every 5m", Interval(timedelta(minutes=5))),
        ("every 2 hours", Interval(timedelta(hours=2))),
        ("1s", Interval(timedelta(seconds=1))),
        ("525600m", Interval(timedelta(days=365))),
        ("0 3 * * sun", Cron("0 3 * * sun", BERLIN)),
        ("1 2 3 4 5", Cron("1 2 3 4 5", BERLIN)),
        ("1-2-3 * * * *", None),
        (" @Daily ", Cron("@daily", BERLIN)),
        ("2026-12-24  18:00", Once(datetime(2026, 12, 24, 17, tzinfo=UTC), BERLIN)),
        ("2026-12-24T18:00+00:00", Once(datetime(2026, 12, 24, 18, tzinfo=UTC), BERLIN)),
    ],
)
def test_what_people_type(text: str, when: When | None) -> None:
    """An interval, a cron line or a date is told apart by how it is written."""
    if when is None:
        with pytest.raises(InvalidInput, match="The minute of a cron line"):
            parse(text, BERLIN, now=NOON)
    else:
        assert when == parse(text, BERLIN, now=NOON)


NO_INTERVAL = (
    "is no interval. Write whole numbers with w, d, h, m or s behind them, for example 1h30m; "
    "what happens at a time of the day is a cron line, for example 0 3 * * sun."
)
NO_TIME = (
    "is no time that can be planned. Write an interval such as 1h30m, a cron line such as 0 3 * * sun, "
    "or a date and time such as 2026-12-24 18:00."
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("90", f'"90" {NO_INTERVAL}'),
        ("1.5h", f'"1.5h" {NO_INTERVAL}'),
        ("-5m", f'"-5m" {NO_INTERVAL}'),
        ("5 months", f'"5 months" {NO_INTERVAL}'),
        ("every day", f'"every day" {NO_INTERVAL}'),
        ("0s", '"0s" is too short for an interval: it goes from 1s to 365d. For example: 1h30m'),
        ("525601m", '"525601m" is too long for an interval: it goes from 1s to 365d. For example: 1h30m'),
        ("999999999w", '"999999999w" is too long for an interval: it goes from 1s to 365d. For example: 1h30m'),
        ("", f'"" {NO_TIME}'),
        ("soon", f'"soon" {NO_TIME}'),
        ("next sunday", f'"next sunday" {NO_TIME}'),
        ("x" * 121, "This is too long for a schedule. For example: 1h30m, 0 3 * * sun, 2026-12-24 18:00"),
    ],
)
def test_each_mistake_has_its_sentence(text: str, sentence: str) -> None:
    """It says what is wrong and what would be right."""
    with pytest.raises(InvalidInput) as refused:
        parse(text, BERLIN, now=NOON)

    assert sentence == str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 0 3 * * *", "^A cron line has five fields .*, and this one has 6"),
        ("*/5", "^A cron line has five fields .*, and this one has 1"),
        ("0 3", "^A cron line has five fields .*, and this one has 2"),
        ("@every 5m", "An interval is written without @"),
        ("every day at 09:00", "is no date and time"),
        ("24 december 2026 at 18:00", "is no date and time"),
        ("2026-12-24 18:00 Europe/Berlin", "is no date and time"),
        ("2026-03-29 02:30", "^2026-03-29 02:30 does not exist in Europe/Berlin"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_what_was_meant(text: str, sentence: str) -> None:
    """Whoever meant a cron line or a date is told about those."""
    with pytest.raises(InvalidInput, match=sentence):
        parse(text, BERLIN, now=NOON)


def test_a_time_that_comes_twice_is_asked_about() -> None:
    """The answer with an offset is a schedule."""
    with pytest.raises(AmbiguousTime) as asked:
        parse("2026-10-25 02:30", BERLIN, now=NOON)
    first, second = asked.value.choices

    assert Once(first, BERLIN) == parse("2026-10-25 02:30+02:00", BERLIN, now=NOON)
    assert Once(second, BERLIN) == parse("2026-10-25 02:30+01:00", BERLIN, now=NOON)


def test_a_wrong_zone_is_refused_for_each_kind() -> None:
    """Also for an interval, which needs none: whoever typed it thought that it matters."""
    for text in ("5m", "@daily", "2026-12-24 18:00"):
        with pytest.raises(InvalidInput, match="There is no time zone"):
            parse(text, "Europe/Atlantis", now=NOON)


@given(st.text(max_size=40) | st.text("0123456789 :-+.wdhmsTZ*/@", max_size=30))
def test_anything_else_is_refused(text: str) -> None:
    """Whatever is typed is a schedule that lies ahead, or refused with a sentence; nothing else happens."""
    try:
        following = parse(text, BERLIN, now=NOON).first(NOON)
    except InvalidInput:
        following = NOON + HOUR

    assert following is not None
    assert following > NOON
