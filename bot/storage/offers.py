"""The table ``offer``: a session shown to one counselor, with a deadline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import LiteralString

from bot.domain.ids import CounselorId, DeliveryId, OfferId, PersonId, SessionId
from bot.domain.matching import Match, Parts
from bot.domain.sessions import Offer, OfferOutcome
from bot.storage.database import Channel, Row, Transaction, Value, spread


async def add(tx: Transaction, matches: Sequence[tuple[Match, datetime]], *, at: datetime) -> list[Offer]:
    """Make offers, each with its deadline; return those that were made, not those of which an equal one is open.

    Counselors and sessions are held, and it is known that there is room.
    """
    rows: list[tuple[Value, ...]] = [
        (match.session_id, match.counselor_id, match.score, _reasons(match.parts), expires_at) for match, expires_at in matches
    ]
    sql, values = spread(
        """
        WITH new (session_id, counselor_id, score, reasons, expires_at) AS (VALUES :rows)
        INSERT INTO offer (session_id, counselor_id, score, reasons, offered_at, expires_at)
        SELECT session_id, counselor_id, score, reasons, :at, expires_at FROM new WHERE TRUE
        ON CONFLICT (session_id, counselor_id) WHERE outcome IS NULL DO NOTHING
        RETURNING id, session_id, counselor_id
        """,
        rows=rows,
    )
    ids = {(row["session_id"], row["counselor_id"]): row["id"] for row in await tx.fetch_all(sql, at=at, **values)}
    tx.notify(Channel.CLOCK)
    return [
        Offer(
            id=OfferId(ids[match.session_id, match.counselor_id]),
            session_id=match.session_id,
            counselor_id=match.counselor_id,
            score=match.score,
            offered_at=at,
            expires_at=expires_at,
            outcome=None,
            answered_at=None,
        )
        for match, expires_at in matches
        if (match.session_id, match.counselor_id) in ids
    ]


async def shown_by(tx: Transaction, shown: Sequence[tuple[OfferId, DeliveryId]]) -> None:
    """Remember which message shows which offer, so that it can be edited later."""
    sql, values = spread(
        """
        WITH shown (offer_id, delivery_id) AS (VALUES :rows)
        UPDATE offer SET delivery_id = (SELECT delivery_id FROM shown WHERE offer_id = offer.id)
         WHERE id IN (SELECT offer_id FROM shown)
        """,
        rows=shown,
    )
    await tx.execute(sql, **values)


async def of_session(tx: Transaction, session_id: SessionId) -> list[tuple[Offer, Parts | None]]:
    """Return every offer of a session, the first one first, with what its score is the sum of; None where that was not kept."""
    rows = await tx.fetch_all("SELECT * FROM offer WHERE session_id = :session_id ORDER BY id", session_id=session_id)
    return [(_to_offer(row), Parts(**json.loads(row["reasons"])) if row["reasons"] else None) for row in rows]


async def hold_like(tx: Transaction, offer_id: OfferId) -> None:
    """Hold an offer and all that are open for the same session, in their order: so of two who answer one waits for the other."""
    sql: LiteralString = """
        SELECT id FROM offer
         WHERE outcome IS NULL AND session_id = (SELECT session_id FROM offer AS this WHERE this.id = :id)
         ORDER BY +id
        """
    await tx.fetch_all(sql + tx.holding, id=offer_id)


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
    sql: LiteralString = "SELECT id FROM offer WHERE outcome IS NULL AND session_id = :session_id ORDER BY +id "
    return await _close(tx, _ids(await tx.fetch_all(sql + tx.holding, session_id=session_id)), OfferOutcome.WITHDRAWN, at=at)


async def withdraw_of_counselor(tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> list[Offer]:
    """Withdraw every open offer to a counselor."""
    sql: LiteralString = "SELECT id FROM offer WHERE outcome IS NULL AND counselor_id = :counselor_id ORDER BY +id "
    return await _close(tx, _ids(await tx.fetch_all(sql + tx.holding, counselor_id=counselor_id)), OfferOutcome.WITHDRAWN, at=at)


async def withdraw(tx: Transaction, offer_ids: Sequence[OfferId], *, at: datetime) -> list[Offer]:
    """Withdraw those of these offers that are open; they are held, in the order of their ids."""
    return await _close(tx, offer_ids, OfferOutcome.WITHDRAWN, at=at)


async def lapse(tx: Transaction, *, at: datetime) -> list[Offer]:
    """Let every open offer lapse whose deadline has passed."""
    sql: LiteralString = "SELECT id FROM offer WHERE outcome IS NULL AND expires_at <= :at ORDER BY +id "
    return await _close(tx, _ids(await tx.fetch_all(sql + tx.holding, at=at)), OfferOutcome.LAPSED, at=at)


async def _close(tx: Transaction, held: Sequence[OfferId], outcome: OfferOutcome, *, at: datetime) -> list[Offer]:
    """Close offers that are held.

    Who closes several holds them first, in the order of their ids, so that no two wait for each other; the sign before the id
    keeps SQLite from going through all offers in that order.
    """
    if not held:
        return []
    sql, ids = spread(
        "UPDATE offer SET outcome = :outcome, answered_at = :at WHERE id IN :ids AND outcome IS NULL RETURNING *",
        ids=held,
    )
    return [_to_offer(row) for row in await tx.fetch_all(sql, outcome=outcome, at=at, **ids)]


def _ids(rows: Sequence[Row]) -> list[OfferId]:
    return [OfferId(row["id"]) for row in rows]


@lru_cache(maxsize=1024)
def _reasons(parts: Parts) -> str:
    return json.dumps(parts.named())


def _to_offer(row: Row) -> Offer:
    return Offer(
        id=OfferId(row["id"]),
        session_id=SessionId(row["session_id"]),
        counselor_id=PersonId(row["counselor_id"]),
        score=row["score"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        outcome=OfferOutcome(row["outcome"]) if row["outcome"] else None,
        answered_at=row["answered_at"],
    )
