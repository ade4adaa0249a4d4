"""What the tables ``session`` and ``offer`` say about one counselor's work."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.ids import CounselorId
from bot.domain.records import MONTH, WEEK, Record
from bot.storage.database import Transaction

_ANSWERS = 100  #: so many of the newest say how fast somebody answers these days


async def of_counselor(tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> Record:
    """Return a counselor's figures."""
    sessions = await tx.fetch_one(
        """
        SELECT count(*) FILTER (WHERE state = 'active') AS active,
               coalesce((SELECT past_sessions FROM counselor WHERE id = :id), 0)
               + count(*) FILTER (WHERE state = 'ended') AS ended,
               count(*) FILTER (WHERE state = 'ended' AND ended_at > :week_at) AS ended_week,
               count(*) FILTER (WHERE state = 'ended' AND ended_at > :month_at) AS ended_month,
               coalesce((SELECT past_ratings FROM counselor WHERE id = :id), 0) + count(rating) AS ratings,
               coalesce((SELECT past_ratings_total FROM counselor WHERE id = :id), 0) + coalesce(sum(rating), 0) AS ratings_total
          FROM session WHERE counselor_id = :id
        """,
        id=counselor_id,
        week_at=at - WEEK,
        month_at=at - MONTH,
    )
    offers = await tx.fetch_one(
        """
        SELECT count(*) FILTER (WHERE outcome IS NULL) AS open_offers,
               count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
               count(*) FILTER (WHERE outcome = 'declined') AS declined,
               count(*) FILTER (WHERE outcome = 'lapsed') AS lapsed
          FROM offer WHERE counselor_id = :id
        """,
        id=counselor_id,
    )
    figures = {name: int(value) for row in (sessions, offers) for name, value in (row or {}).items()}
    return Record(**figures, answer_times=await _answer_times(tx, counselor_id))


async def _answer_times(tx: Transaction, counselor_id: CounselorId) -> list[timedelta]:
    rows = await tx.fetch_all(
        """
        SELECT offered_at, answered_at FROM offer
         WHERE counselor_id = :id AND outcome IN ('accepted', 'declined')
         ORDER BY answered_at DESC LIMIT :most
        """,
        id=counselor_id,
        most=_ANSWERS,
    )
    return [row["answered_at"] - row["offered_at"] for row in rows]
