"""Intervals as they are typed: ``90s``, ``1h30m``, ``every 5 minutes``."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.domain.errors import InvalidInput
from bot.domain.text import Text

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(minutes=525_600)  #: CONTRACT.md, the longest that a variable can set
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_MINUTE = 60
_PART = re.compile(r"([0-9]{1,9})\s*(w|weeks?|d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)(?![a-z])\s*")
_PARTS = re.compile(rf"(?:every\s+)?((?:{_PART.pattern})+)")
_LIKE_ONE = re.compile(r"every\b.*|[+-]?[0-9][0-9.,]*\s*(?:[a-z][a-z0-9., ]*)?")


def is_interval(text: str) -> bool:
    """Return whether a text is written as an interval."""
    return bool(_PARTS.fullmatch(text.lower()))


def is_like_interval(text: str) -> bool:
    """Return whether somebody who typed this meant an interval."""
    return bool(_LIKE_ONE.fullmatch(text.lower()))


def read(text: str) -> timedelta:
    """Return an interval that was typed.

    Raises:
        InvalidInput: It is none, or too short or too long.
    """
    found = _PARTS.fullmatch(text.strip().lower())
    if found is None:
        raise InvalidInput(
            Text(
                '"{text}" is no interval. Write whole numbers with w, d, h, m or s behind them, for example 1h30m; '
                "what happens at a time of the day is a cron line, for example 0 3 * * sun.",
                text=text,
            )
        )
    seconds = sum(int(count) * _SECONDS[unit[0]] for count, unit in _PART.findall(found[1]))
    if not SHORTEST.total_seconds() <= seconds <= LONGEST.total_seconds():
        raise InvalidInput(
            Text(
                '"{text}" is too {word} for an interval: it goes from 1s to 365d. For example: 1h30m',
                text=text,
                word=Text("long") if seconds else Text("short"),
            )
        )
    return timedelta(seconds=seconds)


def parts(every: timedelta) -> list[tuple[int, str]]:
    """Return an interval in its units, the largest first; seconds are counted on up to two minutes, days up to whole weeks."""
    left, found = int(every.total_seconds()), list[tuple[int, str]]()
    if left % _MINUTE and left < 2 * _MINUTE:
        return [(left, "s")]
    for unit, seconds in _SECONDS.items():
        if unit == "w" and left % seconds:
            continue
        count, left = divmod(left, seconds)
        if count:
            found.append((count, unit))
    return found


def written(every: timedelta) -> str:
    """Return an interval as it can be typed."""
    return "".join(f"{count}{unit}" for count, unit in parts(every))
