"""The table ``report_copy``: who has got which report.

A recipient is the id of a person, or ``e-mail`` for all whom ``SMTP_URL`` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.storage.database import Transaction

E_MAIL = "e-mail"


async def recipients(tx: Transaction, report: str) -> Sequence[str]:
    """Return who has got it."""
    rows = await tx.fetch_all("SELECT recipient FROM report_copy WHERE report = :report", report=report)
    return [row["recipient"] for row in rows]


async def add(tx: Transaction, report: str, recipient: str, *, at: datetime) -> bool:
    """Note that somebody gets it now; False where they have it."""
    changed = await tx.execute(
        """
        INSERT INTO report_copy (report, recipient, sent_at) VALUES (:report, :recipient, :at)
        ON CONFLICT (report, recipient) DO NOTHING
        """,
        report=report,
        recipient=recipient,
        at=at,
    )
    return bool(changed)


async def forget(tx: Transaction, *, before: datetime) -> None:
    """Delete what nobody will repeat any more."""
    await tx.execute("DELETE FROM report_copy WHERE sent_at < :before", before=before)
