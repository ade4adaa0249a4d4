"""Of the table ``session``: the conversations in which nobody writes; each is reminded once, and then ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import LiteralString

from bot.domain.ids import SessionId
from bot.storage.database import Row, Transaction

#: Neither side has written something that lies in our table and waits to be handled.
IS_HEARD: LiteralString = """
    NOT EXISTS (
        SELECT 1 FROM person JOIN "update" ON "update".chat_hash = person.telegram_hash
         WHERE person.id IN (session.student_id, session.counselor_id) AND "update".state = 'open')
"""


async def next_moment(tx: Transaction, *, patience: timedelta) -> datetime | None:
    """Return when the next conversation is to be reminded or ended: *patience* after its last message or its reminder."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT min(last_message_at) FROM session WHERE state = 'active' AND reminded_at IS NULL) AS silent_since_at,
               (SELECT min(reminded_at) FROM session WHERE state = 'active' AND reminded_at IS NOT NULL) AS reminded_at
        """
    )
    found = [row["silent_since_at"], row["reminded_at"]] if row else []
    return min((moment + patience for moment in found if moment is not None), default=None)


async def to_remind(tx: Transaction, *, silent_since: datetime, limit: int) -> list[SessionId]:
    """Return active sessions without a message after an instant and without a reminder, the longest silence first."""
    rows = await tx.fetch_all(
        """
        SELECT id FROM session
         WHERE state = 'active' AND reminded_at IS NULL AND last_message_at <= :silent_since AND """
        + IS_HEARD
        + " ORDER BY last_message_at LIMIT :limit",
        silent_since=silent_since,
        limit=limit,
    )
    return _ids(rows)


async def to_end(tx: Transaction, *, reminded_before: datetime, limit: int) -> list[SessionId]:
    """Return active sessions that were reminded before an instant and have had no message since, the oldest reminder first."""
    rows = await tx.fetch_all(
        """
        SELECT id FROM session
         WHERE state = 'active' AND reminded_at IS NOT NULL AND reminded_at <= :reminded_before AND """
        + IS_HEARD
        + " ORDER BY reminded_at LIMIT :limit",
        reminded_before=reminded_before,
        limit=limit,
    )
    return _ids(rows)


async def remind(tx: Transaction, session_id: SessionId, *, silent_since: datetime, at: datetime) -> bool:
    """Record that both sides are reminded; False where they were before, or somebody has written, or it is not active."""
    changed = await tx.execute(
        """
        UPDATE session SET reminded_at = :at
         WHERE id = :id AND state = 'active' AND reminded_at IS NULL AND last_message_at <= :silent_since
        """,
        id=session_id,
        silent_since=silent_since,
        at=at,
    )
    return bool(changed)


async def forget_the_future(tx: Transaction, *, at: datetime) -> None:
    """Take what a clock wrote that has been set back since for what is true now: no reminder yet, and the last message now."""
    await tx.execute("UPDATE session SET reminded_at = NULL WHERE state = 'active' AND reminded_at > :at", at=at)
    await tx.execute(
        "UPDATE session SET last_message_at = :at WHERE state = 'active' AND reminded_at IS NULL AND last_message_at > :at", at=at
    )


def _ids(rows: list[Row]) -> list[SessionId]:
    return [SessionId(row["id"]) for row in rows]
