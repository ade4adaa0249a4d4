"""What has been kept long enough, erased in pieces so small that no conversation waits for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ids import Clock
from bot.services.vault import Vault
from bot.storage import keys, messages
from bot.storage.database import Database, Turn
from bot.storage.messages import Erasable


@dataclass(frozen=True, slots=True)
class Erased:
    """What a cleanup did."""

    sessions: int = 0  #: whose content was erased
    messages: int = 0  #: rows that were deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Retention of what was said (``SESSION_RETENTION_DAYS``)."""

    db: Database
    clock: Clock
    vault: Vault
    retention: timedelta

    async def erase_old(self, *, batch: int, between: Callable[[], Awaitable[None]]) -> Erased:
        """Erase messages, descriptions and keys of the sessions that ended longer than the retention ago.

        Args:
            batch: Most messages deleted in one transaction.
            between: Awaited after each session; may end the work by raising.
        """
        done = Erased()
        while True:
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                found = await messages.erasable(tx, ended_before=self.clock() - self.retention, limit=100)
            if not found:
                return done
            for session in found:
                done = Erased(*await self._erase(session, batch, done))
                await between()

    async def _erase(self, session: Erasable, batch: int, done: Erased) -> tuple[int, int]:
        """Erase one session; a death in between leaves a session with fewer messages, found again by the next run."""
        deleted = 0
        while True:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                some = await messages.delete_some(tx, session.session_id, limit=batch)
                deleted += some
                if some == batch:
                    continue
                is_erased = await messages.erase_content(tx, session, at=self.clock())
                await keys.delete(tx, session.key_id)
            self.vault.forget(session.key_id)
            return done.sessions + is_erased, done.messages + deleted
