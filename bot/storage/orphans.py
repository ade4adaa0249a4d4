"""Rows whose owner is gone.

Our own statements leave none behind, because the foreign keys see to that; but SQLite looks at them only where the connection
asked for it, and the shell in which somebody deletes a row by hand does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from bot.storage.database import Transaction, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """That each row of a table belongs to one of another table."""

    table: LiteralString
    of: LiteralString  #: the column that says to which one
    owner: LiteralString  #: the table of the owners, whose key is ``id``
    key: LiteralString = "id"

    @property
    def name(self) -> str:
        """What is counted, as a run's result names it."""
        return f"{self.table}_without_{self.owner}"


#: Those that end with their owner, children first. A session is not among them: it ends by its own rules.
BONDS = (
    Bond(table="message", of="session_id", owner="session", key="session_id, seq"),
    Bond(table="session_event", of="session_id", owner="session"),
    Bond(table="offer", of="session_id", owner="session"),
    Bond(table="offer", of="counselor_id", owner="counselor"),
    Bond(table="counselor_topic", of="counselor_id", owner="counselor", key="counselor_id, position"),
    Bond(table="counselor", of="id", owner="person"),
    Bond(table="dialog", of="person_id", owner="person", key="person_id"),
    Bond(table="delivery", of="person_id", owner="person"),
    Bond(table="run_log", of="run_id", owner="run", key="run_id, number"),
    Bond(table="run_attempt", of="run_id", owner="run", key="run_id, number"),
)


async def count(tx: Transaction, bond: Bond) -> int:
    """Return how many rows have lost their owner."""
    row = await tx.fetch_one("SELECT count(*) AS number FROM " + _lost(bond))
    return int(row["number"]) if row else 0


async def owners_lost(tx: Transaction, bond: Bond, *, limit: int) -> list[int]:
    """Return ids that rows still name and no owner has."""
    rows = await tx.fetch_all("SELECT DISTINCT mine." + bond.of + " AS id FROM " + _lost(bond) + " LIMIT :limit", limit=limit)
    return [row["id"] for row in rows]


async def delete(tx: Transaction, bond: Bond, owners: Sequence[int], *, limit: int) -> int:
    """Delete rows of lost owners, whose ids nobody gets again; return how many, at most *limit*."""
    which: LiteralString = "SELECT " + bond.key + " FROM " + bond.table + " WHERE " + bond.of + " IN :owners LIMIT :limit"
    sql, values = spread("DELETE FROM " + bond.table + " WHERE (" + bond.key + ") IN (" + which + ")", owners=owners)
    return await tx.execute(sql, limit=limit, **values)


def _lost(bond: Bond) -> LiteralString:
    return bond.table + " AS mine LEFT JOIN " + bond.owner + " AS owner ON owner.id = mine." + bond.of + " WHERE owner.id IS NULL"
