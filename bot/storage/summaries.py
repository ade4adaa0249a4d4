"""What the admins should know of each morning, counted over several tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """When somebody asked for a counselor, and how long they waited."""

    requested_at: datetime
    waited_until_at: datetime | None  #: they had a counselor, or gave up; None where they still wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Who is there for a topic: counselors who name it."""

    approved: int
    online: int  #: of these, and reachable


async def waiting_long(tx: Transaction, *, requested_before: datetime) -> list[str]:
    """Return the aliases of requests that have waited since then, the neediest first."""
    rows = await tx.fetch_all(
        """
        SELECT alias FROM session
         WHERE state IN ('waiting', 'offered') AND requested_at <= :requested_before
         ORDER BY priority DESC, requested_at, id
        """,
        requested_before=requested_before,
    )
    return [row["alias"] for row in rows]


async def unanswered_students(tx: Transaction, *, since: datetime) -> list[str]:
    """Return the aliases of conversations in which a student has had the last word since then, or nobody has said any."""
    rows = await tx.fetch_all(
        """
        SELECT alias FROM session
         WHERE state IN ('waiting', 'offered', 'active') AND state = 'active' AND last_message_at <= :since
           AND coalesce((SELECT side FROM message WHERE message.session_id = session.id
                          AND message.sent_at >= session.activated_at ORDER BY seq DESC LIMIT 1), 'student') = 'student'
         ORDER BY last_message_at, id
        """,
        since=since,
    )
    return [row["alias"] for row in rows]


async def covers(tx: Transaction) -> dict[str, Cover]:
    """Return who is there for each topic; one that no counselor names is missing."""
    rows = await tx.fetch_all(
        """
        SELECT counselor_topic.topic, count(*) AS approved,
               count(*) FILTER (WHERE counselor.is_online AND person.is_reachable) AS online
          FROM counselor
          JOIN person ON person.id = counselor.id
          JOIN counselor_topic ON counselor_topic.counselor_id = counselor.id
         WHERE counselor.status = 'approved' AND counselor.deleted_at IS NULL
         GROUP BY counselor_topic.topic
        """
    )
    return {row["topic"]: Cover(approved=row["approved"], online=row["online"]) for row in rows}


async def requests_since(tx: Transaction, *, since: datetime, limit: int) -> list[Request]:
    """Return the newest requests since an instant."""
    rows = await tx.fetch_all(
        """
        SELECT session.requested_at,
               coalesce((SELECT min(session_event.at) FROM session_event
                          WHERE session_event.session_id = session.id AND session_event.to_state = 'active'),
                        session.ended_at) AS waited_until_at
          FROM session WHERE session.id > (SELECT coalesce(max(id), 0) FROM session) - :limit AND session.requested_at >= :since
        """,
        since=since,
        limit=limit,
    )
    return [Request(**row) for row in rows]


async def incomplete_profiles(tx: Transaction) -> int:
    """Return how many counselors in service have said nothing about themselves, or name no topic."""
    row = await tx.fetch_one(
        """
        SELECT count(*) AS number FROM counselor
         WHERE status = 'approved' AND deleted_at IS NULL
           AND (bio IS NULL OR NOT EXISTS (SELECT 1 FROM counselor_topic WHERE counselor_topic.counselor_id = counselor.id))
        """
    )
    return row["number"] if row else 0
