"""Of the table ``session``: what the student says of a conversation when it is over, once."""

from __future__ import annotations

from datetime import datetime

from bot.domain.ids import PersonId, SessionId
from bot.storage.database import Transaction


async def rate(tx: Transaction, session_id: SessionId, student_id: PersonId, *, stars: int, at: datetime) -> bool:
    """Keep the stars; False where there are some, or the session has not ended, or is not this student's."""
    changed = await tx.execute(
        """
        UPDATE session SET rating = :stars, rated_at = :at
         WHERE id = :id AND student_id = :student_id AND state = 'ended' AND rating IS NULL
        """,
        id=session_id,
        student_id=student_id,
        stars=stars,
        at=at,
    )
    return bool(changed)


async def is_rated(tx: Transaction, session_id: SessionId) -> bool:
    """Return whether a session has its stars."""
    return await tx.fetch_one("SELECT id FROM session WHERE id = :id AND rating IS NOT NULL", id=session_id) is not None


async def is_erased(tx: Transaction, session_id: SessionId) -> bool:
    """Return whether the content of a session was erased, and with it the key that would seal a comment."""
    return (
        await tx.fetch_one("SELECT id FROM session WHERE id = :id AND content_erased_at IS NOT NULL", id=session_id) is not None
    )


async def comment(tx: Transaction, session_id: SessionId, student_id: PersonId, *, body: bytes) -> bool:
    """Keep what goes with the stars, sealed by the session's key; False where there is something, or its time is over."""
    changed = await tx.execute(
        """
        UPDATE session SET rating_comment = :body
         WHERE id = :id AND student_id = :student_id AND rating IS NOT NULL AND rating_comment IS NULL
           AND content_erased_at IS NULL
        """,
        id=session_id,
        student_id=student_id,
        body=body,
    )
    return bool(changed)
