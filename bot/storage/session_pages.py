"""Sessions as admins look at them: a page of a list, or what happened to one. Never a word of what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from bot.domain.ids import CounselorId, PersonId, SessionId
from bot.domain.pages import PAGE_SIZE, Position, position
from bot.domain.sessions import Priority, SessionState
from bot.storage.database import Row, Transaction


class Shown(StrEnum):
    """Which sessions a list shows."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    ENDED = "ended"  #: also those that were cancelled
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A line of a list."""

    alias: str
    topic: str
    priority: Priority
    state: SessionState
    requested_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A move of a session."""

    before: SessionState | None
    after: SessionState
    reason: str
    at: datetime


_WHERE: dict[Shown, LiteralString] = {
    Shown.WAITING: "state = 'waiting'",
    Shown.OFFERED: "state = 'offered'",
    Shown.ACTIVE: "state = 'active'",
    Shown.ENDED: "state IN ('ended', 'cancelled')",
    Shown.ALL: "id > 0",
}
_BY_NEED: LiteralString = "priority DESC, requested_at, id"
_NEWEST: LiteralString = "id DESC"


async def page(tx: Transaction, shown: Shown, wanted: int) -> tuple[Position, list[SessionRow]]:
    """Return a page of sessions: what waits by need, everything else the newest first."""
    count = await tx.fetch_one("SELECT count(*) AS number FROM session WHERE " + _WHERE[shown])
    where = position(wanted, total=count["number"] if count else 0)
    order = _BY_NEED if shown in {Shown.WAITING, Shown.OFFERED} else _NEWEST
    rows = await tx.fetch_all(
        "SELECT alias, topic, priority, state, requested_at, ended_at FROM session WHERE "
        + _WHERE[shown]
        + " ORDER BY "
        + order
        + " LIMIT :limit OFFSET :offset",
        limit=PAGE_SIZE,
        offset=where.offset,
    )
    return where, [_to_row(row) for row in rows]


async def events(tx: Transaction, session_id: SessionId) -> list[Event]:
    """Return each move of a session, in order."""
    rows = await tx.fetch_all(
        "SELECT from_state, to_state, reason, at AS moved_at FROM session_event WHERE session_id = :session_id ORDER BY id",
        session_id=session_id,
    )
    return [
        Event(
            before=SessionState(row["from_state"]) if row["from_state"] else None,
            after=SessionState(row["to_state"]),
            reason=row["reason"],
            at=row["moved_at"],
        )
        for row in rows
    ]


async def had_by(tx: Transaction, session_id: SessionId) -> set[CounselorId]:
    """Return who has had a session as its counselor, and does not get it back."""
    rows = await tx.fetch_all(
        "SELECT DISTINCT actor_id FROM session_event WHERE session_id = :session_id AND to_state = 'active'",
        session_id=session_id,
    )
    return {PersonId(row["actor_id"]) for row in rows if row["actor_id"] is not None}


def _to_row(row: Row) -> SessionRow:
    return SessionRow(
        alias=row["alias"],
        topic=row["topic"],
        priority=Priority(row["priority"]),
        state=SessionState(row["state"]),
        requested_at=row["requested_at"],
        ended_at=row["ended_at"],
    )
