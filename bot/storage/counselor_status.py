"""What admins decide about the rows of ``counselor``; each decision is one statement that only one of two can win."""

from __future__ import annotations

from datetime import datetime

from bot.domain.ids import CounselorId, PersonId
from bot.storage.database import Transaction


async def approve(tx: Transaction, applicant_id: CounselorId, *, by: PersonId, at: datetime) -> bool:
    """Make an applicant a counselor, online; False where somebody else has decided, or they took it back."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor
               SET status = 'approved', is_online = :is_online, reviewed_at = :at, reviewed_by = :by, review_reason = NULL
             WHERE id = :id AND status = 'applied' AND deleted_at IS NULL
            """,
            id=applicant_id,
            is_online=True,
            by=by,
            at=at,
        )
    )


async def reject(tx: Transaction, applicant_id: CounselorId, *, reason: bytes | None, by: PersonId, at: datetime) -> bool:
    """Reject an applicant; *reason* is sealed by their key. False where somebody else has decided, or they took it back."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor SET status = 'rejected', reviewed_at = :at, reviewed_by = :by, review_reason = :reason
             WHERE id = :id AND status = 'applied' AND deleted_at IS NULL
            """,
            id=applicant_id,
            reason=reason,
            by=by,
            at=at,
        )
    )


async def deactivate(tx: Transaction, counselor_id: CounselorId) -> bool:
    """Take a counselor out of service, and hold their row; False where they are not in service."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor SET status = 'deactivated', is_online = :is_online
             WHERE id = :id AND status = 'approved' AND deleted_at IS NULL
            """,
            id=counselor_id,
            is_online=False,
        )
    )


async def reactivate(tx: Transaction, counselor_id: CounselorId) -> bool:
    """Put a counselor back into service, online; False where they are not deactivated, or were deleted."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor SET status = 'approved', is_online = :is_online
             WHERE id = :id AND status = 'deactivated' AND deleted_at IS NULL
            """,
            id=counselor_id,
            is_online=True,
        )
    )


async def delete(tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> bool:
    """Delete a counselor softly and hold their row: what they did stays, they are in no list. False where they were before."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor SET status = 'deactivated', is_online = :is_online, deleted_at = :at
             WHERE id = :id AND status IN ('approved', 'deactivated') AND deleted_at IS NULL
            """,
            id=counselor_id,
            is_online=False,
            at=at,
        )
    )
