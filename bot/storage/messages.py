"""The table ``message``: what was said in a session, clustered by session so that retention takes whole pages away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from bot.domain.content import Kind
from bot.domain.ids import KeyId, SessionId
from bot.domain.sessions import Side
from bot.storage.database import Row, Transaction, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """What one side says to the other."""

    seq: int
    side: Side
    kind: Kind
    body: bytes  #: the text, or of a file its caption and which file it is; sealed by the session's key
    source_message_id: int  #: in the chat of who wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(NewMessage):
    """What one side said."""

    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """A session whose content has been kept long enough."""

    session_id: SessionId
    key_id: KeyId
    messages: int  #: that it had
    ended_at: datetime


async def add(tx: Transaction, session_id: SessionId, new: NewMessage, *, at: datetime) -> None:
    """Keep a message."""
    await tx.execute(
        """
        INSERT INTO message (session_id, seq, side, kind, body, source_message_id, sent_at)
        VALUES (:session_id, :seq, :side, :kind, :body, :source_message_id, :at)
        """,
        session_id=session_id,
        seq=new.seq,
        side=new.side,
        kind=new.kind,
        body=new.body,
        source_message_id=new.source_message_id,
        at=at,
    )


async def find(tx: Transaction, session_id: SessionId, seq: int) -> Message | None:
    """Return a message by its number; None where there is none."""
    sql = "SELECT * FROM message WHERE session_id = :session_id AND seq = :seq"
    row = await tx.fetch_one(sql, session_id=session_id, seq=seq)
    return _to_message(row) if row else None


async def find_by_source(tx: Transaction, session_id: SessionId, side: Side, source_message_id: int) -> Message | None:
    """Return the message that one side wrote as this message of their chat; the newest, since the side may have changed hands."""
    row = await tx.fetch_one(
        """
        SELECT * FROM message
         WHERE session_id = :session_id AND side = :side AND source_message_id = :source_message_id
         ORDER BY seq DESC LIMIT 1
        """,
        session_id=session_id,
        side=side,
        source_message_id=source_message_id,
    )
    return _to_message(row) if row else None


async def change(tx: Transaction, session_id: SessionId, seq: int, *, body: bytes, at: datetime) -> None:
    """Keep what a message says since its author changed it."""
    await tx.execute(
        "UPDATE message SET body = :body, edited_at = :at WHERE session_id = :session_id AND seq = :seq",
        session_id=session_id,
        seq=seq,
        body=body,
        at=at,
    )


async def erasable(tx: Transaction, *, ended_before: datetime, limit: int) -> list[Erasable]:
    """Return sessions that ended before an instant and still have their content, oldest first."""
    rows = await tx.fetch_all(
        """
        SELECT id, key_id, messages, ended_at FROM session
         WHERE content_erased_at IS NULL AND ended_at IS NOT NULL AND ended_at < :ended_before
         ORDER BY ended_at, id LIMIT :limit
        """,
        ended_before=ended_before,
        limit=limit,
    )
    return [
        Erasable(session_id=SessionId(row["id"]), key_id=KeyId(row["key_id"]), messages=row["messages"], ended_at=row["ended_at"])
        for row in rows
    ]


async def count_erasable(tx: Transaction, *, ended_before: datetime) -> tuple[int, int]:
    """Return how many sessions ``erasable`` finds without a limit, and how many messages they have."""
    row = await tx.fetch_one(
        """
        SELECT count(*) AS sessions,
               coalesce(sum((SELECT count(*) FROM message WHERE message.session_id = session.id)), 0) AS messages
          FROM session WHERE content_erased_at IS NULL AND ended_at IS NOT NULL AND ended_at < :ended_before
        """,
        ended_before=ended_before,
    )
    return (row["sessions"], int(row["messages"])) if row else (0, 0)


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


async def erase_content(tx: Transaction, newest: Erasable, *, at: datetime) -> tuple[int, int]:
    """Erase what is left of *newest* and of all that ended before it: messages, keys, what the sessions themselves hold.

    Returns how many sessions and messages there were. Three statements for many sessions, because on SQLite the journey to
    the thread of maintenance costs more than what one session needs there.
    """
    which: dict[str, Value] = {"ended_at": newest.ended_at, "id": newest.session_id}
    messages = await tx.execute("DELETE FROM message WHERE session_id IN (SELECT id FROM session WHERE " + _UP_TO + ")", **which)
    await tx.execute("DELETE FROM key WHERE id IN (SELECT key_id FROM session WHERE " + _UP_TO + ")", **which)
    sessions = await tx.execute(
        "UPDATE session SET description = NULL, rating_comment = NULL, content_erased_at = :at WHERE " + _UP_TO, at=at, **which
    )
    return sessions, messages


_UP_TO: LiteralString = "content_erased_at IS NULL AND ended_at IS NOT NULL AND (ended_at, id) <= (:ended_at, :id)"


def _to_message(row: Row) -> Message:
    return Message(
        seq=row["seq"],
        side=Side(row["side"]),
        kind=Kind(row["kind"]),
        body=bytes(row["body"]),
        source_message_id=row["source_message_id"],
        sent_at=row["sent_at"],
    )
