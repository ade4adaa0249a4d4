"""Of several tables: what somebody has left unanswered, and that they were reminded of it, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import CounselorId, DeliveryId, OfferId, PersonId, SessionId
from bot.domain.sessions import Side
from bot.storage import idle
from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOffer:
    """An offer that has been open for a while."""

    id: OfferId
    counselor_id: CounselorId
    delivery_id: DeliveryId | None  #: the message that shows it
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """An active session in which somebody waits for an answer."""

    id: SessionId
    by: Side  #: who should answer; the counselor where nobody has written since it began
    since: datetime  #: the first message that was not answered, or the beginning
    messages: int  #: when that was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Applications:
    """The applications that wait for the admins."""

    count: int
    oldest_at: datetime


async def open_offers(tx: Transaction, *, offered_before: datetime, expiring_after: datetime, limit: int) -> list[OpenOffer]:
    """Return open offers of which nobody was reminded, the first to lapse first; only those whose counselor can be reached."""
    rows = await tx.fetch_all(
        """
        SELECT offer.id, offer.counselor_id, offer.delivery_id, offer.expires_at
          FROM offer JOIN person ON person.id = offer.counselor_id
         WHERE offer.outcome IS NULL AND offer.reminded_at IS NULL AND person.is_reachable
           AND offer.offered_at <= :offered_before AND offer.expires_at > :expiring_after
         ORDER BY offer.expires_at LIMIT :limit
        """,
        offered_before=offered_before,
        expiring_after=expiring_after,
        limit=limit,
    )
    return [OpenOffer(**row) for row in rows]


async def remind_of_offer(tx: Transaction, offer_id: OfferId, *, at: datetime) -> bool:
    """Record that a counselor is reminded of an open offer; False where they were before, or it is not open any more."""
    changed = await tx.execute(
        """
        UPDATE offer SET reminded_at = :at
         WHERE id = :id AND outcome IS NULL AND reminded_at IS NULL AND expires_at > :at
        """,
        id=offer_id,
        at=at,
    )
    return bool(changed)


async def letting_lapse(tx: Transaction, *, since: datetime, fewest: int, limit: int) -> list[CounselorId]:
    """Return who is online and reachable, and has let so many offers lapse since an instant, and answered none after them.

    Lapses of which they were reminded do not count. CROSS JOIN, so that SQLite begins with the few who are online.
    """
    rows = await tx.fetch_all(
        """
        SELECT offer.counselor_id
          FROM counselor CROSS JOIN person CROSS JOIN offer
         WHERE counselor.status = 'approved' AND counselor.is_online AND counselor.deleted_at IS NULL
           AND person.id = counselor.id AND person.is_reachable
           AND offer.counselor_id = counselor.id AND offer.answered_at > :since
           AND offer.outcome = 'lapsed' AND offer.reminded_at IS NULL
           AND NOT EXISTS (
               SELECT 1 FROM offer AS later
                WHERE later.counselor_id = offer.counselor_id AND later.answered_at > offer.answered_at
                  AND later.outcome IN ('accepted', 'declined'))
         GROUP BY offer.counselor_id HAVING count(*) >= :fewest
         ORDER BY offer.counselor_id LIMIT :limit
        """,
        since=since,
        fewest=fewest,
        limit=limit,
    )
    return [PersonId(row["counselor_id"]) for row in rows]


async def remind_of_lapses(tx: Transaction, counselor_id: CounselorId, *, since: datetime, at: datetime) -> int:
    """Record that a counselor is reminded of the offers that they let lapse since an instant; return how many are news."""
    return await tx.execute(
        """
        UPDATE offer SET reminded_at = :at
         WHERE counselor_id = :counselor_id AND answered_at > :since AND outcome = 'lapsed' AND reminded_at IS NULL
        """,
        counselor_id=counselor_id,
        since=since,
        at=at,
    )


async def unanswered(tx: Transaction, *, since: datetime, silent_after: datetime, limit: int) -> list[Unanswered]:
    """Return active sessions in which somebody has waited since then, and whoever should answer was not reminded of it.

    What was written before the session came to its present counselor asks nobody any more. Sessions are left out of which
    both sides were reminded because nobody writes, or would be soon: nothing was said in them after *silent_after*. So are
    those in which something lies in our table and waits to be handled, and those whose answerer cannot be reached.
    """
    rows = await tx.fetch_all(
        """
        WITH talking AS (
            SELECT session.id, session.student_id, session.counselor_id, session.messages, session.activated_at,
                   session.nudged_at,
                   coalesce((SELECT side FROM message WHERE message.session_id = session.id
                              AND message.sent_at >= session.activated_at ORDER BY seq DESC LIMIT 1), 'student') AS side
              FROM session
             WHERE session.state = 'active' AND session.reminded_at IS NULL
               AND session.last_message_at > :silent_after AND session.activated_at <= :since AND """
        + idle.IS_HEARD
        + """
        ), asking AS (
            SELECT talking.*, coalesce((
                       SELECT min(message.sent_at) FROM message
                        WHERE message.session_id = talking.id AND message.sent_at >= talking.activated_at
                          AND message.seq > coalesce((
                              SELECT answer.seq FROM message AS answer
                               WHERE answer.session_id = talking.id AND answer.side <> talking.side
                               ORDER BY answer.seq DESC LIMIT 1), 0)), talking.activated_at) AS asked_at
              FROM talking
        )
        SELECT asking.id, asking.side, asking.messages, asking.asked_at
          FROM asking
          JOIN person ON person.id = CASE WHEN asking.side = 'student' THEN asking.counselor_id ELSE asking.student_id END
         WHERE asking.asked_at <= :since AND (asking.nudged_at IS NULL OR asking.nudged_at <= asking.asked_at)
           AND person.is_reachable
         ORDER BY asking.asked_at LIMIT :limit
        """,
        since=since,
        silent_after=silent_after,
        limit=limit,
    )
    return [
        Unanswered(
            id=SessionId(row["id"]),
            by=Side.COUNSELOR if row["side"] == Side.STUDENT else Side.STUDENT,
            since=row["asked_at"],
            messages=row["messages"],
        )
        for row in rows
    ]


async def nudge(tx: Transaction, session: Unanswered, *, at: datetime) -> bool:
    """Record that whoever should answer is reminded; False where they were before, or somebody has written, or it is over."""
    changed = await tx.execute(
        """
        UPDATE session SET nudged_at = :at
         WHERE id = :id AND state = 'active' AND reminded_at IS NULL AND messages = :messages
           AND (nudged_at IS NULL OR nudged_at <= :since)
        """,
        id=session.id,
        messages=session.messages,
        since=session.since,
        at=at,
    )
    return bool(changed)


async def unrated(tx: Transaction, *, ended_after: datetime, ended_before: datetime, limit: int) -> list[SessionId]:
    """Return sessions that ended in this span, whose student can be asked for stars: reachable, not asked yet, in no other."""
    rows = await tx.fetch_all(
        """
        SELECT session.id
          FROM session JOIN person ON person.id = session.student_id
         WHERE session.state = 'ended' AND session.rating IS NULL AND session.rating_asked_at IS NULL
           AND session.ended_at > :ended_after AND session.ended_at <= :ended_before
           AND session.end_reason <> 'safety' AND session.content_erased_at IS NULL AND person.is_reachable
           AND NOT EXISTS (
               SELECT 1 FROM session AS other
                WHERE other.student_id = session.student_id AND other.state IN ('waiting', 'offered', 'active'))
         ORDER BY session.ended_at LIMIT :limit
        """,
        ended_after=ended_after,
        ended_before=ended_before,
        limit=limit,
    )
    return [SessionId(row["id"]) for row in rows]


async def ask_for_rating(tx: Transaction, session_id: SessionId, *, at: datetime) -> bool:
    """Record that a student is asked once more for their stars; False where they were before, or have given them."""
    changed = await tx.execute(
        """
        UPDATE session SET rating_asked_at = :at
         WHERE id = :id AND state = 'ended' AND rating IS NULL AND rating_asked_at IS NULL AND content_erased_at IS NULL
        """,
        id=session_id,
        at=at,
    )
    return bool(changed)


async def remind_of_applications(tx: Transaction, *, applied_before: datetime, every: timedelta, at: datetime) -> bool:
    """Record that the admins are reminded of the applications that wait; False where none does, or they were not long ago."""
    changed = await tx.execute(
        """
        UPDATE counselor SET review_reminded_at = :at
         WHERE status = 'applied' AND deleted_at IS NULL AND applied_at <= :applied_before
           AND NOT EXISTS (
               SELECT 1 FROM counselor AS other
                WHERE other.status = 'applied' AND other.deleted_at IS NULL AND other.review_reminded_at > :reminded_after)
        """,
        applied_before=applied_before,
        reminded_after=at - every,
        at=at,
    )
    return bool(changed)


async def applications(tx: Transaction) -> Applications | None:
    """Return the applications that wait; None where none does."""
    row = await tx.fetch_one(
        """
        SELECT count(*) AS number, min(applied_at) AS oldest_at
          FROM counselor WHERE status = 'applied' AND deleted_at IS NULL AND applied_at IS NOT NULL
        """
    )
    return Applications(count=row["number"], oldest_at=row["oldest_at"]) if row and row["number"] else None
