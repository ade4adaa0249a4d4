"""Instants and spans, as a person reads them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.text import Text
from bot.domain.zones import offsets_of, zone_of

_NOW = Text("now")
_UNITS = ((86_400, Text("{count} d")), (3_600, Text("{count} h")), (60, Text("{count} min")), (1, Text("{count} s")))


def moment(at: datetime) -> str:
    """Return an instant to the minute, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def local(at: datetime, zone: str) -> str:
    """Return what the clocks of a zone show; with its seconds where it has some, with the offset where the time comes twice."""
    there = at.astimezone(zone_of(zone))
    shown = f"{there:%Y-%m-%d %H:%M:%S}" if there.second else f"{there:%Y-%m-%d %H:%M}"
    before, after = offsets_of(there.replace(tzinfo=None), zone_of(zone))
    return shown if before == after else f"{shown} (UTC{there.isoformat()[-6:]})"


def recent(at: datetime, *, now: datetime) -> Text:
    """Return an instant to the minute, in UTC; without its day where that is today."""
    return Text("today {time} UTC", time=f"{at:%H:%M}") if at.date() == now.date() else Text("{moment}", moment=moment(at))


def span(length: timedelta) -> Text:
    """Return a span in its two largest units, rounded down: 3 h 12 min."""
    left, parts = int(length.total_seconds()), list[Text]()
    for seconds, unit in _UNITS:
        count, left = divmod(left, seconds) if left > 0 else (0, left)
        if count:
            parts.append(unit(count=count))
        elif parts:
            break
    if not parts:
        return _NOW
    return parts[0] if len(parts) == 1 else Text("{first} {second}", first=parts[0], second=parts[1])
