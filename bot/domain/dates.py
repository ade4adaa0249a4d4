"""A date and time as it is typed, in a zone: also on the days when the clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from bot.domain.errors import InvalidInput
from bot.domain.text import Text
from bot.domain.zones import instant_of, offsets_of, wall_at, zone_of

_DATE = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:[ t]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)\s*"
    r"(?P<offset>z|[+-][0-9]{2}(?::?[0-5][0-9])?)?)?"
)
_LIKE_ONE = re.compile(r"^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}|[0-9]:[0-9]{2}")
_FARTHEST = timedelta(days=50 * 365)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class AmbiguousTime(InvalidInput):
    """A local time that comes twice, because the clocks go back; the sentence asks which one is meant."""

    def __init__(self, text: Text | str, choices: tuple[datetime, ...] = ()) -> None:
        super().__init__(text)
        self.choices = choices  #: both instants, the earlier first


def is_like_date(text: str) -> bool:
    """Return whether somebody who typed this meant a date or a time of day."""
    return bool(_LIKE_ONE.search(text))


def read(text: str, zone: str, *, now: datetime) -> datetime:
    """Return the instant of a date and time that was typed.

    Raises:
        AmbiguousTime: The local time comes twice; the same with one of two offsets behind it is the answer.
        InvalidInput: It is none, is past, lies too far ahead, or is a local time that is left out.
    """
    example = f"{(now + _DAY).astimezone(zone_of(zone)):%Y-%m-%d} 18:00"
    found = _DATE.fullmatch(text.strip().lower())
    if found is None or found["time"] is None:
        raise InvalidInput(
            Text(
                '"{text}" is no date and time. Write year, month, day, hour and minute, for example {example}; '
                "what happens every day is a cron line, for example 0 18 * * *.",
                text=text,
                example=example,
            )
        )
    try:
        wall = _wall(found["day"], found["time"])
        instant = wall.replace(tzinfo=_offset(found["offset"])).astimezone(UTC) if found["offset"] else _meant(wall, zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            Text('"{text}" is not in the calendar or not on the clock. For example: {example}', text=text, example=example)
        ) from error
    if instant <= now:
        raise InvalidInput(Text('"{text}" is past. Write a time that is still to come: {example}', text=text, example=example))
    if instant > now + _FARTHEST:
        raise InvalidInput(
            Text(
                '"{text}" lies more than fifty years ahead. Was this year meant? For example: {example}',
                text=text,
                example=example,
            )
        )
    return instant


def _wall(day: str, time: str) -> datetime:
    numbers = [int(number) for part in (day.split("-"), time.split(":")) for number in part]
    year, month, of_month, hour, minute, second = (*numbers, 0)[:6]
    return datetime(year, month, of_month, hour, minute, second)  # noqa: DTZ001  # what the clocks show


def _offset(text: str) -> timezone:
    if text == "z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _meant(wall: datetime, name: str) -> datetime:
    """Return the instant of a local time that comes exactly once."""
    zone = zone_of(name)
    before, after = offsets_of(wall, zone)
    if before < after:
        raise _left_out(wall, name, zone)
    if before > after:
        raise _comes_twice(wall, name, before, after)
    return instant_of(wall, zone)


def _left_out(wall: datetime, name: str, zone: tzinfo) -> InvalidInput:
    first = instant_of(wall, zone)
    return InvalidInput(
        Text(
            "{time} does not exist in {zone}: the clocks are set forward over it. "
            "The nearest times that do are {before} and {after}.",
            time=_shown(wall),
            zone=name,
            before=_shown(wall_at(first - _MINUTE, zone)),
            after=_shown(wall_at(first, zone)),
        )
    )


def _comes_twice(wall: datetime, name: str, before: timedelta, after: timedelta) -> AmbiguousTime:
    choices = tuple(wall.replace(tzinfo=timezone(offset)) for offset in (before, after))
    first, second = (_shown(choice) for choice in choices)
    return AmbiguousTime(
        Text(
            "{time} comes twice in {zone}, because the clocks are set back then. Which one is meant? "
            "Write {first} for the first or {second} for the second.",
            time=_shown(wall),
            zone=name,
            first=first,
            second=second,
        ),
        tuple(choice.astimezone(UTC) for choice in choices),
    )


def _shown(at: datetime) -> str:
    """Return a time as it can be typed, with its offset where it has one."""
    return at.isoformat(" ", "seconds" if at.second else "minutes")
