"""The table ``restore_proof``: what came of restoring backups for a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One attempt to restore a backup."""

    file: str  #: the name of the backup; empty where there was none
    is_good: bool
    counts: dict[str, int]  #: of rows, by table, and ``opened``: sealed values that were opened with the key file
    error: str | None  #: why it failed
    proved_at: datetime


async def add(tx: Transaction, proof: Proof) -> None:
    """Keep a proof."""
    await tx.execute(
        """
        INSERT INTO restore_proof (file, is_good, counts, error, proved_at)
        VALUES (:file, :is_good, :counts, :error, :proved_at)
        """,
        file=proof.file,
        is_good=proof.is_good,
        counts=json.dumps(proof.counts),
        error=proof.error,
        proved_at=proof.proved_at,
    )


async def last(tx: Transaction) -> Proof | None:
    """Return the newest proof; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM restore_proof ORDER BY id DESC LIMIT 1")
    return _to_proof(row) if row else None


async def newest(tx: Transaction, *, limit: int) -> list[Proof]:
    """Return the newest proofs, the newest first."""
    return [
        _to_proof(row) for row in await tx.fetch_all("SELECT * FROM restore_proof ORDER BY id DESC LIMIT :limit", limit=limit)
    ]


def _to_proof(row: Row) -> Proof:
    return Proof(
        file=row["file"],
        is_good=row["is_good"],
        counts=json.loads(row["counts"]),
        error=row["error"],
        proved_at=row["proved_at"],
    )
