"""When a task runs: the arithmetic of due times, from the last occurrence and never from a start of the process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so often, counted from the occurrence before."""

    every: timedelta

    def next(self, last: datetime, *, now: datetime) -> datetime:
        """Return the first occurrence after *now* on the grid that *last* lies on.

        What was missed in between is left out: it has been made up for by the one run that is due now. A clock that was set
        back gives at most one interval from *now*, so that a schedule cannot fall silent.
        """
        if now < last:
            return min(last, now) + self.every
        missed = (now - last) // self.every
        return last + (missed + 1) * self.every
