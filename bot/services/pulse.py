"""Whether Telegram answers when it is asked for updates: said in the log when it changes, and kept for whoever asks."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.ids import Clock
from bot.storage import pulses
from bot.storage.database import Database, DatabaseUnavailable, Transaction, wait
from bot.storage.pulses import Beat

logger = logging.getLogger(__name__)

_KEPT_EVERY_SECONDS = 60.0  #: a change is kept at once


@dataclass(slots=True, kw_only=True)
class Pulse:
    """What the intake finds out; where another process polls, what that one keeps in the table."""

    db: Database
    clock: Clock
    last_good_at: datetime | None = None
    caught_up_at: datetime | None = None  #: until then we have stored all that people wrote
    failing_since: datetime | None = None
    reason: str | None = None
    _noted_at: datetime | None = None
    _said: set[str] = field(default_factory=set[str])  #: the reasons in the log since the trouble began
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def good(self, *, caught_up_at: datetime | None = None) -> None:
        """Take note of a poll that was answered; *caught_up_at* says when, where it had no more than what is stored."""
        if self.failing_since is not None:
            seconds = (self.clock() - self.failing_since).total_seconds()
            logger.info("Telegram answers again, after %.0f s.", seconds)
        if self.failing_since is not None or self.last_good_at is None:
            self._changed.set()
        self.failing_since = self.reason = None
        self._said.clear()
        self.last_good_at = self._noted_at = self.clock()
        self.caught_up_at = caught_up_at or self.caught_up_at

    def bad(self, reason: str) -> bool:
        """Take note of a poll that failed; the log hears of each reason once in a trouble, however long that lasts.

        Returns:
            Whether this reason is new.
        """
        is_new = reason not in self._said
        if is_new:
            logger.warning("Telegram gives no updates (%s); trying again until it does.", reason)
        self._said.add(reason)
        if self.failing_since is None or self.reason != reason:
            self._changed.set()
        self._noted_at = self.clock()
        self.failing_since = self.failing_since or self._noted_at
        self.reason = reason
        return is_new

    async def keep(self) -> None:
        """Write what is known to the table, for other processes and the next start, until cancelled."""
        kept_at = None
        while True:
            await wait(self._changed, seconds=_KEPT_EVERY_SECONDS)
            own = self._own()
            if own is None or own.noted_at == kept_at:
                continue
            try:
                async with self.db.transaction() as tx:
                    await pulses.write(tx, own)
                kept_at = own.noted_at
            except DatabaseUnavailable:
                continue  # the database says so itself, and the next minute comes

    async def read(self, tx: Transaction) -> Beat | None:
        """Return what was noted last, here or by the process that polls; None where nobody has polled yet."""
        own, kept = self._own(), await pulses.read(tx)
        known = [beat for beat in (own, kept) if beat is not None]
        return max(known, key=lambda beat: beat.noted_at, default=None)

    def _own(self) -> Beat | None:
        if self._noted_at is None:
            return None
        return Beat(
            noted_at=self._noted_at,
            last_good_at=self.last_good_at,
            caught_up_at=self.caught_up_at,
            failing_since=self.failing_since,
            reason=self.reason,
        )
