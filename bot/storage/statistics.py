"""Figures over all tables: how many there are now, and what happened in a span of time, whose end is not part of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.sessions import Priority, SessionState
from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """How many people serve here, or would like to."""

    approved: int  #: counselors in service
    online: int  #: those of them who are online
    applications: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """From a request to the first moment with a counselor."""

    event_id: int  #: of that moment
    requested_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was said, and by how many counselors."""

    messages: int
    conversations: int  #: in which they were said
    counselors: int  #: who wrote to a student that is theirs, or answered an offer


async def heads(tx: Transaction) -> Heads:
    """Count counselors and applicants."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM counselor WHERE status = 'approved' AND deleted_at IS NULL) AS approved,
               (SELECT count(*) FROM counselor WHERE status = 'approved' AND deleted_at IS NULL AND is_online) AS online,
               (SELECT count(*) FROM counselor WHERE status = 'applied' AND deleted_at IS NULL) AS applications
        """
    )
    return Heads(**row or {})


async def people(tx: Transaction) -> int:
    """Count everybody who ever wrote, and is still known."""
    row = await tx.fetch_one("SELECT count(*) AS number FROM person")
    return row["number"] if row else 0


async def open_sessions(tx: Transaction) -> dict[SessionState, int]:
    """Count the sessions that are not over, by state; a state that none is in has 0."""
    rows = await tx.fetch_all(
        "SELECT state, count(*) AS number FROM session WHERE state IN ('waiting', 'offered', 'active') GROUP BY state"
    )
    none = dict.fromkeys((SessionState.WAITING, SessionState.OFFERED, SessionState.ACTIVE), 0)
    return none | {SessionState(row["state"]): row["number"] for row in rows}


async def has_more_moves(tx: Transaction, *, since: datetime, than: int) -> bool:
    """Return whether sessions have made more than so many moves since an instant; no more than these are looked at."""
    sql = "SELECT count(*) AS number FROM (SELECT 1 FROM session_event WHERE at >= :since LIMIT :most) AS newest"
    row = await tx.fetch_one(sql, since=since, most=than + 1)
    return row is not None and row["number"] > than


async def requests(tx: Transaction, *, since: datetime, until: datetime) -> list[Row]:
    """Count ``requests`` by ``topic``, with the ``crises`` among them and the ``firsts`` of their students."""
    return await tx.fetch_all(
        """
        SELECT session.topic, count(*) AS requests,
               count(*) FILTER (WHERE session.priority >= :crisis) AS crises,
               count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM session AS earlier
                                                   WHERE earlier.student_id = session.student_id
                                                     AND earlier.requested_at < session.requested_at)) AS firsts
          FROM session_event JOIN session ON session.id = session_event.session_id
         WHERE session_event.at >= :since AND session_event.at < :until
           AND session_event.to_state = 'waiting' AND session_event.from_state IS NULL
         GROUP BY session.topic
        """,
        since=since,
        until=until,
        crisis=int(Priority.CRISIS),
    )


async def ends(tx: Transaction, *, since: datetime, until: datetime) -> Row:
    """Count the sessions that were ``ended`` and ``cancelled``, and the messages of them that are ``erased`` already."""
    row = await tx.fetch_one(
        """
        SELECT count(*) FILTER (WHERE session_event.to_state = 'ended') AS ended,
               count(*) FILTER (WHERE session_event.to_state = 'cancelled') AS cancelled,
               coalesce(sum(session.messages) FILTER (WHERE session.content_erased_at IS NOT NULL), 0) AS erased
          FROM session_event JOIN session ON session.id = session_event.session_id
         WHERE session_event.at >= :since AND session_event.at < :until AND session_event.to_state IN ('ended', 'cancelled')
        """,
        since=since,
        until=until,
    )
    return row or {}


async def waits(tx: Transaction, *, since: datetime, until: datetime, after: int, limit: int) -> list[Wait]:
    """Return the sessions that met their first counselor, in the order of that moment.

    Args:
        tx: What it is read in.
        since: Where the span begins; of the events at that very instant those with an id above *after* are part of it.
        until: Where it ends.
        after: See *since*.
        limit: Most that are returned.
    """
    rows = await tx.fetch_all(
        """
        SELECT session_event.id AS event_id, session.requested_at, session_event.at AS started_at
          FROM session_event JOIN session ON session.id = session_event.session_id
         WHERE (session_event.at > :since OR (session_event.at = :since AND session_event.id > :after))
           AND session_event.at >= :since AND session_event.at < :until AND session_event.to_state = 'active'
           AND NOT EXISTS (SELECT 1 FROM session_event AS earlier
                            WHERE earlier.session_id = session_event.session_id AND earlier.to_state = 'active'
                              AND earlier.id < session_event.id)
         ORDER BY session_event.at, session_event.id LIMIT :limit
        """,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )
    return [Wait(**row) for row in rows]


async def work(tx: Transaction, *, since: datetime, until: datetime) -> Work:
    """Count what was said and is still there, in how many conversations, and who of the counselors said something or answered.

    Looked at are the sessions in which something may have been said: those that are open, and those that ended since the span
    began and still have their content.
    """
    said = await tx.fetch_all(
        """
        SELECT spoken.counselor_id, count(*) AS messages, count(DISTINCT spoken.id) AS conversations,
               count(*) FILTER (WHERE message.side = 'counselor') AS theirs
          FROM (SELECT id, counselor_id FROM session WHERE state IN ('waiting', 'offered', 'active') AND requested_at < :until
                 UNION ALL
                SELECT id, counselor_id FROM session
                 WHERE content_erased_at IS NULL AND ended_at IS NOT NULL AND ended_at >= :since AND requested_at < :until
               ) AS spoken
          JOIN message ON message.session_id = spoken.id AND message.sent_at >= :since AND message.sent_at < :until
         GROUP BY spoken.counselor_id
        """,
        since=since,
        until=until,
    )
    answered = await tx.fetch_all(
        """
        SELECT DISTINCT counselor_id FROM offer
         WHERE answered_at IS NOT NULL AND answered_at >= :since AND answered_at < :until AND outcome IN ('accepted', 'declined')
        """,
        since=since,
        until=until,
    )
    worked = {row["counselor_id"] for row in answered} | {row["counselor_id"] for row in said if row["theirs"]}
    return Work(
        messages=sum(row["messages"] for row in said),
        conversations=sum(row["conversations"] for row in said),
        counselors=len(worked - {None}),
    )


async def ratings(tx: Transaction, *, since: datetime, until: datetime) -> Row:
    """Count the ``ratings``; ``total`` is their sum."""
    row = await tx.fetch_one(
        """
        SELECT count(rating) AS ratings, coalesce(sum(rating), 0) AS total FROM session
         WHERE rated_at IS NOT NULL AND rated_at >= :since AND rated_at < :until
        """,
        since=since,
        until=until,
    )
    return row or {}


async def offers(tx: Transaction, *, since: datetime, until: datetime) -> Row:
    """Count the offers that were made (``offered``), and those that were ``accepted``, ``declined`` and ``lapsed``."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM offer WHERE offered_at >= :since AND offered_at < :until) AS offered,
               count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
               count(*) FILTER (WHERE outcome = 'declined') AS declined,
               count(*) FILTER (WHERE outcome = 'lapsed') AS lapsed
          FROM offer WHERE answered_at IS NOT NULL AND answered_at >= :since AND answered_at < :until
        """,
        since=since,
        until=until,
    )
    return row or {}
