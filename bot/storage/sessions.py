"""The tables ``session`` and ``session_event``: requests and conversations, and each move of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from bot.domain.ids import CounselorId, KeyId, PersonId, SessionId
from bot.domain.people import Gender
from bot.domain.sessions import EndReason, Priority, Session, SessionState
from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a student asks for."""

    alias: str
    student_id: PersonId
    topic: str
    priority: Priority
    student_gender: Gender
    description: bytes | None  #: sealed by the session's key
    key_id: KeyId


async def add(tx: Transaction, new: NewSession, *, at: datetime) -> Session:
    """Add a waiting session.

    Raises:
        UniqueViolation: The student has an open one, or somebody else the alias.
    """
    row = await tx.fetch_one(
        """
        INSERT INTO session (alias, student_id, state, topic, priority, student_gender, description, key_id, requested_at)
        VALUES (:alias, :student_id, 'waiting', :topic, :priority, :student_gender, :description, :key_id, :at)
        RETURNING *
        """,
        alias=new.alias,
        student_id=new.student_id,
        topic=new.topic,
        priority=int(new.priority),
        student_gender=new.student_gender,
        description=new.description,
        key_id=new.key_id,
        at=at,
    )
    session = _to_session(row or {})
    await _record(tx, session.id, None, SessionState.WAITING, reason="requested", actor_id=new.student_id, at=at)
    return session


async def find(tx: Transaction, session_id: SessionId) -> Session | None:
    """Return a session; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM session WHERE id = :id", id=session_id)
    return _to_session(row) if row else None


async def find_by_alias(tx: Transaction, alias: str) -> Session | None:
    """Return the session that has this alias; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM session WHERE alias = :alias", alias=alias)
    return _to_session(row) if row else None


async def description(tx: Transaction, session_id: SessionId) -> bytes | None:
    """Return the sealed description; None where there is none, or it was erased."""
    row = await tx.fetch_one("SELECT description FROM session WHERE id = :id", id=session_id)
    return bytes(row["description"]) if row and row["description"] is not None else None


async def open_of_student(tx: Transaction, student_id: PersonId) -> Session | None:
    """Return the session that the student has open; None where there is none."""
    row = await tx.fetch_one(
        "SELECT * FROM session WHERE student_id = :student_id AND state IN ('waiting', 'offered', 'active')",
        student_id=student_id,
    )
    return _to_session(row) if row else None


async def active_of(tx: Transaction, person_id: PersonId) -> list[Session]:
    """Return the conversations that a person is in, on either side, oldest first."""
    rows = await tx.fetch_all(
        """
        SELECT * FROM session
         WHERE state = 'active' AND (counselor_id = :person_id OR student_id = :person_id)
         ORDER BY activated_at, id
        """,
        person_id=person_id,
    )
    return [_to_session(row) for row in rows]


async def speak(tx: Transaction, session_id: SessionId, *, by: PersonId, is_new: bool, at: datetime) -> Session | None:
    """Record that somebody says something in their active session; None where it is not active, or not theirs.

    A new message is counted, and the count is its number. This is also what holds the session until the transaction ends, so that
    nothing follows its end or goes to a counselor who has handed it on.
    """
    row = await tx.fetch_one(
        """
        UPDATE session SET messages = messages + :added, last_message_at = :at, reminded_at = NULL
         WHERE id = :id AND state = 'active' AND (student_id = :by OR counselor_id = :by)
        RETURNING *
        """,
        id=session_id,
        by=by,
        added=int(is_new),
        at=at,
    )
    return _to_session(row) if row else None


async def newest_ended_of(tx: Transaction, person_id: PersonId) -> Session | None:
    """Return the conversation of a person that ended last; None where they had none."""
    row = await tx.fetch_one(
        """
        SELECT * FROM session
         WHERE state = 'ended' AND (student_id = :person_id OR counselor_id = :person_id)
         ORDER BY ended_at DESC LIMIT 1
        """,
        person_id=person_id,
    )
    return _to_session(row) if row else None


async def hold_active(tx: Transaction, session_id: SessionId, *, by: PersonId) -> bool:
    """Hold a session until the transaction ends, so that it does not end before; False where it is not active, or not theirs."""
    sql: LiteralString = (
        "SELECT id FROM session WHERE id = :id AND state = 'active' AND (student_id = :by OR counselor_id = :by) "
    )
    return await tx.fetch_one(sql + tx.holding, id=session_id, by=by) is not None


async def place_in_queue(tx: Transaction, session: Session) -> int:
    """Return the place of a session that waits, 1 for the next one; those that are offered stand before it too."""
    row = await tx.fetch_one(
        """
        SELECT count(*) AS before FROM session
         WHERE state IN ('waiting', 'offered')
           AND (priority > :priority OR (priority = :priority AND (requested_at < :at OR (requested_at = :at AND id < :id))))
        """,
        priority=int(session.priority),
        at=session.requested_at,
        id=session.id,
    )
    return (row["before"] if row else 0) + 1


async def alarm(tx: Transaction, session_id: SessionId, *, at: datetime) -> Session | None:
    """Record that people were told that nobody takes a waiting session; None where they were before, or it does not wait."""
    row = await tx.fetch_one(
        "UPDATE session SET alarmed_at = :at WHERE id = :id AND state = 'waiting' AND alarmed_at IS NULL RETURNING *",
        id=session_id,
        at=at,
    )
    return _to_session(row) if row else None


async def wait_again(
    tx: Transaction, session_id: SessionId, *, reason: str, actor_id: PersonId | None, at: datetime
) -> Session | None:
    """Move an offered session back to *waiting*, where none of its offers is open; None where one is, or it is not offered.

    It is held before we look. Else, where several decline at the same moment (PostgreSQL): 1. Each closes its own offer. 2. Each
    sees those of the others still open, and leaves the session as it is. 3. All commit: it is offered to nobody, for ever.
    """
    await _hold_open(tx, session_id)
    row = await tx.fetch_one(
        """
        UPDATE session SET state = 'waiting'
         WHERE id = :id AND state = 'offered'
           AND NOT EXISTS (SELECT 1 FROM offer WHERE offer.session_id = session.id AND offer.outcome IS NULL)
        RETURNING *
        """,
        id=session_id,
    )
    return await _moved(tx, row, SessionState.OFFERED, reason=reason, actor_id=actor_id, at=at)


async def activate(tx: Transaction, session_id: SessionId, counselor_id: CounselorId, *, at: datetime) -> Session | None:
    """Move an offered session to *active*; None where it is not offered any more."""
    row = await tx.fetch_one(
        """
        UPDATE session
           SET state = 'active', counselor_id = :counselor_id, activated_at = :at, last_message_at = :at, reminded_at = NULL
         WHERE id = :id AND state = 'offered'
        RETURNING *
        """,
        id=session_id,
        counselor_id=counselor_id,
        at=at,
    )
    return await _moved(tx, row, SessionState.OFFERED, reason="accepted", actor_id=counselor_id, at=at)


async def take(
    tx: Transaction, session_id: SessionId, counselor_id: CounselorId, *, capacity: int, at: datetime
) -> Session | None:
    """Give an admin a session that waits or is offered; None where it is neither, their own, or more than they may have."""
    before = await _hold_open(tx, session_id)
    row = await tx.fetch_one(
        """
        UPDATE session
           SET state = 'active', counselor_id = :counselor_id, activated_at = :at, last_message_at = :at, reminded_at = NULL
         WHERE id = :id AND state IN ('waiting', 'offered') AND student_id <> :counselor_id
           AND (SELECT count(*) FROM session AS mine WHERE mine.counselor_id = :counselor_id AND mine.state = 'active')
             + (SELECT count(*) FROM offer WHERE offer.counselor_id = :counselor_id AND offer.outcome IS NULL) < :capacity
        RETURNING *
        """,
        id=session_id,
        counselor_id=counselor_id,
        capacity=capacity,
        at=at,
    )
    return await _moved(tx, row, before, reason="taken by an admin", actor_id=counselor_id, at=at)


async def counselors_out_of_service(tx: Transaction, *, admins: Sequence[PersonId]) -> list[CounselorId]:
    """Return who has an active session, and is neither an approved counselor nor an admin, appointed or one of *admins*."""
    rows = await tx.fetch_all(
        """
        SELECT DISTINCT session.counselor_id
          FROM session
          JOIN person ON person.id = session.counselor_id
          LEFT JOIN counselor ON counselor.id = person.id AND counselor.status = 'approved'
         WHERE session.state = 'active' AND counselor.id IS NULL AND NOT person.is_admin
         ORDER BY session.counselor_id
        """
    )
    return [PersonId(row["counselor_id"]) for row in rows if row["counselor_id"] not in admins]


async def hand_back(
    tx: Transaction, session_id: SessionId, counselor_id: CounselorId, *, reason: str, actor_id: PersonId | None, at: datetime
) -> Session | None:
    """Move a counselor's active session back to *waiting*; None where it is not active, or not theirs.

    It keeps its age, and so its place. That nobody takes it is news again, also where people were told so before.
    """
    row = await tx.fetch_one(
        """
        UPDATE session
           SET state = 'waiting', counselor_id = NULL, activated_at = NULL, last_message_at = NULL, reminded_at = NULL,
               alarmed_at = NULL
         WHERE id = :id AND counselor_id = :counselor_id AND state = 'active'
        RETURNING *
        """,
        id=session_id,
        counselor_id=counselor_id,
    )
    return await _moved(tx, row, SessionState.ACTIVE, reason=reason, actor_id=actor_id, at=at)


_END: LiteralString = (
    "UPDATE session SET state = 'ended', ended_at = :at, end_reason = :reason WHERE id = :id AND state = 'active'"
)


async def end(tx: Transaction, session_id: SessionId, *, by: PersonId, reason: EndReason, at: datetime) -> Session | None:
    """End the active session of one who takes part in it; None where it is not active, or not theirs."""
    row = await tx.fetch_one(
        _END + " AND (student_id = :by OR counselor_id = :by) RETURNING *", id=session_id, reason=reason, by=by, at=at
    )
    return await _moved(tx, row, SessionState.ACTIVE, reason=reason, actor_id=by, at=at)


async def force_end(tx: Transaction, session_id: SessionId, *, by: PersonId | None, at: datetime) -> Session | None:
    """End an active session for an admin, who need not take part in it; None where it is not active."""
    row = await tx.fetch_one(_END + " RETURNING *", id=session_id, reason=EndReason.ADMIN, at=at)
    return await _moved(tx, row, SessionState.ACTIVE, reason=EndReason.ADMIN, actor_id=by, at=at)


async def time_out(tx: Transaction, session_id: SessionId, *, reminded_before: datetime, at: datetime) -> Session | None:
    """End an active session whose sides were reminded before an instant and have not written since; None where it is none."""
    row = await tx.fetch_one(
        _END + " AND reminded_at <= :reminded_before RETURNING *",
        id=session_id,
        reason=EndReason.TIMEOUT,
        reminded_before=reminded_before,
        at=at,
    )
    return await _moved(tx, row, SessionState.ACTIVE, reason=EndReason.TIMEOUT, actor_id=None, at=at)


async def cancel(tx: Transaction, session_id: SessionId, *, by: PersonId | None, reason: str, at: datetime) -> Session | None:
    """Cancel a request; None where it neither waits nor is offered."""
    before = await _hold_open(tx, session_id)
    row = await tx.fetch_one(
        """
        UPDATE session SET state = 'cancelled', ended_at = :at
         WHERE id = :id AND state IN ('waiting', 'offered')
        RETURNING *
        """,
        id=session_id,
        at=at,
    )
    return await _moved(tx, row, before, reason=reason, actor_id=by, at=at)


async def _hold_open(tx: Transaction, session_id: SessionId) -> SessionState | None:
    """Hold a session that waits or is offered until the transaction ends; return which, so that the event tells the truth."""
    row = await tx.fetch_one(
        "UPDATE session SET messages = messages WHERE id = :id AND state IN ('waiting', 'offered') RETURNING state", id=session_id
    )
    return SessionState(row["state"]) if row else None


async def _moved(
    tx: Transaction, row: Row | None, before: SessionState | None, *, reason: str, actor_id: PersonId | None, at: datetime
) -> Session | None:
    if row is None:
        return None
    session = _to_session(row)
    await _record(tx, session.id, before, session.state, reason=reason, actor_id=actor_id, at=at)
    return session


async def _record(  # noqa: PLR0913 — who, from, to, why, when
    tx: Transaction,
    session_id: SessionId,
    before: SessionState | None,
    after: SessionState,
    *,
    reason: str,
    actor_id: PersonId | None,
    at: datetime,
) -> None:
    await tx.execute(
        """
        INSERT INTO session_event (session_id, from_state, to_state, reason, actor_id, at)
        VALUES (:session_id, :before, :after, :reason, :actor_id, :at)
        """,
        session_id=session_id,
        before=before,
        after=after,
        reason=reason,
        actor_id=actor_id,
        at=at,
    )


def _to_session(row: Row) -> Session:
    return Session(
        id=SessionId(row["id"]),
        alias=row["alias"],
        student_id=PersonId(row["student_id"]),
        counselor_id=PersonId(row["counselor_id"]) if row["counselor_id"] is not None else None,
        state=SessionState(row["state"]),
        topic=row["topic"],
        priority=Priority(row["priority"]),
        student_gender=Gender(row["student_gender"]),
        key_id=KeyId(row["key_id"]),
        requested_at=row["requested_at"],
        activated_at=row["activated_at"],
        messages=row["messages"],
        last_message_at=row["last_message_at"],
        ended_at=row["ended_at"],
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
    )
