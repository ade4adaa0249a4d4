"""The queue as the matching sees it: sessions that wait, who had or refused them, and their move to *offered*, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bot.domain.ids import CounselorId, KeyId, PersonId, SessionId
from bot.domain.matching import Waiting
from bot.domain.people import Gender
from bot.domain.sessions import Priority
from bot.storage.database import Row, Transaction, spread

_PRIORITIES = {int(priority): priority for priority in Priority}


class Queued(NamedTuple):
    """A session that can be offered."""

    id: SessionId
    is_waiting: bool  #: else a crisis that is offered to others already
    priority: Priority
    key_id: KeyId
    entries: int  #: see ``Waiting``


class Shown(NamedTuple):
    """What an offer of a session says."""

    id: SessionId
    topic: str
    priority: Priority
    student_gender: Gender
    key_id: KeyId
    description: bytes | None  #: sealed by the session's key


@dataclass(slots=True)
class _History:
    """What became of a session until now."""

    refused: set[CounselorId] = field(default_factory=set[CounselorId])
    resting: set[CounselorId] = field(default_factory=set[CounselorId])
    had: set[CounselorId] = field(default_factory=set[CounselorId])
    offered_to: set[CounselorId] = field(default_factory=set[CounselorId])
    begun_at: set[datetime] = field(default_factory=set[datetime])
    entries: int = 0


async def waiting(tx: Transaction, *, refused_since: datetime) -> list[Waiting]:
    """Return what waits, and the crises that are offered, by need, with who had it before.

    Who refused it after *refused_since* rests; whose offer was withdrawn because somebody else was faster has not refused it.
    """
    histories = await _histories(tx, refused_since)
    rows = await tx.fetch_all(
        """
        SELECT id, student_id, topic, priority, requested_at, alarmed_at FROM session
         WHERE state IN ('waiting', 'offered') AND (state = 'waiting' OR priority = :crisis)
         ORDER BY priority DESC, requested_at, id
        """,
        crisis=int(Priority.CRISIS),
    )
    return [_to_waiting(row, histories.get(row["id"])) for row in rows]


async def hold(tx: Transaction, session_ids: Sequence[SessionId]) -> dict[SessionId, Queued]:
    """Hold those of the sessions that can be offered, until the transaction ends."""
    sql, ids = spread(
        """
        SELECT id, state, priority, key_id FROM session
         WHERE id IN :ids AND (state = 'waiting' OR (state = 'offered' AND priority = :crisis))
         ORDER BY id
        """,
        ids=sorted(session_ids),
    )
    rows = await tx.fetch_all(sql + tx.holding, crisis=int(Priority.CRISIS), **ids)
    entries = await _entries(tx, [row["id"] for row in rows]) if rows else {}
    return {SessionId(row["id"]): _to_queued(row, entries[row["id"]]) for row in rows}


async def shown(tx: Transaction, session_ids: Sequence[SessionId]) -> list[Shown]:
    """Return what offers of these sessions say; those that are over are left out."""
    sql, ids = spread(
        """
        SELECT id, topic, priority, student_gender, key_id, description FROM session
         WHERE id IN :ids AND state IN ('waiting', 'offered')
        """,
        ids=session_ids,
    )
    return [_to_shown(row) for row in await tx.fetch_all(sql, **ids)]


async def offer(tx: Transaction, session_ids: Sequence[SessionId], *, at: datetime) -> None:
    """Move sessions that wait and are held to *offered*."""
    sql, ids = spread(
        """
        INSERT INTO session_event (session_id, from_state, to_state, reason, at)
        SELECT id, 'waiting', 'offered', 'matched', :at FROM session WHERE id IN :ids AND state = 'waiting' ORDER BY id
        """,
        ids=session_ids,
    )
    await tx.execute(sql, at=at, **ids)
    sql, ids = spread("UPDATE session SET state = 'offered' WHERE id IN :ids AND state = 'waiting'", ids=session_ids)
    await tx.execute(sql, **ids)


async def alarm(tx: Transaction, session_ids: Sequence[SessionId], *, at: datetime) -> list[str]:
    """Record that people were told that nobody takes these; return the topics of those that still wait and were not told of."""
    sql, ids = spread(
        "UPDATE session SET alarmed_at = :at WHERE id IN :ids AND state = 'waiting' AND alarmed_at IS NULL RETURNING topic",
        ids=session_ids,
    )
    return [row["topic"] for row in await tx.fetch_all(sql, at=at, **ids)]


async def is_alarmed(tx: Transaction, *, since: datetime) -> bool:
    """Return whether the admins were told since then of something in the queue that is no crisis."""
    row = await tx.fetch_one(
        """
        SELECT id FROM session
         WHERE state IN ('waiting', 'offered') AND priority < :crisis AND alarmed_at > :since LIMIT 1
        """,
        crisis=int(Priority.CRISIS),
        since=since,
    )
    return row is not None


async def _entries(tx: Transaction, held: Sequence[int]) -> dict[int, int]:
    """Count the entries in the histories of sessions that are held.

    Not in the statement that holds them: on PostgreSQL that one, where it had to wait, sees other tables as they were before.
    """
    sql, ids = spread(
        """
        SELECT id,
               (SELECT count(*) FROM session_event WHERE session_id = session.id AND to_state = 'active')
               + (SELECT count(*) FROM offer WHERE session_id = session.id) AS entries
          FROM session
         WHERE id IN :ids
        """,
        ids=held,
    )
    return {row["id"]: row["entries"] for row in await tx.fetch_all(sql, **ids)}


async def _histories(tx: Transaction, refused_since: datetime) -> dict[int, _History]:
    """Look behind each session of the queue; CROSS JOIN, so that SQLite begins there and not with all offers that ever were."""
    found: defaultdict[int, _History] = defaultdict(_History)
    for row in await tx.fetch_all(
        """
        SELECT session.id, session_event.actor_id, session_event.at AS begun_at
          FROM session CROSS JOIN session_event
         WHERE session.state IN ('waiting', 'offered')
           AND session_event.session_id = session.id AND session_event.to_state = 'active'
        """
    ):
        found[row["id"]].entries += 1
        found[row["id"]].had.add(PersonId(row["actor_id"]))
        found[row["id"]].begun_at.add(row["begun_at"])
    for row in await tx.fetch_all(
        """
        SELECT session.id, offer.counselor_id, offer.outcome, offer.answered_at
          FROM session CROSS JOIN offer
         WHERE session.state IN ('waiting', 'offered') AND offer.session_id = session.id
        """
    ):
        _note(found[row["id"]], row, refused_since)
    return dict(found)


def _note(history: _History, row: Row, refused_since: datetime) -> None:
    who = PersonId(row["counselor_id"])
    history.entries += 1
    if row["outcome"] is None:
        history.offered_to.add(who)
    elif row["outcome"] in {"declined", "lapsed"}:
        history.refused.add(who)
        if row["answered_at"] > refused_since:
            history.resting.add(who)
    elif row["outcome"] == "withdrawn" and row["answered_at"] not in history.begun_at:
        history.refused.add(who)


def _to_waiting(row: Row, history: _History | None) -> Waiting:
    given = (
        row["id"],
        row["student_id"],
        row["topic"],
        _PRIORITIES[row["priority"]],
        row["requested_at"],
    )  # by name: twice the time
    if history is None:
        return Waiting(*given, alarmed_at=row["alarmed_at"])
    return Waiting(
        *given,
        alarmed_at=row["alarmed_at"],
        refused_by=frozenset(history.refused),
        resting=frozenset(history.resting),
        never=frozenset(history.had),
        offered_to=frozenset(history.offered_to),
        entries=history.entries,
    )


def _to_queued(row: Row, entries: int) -> Queued:
    return Queued(
        id=SessionId(row["id"]),
        is_waiting=row["state"] == "waiting",
        priority=_PRIORITIES[row["priority"]],
        key_id=KeyId(row["key_id"]),
        entries=entries,
    )


def _to_shown(row: Row) -> Shown:
    return Shown(
        id=SessionId(row["id"]),
        topic=row["topic"],
        priority=_PRIORITIES[row["priority"]],
        student_gender=Gender(row["student_gender"]),
        key_id=KeyId(row["key_id"]),
        description=bytes(row["description"]) if row["description"] is not None else None,
    )
