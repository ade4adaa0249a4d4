"""The table ``update``: what Telegram gave us, each once, until it is handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.storage.database import Channel, Database, Row, Transaction

_HORIZON = timedelta(minutes=1)  #: no retry is set further ahead (CONTRACT.md: 1 s, 5 s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An update as it came in."""

    update_id: int  #: Telegram's
    chat_hash: bytes | None  #: keyed hash of the chat's Telegram id; None where the update belongs to no chat
    payload: bytes  #: the raw JSON, sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpdate:
    """An update that is to be handled."""

    update_id: int
    payload: bytes
    attempts: int  #: that failed so far


async def store(tx: Transaction, batch: Sequence[Incoming], *, at: datetime) -> None:
    """Keep a batch; what is known already stays as it is."""
    for incoming in batch:
        await tx.execute(
            """
            INSERT INTO "update" (update_id, chat_hash, payload, state, due_at, received_at)
            VALUES (:update_id, :chat_hash, :payload, 'open', :at, :at)
            ON CONFLICT (update_id) DO NOTHING
            """,
            update_id=incoming.update_id,
            chat_hash=incoming.chat_hash,
            payload=incoming.payload,
            at=at,
        )
    tx.notify(Channel.UPDATE)


async def claim(tx: Transaction, db: Database, *, at: datetime) -> OpenUpdate | None:
    """Return the oldest open update that is first in its chat and due, held until the transaction ends; None where there is none.

    Later updates of a chat wait for the first one, also while that waits for its next try. A clock that was set back stops
    nobody: the first try has no time, and a time further ahead than any that we give is none.
    """
    row = await tx.fetch_one(
        """
        SELECT update_id, payload, attempts FROM "update" AS candidate
         WHERE state = 'open' AND (attempts = 0 OR due_at <= :at OR due_at > :horizon)
           AND NOT EXISTS (
               SELECT 1 FROM "update" AS earlier
                WHERE earlier.state = 'open' AND earlier.chat_hash = candidate.chat_hash
                  AND earlier.update_id < candidate.update_id)
         ORDER BY update_id
         LIMIT 1
        """
        + db.skip_locked,
        at=at,
        horizon=at + _HORIZON,
    )
    return _to_update(row) if row else None


async def finish(tx: Transaction, update_id: int, *, at: datetime) -> None:
    """Mark an update as handled and erase what it held."""
    await tx.execute(
        """
        UPDATE "update" SET state = 'done', payload = NULL, chat_hash = NULL, handled_at = :at
         WHERE update_id = :update_id AND state = 'open'
        """,
        update_id=update_id,
        at=at,
    )


async def postpone(tx: Transaction, update_id: int, *, error: str, due_at: datetime) -> None:
    """Count a failed attempt and try again at *due_at*."""
    await tx.execute(
        """
        UPDATE "update" SET attempts = attempts + 1, error = :error, due_at = :due_at
         WHERE update_id = :update_id AND state = 'open'
        """,
        update_id=update_id,
        error=error,
        due_at=due_at,
    )
    tx.notify(Channel.UPDATE)


async def park(tx: Transaction, update_id: int, *, error: str, reference: str, at: datetime) -> None:
    """Count the last failed attempt and keep the update, out of the way, for an admin to look at."""
    await tx.execute(
        """
        UPDATE "update" SET state = 'parked', attempts = attempts + 1, error = :error, reference = :reference, handled_at = :at
         WHERE update_id = :update_id AND state = 'open'
        """,
        update_id=update_id,
        error=error,
        reference=reference,
        at=at,
    )


async def has_open(tx: Transaction) -> bool:
    """Return whether any update is open."""
    return await tx.fetch_one("""SELECT update_id FROM "update" WHERE state = 'open' LIMIT 1""") is not None


async def next_due(tx: Transaction) -> datetime | None:
    """Return when the next update is due among those that are first in their chat; None where none is open."""
    row = await tx.fetch_one(
        """
        SELECT min(due_at) AS due_at FROM "update" AS candidate
         WHERE state = 'open'
           AND NOT EXISTS (
               SELECT 1 FROM "update" AS earlier
                WHERE earlier.state = 'open' AND earlier.chat_hash = candidate.chat_hash
                  AND earlier.update_id < candidate.update_id)
        """
    )
    return row["due_at"] if row else None


def _to_update(row: Row) -> OpenUpdate:
    return OpenUpdate(update_id=row["update_id"], payload=bytes(row["payload"]), attempts=row["attempts"])
