"""The table ``message``: what was said in a session, clustered by session so that retention takes whole pages away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import KeyId, PersonId, SessionId
from bot.domain.sessions import Side
from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """A session whose content has been kept long enough."""

    session_id: SessionId
    key_id: KeyId


async def next_seq(tx: Transaction, session_id: SessionId, *, by: PersonId) -> int | None:
    """Take the next number of a message in an active session; None where it is not active, or not theirs.

    This is also what holds the session until the transaction ends, so that no message follows its end.
    """
    row = await tx.fetch_one(
        """
        UPDATE session SET messages = messages + 1
         WHERE id = :id AND state = 'active' AND (student_id = :by OR counselor_id = :by)
        RETURNING messages
        """,
        id=session_id,
        by=by,
    )
    return row["messages"] if row else None


async def add(  # noqa: PLR0913 — the columns of a message
    tx: Transaction, session_id: SessionId, seq: int, side: Side, *, body: bytes, source_message_id: int, at: datetime
) -> None:
    """Keep a message; *body* is sealed by the session's key."""
    await tx.execute(
        """
        INSERT INTO message (session_id, seq, side, body, source_message_id, sent_at)
        VALUES (:session_id, :seq, :side, :body, :source_message_id, :at)
        """,
        session_id=session_id,
        seq=seq,
        side=side,
        body=body,
        source_message_id=source_message_id,
        at=at,
    )


async def erasable(tx: Transaction, *, ended_before: datetime, limit: int) -> list[Erasable]:
    """Return sessions that ended before an instant and still have their content, oldest first."""
    rows = await tx.fetch_all(
        """
        SELECT id, key_id FROM session
         WHERE content_erased_at IS NULL AND ended_at IS NOT NULL AND ended_at < :ended_before
         ORDER BY ended_at LIMIT :limit
        """,
        ended_before=ended_before,
        limit=limit,
    )
    return [Erasable(session_id=SessionId(row["id"]), key_id=KeyId(row["key_id"])) for row in rows]


async def delete_some(tx: Transaction, session_id: SessionId, *, limit: int) -> int:
    """Delete the first messages of a session; return how many there were."""
    return await tx.execute(
        """
        DELETE FROM message
         WHERE session_id = :session_id
           AND seq IN (SELECT seq FROM message WHERE session_id = :session_id ORDER BY seq LIMIT :limit)
        """,
        session_id=session_id,
        limit=limit,
    )


async def erase_content(tx: Transaction, erasable: Erasable, *, at: datetime) -> bool:
    """Erase what is left of a session's content, its key with it; False where another was faster."""
    changed = await tx.execute(
        """
        UPDATE session SET description = NULL, rating_comment = NULL, content_erased_at = :at
         WHERE id = :id AND content_erased_at IS NULL
        """,
        id=erasable.session_id,
        at=at,
    )
    return bool(changed)
