"""Figures over all tables: how many there are, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.sessions import SessionState
from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """How many people there are, by what they are to us."""

    people: int
    approved: int  #: counselors in service
    online: int  #: those of them who are online
    applications: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """What students said of ended sessions."""

    count: int
    total: int  #: the sum, 1 to 5 each


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What happened since an instant."""

    requested: int
    started: int
    ended: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """From a request to the first moment with a counselor."""

    requested_at: datetime
    started_at: datetime


async def heads(tx: Transaction) -> Heads:
    """Count people and counselors."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM person) AS people,
               (SELECT count(*) FROM counselor WHERE status = 'approved' AND deleted_at IS NULL) AS approved,
               (SELECT count(*) FROM counselor WHERE status = 'approved' AND deleted_at IS NULL AND is_online) AS online,
               (SELECT count(*) FROM counselor WHERE status = 'applied' AND deleted_at IS NULL) AS applications
        """
    )
    found = row or {}
    return Heads(people=found["people"], approved=found["approved"], online=found["online"], applications=found["applications"])


async def open_sessions(tx: Transaction) -> dict[SessionState, int]:
    """Count the sessions that are not over, by state; a state that none is in has 0."""
    rows = await tx.fetch_all(
        "SELECT state, count(*) AS number FROM session WHERE state IN ('waiting', 'offered', 'active') GROUP BY state"
    )
    return dict.fromkeys((SessionState.WAITING, SessionState.OFFERED, SessionState.ACTIVE), 0) | _by_state(rows)


async def sessions_by_state(tx: Transaction) -> dict[SessionState, int]:
    """Count all sessions by state; a state that none is in has 0."""
    rows = await tx.fetch_all("SELECT state, count(*) AS number FROM session GROUP BY state")
    return dict.fromkeys(SessionState, 0) | _by_state(rows)


async def sessions_by_topic(tx: Transaction) -> dict[str, int]:
    """Count all sessions by topic, the most frequent first."""
    rows = await tx.fetch_all("SELECT topic, count(*) AS number FROM session GROUP BY topic ORDER BY number DESC, topic")
    return {row["topic"]: row["number"] for row in rows}


async def messages(tx: Transaction) -> int:
    """Count the messages of all sessions, also those that have been erased."""
    row = await tx.fetch_one("SELECT coalesce(sum(messages), 0) AS number FROM session")
    return int(row["number"]) if row else 0


async def ratings(tx: Transaction) -> Ratings:
    """Count and add the ratings."""
    row = await tx.fetch_one("SELECT count(rating) AS number, coalesce(sum(rating), 0) AS total FROM session")
    found = row or {}
    return Ratings(count=found["number"], total=int(found["total"]))


async def recent(tx: Transaction, *, since: datetime) -> Recent:
    """Count what happened since an instant; of messages only those of sessions that had one since then are looked at."""
    row = await tx.fetch_one(
        """
        SELECT (SELECT count(*) FROM session WHERE requested_at >= :since) AS requested,
               (SELECT count(*) FROM session WHERE activated_at >= :since) AS started,
               (SELECT count(*) FROM session WHERE state = 'ended' AND ended_at >= :since) AS ended,
               (SELECT count(*) FROM session JOIN message ON message.session_id = session.id
                 WHERE session.last_message_at >= :since AND message.sent_at >= :since) AS messages
        """,
        since=since,
    )
    found = row or {}
    return Recent(requested=found["requested"], started=found["started"], ended=found["ended"], messages=found["messages"])


async def waits(tx: Transaction, *, since: datetime) -> list[Wait]:
    """Return how long each request since an instant waited for its first counselor; those that still wait are left out."""
    rows = await tx.fetch_all(
        """
        SELECT session.requested_at, min(session_event.at) AS started_at
          FROM session JOIN session_event ON session_event.session_id = session.id AND session_event.to_state = 'active'
         WHERE session.requested_at >= :since
         GROUP BY session.id, session.requested_at
        """,
        since=since,
    )
    return [Wait(requested_at=row["requested_at"], started_at=row["started_at"]) for row in rows]


def _by_state(rows: list[Row]) -> dict[SessionState, int]:
    return {SessionState(row["state"]): row["number"] for row in rows}
