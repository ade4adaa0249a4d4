"""When a task runs: the arithmetic of due times, from the last occurrence and never from a start of the process.

Every kind of schedule answers the same questions; instants are in UTC:

- ``first``: when does a new one run, or one that was edited or resumed? None where its time is past.
- ``next``: when does it run after this occurrence? Always later than now, and None where it never does again.
- ``latest``: it fell due, and perhaps long ago: which occurrence is the last until now, and how many before it were missed?
- ``upcoming``: when would it run if it began now?
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import ClassVar

from bot.domain import crontab, dates, intervals
from bot.domain.dates import AmbiguousTime
from bot.domain.errors import InvalidInput
from bot.domain.text import Text
from bot.domain.zones import zone_name, zone_of

__all__ = ["AmbiguousTime", "Cron", "Interval", "Kind", "Once", "Unreadable", "When", "parse", "when_of"]

MOST_MISSED = 1000  #: as far as missed occurrences are counted
_MOST_CHARACTERS = 120
_FEWEST_WORDS = 5  #: of what can only be meant as a cron line


class Kind(StrEnum):
    """The kinds of schedules, as the table names them."""

    INTERVAL = "interval"
    CRON = "cron"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so often, counted from the occurrence before."""

    kind: ClassVar[Kind] = Kind.INTERVAL
    zone: ClassVar[str] = "UTC"
    every: timedelta

    @property
    def spec(self) -> str:
        """Return the interval as it can be typed: ``1h30m``."""
        return intervals.written(self.every)

    def first(self, now: datetime) -> datetime:
        """Return the instant one interval from now."""
        return now + self.every

    def next(self, last: datetime, *, now: datetime) -> datetime:
        """Return the first occurrence after *now* on the grid that *last* lies on.

        What was missed in between is left out: it has been made up for by the one run that is due now. A clock that was set
        back gives at most one interval from *now*, so that a schedule cannot fall silent.
        """
        if now < last:
            return now + self.every
        missed = (now - last) // self.every
        return last + (missed + 1) * self.every

    def latest(self, due: datetime, *, now: datetime) -> tuple[datetime, int]:
        """Return the last occurrence until *now* on the grid of *due*, and how many before it were missed."""
        missed = max(0, (now - due) // self.every)
        return due + missed * self.every, min(missed, MOST_MISSED)

    def upcoming(self, now: datetime, count: int) -> list[datetime]:
        """Return the first times of an interval that begins now."""
        return [now + number * self.every for number in range(1, count + 1)]


@dataclass(frozen=True, slots=True)
class Cron:
    """A crontab line in a zone, with the rules of Debian's cron for the days on which the clocks change.

    Raises:
        InvalidInput: There is no such line or no such zone.
    """

    kind: ClassVar[Kind] = Kind.CRON
    line: str
    zone: str

    def __post_init__(self) -> None:
        """Keep the line with five fields, however it was written, and the zone as IANA writes it."""
        object.__setattr__(self, "line", crontab.read(self.line).line)
        object.__setattr__(self, "zone", zone_name(self.zone))

    @property
    def spec(self) -> str:
        """Return the five fields."""
        return self.line

    def first(self, now: datetime) -> datetime | None:
        """Return the first occurrence after *now*."""
        return next(self.table.after(now, zone_of(self.zone)), None)

    def next(self, last: datetime, *, now: datetime) -> datetime | None:  # noqa: ARG002  # all kinds are asked alike
        """Return the first occurrence after *now*: the calendar is the grid, and a clock that was set back changes nothing."""
        return self.first(now)

    def latest(self, due: datetime, *, now: datetime) -> tuple[datetime, int]:
        """Return the last occurrence from *due* until *now*, and how many before it were missed."""
        zone = zone_of(self.zone)
        latest = next(self.table.until(now, zone), due)
        return max(due, latest), self.table.count(due, latest, zone, most=MOST_MISSED)

    def upcoming(self, now: datetime, count: int) -> list[datetime]:
        """Return the first times after *now*."""
        return list(islice(self.table.after(now, zone_of(self.zone)), count))

    @property
    def table(self) -> crontab.Crontab:
        """Return what the line says; lines that were read are kept."""
        return crontab.read(self.line)


@dataclass(frozen=True, slots=True)
class Once:
    """One time only; a time that is past is never made up for by ``first``, only where it fell due while nobody looked.

    Raises:
        InvalidInput: There is no such zone.
    """

    kind: ClassVar[Kind] = Kind.ONCE
    at: datetime
    zone: str = "UTC"  #: in which it is shown

    def __post_init__(self) -> None:
        """Keep the zone as IANA writes it."""
        object.__setattr__(self, "zone", zone_name(self.zone))

    @property
    def spec(self) -> str:
        """Return the instant, in ISO 8601."""
        return self.at.astimezone(UTC).isoformat()

    def first(self, now: datetime) -> datetime | None:
        """Return the time, unless it is past: what was meant for Thursday is not done on Friday because somebody resumed it."""
        return self.at if now < self.at else None

    def next(self, last: datetime, *, now: datetime) -> datetime | None:
        """Return the time, unless it is past or was the occurrence before; then there is none any more."""
        return self.at if max(last, now) < self.at else None

    def latest(self, due: datetime, *, now: datetime) -> tuple[datetime, int]:  # noqa: ARG002  # all kinds are asked alike
        """Return the time that fell due; there was none before it."""
        return due, 0

    def upcoming(self, now: datetime, count: int) -> list[datetime]:
        """Return the time, unless it is past."""
        return [self.at][:count] if now < self.at else []


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in the table and is no schedule any more, such as a zone that is gone; it never runs until it is edited."""

    kind: Kind
    spec: str
    zone: str

    def first(self, now: datetime) -> None:  # noqa: ARG002  # all kinds are asked alike
        """Return no time."""
        return

    def next(self, last: datetime, *, now: datetime) -> None:  # noqa: ARG002
        """Return no time."""
        return

    def latest(self, due: datetime, *, now: datetime) -> tuple[datetime, int]:  # noqa: ARG002
        """Return the time that fell due."""
        return due, 0

    def upcoming(self, now: datetime, count: int) -> list[datetime]:  # noqa: ARG002
        """Return no times."""
        return []


When = Interval | Cron | Once | Unreadable


def when_of(kind: str, spec: str, zone: str) -> When:
    """Return the schedule that ``kind``, ``spec`` and ``zone`` describe, as the table keeps them.

    Raises:
        InvalidInput: They describe none.
    """
    if kind == Kind.INTERVAL:
        return Interval(intervals.read(spec))
    if kind == Kind.CRON:
        return Cron(spec, zone)
    try:
        at = datetime.fromisoformat(spec)
    except ValueError as error:
        raise InvalidInput(Text('"{spec}" is no instant. For example: 2026-12-24T15:00:00+00:00', spec=spec)) from error
    return Once(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC), zone)


def parse(text: str, zone: str, *, now: datetime) -> When:
    """Return the schedule that a person typed: an interval, a cron line, or a date and time in *zone*.

    Raises:
        AmbiguousTime: The local time comes twice; the same with an offset is the answer.
        InvalidInput: It cannot be understood; the sentence says what is wrong and what would be right.
    """
    zone, words = zone_name(zone), text.split()
    typed = " ".join(words)
    if len(typed) > _MOST_CHARACTERS:
        raise InvalidInput(Text("This is too long for a schedule. For example: 1h30m, 0 3 * * sun, 2026-12-24 18:00"))
    if intervals.is_interval(typed):
        return Interval(intervals.read(typed))
    if dates.is_like_date(typed) and "*" not in typed:
        return Once(dates.read(typed, zone, now=now), zone)
    if intervals.is_like_interval(typed) and len(words) < _FEWEST_WORDS:
        return Interval(intervals.read(typed))
    if typed.startswith("@") or "*" in typed or len(words) >= _FEWEST_WORDS or typed.replace(" ", "").isdecimal():
        return Cron(typed, zone)
    raise InvalidInput(
        Text(
            '"{text}" is no time that can be planned. Write an interval such as 1h30m, a cron line such as 0 3 * * sun, '
            "or a date and time such as 2026-12-24 18:00.",
            text=typed,
        )
    )
