"""How long to wait before trying again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential, with a ceiling, and spread out so that what failed together is not repeated together."""

    first: timedelta
    most: timedelta
    jitter: float = 0.5  #: the share of the delay that is left to chance, 0 to 1

    def delay(self, attempt: int, *, chance: float) -> timedelta:
        """Return the wait after failed attempt number *attempt* (1 is the first), for *chance* in [0, 1)."""
        full = min(self.first * 2 ** min(attempt - 1, 40), self.most)
        return full * (1 - self.jitter * chance)


#: A delivery that failed in passing: 1 s → 5 min (CONTRACT.md, *Updates and deliveries*).
DELIVERY = Backoff(first=timedelta(seconds=1), most=timedelta(minutes=5), jitter=0.2)
#: A run of a task that failed.
RUN = Backoff(first=timedelta(seconds=10), most=timedelta(minutes=10))
#: The intake while Telegram does not answer; fast enough to be back within 60 s of its return.
INTAKE = Backoff(first=timedelta(seconds=1), most=timedelta(seconds=30))

#: The first question, who we are; often enough to end in time where the token is wrong.
INTRODUCTION = Backoff(first=timedelta(seconds=1), most=timedelta(seconds=5))

#: A file on which Telegram fails while it answers other calls: its chat waits, so it is tried 5 times, and no more once 5 min
#: have passed since it first failed.
FILE_DELAYS = (timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=15), timedelta(seconds=40))
FILE_PATIENCE = timedelta(minutes=5)

#: An update that raises is tried 3 times, 1 s and 5 s after (CONTRACT.md, *Updates and deliveries*).
UPDATE_DELAYS = (timedelta(seconds=1), timedelta(seconds=5))
