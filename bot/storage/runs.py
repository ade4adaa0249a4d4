"""The tables ``run`` and ``run_attempt``: one execution of a task, and each try of it. The only truth about a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

from bot.domain.ids import PersonId, RunId, ScheduleId
from bot.storage.database import Channel, Database, Row, Transaction, inserted

BY_PERSON = "person:"  #: so begins ``requested_by`` where a person asked, who is told how it went; their number follows
_HORIZON = timedelta(minutes=15)  #: no retry is set further ahead; one that is tells of a clock that was set back


class Trigger(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch-up"
    MANUAL = "manual"
    EVENT = "event"
    CLI = "cli"
    API = "api"


class RunState(StrEnum):
    """The states of a run; the last four are final."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"  #: its process died or was stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that is to be executed."""

    task: str
    trigger: Trigger
    requested_by: str
    max_attempts: int
    scheduled_for: datetime
    schedule_id: ScheduleId | None = None
    payload: str = "{}"  #: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a task; holds the lease under which it is executed."""

    id: RunId
    task: str
    payload: dict[str, Any]
    trigger: Trigger
    state: RunState
    attempt: int  #: the one under way, or the last one; 1 is the first
    max_attempts: int
    requested_by: str
    lease_owner: str | None
    lease_token: int  #: grows with each claim, so that who lost the lease can write nothing any more
    scheduled_for: datetime
    finished_at: datetime | None
    result: dict[str, Any] | None
    error: str | None

    @property
    def requester(self) -> PersonId | None:
        """The person who asked for it; None where it was nobody."""
        number = self.requested_by.removeprefix(BY_PERSON)
        return PersonId(int(number)) if self.requested_by.startswith(BY_PERSON) else None


#: What asks for a run, in front of the condition under which it may.
_ASK: LiteralString = """
    INSERT INTO run (schedule_id, task, payload, trigger, requested_by, state, concurrency_key, max_attempts,
                     scheduled_for_at, due_at)
    SELECT CAST(:schedule_id AS BIGINT), :task, :payload, :trigger, :requested_by, 'scheduled', :task, :max_attempts,
           :scheduled_for, :at
     WHERE NOT EXISTS (SELECT 1 FROM run AS unfinished WHERE unfinished.state IN ('scheduled', 'running', 'retrying') AND """


async def request(tx: Transaction, new: NewRun, *, at: datetime) -> RunId | None:
    """Ask for a run; None where the schedule's last one is not over, or this occurrence has one."""
    sql = _ASK + "unfinished.schedule_id = :schedule_id)"
    return await _ask(tx, sql, new, at=at)


async def request_by_hand(tx: Transaction, new: NewRun, *, at: datetime) -> RunId | None:
    """Ask for a run because somebody wants it now; None where one of the task waits for its first attempt, or is under way.

    One that failed and waits to be tried again is no reason to wait: they may have put right what it failed of.
    """
    sql = _ASK + "unfinished.task = :task AND unfinished.state <> 'retrying')"
    return await _ask(tx, sql, new, at=at)


async def _ask(tx: Transaction, sql: LiteralString, new: NewRun, *, at: datetime) -> RunId | None:
    row = await tx.fetch_one(
        sql + " ON CONFLICT DO NOTHING RETURNING id",
        schedule_id=new.schedule_id,
        task=new.task,
        payload=new.payload,
        trigger=new.trigger,
        requested_by=new.requested_by,
        max_attempts=new.max_attempts,
        scheduled_for=new.scheduled_for,
        at=at,
    )
    tx.notify(Channel.RUN)
    return RunId(row["id"]) if row else None


async def request_for_event(tx: Transaction, task: str, *, because: str, max_attempts: int, at: datetime) -> RunId:
    """Ask for a run that sees what this transaction did; return the one that waits already where there is one.

    That one is held until the transaction ends. On PostgreSQL it could otherwise begin just before our commit: it would not see
    what we did, and nobody would ask again.
    """
    row = await tx.fetch_one(
        """
        INSERT INTO run (task, payload, trigger, requested_by, state, concurrency_key, max_attempts, scheduled_for_at, due_at)
        VALUES (:task, '{}', 'event', :because, 'scheduled', :task, :max_attempts, :at, :at)
        ON CONFLICT (task) WHERE trigger = 'event' AND state = 'scheduled' DO UPDATE SET task = excluded.task
        RETURNING id
        """,
        task=task,
        because=because,
        max_attempts=max_attempts,
        at=at,
    )
    tx.notify(Channel.RUN)
    return RunId(inserted(row))


async def unfinished(tx: Transaction) -> dict[str, RunState]:
    """Return the tasks of which a run waits or is under way, with the state of the one that is furthest."""
    rows = await tx.fetch_all("SELECT task, state FROM run WHERE state IN ('scheduled', 'running', 'retrying')")
    found: dict[str, RunState] = {}
    for row in rows:
        if found.get(row["task"]) is not RunState.RUNNING:
            found[row["task"]] = RunState(row["state"])
    return found


async def last_of(tx: Transaction, task: str) -> Run | None:
    """Return the run of a task that ended last, whatever it was asked for by; None where none has."""
    row = await tx.fetch_one(
        """
        SELECT * FROM run WHERE task = :task AND state IN ('succeeded', 'failed')
         ORDER BY finished_at DESC, id DESC LIMIT 1
        """,
        task=task,
    )
    return _to_run(row) if row else None


async def claim(
    tx: Transaction, db: Database, *, owner: str, at: datetime, lease_until: datetime, only: RunId | None = None
) -> Run | None:
    """Take the run that has waited longest among those that are due and whose task is not running; None where there is none.

    Args:
        tx: The transaction.
        db: The database.
        owner: Who takes it.
        at: Now.
        lease_until: When the lease ends unless it is renewed.
        only: Take this run or none.

    Raises:
        UniqueViolation: Another process has just begun a run of the same task.
    """
    row = await tx.fetch_one(
        """
        UPDATE run
           SET state = 'running', attempt = attempt + 1, lease_owner = :owner, lease_token = lease_token + 1,
               lease_expires_at = :lease_until, started_at = coalesce(started_at, :at)
         WHERE state IN ('scheduled', 'retrying') AND id = (
               SELECT id FROM run AS ready
                WHERE state IN ('scheduled', 'retrying') AND (attempt = 0 OR due_at <= :at OR due_at > :horizon)
                  AND (CAST(:only AS BIGINT) IS NULL OR id = :only)
                  AND NOT EXISTS (
                      SELECT 1 FROM run AS busy WHERE busy.state = 'running' AND busy.concurrency_key = ready.concurrency_key)
                ORDER BY due_at, id LIMIT 1 """
        + db.skip_locked
        + """)
        RETURNING *
        """,
        owner=owner,
        at=at,
        lease_until=lease_until,
        horizon=at + _HORIZON,
        only=only,
    )
    if row is None:
        return None
    await tx.execute(
        "INSERT INTO run_attempt (run_id, number, started_at) VALUES (:run_id, :number, :at)",
        run_id=row["id"],
        number=row["attempt"],
        at=at,
    )
    return _to_run(row)


async def find(tx: Transaction, run_id: RunId) -> Run | None:
    """Return a run; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM run WHERE id = :id", id=run_id)
    return _to_run(row) if row else None


async def renew(tx: Transaction, run: Run, *, lease_until: datetime) -> bool:
    """Renew the lease of a run that is under way; False where it was lost."""
    return bool(
        await tx.execute(
            """
            UPDATE run SET lease_expires_at = :lease_until
             WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
            """,
            id=run.id,
            owner=run.lease_owner,
            token=run.lease_token,
            lease_until=lease_until,
        )
    )


async def succeed(tx: Transaction, run: Run, *, result: dict[str, Any], at: datetime) -> bool:
    """Finish a run; False where its lease was lost, and somebody else speaks for it."""
    changed = await tx.execute(
        """
        UPDATE run SET state = 'succeeded', lease_owner = NULL, lease_expires_at = NULL, finished_at = :at, result = :result,
                       error = NULL
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        result=json.dumps(result),
        at=at,
    )
    return await _ended(tx, run, bool(changed), Outcome.SUCCEEDED, error=None, at=at)


async def fail(tx: Transaction, run: Run, outcome: Outcome, *, error: str, retry_at: datetime | None, at: datetime) -> bool:
    """Record a failed attempt and try again at *retry_at*, or not any more where that is None; False where the lease was lost."""
    changed = await tx.execute(
        """
        UPDATE run
               SET state = :state, lease_owner = NULL, lease_expires_at = NULL, error = :error,
                   due_at = coalesce(:retry_at, due_at), finished_at = :finished_at
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        state=RunState.RETRYING if retry_at else RunState.FAILED,
        error=error,
        retry_at=retry_at,
        finished_at=None if retry_at else at,
    )
    return await _ended(tx, run, bool(changed), outcome, error=error, at=at)


async def give_back(tx: Transaction, run: Run, *, at: datetime) -> bool:
    """Return a run that we stop in the middle, because the process was told to end; the attempt does not count."""
    changed = await tx.execute(
        """
        UPDATE run
           SET state = 'retrying', lease_owner = NULL, lease_expires_at = NULL, due_at = :at, max_attempts = max_attempts + 1
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        at=at,
    )
    return await _ended(tx, run, bool(changed), Outcome.INTERRUPTED, error="stopped with the process", at=at)


async def orphaned(tx: Transaction, *, at: datetime, dead_owner: str | None = None) -> list[Run]:
    """Return the runs under way whose owner is dead: the lease has run out, or the owner's name begins with *dead_owner*."""
    rows = await tx.fetch_all(
        """
        SELECT * FROM run
         WHERE state = 'running' AND (lease_expires_at <= :at OR substr(lease_owner, 1, length(:prefix)) = :prefix)
        """,
        at=at,
        prefix=dead_owner or "\n",
    )
    return [_to_run(row) for row in rows]


async def next_moment(tx: Transaction, *, at: datetime) -> datetime | None:
    """Return when the next run falls due after *at*, or the next lease runs out; None where neither is.

    A run that is due already and waits for another of its task is woken by the end of that one.
    """
    row = await tx.fetch_one(
        """
        SELECT min(moment_at) AS moment_at FROM (
            SELECT min(due_at) AS moment_at FROM run WHERE state IN ('scheduled', 'retrying') AND due_at > :at
             UNION ALL
            SELECT min(lease_expires_at) FROM run WHERE state = 'running') AS moments
        """,
        at=at,
    )
    return row["moment_at"] if row else None


async def _ended(tx: Transaction, run: Run, is_ours: bool, outcome: Outcome, *, error: str | None, at: datetime) -> bool:  # noqa: FBT001
    if is_ours:
        await tx.execute(
            """
            UPDATE run_attempt SET outcome = :outcome, error = :error, finished_at = :at
             WHERE run_id = :run_id AND number = :number
            """,
            run_id=run.id,
            number=run.attempt,
            outcome=outcome,
            error=error,
            at=at,
        )
        tx.notify(Channel.RUN)
    return is_ours


def _to_run(row: Row) -> Run:
    return Run(
        id=RunId(row["id"]),
        task=row["task"],
        payload=json.loads(row["payload"]),
        trigger=Trigger(row["trigger"]),
        state=RunState(row["state"]),
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        requested_by=row["requested_by"],
        lease_owner=row["lease_owner"],
        lease_token=row["lease_token"],
        scheduled_for=row["scheduled_for_at"],
        finished_at=row["finished_at"],
        result=json.loads(row["result"]) if row["result"] else None,
        error=row["error"],
    )
