"""The tables ``run`` and ``run_attempt``: one execution of a task, and each try of it. The only truth about a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

from bot.domain.ids import PersonId, RunId, ScheduleId
from bot.storage.database import Channel, Database, Row, Transaction

BY_PERSON = "person:"  #: so begins ``requested_by`` where a person asked, who is told how it went; their number follows
HORIZON = timedelta(minutes=15)  #: no retry is set further ahead; one that is tells of a clock that was set back

#: What takes a run, in front of what finds it.
_TAKE: LiteralString = """
    UPDATE run
       SET state = 'running', attempt = attempt + 1, lease_owner = :owner, lease_token = lease_token + 1,
           lease_expires_at = :lease_until, started_at = coalesce(started_at, :at)
     WHERE state IN ('scheduled', 'retrying') AND id = (
"""
_IS_READY: LiteralString = "state IN ('scheduled', 'retrying') AND (attempt = 0 OR due_at <= :at OR due_at > :horizon)"
_THIS: LiteralString = (
    _TAKE
    + "SELECT id FROM run AS ready WHERE id = :only AND "
    + _IS_READY
    + """ AND NOT EXISTS (
        SELECT 1 FROM run AS busy WHERE busy.state = 'running' AND busy.concurrency_key = ready.concurrency_key)
    """
)
#: Goes from task to task and looks at the first run of each, so that it takes no longer where thousands of one task wait.
_NEXT: LiteralString = (
    """
    WITH RECURSIVE waiting (name) AS (
        SELECT min(concurrency_key) FROM run WHERE state IN ('scheduled', 'retrying')
         UNION ALL
        SELECT (SELECT min(concurrency_key) FROM run WHERE state IN ('scheduled', 'retrying') AND concurrency_key > waiting.name)
          FROM waiting WHERE waiting.name IS NOT NULL)
    """
    + _TAKE
    + """
    SELECT id FROM run AS ready
     WHERE state IN ('scheduled', 'retrying') AND id IN (
           SELECT (SELECT first.id FROM run AS first WHERE first.concurrency_key = waiting.name AND """
    + _IS_READY
    + """     ORDER BY first.due_at, first.id LIMIT 1)
             FROM waiting
            WHERE waiting.name IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM run AS busy WHERE busy.state = 'running' AND busy.concurrency_key = waiting.name))
     ORDER BY due_at, id LIMIT 1
    """
)


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
    missed: int = 0  #: earlier occurrences that it makes up for
    is_dry_run: bool = False  #: it says what it would do, and does nothing
    is_backed_up_first: bool = True  #: whether a backup is made before something is deleted, where none is fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a task; holds the lease under which it is executed."""

    id: RunId
    schedule_id: ScheduleId | None
    task: str
    payload: dict[str, Any]
    trigger: Trigger
    state: RunState
    attempt: int  #: the one under way, or the last one; 1 is the first
    max_attempts: int
    requested_by: str
    lease_owner: str | None
    lease_token: int  #: grows with each claim, so that who lost the lease can write nothing any more
    lease_expires_at: datetime | None
    scheduled_for: datetime
    due_at: datetime  #: of the next attempt, while it waits for one
    started_at: datetime | None
    finished_at: datetime | None
    missed: int  #: earlier occurrences that it makes up for, or that were missed with it
    is_dry_run: bool
    is_backed_up_first: bool
    progress: tuple[int, int | None] | None  #: pieces done, and of how many where that is known
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    result: dict[str, Any] | None
    error: str | None

    @property
    def requester(self) -> PersonId | None:
        """The person who asked for it; None where it was nobody."""
        return _person(self.requested_by)

    @property
    def canceller(self) -> PersonId | None:
        """The person who asked that it be cancelled; None where it was nobody."""
        return _person(self.cancel_requested_by or "")


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
        (_NEXT if only is None else _THIS)
        + db.skip_locked
        + """)
        RETURNING *
        """,
        owner=owner,
        at=at,
        lease_until=lease_until,
        horizon=at + HORIZON,
        **({} if only is None else {"only": only}),
    )
    if row is None:
        return None
    await tx.execute(
        "INSERT INTO run_attempt (run_id, number, started_at) VALUES (:run_id, :number, :at)",
        run_id=row["id"],
        number=row["attempt"],
        at=at,
    )
    return to_run(row)


async def find(tx: Transaction, run_id: RunId) -> Run | None:
    """Return a run; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM run WHERE id = :id", id=run_id)
    return to_run(row) if row else None


async def renew(tx: Transaction, run: Run, *, lease_until: datetime) -> Run | None:
    """Renew the lease of a run that is under way; return the run as it is then, None where the lease was lost."""
    row = await tx.fetch_one(
        """
        UPDATE run SET lease_expires_at = :lease_until
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        RETURNING *
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        lease_until=lease_until,
    )
    return to_run(row) if row else None


async def renew_all_of(tx: Transaction, owner: str, *, lease_until: datetime) -> None:
    """Renew the leases of all runs that *owner* has still."""
    await tx.execute(
        "UPDATE run SET lease_expires_at = :lease_until WHERE state = 'running' AND lease_owner = :owner",
        owner=owner,
        lease_until=lease_until,
    )


async def note_progress(tx: Transaction, run: Run, done: int, total: int | None) -> None:
    """Note how far a run that is under way has come; nothing where its lease was lost."""
    await tx.execute(
        """
        UPDATE run SET progress_done = :done, progress_total = :total
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        done=done,
        total=total,
    )


async def cancel(tx: Transaction, run: Run, *, at: datetime) -> bool:
    """End a run that is under way because somebody asked for that; False where its lease was lost."""
    changed = await tx.execute(
        """
        UPDATE run SET state = 'cancelled', lease_owner = NULL, lease_expires_at = NULL, finished_at = :at
         WHERE id = :id AND state = 'running' AND lease_owner = :owner AND lease_token = :token
        """,
        id=run.id,
        owner=run.lease_owner,
        token=run.lease_token,
        at=at,
    )
    return await _ended(tx, run, bool(changed), Outcome.INTERRUPTED, error="cancelled", at=at)


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
    return [to_run(row) for row in rows]


def _person(name: str) -> PersonId | None:
    return PersonId(int(name.removeprefix(BY_PERSON))) if name.startswith(BY_PERSON) else None


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
        tx.carry(run.id)
    return is_ours


def to_run(row: Row) -> Run:
    """Return a row of ``run`` as what it is."""
    done = row["progress_done"]
    return Run(
        id=RunId(row["id"]),
        schedule_id=row["schedule_id"],
        task=row["task"],
        payload=json.loads(row["payload"]),
        trigger=Trigger(row["trigger"]),
        state=RunState(row["state"]),
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        requested_by=row["requested_by"],
        lease_owner=row["lease_owner"],
        lease_token=row["lease_token"],
        lease_expires_at=row["lease_expires_at"],
        scheduled_for=row["scheduled_for_at"],
        due_at=row["due_at"],
        started_at=row["started_at"],
        missed=row["missed"],
        is_dry_run=row["is_dry_run"],
        is_backed_up_first=row["is_backed_up_first"],
        progress=None if done is None else (done, row["progress_total"]),
        cancel_requested_at=row["cancel_requested_at"],
        cancel_requested_by=row["cancel_requested_by"],
        finished_at=row["finished_at"],
        result=json.loads(row["result"]) if row["result"] else None,
        error=row["error"],
    )
