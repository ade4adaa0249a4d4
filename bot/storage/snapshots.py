"""The table ``snapshot``: counters as they were at some instant."""

from __future__ import annotations

from datetime import datetime

from bot.storage.database import Transaction


async def add(tx: Transaction, name: str, figures: str, *, at: datetime) -> None:
    """Keep what was counted at an instant."""
    await tx.execute(
        """
        INSERT INTO snapshot (name, taken_at, figures) VALUES (:name, :at, :figures)
        ON CONFLICT (name, taken_at) DO UPDATE SET figures = excluded.figures
        """,
        name=name,
        figures=figures,
        at=at,
    )


async def newest(tx: Transaction, name: str, *, until: datetime) -> str | None:
    """Return what was counted last, up to an instant; None where nothing was."""
    row = await tx.fetch_one(
        "SELECT figures FROM snapshot WHERE name = :name AND taken_at <= :until ORDER BY taken_at DESC LIMIT 1",
        name=name,
        until=until,
    )
    return row["figures"] if row else None


async def since(tx: Transaction, name: str, since: datetime) -> list[str]:
    """Return what was counted since an instant, in order."""
    rows = await tx.fetch_all(
        "SELECT figures FROM snapshot WHERE name = :name AND taken_at >= :since ORDER BY taken_at", name=name, since=since
    )
    return [row["figures"] for row in rows]


async def delete_before(tx: Transaction, name: str, before: datetime) -> int:
    """Delete what was counted before an instant; return how many there were."""
    return await tx.execute("DELETE FROM snapshot WHERE name = :name AND taken_at < :before", name=name, before=before)
