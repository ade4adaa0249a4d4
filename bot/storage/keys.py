"""The table ``key``: random keys, wrapped by ``ENCRYPTION_KEY``. Deleting a row makes what it sealed unreadable for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import KeyId
from bot.storage.database import Row, Transaction, spread


class Purpose(StrEnum):
    """What a key is for; of the first three there is one each."""

    LOOKUP = "lookup"  #: the keyed hash by which a Telegram id is found
    CALLBACK = "callback"  #: what authenticates a button
    INTAKE = "intake"  #: raw updates, until their person is known
    PERSON = "person"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it lies in the database."""

    id: KeyId
    purpose: Purpose
    wrapped: bytes


async def add_if_missing(tx: Transaction, key: WrappedKey, *, at: datetime) -> None:
    """Store a wrapped key, unless there is one for this purpose, of which there can only be one."""
    await tx.execute(
        """
        INSERT INTO key (id, purpose, wrapped, created_at) VALUES (:id, :purpose, :wrapped, :at)
        ON CONFLICT (purpose) WHERE purpose IN ('lookup', 'callback', 'intake') DO NOTHING
        """,
        id=key.id,
        purpose=key.purpose,
        wrapped=key.wrapped,
        at=at,
    )


async def is_wanted(tx: Transaction) -> bool:
    """Return whether there are people in the database, whose keys must then be there too."""
    return await tx.fetch_one("SELECT id FROM person LIMIT 1") is not None


async def find(tx: Transaction, key_id: KeyId) -> WrappedKey | None:
    """Return a key; None where it was deleted."""
    row = await tx.fetch_one("SELECT * FROM key WHERE id = :id", id=key_id)
    return _to_key(row) if row else None


async def find_all(tx: Transaction, key_ids: Sequence[KeyId]) -> list[WrappedKey]:
    """Return those of the keys that were not deleted."""
    sql, ids = spread("SELECT * FROM key WHERE id IN :ids", ids=key_ids)
    return [_to_key(row) for row in await tx.fetch_all(sql, **ids)]


async def of_the_service(tx: Transaction) -> list[WrappedKey]:
    """Return the keys that belong to nobody."""
    rows = await tx.fetch_all("SELECT * FROM key WHERE purpose IN ('lookup', 'callback', 'intake')")
    return [_to_key(row) for row in rows]


async def every(tx: Transaction) -> list[WrappedKey]:
    """Return all keys."""
    return [_to_key(row) for row in await tx.fetch_all("SELECT * FROM key ORDER BY id")]


async def delete(tx: Transaction, key_id: KeyId) -> None:
    """Delete a key and with it all that it sealed."""
    await tx.execute("DELETE FROM key WHERE id = :id", id=key_id)


def _to_key(row: Row) -> WrappedKey:
    return WrappedKey(KeyId(row["id"]), Purpose(row["purpose"]), bytes(row["wrapped"]))
