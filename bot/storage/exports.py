"""The tables ``export_file`` and ``export_address``: the newest export, and under which secret address it may be fetched."""

from __future__ import annotations

from datetime import datetime

from bot.storage.database import Transaction


async def put(tx: Transaction, kind: str, content: bytes, *, at: datetime) -> None:
    """Keep a file in place of the one before."""
    await tx.execute(
        """
        INSERT INTO export_file (kind, content, made_at) VALUES (:kind, :content, :at)
        ON CONFLICT (kind) DO UPDATE SET content = excluded.content, made_at = excluded.made_at
        """,
        kind=kind,
        content=content,
        at=at,
    )


async def find(tx: Transaction, kind: str) -> bytes | None:
    """Return the newest file of a kind; None where none was ever made."""
    row = await tx.fetch_one("SELECT content FROM export_file WHERE kind = :kind", kind=kind)
    return bytes(row["content"]) if row else None


async def set_address(tx: Transaction, token_hash: bytes, *, at: datetime) -> None:
    """Make this the one address."""
    await delete_address(tx)
    await tx.execute("INSERT INTO export_address (token_hash, made_at) VALUES (:token_hash, :at)", token_hash=token_hash, at=at)


async def delete_address(tx: Transaction) -> bool:
    """Make every address worthless; False where there was none."""
    return bool(await tx.execute("DELETE FROM export_address"))


async def is_address(tx: Transaction, token_hash: bytes) -> bool:
    """Return whether this is the address."""
    return await tx.fetch_one("SELECT 1 FROM export_address WHERE token_hash = :hash", hash=token_hash) is not None
