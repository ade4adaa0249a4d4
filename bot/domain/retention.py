"""What is kept, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """How many days, weeks and months keep a backup each: their newest."""

    daily: int
    weekly: int
    monthly: int

    def keep(self, made_at: Iterable[datetime]) -> set[datetime]:
        """Return which of the backups made at these instants stay; the newest always does."""
        newest_first = sorted(set(made_at), reverse=True)
        kept = set(newest_first[:1])
        for count, period in ((self.daily, _day), (self.weekly, _week), (self.monthly, _month)):
            kept |= _newest_of_each(newest_first, period, count)
        return kept


def _newest_of_each(newest_first: Sequence[datetime], period: Callable[[datetime], tuple[int, ...]], count: int) -> set[datetime]:
    newest: dict[tuple[int, ...], datetime] = {}
    for instant in newest_first:
        newest.setdefault(period(instant), instant)
    return set(list(newest.values())[:count])


def _day(instant: datetime) -> tuple[int, ...]:
    return (instant.year, instant.month, instant.day)


def _week(instant: datetime) -> tuple[int, ...]:
    return tuple(instant.isocalendar())[:2]


def _month(instant: datetime) -> tuple[int, ...]:
    return (instant.year, instant.month)
