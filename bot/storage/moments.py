"""When the next thing is due that has a time, of several tables at once: what the scheduler's clock asks whenever it wakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """The earliest of each kind; None where there is none."""

    schedule: datetime | None  #: a schedule runs
    deadline: datetime | None  #: an offer lapses
    retry: datetime | None  #: a run is tried again; one that is due already and waits for its turn is woken by the end of another
    lease: datetime | None  #: the lease of a run ends


async def read(tx: Transaction, *, at: datetime) -> Moments:
    """Return what is due next."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT min(next_run_at) FROM schedule
                 WHERE is_enabled AND NOT is_parked AND deleted_at IS NULL AND next_run_at IS NOT NULL) AS schedule_at,
               (SELECT min(expires_at) FROM offer WHERE outcome IS NULL) AS deadline_at,
               (SELECT min(due_at) FROM run WHERE state IN ('scheduled', 'retrying') AND due_at > :at) AS retry_at,
               (SELECT min(lease_expires_at) FROM run WHERE state = 'running') AS lease_at
        """,
        at=at,
    )
    if row is None:
        raise RuntimeError("A SELECT without FROM gave no row.")
    return Moments(schedule=row["schedule_at"], deadline=row["deadline_at"], retry=row["retry_at"], lease=row["lease_at"])
