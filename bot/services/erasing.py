"""What has been kept long enough, erased in pieces so small that no conversation waits for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ids import Clock
from bot.services.vault import Vault
from bot.storage import messages
from bot.storage.database import Database, Turn
from bot.storage.messages import Erasable

_FOUND_AT_ONCE = 200  #: sessions
_SESSIONS_AT_ONCE = 20  #: in one transaction, however little was said in them: the key of each lies on a page of its own


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

    async def has_old(self) -> bool:
        """Return whether anything has been kept long enough."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return bool(await messages.erasable(tx, ended_before=self.clock() - self.retention, limit=1))

    async def count_old(self) -> Erased:
        """Return what ``erase_old`` would do."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            sessions, found = await messages.count_erasable(tx, ended_before=self.clock() - self.retention)
        return Erased(sessions, found)

    async def erase_old(self, *, batch: int, between: Callable[[], Awaitable[None]]) -> Erased:
        """Erase messages, descriptions and keys of the sessions that ended longer than the retention ago.

        Args:
            batch: Most messages deleted in one transaction.
            between: Awaited after each piece; may end the work by raising.
        """
        done = Erased()
        while True:
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                found = await messages.erasable(tx, ended_before=self.clock() - self.retention, limit=_FOUND_AT_ONCE)
            if not found:
                return done
            for piece in _pieces(found, batch):
                sessions, deleted = await self._erase(piece, batch)
                done = Erased(done.sessions + sessions, done.messages + deleted)
                await between()

    async def _erase(self, piece: Sequence[Erasable], batch: int) -> tuple[int, int]:
        """Erase some sessions; a death in between leaves one with fewer messages, found again by the next run."""
        thinned = await self._thin_out(piece[-1], batch) if piece[-1].messages > batch else 0
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            sessions, deleted = await messages.erase_content(tx, piece[-1], at=self.clock())
        for session in piece:
            self.vault.forget(session.key_id)
        return sessions, thinned + deleted

    async def _thin_out(self, session: Erasable, batch: int) -> int:
        """Delete messages until fewer than *batch* are left; return how many."""
        thinned = 0
        while True:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                some = await messages.delete_some(tx, session.session_id, limit=batch)
            thinned += some
            if some < batch:
                return thinned


def _pieces(found: Sequence[Erasable], batch: int) -> list[list[Erasable]]:
    """Divide sessions, in their order, so that none but a single one holds more than *batch* messages."""
    pieces: list[list[Erasable]] = []
    room = 0
    for session in found:
        if not pieces or session.messages > room or len(pieces[-1]) == _SESSIONS_AT_ONCE:
            pieces.append([])
            room = batch
        pieces[-1].append(session)
        room -= session.messages
    return pieces
