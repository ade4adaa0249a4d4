"""The tables ``counselor`` and ``counselor_topic``: who helps, with what, and how much of it they have on their hands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from bot.domain.ids import CounselorId, PersonId
from bot.domain.matching import Candidate
from bot.domain.people import Gender
from bot.storage.database import Row, Transaction, spread


async def put(tx: Transaction, counselor_id: CounselorId, *, name: bytes, gender: Gender, at: datetime) -> None:
    """Add a counselor, or change who is one or was one; approved and online, whatever was decided before."""
    await tx.execute(
        """
        INSERT INTO counselor (id, status, is_online, name, gender, reviewed_at, created_at)
        VALUES (:id, 'approved', :is_online, :name, :gender, :at, :at)
        ON CONFLICT (id) DO UPDATE
           SET status = excluded.status, is_online = excluded.is_online, name = excluded.name, gender = excluded.gender,
               reviewed_at = excluded.reviewed_at, reviewed_by = NULL, review_reason = NULL, deleted_at = NULL
        """,
        id=counselor_id,
        is_online=True,
        name=name,
        gender=gender,
        at=at,
    )


async def set_online(tx: Transaction, counselor_id: CounselorId, *, is_online: bool) -> bool:
    """Record whether an approved counselor takes requests; return whether that is news."""
    return bool(
        await tx.execute(
            "UPDATE counselor SET is_online = :is_online WHERE id = :id AND status = 'approved' AND is_online <> :is_online",
            id=counselor_id,
            is_online=is_online,
        )
    )


async def set_topics(tx: Transaction, counselor_id: CounselorId, topics: Sequence[str]) -> None:
    """Replace what the counselor specializes in, the first one first."""
    await tx.execute("DELETE FROM counselor_topic WHERE counselor_id = :counselor_id", counselor_id=counselor_id)
    for position, topic in enumerate(topics):
        await tx.execute(
            "INSERT INTO counselor_topic (counselor_id, position, topic) VALUES (:counselor_id, :position, :topic)",
            counselor_id=counselor_id,
            position=position,
            topic=topic,
        )


async def topics_of(tx: Transaction, counselor_id: CounselorId) -> list[str]:
    """Return what the counselor specializes in, the first one first."""
    sql = "SELECT topic FROM counselor_topic WHERE counselor_id = :counselor_id ORDER BY position"
    return [row["topic"] for row in await tx.fetch_all(sql, counselor_id=counselor_id)]


async def hold(tx: Transaction, counselor_ids: Sequence[CounselorId]) -> None:
    """Hold counselors until the transaction ends.

    Capacity is a rule over several rows, which one statement does not protect on PostgreSQL: who wants to add to a counselor's
    load comes through here first, and so sees what the one before has added. Where there is one writer, nobody adds beside us.
    """
    if not tx.holding:
        return
    sql, ids = spread("SELECT id FROM counselor WHERE id IN :ids ORDER BY id ", ids=sorted(counselor_ids))
    await tx.fetch_all(sql + tx.holding, **ids)


async def room(tx: Transaction, counselor_ids: Sequence[CounselorId], *, capacity: int) -> dict[CounselorId, int]:
    """Return how many more each counselor can have, who is held; who is not available is left out."""
    sql, ids = spread(
        """
        SELECT counselor.id,
               (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
               + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) AS load
          FROM counselor
          JOIN person ON person.id = counselor.id
         WHERE counselor.id IN :ids AND counselor.status = 'approved' AND counselor.is_online AND person.is_reachable
        """,
        ids=counselor_ids,
    )
    return {PersonId(row["id"]): capacity - row["load"] for row in await tx.fetch_all(sql, **ids)}


async def available(tx: Transaction, *, capacity: int) -> list[Candidate]:
    """Return who is approved, online and reachable, with their load and record; a load counts open offers."""
    topics: defaultdict[int, list[str]] = defaultdict(list)
    for row in await tx.fetch_all("SELECT counselor_id, topic FROM counselor_topic ORDER BY counselor_id, position"):
        topics[row["counselor_id"]].append(row["topic"])
    rows = await tx.fetch_all(
        """
        SELECT counselor.id, counselor.gender,
               count(session.id) FILTER (WHERE session.state = 'active')
               + (SELECT count(*) FROM offer WHERE offer.counselor_id = counselor.id AND offer.outcome IS NULL) AS load,
               counselor.past_sessions + count(session.id) FILTER (WHERE session.state = 'ended') AS ended,
               counselor.past_ratings + count(session.rating) AS ratings,
               counselor.past_ratings_total + coalesce(sum(session.rating), 0) AS total
          FROM counselor
          JOIN person ON person.id = counselor.id
          LEFT JOIN session ON session.counselor_id = counselor.id AND session.state IN ('active', 'ended')
         WHERE counselor.status = 'approved' AND counselor.is_online AND person.is_reachable
         GROUP BY counselor.id
         ORDER BY counselor.id
        """
    )
    return [_to_candidate(row, topics[row["id"]], capacity) for row in rows]


def _to_candidate(row: Row, topics: Sequence[str], capacity: int) -> Candidate:
    return Candidate(
        counselor_id=PersonId(row["id"]),
        topics=tuple(topics),
        load=row["load"],
        capacity=capacity,
        gender=row["gender"],
        ended=row["ended"],
        ratings=row["ratings"],
        ratings_total=int(row["total"]),
    )
