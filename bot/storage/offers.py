"""The table ``offer``: a session shown to one counselor, with a deadline."""

from __future__ import annotations

from datetime import datetime

from bot.domain.ids import CounselorId, DeliveryId, OfferId, PersonId, SessionId
from bot.domain.matching import Match
from bot.domain.sessions import Offer, OfferOutcome
from bot.storage.database import Channel, Row, Transaction


async def add(tx: Transaction, match: Match, *, capacity: int, at: datetime, expires_at: datetime) -> Offer | None:
    """Offer a session to a counselor who is held by ``counselors.lock``; None where they have no room left."""
    row = await tx.fetch_one(
        """
        INSERT INTO offer (session_id, counselor_id, score, offered_at, expires_at)
        SELECT session.id, :counselor_id, :score, :at, :expires_at
          FROM session
         WHERE session.id = :session_id AND session.student_id <> :counselor_id
           AND (SELECT count(*) FROM session AS mine WHERE mine.counselor_id = :counselor_id AND mine.state = 'active')
             + (SELECT count(*) FROM offer AS open WHERE open.counselor_id = :counselor_id AND open.outcome IS NULL) < :capacity
        RETURNING *
        """,
        session_id=match.session_id,
        counselor_id=match.counselor_id,
        score=match.score,
        capacity=capacity,
        at=at,
        expires_at=expires_at,
    )
    tx.notify(Channel.CLOCK)
    return _to_offer(row) if row else None


async def shown_by(tx: Transaction, offer_id: OfferId, delivery_id: DeliveryId) -> None:
    """Remember which message shows the offer, so that it can be edited later."""
    await tx.execute("UPDATE offer SET delivery_id = :delivery_id WHERE id = :id", id=offer_id, delivery_id=delivery_id)


async def message_of(tx: Transaction, offer_id: OfferId) -> DeliveryId | None:
    """Return the delivery of the message that shows the offer."""
    row = await tx.fetch_one("SELECT delivery_id FROM offer WHERE id = :id", id=offer_id)
    return DeliveryId(row["delivery_id"]) if row and row["delivery_id"] is not None else None


async def accept(tx: Transaction, offer_id: OfferId, counselor_id: CounselorId, *, capacity: int, at: datetime) -> Offer | None:
    """Take an open offer; None where it is gone, late, someone else's or more than the counselor may have."""
    row = await tx.fetch_one(
        """
        UPDATE offer SET outcome = 'accepted', answered_at = :at
         WHERE id = :id AND counselor_id = :counselor_id AND outcome IS NULL AND expires_at > :at
           AND (SELECT count(*) FROM session WHERE session.counselor_id = :counselor_id AND session.state = 'active') < :capacity
        RETURNING *
        """,
        id=offer_id,
        counselor_id=counselor_id,
        capacity=capacity,
        at=at,
    )
    return _to_offer(row) if row else None


async def decline(tx: Transaction, offer_id: OfferId, counselor_id: CounselorId, *, at: datetime) -> Offer | None:
    """Refuse an open offer; None where it is gone, late or someone else's."""
    row = await tx.fetch_one(
        """
        UPDATE offer SET outcome = 'declined', answered_at = :at
         WHERE id = :id AND counselor_id = :counselor_id AND outcome IS NULL AND expires_at > :at
        RETURNING *
        """,
        id=offer_id,
        counselor_id=counselor_id,
        at=at,
    )
    return _to_offer(row) if row else None


async def withdraw_of_session(tx: Transaction, session_id: SessionId, *, at: datetime) -> list[Offer]:
    """Withdraw every open offer of a session."""
    rows = await tx.fetch_all(
        """
        UPDATE offer SET outcome = 'withdrawn', answered_at = :at
         WHERE session_id = :session_id AND outcome IS NULL
        RETURNING *
        """,
        session_id=session_id,
        at=at,
    )
    return [_to_offer(row) for row in rows]


async def withdraw_of_counselor(tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> list[Offer]:
    """Withdraw every open offer to a counselor."""
    rows = await tx.fetch_all(
        """
        UPDATE offer SET outcome = 'withdrawn', answered_at = :at
         WHERE counselor_id = :counselor_id AND outcome IS NULL
        RETURNING *
        """,
        counselor_id=counselor_id,
        at=at,
    )
    return [_to_offer(row) for row in rows]


async def lapse(tx: Transaction, *, at: datetime) -> list[Offer]:
    """Let every open offer lapse whose deadline has passed."""
    rows = await tx.fetch_all(
        "UPDATE offer SET outcome = 'lapsed', answered_at = :at WHERE outcome IS NULL AND expires_at <= :at RETURNING *", at=at
    )
    return [_to_offer(row) for row in rows]


async def next_deadline(tx: Transaction) -> datetime | None:
    """Return the earliest deadline of an open offer; None where none is open."""
    row = await tx.fetch_one("SELECT min(expires_at) AS expires_at FROM offer WHERE outcome IS NULL")
    return row["expires_at"] if row else None


def _to_offer(row: Row) -> Offer:
    return Offer(
        id=OfferId(row["id"]),
        session_id=SessionId(row["session_id"]),
        counselor_id=PersonId(row["counselor_id"]),
        score=row["score"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        outcome=OfferOutcome(row["outcome"]) if row["outcome"] else None,
    )
