"""What Debian's cron would do with a line, minute by minute: slow, simple, and with nothing of ours in it.

After crontab(5) and cron.c: the daemon looks at the clock on the wall once a minute. A line with a star in minute or hour is
run when that clock shows one of its times. Any other line names its times: each of them is run when the clock gets to it or
past it, so at once where it was set forward over it, and not again where it was set back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
NAMES: tuple[list[str], ...] = ([], [], [], MONTHS, WEEKDAYS)

Shown = tuple[datetime, datetime]


@lru_cache(maxsize=64)
def clock(zone: str, start: datetime, end: datetime) -> Sequence[Shown]:
    """Return each minute from *start* to *end*, and what the clock on the wall shows then."""
    count = (end - start) // MINUTE
    minutes = (start + number * MINUTE for number in range(count + 1))
    return [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for minute in minutes]


def occurrences(line: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Return when cron would run a line from *start* to *end*, both of which are whole minutes of UTC."""
    shown = clock(zone, start, end)
    minute, hour, *_ = line.split()
    return list((_by_the_clock if minute[0] == "*" or hour[0] == "*" else _by_name)(line, shown))


def _by_the_clock(line: str, shown: Sequence[Shown]) -> Iterator[datetime]:
    matches = _Line(line).matches
    return (minute for minute, wall in shown if matches(wall))


def _by_name(line: str, shown: Sequence[Shown]) -> Iterator[datetime]:
    matches = _Line(line).matches
    done = shown[0][1] - MINUTE
    for minute, wall in shown:
        is_time = False
        while done < wall:
            done += MINUTE
            is_time = matches(done) or is_time
        if is_time:
            yield minute


class _Line:
    def __init__(self, line: str) -> None:
        fields = line.split()
        values = [_values(text, *spec) for text, spec in zip(fields, zip(RANGES, NAMES, strict=True), strict=True)]
        self.minutes, self.hours, self.days, self.months, weekdays = values
        self.weekdays = {number % 7 for number in weekdays}
        self.is_either = fields[2][0] != "*" and fields[4][0] != "*"

    def matches(self, wall: datetime) -> bool:
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.month not in self.months:
            return False
        is_day, is_weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return is_day or is_weekday if self.is_either else is_day and is_weekday


def _values(text: str, limits: tuple[int, int], names: Sequence[str]) -> set[int]:
    found = set[int]()
    for term in text.split(","):
        numbers, _, step = term.partition("/")
        first, _, last = numbers.partition("-")
        if first == "*":
            low, high = limits
        else:
            low = _number(first, names)
            high = _number(last, names) if last else low
        found |= set(range(low, high + 1, int(step or 1)))
    return found


def _number(text: str, names: Sequence[str]) -> int:
    return names.index(text) if text in names else int(text)


#: When the window of a zone begins, and when it ends: the days before and after the clocks change, or some that are like others.
WINDOWS = {
    "Europe/Berlin": [(2026, 3, 27), (2026, 10, 23)],
    "America/New_York": [(2026, 3, 6), (2026, 10, 30)],
    "Asia/Kolkata": [(2026, 2, 27)],
    "Africa/Addis_Ababa": [(2026, 12, 30)],
    "UTC": [(2028, 2, 27)],
}
#: Zones in which the clocks change by half an hour, at midnight or at odd times.
ODD_WINDOWS = {
    "Australia/Lord_Howe": [(2026, 4, 3), (2026, 10, 2)],
    "America/Santiago": [(2026, 4, 3), (2026, 9, 4)],
    "Asia/Beirut": [(2026, 3, 27), (2026, 10, 23)],
    "Pacific/Chatham": [(2026, 4, 3), (2026, 9, 25)],
    "Antarctica/Troll": [(2026, 3, 27), (2026, 10, 23)],
    "Africa/Casablanca": [(2026, 2, 13), (2026, 3, 20)],
}
LENGTH = timedelta(days=4)


def window(year: int, month: int, day: int) -> tuple[datetime, datetime]:
    """Return where a window begins and ends."""
    start = datetime(year, month, day, 12, tzinfo=UTC)
    return start, start + LENGTH
