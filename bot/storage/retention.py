"""What may be deleted when it is old enough: the conditions of each class, and what goes with its rows.

A condition is asked three times: to count, to find, and once more in the transaction that deletes, since whoever was found may
have come back meanwhile. Rows are deleted by their key, a few at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from bot.domain.ids import CounselorId, KeyId, PersonId
from bot.domain.retention import Data
from bot.storage.database import Database, Transaction, Value, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of another table that go with those of a class, before them."""

    table: LiteralString
    of: LiteralString  #: the column that says whose they are
    key: LiteralString = "id"
    where: LiteralString = "1 = 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a class."""

    table: LiteralString
    where: LiteralString  #: which of them may go; ``:before`` is where their age begins
    key: LiteralString = "id"
    key_id: LiteralString = "NULL"  #: the column with the key that seals them, which goes too
    parts: tuple[Part, ...] = ()
    at_once: int = 1_000  #: most in one transaction; fewer where each lies among others on pages of its own


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that nobody else can change until the transaction ends."""

    ids: list[int]
    key_ids: list[KeyId]


ROWS: Mapping[Data, Rows] = {
    Data.SESSIONS: Rows(
        table="session",
        key_id="key_id",
        where="""ended_at IS NOT NULL AND ended_at < :before
            AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.session_id = session.id AND delivery.state = 'waiting')""",
        parts=(
            Part(table="message", of="session_id", key="session_id, seq"),
            Part(table="delivery", of="session_id", where="state <> 'waiting'"),
            Part(table="session_event", of="session_id"),
            Part(table="offer", of="session_id"),
        ),
        at_once=8,
    ),
    Data.PEOPLE: Rows(
        table="person",
        key_id="key_id",
        where="""created_at < :before AND consented_at IS NULL AND NOT is_admin AND id NOT IN :admins
            AND NOT EXISTS (SELECT 1 FROM counselor WHERE counselor.id = person.id)
            AND NOT EXISTS (SELECT 1 FROM session WHERE session.student_id = person.id)
            AND NOT EXISTS (SELECT 1 FROM session WHERE session.counselor_id = person.id)
            AND NOT EXISTS (
                SELECT 1 FROM delivery
                 WHERE delivery.person_id = person.id AND (delivery.state = 'waiting' OR delivery.created_at >= :before))
            AND NOT EXISTS (
                SELECT 1 FROM "update" WHERE "update".chat_hash = person.telegram_hash AND "update".state = 'open')""",
        parts=(Part(table="delivery", of="person_id", where="state <> 'waiting'"),),
        at_once=20,
    ),
    Data.UPDATES: Rows(table='"update"', key="update_id", where="state IN ('done', 'parked') AND handled_at < :before"),
    Data.DELIVERIES: Rows(
        table="delivery",
        where="""state <> 'waiting' AND settled_at < :before
            AND NOT EXISTS (SELECT 1 FROM session WHERE session.id = delivery.session_id AND session.ended_at IS NULL)
            AND NOT EXISTS (
                SELECT 1 FROM session
                 WHERE session.student_id = delivery.person_id AND session.state IN ('waiting', 'offered', 'active'))
            AND NOT EXISTS (SELECT 1 FROM delivery AS later WHERE later.target_id = delivery.id AND later.state = 'waiting')
            AND id NOT IN (SELECT delivery_id FROM offer WHERE outcome IS NULL AND delivery_id IS NOT NULL)""",
    ),
    Data.RUNS: Rows(
        table="run",
        where="""state IN ('succeeded', 'failed', 'missed', 'cancelled') AND finished_at < :before
            AND (schedule_id IS NULL OR EXISTS (
                SELECT 1 FROM run AS later
                 WHERE later.schedule_id = run.schedule_id AND later.scheduled_for_at > run.scheduled_for_at))
            AND (state <> 'succeeded' OR EXISTS (
                SELECT 1 FROM run AS later WHERE later.task = run.task AND later.id > run.id AND later.state = 'succeeded'))""",
        parts=(
            Part(table="run_log", of="run_id", key="run_id, number"),
            Part(table="run_attempt", of="run_id", key="run_id, number"),
        ),
    ),
    Data.APPLICATIONS: Rows(
        table="counselor",
        where="""status = 'applied' AND deleted_at IS NULL AND coalesce(applied_at, created_at) < :before
            AND coalesce(locked_at, created_at) < :before
            AND NOT EXISTS (SELECT 1 FROM offer WHERE offer.counselor_id = counselor.id)""",
        at_once=20,
    ),
    Data.REJECTIONS: Rows(
        table="counselor",
        where="""status = 'rejected' AND deleted_at IS NULL AND coalesce(reviewed_at, applied_at, created_at) < :before
            AND NOT EXISTS (SELECT 1 FROM offer WHERE offer.counselor_id = counselor.id)""",
        at_once=20,
    ),
    Data.COUNSELORS: Rows(
        table="counselor",
        where="""deleted_at IS NOT NULL AND deleted_at < :before
            AND NOT EXISTS (SELECT 1 FROM session WHERE session.counselor_id = counselor.id AND session.state = 'active')""",
        parts=(Part(table="offer", of="counselor_id", where="outcome IS NOT NULL"),),
        at_once=20,
    ),
    Data.SCHEDULES: Rows(
        table="schedule",
        where="""deleted_at IS NOT NULL AND deleted_at < :before AND name <> task
            AND EXISTS (SELECT 1 FROM schedule AS first WHERE first.task = schedule.task AND first.id < schedule.id)
            AND NOT EXISTS (
                SELECT 1 FROM run WHERE run.schedule_id = schedule.id AND run.state IN ('scheduled', 'running', 'retrying'))""",
        at_once=20,
    ),
    Data.QUESTIONS: Rows(table="dialog", key="person_id", where="step = 'rating.comment' AND updated_at < :before"),
    Data.FORMS: Rows(table="dialog", key="person_id", where="step <> 'rating.comment' AND updated_at < :before"),
    Data.KEYS: Rows(
        table="key",
        where="""created_at < :before
            AND (purpose = 'person' AND NOT EXISTS (SELECT 1 FROM person WHERE person.key_id = key.id)
                 OR purpose = 'session' AND NOT EXISTS (SELECT 1 FROM session WHERE session.key_id = key.id))""",
        key_id="id",
    ),
}


async def count(tx: Transaction, data: Data, *, before: datetime, admins: Sequence[PersonId]) -> int:
    """Return how many rows of a class may go; *admins* are those of ``ADMIN_IDS``, whom no column marks."""
    rows = ROWS[data]
    sql, values = _for(rows.where, "SELECT count(*) AS number FROM " + rows.table, admins)
    row = await tx.fetch_one(sql, before=before, **values)
    return int(row["number"]) if row else 0


async def find(tx: Transaction, data: Data, *, before: datetime, admins: Sequence[PersonId], after: int, limit: int) -> list[int]:
    """Return rows of a class that may go, in the order of their keys, from the first one behind *after*."""
    rows = ROWS[data]
    sql, values = _for(rows.where, "SELECT " + rows.key + " AS id FROM " + rows.table, admins)
    sql += " AND " + rows.key + " > :after ORDER BY " + rows.key + " LIMIT :limit"
    return [row["id"] for row in await tx.fetch_all(sql, before=before, after=after, limit=limit, **values)]


async def hold(
    tx: Transaction, db: Database, data: Data, ids: Sequence[int], *, before: datetime, admins: Sequence[PersonId]
) -> Held:
    """Hold those of the rows that may still go and that nobody is busy with: nothing can come to refer to them any more."""
    rows = ROWS[data]
    sql, values = _for(rows.where, "SELECT " + rows.key + " AS id, " + rows.key_id + " AS key_id FROM " + rows.table, admins)
    sql, found = spread(sql + " AND " + rows.key + " IN :ids " + db.skip_locked, ids=ids)
    held = await tx.fetch_all(sql, before=before, **values, **found)
    return Held([row["id"] for row in held], [KeyId(row["key_id"]) for row in held if row["key_id"] is not None])


async def delete_parts(tx: Transaction, part: Part, ids: Sequence[int], *, limit: int) -> int:
    """Delete rows that go with those that are held; return how many, at most *limit*."""
    sql, values = spread(
        "DELETE FROM " + part.table + " WHERE (" + part.key + ") IN (SELECT " + part.key + " FROM " + part.table
        + " WHERE " + part.of + " IN :ids AND " + part.where + " LIMIT :limit)",
        ids=ids,
    )  # fmt: skip
    return await tx.execute(sql, limit=limit, **values)


async def delete(tx: Transaction, data: Data, held: Held) -> int:
    """Delete rows that are held, and their keys; what the keys sealed is unreadable from then on."""
    rows = ROWS[data]
    sql, values = spread("DELETE FROM " + rows.table + " WHERE " + rows.key + " IN :ids", ids=held.ids)
    deleted = await tx.execute(sql, **values)
    if held.key_ids and rows.table != "key":
        sql, values = spread("DELETE FROM key WHERE id IN :ids", ids=held.key_ids)
        await tx.execute(sql, **values)
    return deleted


async def counselors_of(tx: Transaction, session_ids: Sequence[int]) -> list[CounselorId]:
    """Return whose sessions these are."""
    sql, values = spread(
        "SELECT DISTINCT counselor_id FROM session WHERE id IN :ids AND counselor_id IS NOT NULL ORDER BY counselor_id",
        ids=session_ids,
    )
    return [CounselorId(PersonId(row["counselor_id"])) for row in await tx.fetch_all(sql, **values)]


async def keep_count(tx: Transaction, session_ids: Sequence[int]) -> None:
    """Add what sessions say of their counselors to the counselors themselves, in the transaction that deletes the sessions."""
    sql, values = spread(
        """
        UPDATE counselor
           SET past_sessions = past_sessions + gone.sessions, past_ratings = past_ratings + gone.ratings,
               past_ratings_total = past_ratings_total + gone.total
          FROM (SELECT counselor_id, count(*) AS sessions, count(rating) AS ratings, coalesce(sum(rating), 0) AS total
                  FROM session WHERE id IN :ids AND state = 'ended' GROUP BY counselor_id) AS gone
         WHERE counselor.id = gone.counselor_id
        """,
        ids=session_ids,
    )
    await tx.execute(sql, **values)


def _for(where: LiteralString, sql: LiteralString, admins: Sequence[PersonId]) -> tuple[LiteralString, dict[str, Value]]:
    """Return a statement with its condition, and the values of the list in it."""
    return spread(sql + " WHERE " + where, admins=admins or [-1])
