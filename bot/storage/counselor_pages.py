"""Counselors and applicants as admins look at them: a page of a list, or one with their figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from bot.domain.ids import CounselorId, KeyId, PersonId
from bot.domain.pages import PAGE_SIZE, Position, position
from bot.domain.people import CounselorStatus, Gender
from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CounselorRow:
    """A counselor or an applicant, with their figures."""

    id: CounselorId
    key_id: KeyId  #: of the person; seals name and bio
    name: bytes
    bio: bytes | None
    gender: Gender
    status: CounselorStatus
    is_online: bool
    is_reachable: bool
    is_admin: bool  #: appointed
    applied_at: datetime | None
    load: int  #: conversations and open offers
    ended: int  #: conversations that they brought to an end
    ratings: int
    ratings_total: int


_ROWS: LiteralString = """
    SELECT counselor.*, person.key_id, person.is_reachable, person.is_admin,
           (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
           + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) AS load,
           past_sessions
           + (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS ended,
           past_ratings
           + (SELECT count(rating) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS ratings,
           past_ratings_total
           + (SELECT coalesce(sum(rating), 0) FROM session WHERE counselor_id = counselor.id AND state = 'ended') AS total
      FROM counselor JOIN person ON person.id = counselor.id
     WHERE counselor.deleted_at IS NULL
"""


async def find(tx: Transaction, counselor_id: CounselorId) -> CounselorRow | None:
    """Return a counselor or an applicant; None where there is none, or they were deleted."""
    row = await tx.fetch_one(_ROWS + " AND counselor.id = :id", id=counselor_id)
    return _to_row(row) if row else None


async def applications(tx: Transaction, wanted: int) -> tuple[Position, list[CounselorRow]]:
    """Return a page of those who applied, who has waited longest first."""
    count = await tx.fetch_one("SELECT count(*) AS number FROM counselor WHERE status = 'applied' AND deleted_at IS NULL")
    where = position(wanted, total=count["number"] if count else 0)
    sql: LiteralString = (
        " AND counselor.status = 'applied' ORDER BY counselor.applied_at, counselor.id LIMIT :limit OFFSET :offset"
    )
    rows = await tx.fetch_all(_ROWS + sql, limit=PAGE_SIZE, offset=where.offset)
    return where, [_to_row(row) for row in rows]


async def counselors(tx: Transaction, wanted: int) -> tuple[Position, list[CounselorRow]]:
    """Return a page of those who are, or were, in service; the approved first."""
    count = await tx.fetch_one(
        "SELECT count(*) AS number FROM counselor WHERE status IN ('approved', 'deactivated') AND deleted_at IS NULL"
    )
    where = position(wanted, total=count["number"] if count else 0)
    sql: LiteralString = """
       AND counselor.status IN ('approved', 'deactivated')
     ORDER BY counselor.status, counselor.id LIMIT :limit OFFSET :offset
    """
    rows = await tx.fetch_all(_ROWS + sql, limit=PAGE_SIZE, offset=where.offset)
    return where, [_to_row(row) for row in rows]


async def reachable(tx: Transaction) -> list[CounselorRow]:
    """Return who is approved and can be written to, online or not."""
    sql: LiteralString = " AND counselor.status = 'approved' AND person.is_reachable ORDER BY counselor.id"
    return [_to_row(row) for row in await tx.fetch_all(_ROWS + sql)]


async def topics(tx: Transaction) -> dict[CounselorId, tuple[str, ...]]:
    """Return the topics of all counselors, the first one of each first."""
    found: defaultdict[CounselorId, tuple[str, ...]] = defaultdict(tuple)
    for row in await tx.fetch_all("SELECT counselor_id, topic FROM counselor_topic ORDER BY counselor_id, position"):
        found[PersonId(row["counselor_id"])] += (row["topic"],)
    return found


def _to_row(row: Row) -> CounselorRow:
    return CounselorRow(
        id=PersonId(row["id"]),
        key_id=KeyId(row["key_id"]),
        name=bytes(row["name"]),
        bio=bytes(row["bio"]) if row["bio"] is not None else None,
        gender=Gender(row["gender"]),
        status=CounselorStatus(row["status"]),
        is_online=row["is_online"],
        is_reachable=row["is_reachable"],
        is_admin=row["is_admin"],
        applied_at=row["applied_at"],
        load=row["load"],
        ended=row["ended"],
        ratings=row["ratings"],
        ratings_total=int(row["total"]),
    )
