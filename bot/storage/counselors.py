"""The tables ``counselor`` and ``counselor_topic``: who helps, with what, and how much of it they have on their hands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from bot.domain.ids import CounselorId, PersonId
from bot.domain.matching import Candidate
from bot.domain.people import Gender
from bot.storage.database import Row, Transaction


async def put(tx: Transaction, counselor_id: CounselorId, *, name: bytes, gender: Gender, at: datetime) -> None:
    """Add a counselor, or change who is one; approved and online."""
    await tx.execute(
        """
        INSERT INTO counselor (id, status, is_online, name, gender, created_at)
        VALUES (:id, 'approved', :is_online, :name, :gender, :at)
        ON CONFLICT (id) DO UPDATE
           SET status = excluded.status, is_online = excluded.is_online, name = excluded.name, gender = excluded.gender
        """,
        id=counselor_id,
        is_online=True,
        name=name,
        gender=gender,
        at=at,
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


async def lock(tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> bool:
    """Hold the counselor until the transaction ends; return whether they can get offers.

    Capacity is a rule over several rows, which one statement does not protect on PostgreSQL: who wants to add to a counselor's
    load comes through here first, and so sees what the one before has added.
    """
    return bool(
        await tx.execute(
            "UPDATE counselor SET locked_at = :at WHERE id = :id AND status = 'approved' AND is_online", id=counselor_id, at=at
        )
    )


async def available(tx: Transaction, *, capacity: int) -> list[Candidate]:
    """Return who is approved, online and reachable, with their load and record; a load counts open offers."""
    topics: defaultdict[int, list[str]] = defaultdict(list)
    for row in await tx.fetch_all("SELECT counselor_id, topic FROM counselor_topic ORDER BY counselor_id, position"):
        topics[row["counselor_id"]].append(row["topic"])
    rows = await tx.fetch_all(
        """
        SELECT counselor.id,
               (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
               + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) AS load,
               (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS ended,
               (SELECT count(rating) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS ratings,
               (SELECT coalesce(sum(rating), 0) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS total
          FROM counselor
          JOIN person ON person.id = counselor.id
         WHERE counselor.status = 'approved' AND counselor.is_online AND person.is_reachable
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
        ended=row["ended"],
        ratings=row["ratings"],
        ratings_total=int(row["total"]),
    )
