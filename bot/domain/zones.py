"""Time zones: their names, and what becomes of a local time on the days when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from bot.domain.errors import InvalidInput
from bot.domain.text import Text, shortened

_SECOND = timedelta(seconds=1)
_NONE = timedelta()
_LONGEST = 60  #: characters that are compared with names


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return the zone of this name.

    Raises:
        InvalidInput: There is none.
    """
    return UTC if zone_name(name) == "UTC" else ZoneInfo(zone_name(name))


@lru_cache(maxsize=256)
def zone_name(name: str) -> str:
    """Return the name of a zone as IANA writes it, however it was typed.

    Raises:
        InvalidInput: There is none of this name; offsets are no zones, because they know no summer time.
    """
    wanted = name.strip().replace(" ", "_").lower()
    if wanted not in _names():
        close = get_close_matches(wanted[:_LONGEST], _places(), n=1)
        nearest = _places()[close[0]] if close else "Africa/Addis_Ababa"
        raise InvalidInput(
            Text(
                'There is no time zone "{name}". It is written as area and city, for example {nearest}.',
                name=shortened(name),
                nearest=nearest,
            )
        )
    return _names()[wanted]


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return all names, by their small letters: those of IANA, and none of the other files that lie beside them on a machine."""
    return {name.lower(): name for name in files("tzdata").joinpath("zones").read_text("utf-8").split()}


@lru_cache(maxsize=1)
def _places() -> dict[str, str]:
    """Return what may be suggested, by area and city and by the city alone: names such as EST5EDT and Etc/GMT+3 help nobody."""
    places = {short: name for short, name in _names().items() if "/" in name and not name.startswith("Etc/")}
    return places | {short.rpartition("/")[2]: name for short, name in places.items()}


def offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return how far the clocks are ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or _NONE


def wall_at(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks show at an instant, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def offsets_of(wall: datetime, zone: tzinfo) -> tuple[timedelta, timedelta]:
    """Return the offset of a local time read as before a change of the clocks, and as after it.

    They are equal where the time comes once; the first is larger where it comes twice, smaller where it is left out (PEP 495).
    """
    local = wall.replace(tzinfo=zone, fold=0)
    return local.utcoffset() or _NONE, local.replace(fold=1).utcoffset() or _NONE


def repeated(instant: datetime, zone: tzinfo) -> timedelta:
    """Return by how much the clocks were set back, where they show a time for the second time; otherwise nothing."""
    local = instant.astimezone(zone)
    if not local.fold:
        return _NONE
    before, after = offsets_of(local.replace(tzinfo=None), zone)
    return before - after


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return when the clocks show a local time: the first time where it comes twice, the end of the gap where it is left out."""
    before, after = offsets_of(wall, zone)
    if before < after:
        return change(zone, _less(wall, after), _less(wall, before))
    return _less(wall, before)


def is_steady(start: datetime, end: datetime, zone: tzinfo) -> bool:
    """Return whether the clocks show each time from *start* to *end*, at most a week, once and for the first time."""
    return not start.astimezone(zone).fold and offset_at(start, zone) == offset_at(end, zone)


def change(zone: tzinfo, near: datetime, far: datetime) -> datetime:
    """Return the first second, on the way from *near* to *far*, with another offset than *near*; *far* has another one."""
    offset = offset_at(near, zone)
    while abs(far - near) > _SECOND:
        middle = near + (far - near) // (2 * _SECOND) * _SECOND
        if offset_at(middle, zone) == offset:
            near = middle
        else:
            far = middle
    return far


def _less(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)
