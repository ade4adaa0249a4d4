"""The table ``pulse``: whether Telegram answers the one process that asks it, for the others to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Transaction

_NAME = "telegram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What is known of the polls."""

    noted_at: datetime
    last_good_at: datetime | None
    caught_up_at: datetime | None  #: until then all that people wrote is stored
    failing_since: datetime | None
    reason: str | None  #: why they fail


async def write(tx: Transaction, beat: Beat) -> None:
    """Keep what is known; what somebody noted later stays."""
    await tx.execute(
        """
        INSERT INTO pulse (name, noted_at, last_good_at, caught_up_at, failing_since_at, reason)
        VALUES (:name, :noted_at, :last_good_at, :caught_up_at, :failing_since, :reason)
        ON CONFLICT (name) DO UPDATE
           SET noted_at = excluded.noted_at, last_good_at = coalesce(excluded.last_good_at, pulse.last_good_at),
               caught_up_at = coalesce(excluded.caught_up_at, pulse.caught_up_at),
               failing_since_at = excluded.failing_since_at, reason = excluded.reason
         WHERE pulse.noted_at < excluded.noted_at
        """,
        name=_NAME,
        noted_at=beat.noted_at,
        last_good_at=beat.last_good_at,
        caught_up_at=beat.caught_up_at,
        failing_since=beat.failing_since,
        reason=beat.reason,
    )


async def read(tx: Transaction) -> Beat | None:
    """Return what was noted last; None where nobody has polled yet."""
    row = await tx.fetch_one("SELECT * FROM pulse WHERE name = :name", name=_NAME)
    if row is None:
        return None
    return Beat(
        noted_at=row["noted_at"],
        last_good_at=row["last_good_at"],
        caught_up_at=row["caught_up_at"],
        failing_since=row["failing_since_at"],
        reason=row["reason"],
    )
