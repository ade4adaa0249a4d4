"""Flood limits, off unless a test switches them on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bot.playground.wire import Clock, too_many_requests

#: Methods that count.
LIMITED = frozenset(
    {
        "sendmessage",
        "sendphoto",
        "sendvoice",
        "sendvideo",
        "sendvideonote",
        "sendaudio",
        "senddocument",
        "sendsticker",
        "sendanimation",
        "editmessagetext",
        "editmessagecaption",
        "editmessagereplymarkup",
    },
)


@dataclass(slots=True, frozen=True)
class FloodLimits:
    """The advice of the Bot FAQ ("My bot is hitting limits"): 30 per second, 1 per second in a chat, short bursts."""

    per_second: float = 30
    per_chat_per_second: float = 1
    per_chat_burst: int = 20


@dataclass(slots=True)
class _Bucket:
    rate: float
    size: float
    level: float
    at: float

    def wait_seconds(self, now: float) -> float:
        """Fill up to *now*; give the seconds until there is a token, 0 where there is one."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.level >= 1 else (1 - self.level) / self.rate


@dataclass(slots=True)
class Flood:
    """Counts calls against the limits: token buckets, one for all and one for each chat."""

    limits: FloodLimits
    clock: Clock
    _buckets: dict[int | None, _Bucket] = field(default_factory=dict[int | None, _Bucket], init=False)

    def check(self, chat_id: int | None) -> None:
        """Count one call.

        Raises:
            ApiError: 429, with the whole seconds to wait; the call is not counted then.
        """
        now = self.clock()
        buckets = [self._bucket(None, now), self._bucket(chat_id, now)]
        wait_seconds = max(bucket.wait_seconds(now) for bucket in buckets)
        if wait_seconds > 0:
            raise too_many_requests(math.ceil(wait_seconds))
        for bucket in buckets:
            bucket.level -= 1

    def _bucket(self, chat_id: int | None, now: float) -> _Bucket:
        bucket = self._buckets.get(chat_id)
        if bucket is None:
            limits = self.limits
            whole = (limits.per_second, limits.per_second)
            rate, size = whole if chat_id is None else (limits.per_chat_per_second, limits.per_chat_burst)
            bucket = self._buckets[chat_id] = _Bucket(rate, size, size, now)
        return bucket
