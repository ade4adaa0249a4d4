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
class Tally:
    """Figures of the sessions of one state and one topic."""

    state: SessionState
    topic: str
    sessions: int
    messages: int  #: also those that have been erased
    ratings: int
    ratings_total: int  #: the sum, 1 to 5 each
    requested: int  #: recently, as the next two
    started: int
    ended: int


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
    none = dict.fromkeys((SessionState.WAITING, SessionState.OFFERED, SessionState.ACTIVE), 0)
    return none | {SessionState(row["state"]): row["number"] for row in rows}


async def tallies(tx: Transaction, *, since: datetime) -> list[Tally]:
    """Count all sessions by state and topic, in one walk; *since* is where what is recent begins."""
    rows = await tx.fetch_all(
        """
        SELECT state, topic, count(*) AS sessions, coalesce(sum(messages), 0) AS messages,
               count(rating) AS ratings, coalesce(sum(rating), 0) AS ratings_total,
               count(*) FILTER (WHERE requested_at >= :since) AS requested,
               count(*) FILTER (WHERE activated_at >= :since) AS started,
               count(*) FILTER (WHERE state = 'ended' AND ended_at >= :since) AS ended
          FROM session GROUP BY state, topic
        """,
        since=since,
    )
    return [_to_tally(row) for row in rows]


async def recent_messages(tx: Transaction, *, since: datetime) -> int:
    """Count the messages since an instant; only those of sessions that had one since then are looked at."""
    row = await tx.fetch_one(
        """
        SELECT count(*) AS number FROM session JOIN message ON message.session_id = session.id
         WHERE session.last_message_at >= :since AND message.sent_at >= :since
        """,
        since=since,
    )
    return row["number"] if row else 0


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


def _to_tally(row: Row) -> Tally:
    return Tally(
        state=SessionState(row["state"]),
        topic=row["topic"],
        sessions=row["sessions"],
        messages=int(row["messages"]),
        ratings=row["ratings"],
        ratings_total=int(row["ratings_total"]),
        requested=row["requested"],
        started=row["started"],
        ended=row["ended"],
    )
