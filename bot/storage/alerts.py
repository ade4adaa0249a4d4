"""The table ``alert``: what the admins were told is wrong, so that they hear of it once, and once when it is right again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.storage.database import Transaction


class AlertKind(StrEnum):
    """What can be wrong for a while."""

    FAILED = "failed"  #: the last attempt of a task's run; the subject is the task
    LATE = "late"  #: a schedule did not begin in time; the subject is its name
    STUCK = "stuck"  #: a run goes on past all its time; the subject is the task
    PART = "part"  #: a part of the service, as the health check names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that the admins know to be wrong."""

    kind: AlertKind
    subject: str
    detail: str
    raised_at: datetime


async def raise_once(tx: Transaction, kind: AlertKind, subject: str, *, detail: str, at: datetime) -> bool:
    """Note that something is wrong; False where that is known already, and nobody need be told again."""
    return bool(
        await tx.execute(
            """
            INSERT INTO alert (kind, subject, detail, raised_at) VALUES (:kind, :subject, :detail, :at)
            ON CONFLICT (kind, subject) DO NOTHING
            """,
            kind=kind,
            subject=subject,
            detail=detail,
            at=at,
        )
    )


async def clear(tx: Transaction, kind: AlertKind, subject: str) -> bool:
    """Note that it is right again; False where it was not known to be wrong."""
    return bool(await tx.execute("DELETE FROM alert WHERE kind = :kind AND subject = :subject", kind=kind, subject=subject))


async def forget_failure(tx: Transaction, task: str) -> None:
    """Note nothing any more of a task that has failed, where no schedule would ever tell that it works again."""
    await tx.execute(
        """
        DELETE FROM alert
         WHERE kind = 'failed' AND subject = :task
           AND NOT EXISTS (SELECT 1 FROM schedule WHERE schedule.task = :task AND schedule.deleted_at IS NULL)
        """,
        task=task,
    )


async def everything(tx: Transaction) -> list[Alert]:
    """Return what is wrong, the oldest first."""
    rows = await tx.fetch_all("SELECT * FROM alert ORDER BY raised_at, kind, subject")
    return [
        Alert(kind=AlertKind(row["kind"]), subject=row["subject"], detail=row["detail"], raised_at=row["raised_at"])
        for row in rows
    ]
