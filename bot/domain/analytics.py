"""The figures of one local day: counts, and never who was counted."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

#: Where the classes of waiting times end, in seconds; what is longer is in one more.
BOUNDS = tuple(60 * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440))
_TENTH = Decimal("0.1")
_TOPIC, _WAIT, _SECONDS = "topic.", "wait.", "waits.seconds"  #: of the names of figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A local day: from *starts_at* until before *ends_at*."""

    on: date
    starts_at: datetime
    ends_at: datetime


def day_of(moment: datetime, zone: ZoneInfo) -> Span:
    """Return the local day in which something happened; of 23 or 25 hours where the clocks are changed."""
    on = moment.astimezone(zone).date()
    return Span(on=on, starts_at=_midnight(on, zone), ends_at=_midnight(on + timedelta(days=1), zone))


def day_after(on: date, ends_at: datetime, zone: ZoneInfo) -> Span:
    """Return the day after one that ended at an instant.

    It begins where that one ended, also where the zone is another one since: nothing is left out, and nothing counted twice.
    """
    following = max(on + timedelta(days=1), ends_at.astimezone(zone).date())
    return Span(on=following, starts_at=ends_at, ends_at=_midnight(following + timedelta(days=1), zone))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    """Return when a local day begins: when the clock jumps over midnight where it does; at the first of two."""
    return datetime.combine(on, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long people waited from their request to the first moment with a counselor."""

    seconds: int = 0  #: all together
    classes: tuple[int, ...] = (0,) * (
        len(BOUNDS) + 1
    )  #: how many waited up to each of ``BOUNDS``, but longer than the one before

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.classes)

    @property
    def average(self) -> timedelta | None:
        """The mean; None where nobody waited."""
        return timedelta(seconds=self.seconds) / self.count if self.count else None

    @classmethod
    def of(cls, lengths: Iterable[timedelta]) -> Waits:
        """Return these waits; one that a clock made negative counts as none."""
        classes, seconds = [0] * (len(BOUNDS) + 1), 0
        for length in lengths:
            waited = max(0, round(length.total_seconds()))
            classes[bisect_left(BOUNDS, waited)] += 1
            seconds += waited
        return cls(seconds=seconds, classes=tuple(classes))

    def within(self, share: float) -> timedelta | None:
        """Return a time within which *share* of them (0 to 1) were served, to the precision of the classes; None where none was.

        Inside a class they are taken to be spread evenly. The last class has no end, and counts as its beginning.
        """
        if not self.count:
            return None
        wanted, before = share * self.count, 0
        edges = [*pairwise((0, *BOUNDS)), (BOUNDS[-1], BOUNDS[-1])]
        for (start, end), number, sum_ in zip(edges, self.classes, accumulate(self.classes), strict=True):
            if number and sum_ >= wanted:
                return timedelta(seconds=start + (end - start) * max(0.0, wanted - before) / number)
            before = sum_
        return timedelta(seconds=BOUNDS[-1])

    def __add__(self, other: Waits) -> Waits:
        """Return both together."""
        classes = tuple(mine + theirs for mine, theirs in zip(self.classes, other.classes, strict=True))
        return Waits(seconds=self.seconds + other.seconds, classes=classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened in a span of time."""

    topics: Mapping[str, int] = field(default_factory=dict[str, int])  #: requests by topic
    crises: int = 0  #: of the requests
    ended: int = 0  #: conversations
    cancelled: int = 0  #: requests that were taken back, or closed before anybody took them
    messages: int = 0
    conversations: int = 0  #: in which they were said
    waits: Waits = field(default_factory=Waits)  #: of those who met their first counselor
    ratings: int = 0
    ratings_total: int = 0  #: the sum of the stars, 1 to 5 each
    offered: int = 0  #: offers made; the next three are answers, also to offers of the day before
    accepted: int = 0
    declined: int = 0
    lapsed: int = 0
    counselors: int = 0  #: who answered an offer or wrote to a student
    new_students: int = 0  #: who made their first request that we know of

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> Figures:
        """Return what ``numbers`` made."""
        return cls(**_parts(numbers))

    @property
    def numbers(self) -> dict[str, int]:
        """All figures as numbers with names, those that are 0 left out; the names stand in the database."""
        plain = {one.name: getattr(self, one.name) for one in fields(Figures) if one.name not in {"topics", "waits"}}
        topics = {_TOPIC + topic: count for topic, count in self.topics.items()}
        classes = {_WAIT + str(number): count for number, count in enumerate(self.waits.classes)}
        together = {**plain, **topics, **classes, _SECONDS: self.waits.seconds}
        return {name: number for name, number in together.items() if number}

    @property
    def requests(self) -> int:
        """Requests for counseling."""
        return sum(self.topics.values())

    @property
    def started(self) -> int:
        """Sessions that met their first counselor."""
        return self.waits.count

    @property
    def average_rating(self) -> Decimal | None:
        """One digit, halves up; None where nobody rated."""
        return (Decimal(self.ratings_total) / self.ratings).quantize(_TENTH, ROUND_HALF_UP) if self.ratings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Figures):
    """What happened on one local day."""

    on: date

    @classmethod
    def from_numbers(cls, on: date, numbers: Mapping[str, int]) -> Day:
        """Return the day of which these are the ``numbers``."""
        return cls(on=on, **_parts(numbers))


def together(several: Iterable[Figures]) -> Figures:
    """Return the sums; ``counselors`` is that of the days, although the same ones come every day."""
    sums: Counter[str] = Counter()
    for one in several:
        sums.update(one.numbers)
    return Figures.of(sums)


def _parts(numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return the fields of ``Figures`` for numbers with names; a name that no field has any more is left out."""
    plain = {one.name: numbers[one.name] for one in fields(Figures) if one.name in numbers}
    topics = {name.removeprefix(_TOPIC): count for name, count in sorted(numbers.items()) if name.startswith(_TOPIC)}
    classes = tuple(numbers.get(_WAIT + str(number), 0) for number in range(len(BOUNDS) + 1))
    return {**plain, "topics": topics, "waits": Waits(seconds=numbers.get(_SECONDS, 0), classes=classes)}
