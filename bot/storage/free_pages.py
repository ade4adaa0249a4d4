"""Pages of a SQLite file that hold nothing any more, and how they are given back; PostgreSQL sees to its own."""

from __future__ import annotations

from bot.storage.database import Transaction


async def count(tx: Transaction) -> int:
    """Return how many there are."""
    row = await tx.fetch_one("PRAGMA freelist_count")
    return int(row["freelist_count"]) if row else 0


async def give_back(tx: Transaction, *, pages: int) -> None:
    """Make the file shorter by so many pages.

    The statement frees one page each time that the driver asks it for a row, and Python's asks once: so it frees one, whatever
    number stands in it.
    """
    for _ in range(pages):
        await tx.execute("PRAGMA incremental_vacuum(1)")
