"""The table ``lease``: who of several processes does what only one may do."""

from __future__ import annotations

from datetime import datetime

from bot.storage.database import Transaction


async def take(tx: Transaction, name: str, owner: str, *, at: datetime, expires_at: datetime) -> bool:
    """Take a lease that is free, has run out or is ours already; return whether we have it now."""
    row = await tx.fetch_one(
        """
        INSERT INTO lease (name, owner, expires_at) VALUES (:name, :owner, :expires_at)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
         WHERE lease.owner = excluded.owner OR lease.expires_at <= :at
        RETURNING name
        """,
        name=name,
        owner=owner,
        expires_at=expires_at,
        at=at,
    )
    return row is not None


async def release(tx: Transaction, name: str, owner: str) -> None:
    """Give a lease back, where it is still ours."""
    await tx.execute("DELETE FROM lease WHERE name = :name AND owner = :owner", name=name, owner=owner)
