"""The tables ``run``, ``run_attempt`` and ``run_log``, read: what waits, what is under way, what became of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import MOST, RunId, ScheduleId
from bot.storage.database import Transaction, spread
from bot.storage.runs import Outcome, Run, RunState, to_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a run."""

    number: int  #: 1 is the first
    outcome: Outcome | None  #: None while it goes on
    error: str | None
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a run said in the log."""

    number: int
    level: str
    line: str
    said_at: datetime


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
    return to_run(row) if row else None


async def last_of_schedule(tx: Transaction, schedule_id: ScheduleId) -> Run | None:
    """Return the run of a schedule that ended last; None where none has."""
    row = await tx.fetch_one(
        """
        SELECT * FROM run WHERE schedule_id = :schedule_id AND state IN ('succeeded', 'failed')
         ORDER BY scheduled_for_at DESC, id DESC LIMIT 1
        """,
        schedule_id=schedule_id,
    )
    return to_run(row) if row else None


async def of_schedule(tx: Transaction, schedule_id: ScheduleId, *, before: RunId | None, limit: int) -> list[Run]:
    """Return the runs of a schedule, the latest occurrence first; from behind the run *before* on where that is given."""
    rows = await tx.fetch_all(
        """
        SELECT * FROM run
         WHERE schedule_id = :schedule_id
           AND (CAST(:before AS BIGINT) IS NULL
                OR (scheduled_for_at, id) < (SELECT scheduled_for_at, id FROM run AS last WHERE last.id = :before))
         ORDER BY scheduled_for_at DESC, id DESC LIMIT :limit
        """,
        schedule_id=schedule_id,
        before=before,
        limit=limit,
    )
    return [to_run(row) for row in rows]


async def of_task(tx: Transaction, task: str, *, before: RunId | None, limit: int) -> list[Run]:
    """Return the newest runs of a task, whatever asked for them, older than *before* where that is given."""
    rows = await tx.fetch_all(
        "SELECT * FROM run WHERE task = :task AND id < :before ORDER BY id DESC LIMIT :limit",
        task=task,
        before=MOST if before is None else before,
        limit=limit,
    )
    return [to_run(row) for row in rows]


async def of_all(tx: Transaction, *, before: RunId | None, limit: int) -> list[Run]:
    """Return the newest runs, older than *before* where that is given."""
    rows = await tx.fetch_all(
        "SELECT * FROM run WHERE id < :before ORDER BY id DESC LIMIT :limit",
        before=MOST if before is None else before,
        limit=limit,
    )
    return [to_run(row) for row in rows]


async def attempts(tx: Transaction, run_id: RunId) -> list[Attempt]:
    """Return the attempts of a run, the first one first."""
    rows = await tx.fetch_all("SELECT * FROM run_attempt WHERE run_id = :run_id ORDER BY number", run_id=run_id)
    return [
        Attempt(
            number=row["number"],
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
            error=row["error"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
        )
        for row in rows
    ]


async def say(tx: Transaction, run_id: RunId, lines: list[Line]) -> None:
    """Keep what a run said; a line that is kept already stays as it is."""
    if not lines:
        return
    sql, values = spread(
        "INSERT INTO run_log (run_id, number, level, line, said_at) VALUES :lines ON CONFLICT DO NOTHING",
        lines=[(run_id, line.number, line.level, line.line, line.said_at) for line in lines],
    )
    await tx.execute(sql, **values)


async def said(tx: Transaction, run_id: RunId, *, after: int = 0) -> list[Line]:
    """Return what a run said, from the line behind number *after* on."""
    rows = await tx.fetch_all(
        "SELECT number, level, line, said_at FROM run_log WHERE run_id = :run_id AND number > :after ORDER BY number",
        run_id=run_id,
        after=after,
    )
    return [Line(**row) for row in rows]
