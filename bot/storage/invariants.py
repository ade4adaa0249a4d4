"""The rules of a session's life (PRODUCT.md), asked of the tables: what breaks one, and the one statement that sets it right.

Each statement repeats the whole condition, so that what somebody else has moved on since it was found stays as they left it.
A state is compared in the words of the partial indexes, and the sign before an id keeps SQLite from going through all rows in
their order: both databases look at what is open and not at all that ever was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from bot.domain.ids import CounselorId, KeyId, OfferId, PersonId, SessionId
from bot.domain.sessions import Offer
from bot.storage import offers
from bot.storage.database import Row, Transaction, spread


class OfferRule(StrEnum):
    """Why an open offer may not be open."""

    NOT_OFFERED = "offer_of_what_is_not_offered"
    SECOND = "second_offer"  #: of what is no crisis
    NOBODY_THERE = "offer_to_nobody_there"  #: out of service, or unreachable; whoever is offline may be asked by an admin
    OWN_OR_AGAIN = "offer_back"  #: to the student, or to who had it before
    UNSEEN = "offer_unseen"  #: no message shows it


class Report(StrEnum):
    """What can only be reported, since nobody but a person can know what would be right."""

    OVERLOADED = "beyond_capacity"  #: counselors; who lowered the capacity wanted that
    UNRECORDED = "state_without_event"  #: open sessions
    ERASED_EARLY = "ended_without_key"  #: not long ago, so that it is not due yet


_OFFER_RULES: dict[OfferRule, LiteralString] = {
    OfferRule.NOT_OFFERED: "EXISTS (SELECT 1 FROM session WHERE session.id = offer.session_id AND session.state <> 'offered')",
    OfferRule.SECOND: """
        EXISTS (SELECT 1 FROM session WHERE session.id = offer.session_id AND session.state = 'offered' AND session.priority < 10)
        AND EXISTS (SELECT 1 FROM offer AS first
                     WHERE first.session_id = offer.session_id AND first.outcome IS NULL AND first.id < offer.id)
    """,
    OfferRule.NOBODY_THERE: """
        NOT EXISTS (SELECT 1 FROM counselor JOIN person ON person.id = counselor.id
                     WHERE counselor.id = offer.counselor_id AND counselor.status = 'approved'
                       AND counselor.deleted_at IS NULL AND person.is_reachable)
    """,
    OfferRule.OWN_OR_AGAIN: """
        (EXISTS (SELECT 1 FROM session WHERE session.id = offer.session_id AND session.student_id = offer.counselor_id)
         OR EXISTS (SELECT 1 FROM session_event
                     WHERE session_event.session_id = offer.session_id AND session_event.to_state = 'active'
                       AND session_event.actor_id = offer.counselor_id))
    """,
    OfferRule.UNSEEN: "delivery_id IS NULL",
}
_OPEN: LiteralString = "session.state IN ('waiting', 'offered', 'active')"
_KEYLESS: LiteralString = "NOT EXISTS (SELECT 1 FROM key WHERE key.id = session.key_id)"
_STRAY: LiteralString = """
    NOT EXISTS (SELECT 1 FROM session
                 WHERE session.id = person.current_session_id AND session.state = 'active'
                   AND (session.student_id = person.id OR session.counselor_id = person.id))
"""


async def offers_against(tx: Transaction, rule: OfferRule, *, limit: int) -> list[OfferId]:
    """Return open offers that may not be open."""
    sql: LiteralString = "SELECT id FROM offer WHERE outcome IS NULL AND " + _OFFER_RULES[rule] + " ORDER BY +id LIMIT :limit"
    return [OfferId(row["id"]) for row in await tx.fetch_all(sql, limit=limit)]


async def withdraw(tx: Transaction, rule: OfferRule, offer_ids: Sequence[OfferId], *, at: datetime) -> list[Offer]:
    """Withdraw those of these offers that may still not be open; return them."""
    found: LiteralString = (
        "SELECT id FROM offer WHERE id IN :ids AND outcome IS NULL AND " + _OFFER_RULES[rule] + " ORDER BY +id "
    )
    sql, ids = spread(found + tx.holding, ids=offer_ids)
    held = [row["id"] for row in await tx.fetch_all(sql, **ids)]
    return await offers.withdraw(tx, held, at=at)


async def counselors_of(tx: Transaction, offer_ids: Sequence[OfferId]) -> list[CounselorId]:
    """Return to whom these offers were made."""
    sql, ids = spread("SELECT DISTINCT counselor_id FROM offer WHERE id IN :ids ORDER BY counselor_id", ids=offer_ids)
    return [PersonId(row["counselor_id"]) for row in await tx.fetch_all(sql, **ids)]


async def late_offers(tx: Transaction, *, expired_before: datetime) -> int:
    """Return how many offers are open whose deadline passed before an instant."""
    return await _count(tx, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL AND expires_at <= :at", at=expired_before)


async def offered_to_nobody(tx: Transaction, *, limit: int) -> list[SessionId]:
    """Return sessions that are offered, and of which no offer is open."""
    rows = await tx.fetch_all(
        """
        SELECT id FROM session
         WHERE state IN ('waiting', 'offered') AND state = 'offered'
           AND NOT EXISTS (SELECT 1 FROM offer WHERE offer.session_id = session.id AND offer.outcome IS NULL)
         ORDER BY +id LIMIT :limit
        """,
        limit=limit,
    )
    return _sessions(rows)


async def forget_strays(tx: Transaction, *, limit: int) -> int:
    """Have nobody mean a session that is not active or not theirs; return how many did."""
    sql: LiteralString = (
        "UPDATE person SET current_session_id = NULL, current_at = NULL WHERE id IN ("
        "SELECT id FROM person WHERE current_session_id IS NOT NULL AND "
        + _STRAY
        + " ORDER BY +id LIMIT :limit) AND current_session_id IS NOT NULL AND "
        + _STRAY
    )
    return await tx.execute(sql, limit=limit)


async def has_strays(tx: Transaction) -> bool:
    """Return whether somebody means a session that is not active or not theirs."""
    sql: LiteralString = "SELECT id FROM person WHERE current_session_id IS NOT NULL AND " + _STRAY + " LIMIT 1"
    return await tx.fetch_one(sql) is not None


async def silent_since_never(tx: Transaction, *, limit: int) -> list[SessionId]:
    """Return active sessions that would never count as silent, because nothing says since when."""
    sql: LiteralString = (
        "SELECT id FROM session WHERE state = 'active' AND reminded_at IS NULL AND last_message_at IS NULL LIMIT :limit"
    )
    return _sessions(await tx.fetch_all(sql, limit=limit))


async def begin_silence(tx: Transaction, session_id: SessionId) -> bool:
    """Have an active session count as silent since it began; False where it has a time, or is not active."""
    sql = "UPDATE session SET last_message_at = activated_at WHERE id = :id AND state = 'active' AND last_message_at IS NULL"
    return bool(await tx.execute(sql, id=session_id))


async def keyless(tx: Transaction, *, limit: int) -> list[SessionId]:
    """Return open sessions whose key is gone, so that nothing can be said in them."""
    sql: LiteralString = "SELECT id FROM session WHERE " + _OPEN + " AND " + _KEYLESS + " ORDER BY +id LIMIT :limit"
    return _sessions(await tx.fetch_all(sql, limit=limit))


async def rekey(tx: Transaction, session_id: SessionId, key_id: KeyId) -> bool:
    """Give an open session without a key another one, and drop its description, which nobody can read; False where it has one."""
    sql: LiteralString = (
        "UPDATE session SET key_id = :key_id, description = NULL WHERE id = :id AND " + _OPEN + " AND " + _KEYLESS
    )
    return bool(await tx.execute(sql, id=session_id, key_id=key_id))


async def reports(tx: Transaction, *, capacity: int, ended_after: datetime) -> dict[Report, int]:
    """Return how much there is of what can only be reported; keys are looked for of what ended after an instant."""
    overloaded: LiteralString = """
        SELECT count(*) AS number FROM (
            SELECT counselor_id FROM (
                SELECT counselor_id FROM session WHERE state IN ('waiting', 'offered', 'active') AND state = 'active'
                 UNION ALL
                SELECT counselor_id FROM offer WHERE outcome IS NULL) AS load
             GROUP BY counselor_id HAVING count(*) > :capacity) AS overloaded
    """
    unrecorded: LiteralString = (  # the alias, so that the index of all there ever were does not look good enough to SQLite
        "SELECT count(session.alias) AS number FROM session WHERE "
        + _OPEN
        + """ AND state <> coalesce((
            SELECT to_state FROM session_event WHERE session_event.session_id = session.id ORDER BY id DESC LIMIT 1), '')"""
    )
    erased: LiteralString = (
        "SELECT count(*) AS number FROM session WHERE content_erased_at IS NULL AND ended_at > :ended_after AND " + _KEYLESS
    )
    return {
        Report.OVERLOADED: await _count(tx, overloaded, capacity=capacity),
        Report.UNRECORDED: await _count(tx, unrecorded),
        Report.ERASED_EARLY: await _count(tx, erased, ended_after=ended_after),
    }


async def aliases(tx: Transaction, session_ids: Sequence[SessionId]) -> list[str]:
    """Return what these sessions are called."""
    sql, ids = spread("SELECT alias FROM session WHERE id IN :ids ORDER BY id", ids=session_ids)
    return [row["alias"] for row in await tx.fetch_all(sql, **ids)]


async def _count(tx: Transaction, sql: LiteralString, **values: int | datetime) -> int:
    row = await tx.fetch_one(sql, **values)
    return row["number"] if row else 0


def _sessions(rows: list[Row]) -> list[SessionId]:
    return [SessionId(row["id"]) for row in rows]
