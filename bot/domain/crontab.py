"""When a crontab line comes true in a zone, as with Debian's cron: cronsim knows the calendar, and here the clocks change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import takewhile

from cronsim import CronSim, CronSimError

from bot.domain.cron_lines import PLACES, canonical
from bot.domain.text import Text
from bot.domain.zones import change, instant_of, is_steady, offset_at, repeated, wall_at

_WEEK = timedelta(weeks=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_ANY_TIME = datetime(2000, 1, 1)  # noqa: DTZ001  # what a clock on a wall shows


@dataclass(frozen=True, slots=True)
class Crontab:
    """A line that was read."""

    line: str  #: five fields with one blank between them, in small letters
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  #: 0 is Sunday
    needs_both_days: bool  #: whether day of the month and of the week must match; if neither begins with a star, one is enough
    is_named: bool  #: whether it names its times; one with a star in minute or hour follows the clocks, also when they change
    _search: CronSim = field(repr=False, compare=False)

    def after(self, instant: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield the occurrences after an instant."""
        return self._occurrences(instant, zone, is_back=False)

    def until(self, instant: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield the occurrences until an instant, itself included, the last one first."""
        return self._occurrences(instant, zone, is_back=True)

    def count(self, after: datetime, until: datetime, zone: tzinfo, *, most: int) -> int:
        """Return how many occurrences there are after an instant and until another, at most *most*.

        Multiplied, because an outage of a day has 1,440 of a line that comes true every minute; only the hours in which the
        clocks change are walked through.
        """
        found, at = 0, after
        while at < until and found < most:
            edges = (min(until, at + length) for length in (_WEEK, _DAY, _HOUR))
            edge = next((one for one in edges if is_steady(at, one, zone)), None)
            if edge is None:
                edge = min(until, at + _HOUR)
                found += sum(1 for _ in takewhile(edge.__ge__, self.after(at, zone)))
            else:
                found += self._count_shown(wall_at(at, zone), wall_at(edge, zone))
            at = edge
        return min(found, most)

    def _count_shown(self, after: datetime, until: datetime) -> int:
        """Return how often clocks that are not changed show a time of the line after *after* and until *until*."""
        days = ((after + number * _DAY).date() for number in range((until.date() - after.date()).days))
        whole = sum(1 for day in days if self._is_on(day)) * len(self.hours) * len(self.minutes)
        return whole + self._count_of_day(until) - self._count_of_day(after)

    def _count_of_day(self, until: datetime) -> int:
        if not self._is_on(until.date()):
            return 0
        minutes = bisect_right(self.minutes, until.minute) if until.hour in self.hours else 0
        return bisect_left(self.hours, until.hour) * len(self.minutes) + minutes

    def _is_on(self, day: date) -> bool:
        return day.month in self.months and self._search.match_day(day)

    def _occurrences(self, instant: datetime, zone: tzinfo, *, is_back: bool) -> Iterator[datetime]:
        start = instant.astimezone(UTC).replace(microsecond=0)
        if zone is UTC:
            return (wall.replace(tzinfo=UTC) for wall in self._walls(start.replace(tzinfo=None), is_back=is_back))
        return (self._by_name if self.is_named else self._by_the_clock)(start, zone, is_back=is_back)

    def _by_name(self, start: datetime, zone: tzinfo, *, is_back: bool) -> Iterator[datetime]:
        """Yield named times: once where the clocks show them twice, at the end of the gap where they leave them out."""
        wall, seen = wall_at(start, zone), None
        if is_back:
            wall += repeated(start, zone)  # what is shown a second time now was shown before, and what follows it too
        for found in self._walls(wall, is_back=is_back):
            instant = instant_of(found, zone)
            if (instant <= start) is is_back and instant != seen:
                yield instant
                seen = instant

    def _by_the_clock(self, start: datetime, zone: tzinfo, *, is_back: bool) -> Iterator[datetime]:
        """Yield whenever the clocks show a time of the line, from one change of the clocks to the next."""
        at, ahead = (start, -_DAY) if is_back else (start + _SECOND, _DAY)
        while True:
            offset, edge = offset_at(at, zone), at + ahead
            is_changed = offset_at(edge, zone) != offset
            if is_changed:
                edge = change(zone, at, edge)
            wall, instant = (at + offset).replace(tzinfo=None), edge
            for found in self._walls(wall if is_back else wall - _SECOND, is_back=is_back):
                instant = (found - offset).replace(tzinfo=UTC)
                if (instant <= edge) if is_back else (instant >= edge):
                    break
                yield instant
            else:
                return
            near = instant - ahead / 2  # changes on the way there move it by less
            at = edge if is_changed else min(edge, near) if is_back else max(edge, near)

    def _walls(self, wall: datetime, *, is_back: bool) -> Iterator[datetime]:
        """Return what the clocks show after *wall*, or until it; a copy of the search saves to parse the line again."""
        search = copy(self._search)
        search.dt = wall
        search.tick_direction = -1 if is_back else 1
        search.skip_initial_tick = is_back
        return search


@lru_cache(maxsize=1024)
def read(text: str) -> Crontab:
    """Read a line or an alias.

    Raises:
        InvalidInput: It is none, or no day will ever match it.
    """
    line = canonical(text)
    try:
        search = CronSim(line, _ANY_TIME)
    except CronSimError as error:  # the fields are right, so it is the date: there is no 30 February
        days, months = line.split()[2:4]
        raise PLACES[2].wrong(days, Text('no month in "{months}" has such a day', months=months)) from error
    minute, hour, *_ = line.split()
    return Crontab(
        line=line,
        minutes=tuple(sorted(search.minutes)),
        hours=tuple(sorted(search.hours)),
        days=tuple(sorted(search.days)),
        months=tuple(sorted(search.months)),
        weekdays=tuple(sorted({one % 7 for one in search.weekdays if isinstance(one, int)})),
        needs_both_days=search.day_and,
        is_named=not (minute.startswith("*") or hour.startswith("*")),
        _search=search,
    )
