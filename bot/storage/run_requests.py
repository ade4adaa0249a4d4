"""The table ``run``, from the side of those who want one: asking for it, noting that it was missed, calling it off."""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

from bot.domain.ids import RunId
from bot.storage.database import Channel, Transaction, inserted
from bot.storage.runs import NewRun, RunState

#: What asks for a run, in front of the condition under which it may.
_ASK: LiteralString = """
    INSERT INTO run (schedule_id, task, payload, trigger, requested_by, state, concurrency_key, max_attempts,
                     scheduled_for_at, due_at, missed, is_dry_run, is_backed_up_first)
    SELECT CAST(:schedule_id AS BIGINT), :task, :payload, :trigger, :requested_by, 'scheduled', :task, :max_attempts,
           :scheduled_for, :at, :missed, :is_dry_run, :is_backed_up_first
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


async def request_here(tx: Transaction, new: NewRun, *, at: datetime) -> RunId | None:
    """Ask for a run that is taken up in the same transaction; None where one of the task is under way.

    What only waits, for the clock or a bot that may be down, is no reason not to do it here and now.
    """
    sql = _ASK + "unfinished.task = :task AND unfinished.state = 'running')"
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
        missed=new.missed,
        is_dry_run=new.is_dry_run,
        is_backed_up_first=new.is_backed_up_first,
        at=at,
    )
    tx.notify(Channel.RUN)
    if row is None:
        return None
    tx.carry(run_id := RunId(row["id"]))
    return run_id


async def miss(tx: Transaction, new: NewRun, *, at: datetime) -> None:
    """Note that an occurrence of a schedule was missed; those that follow each other stand in one row of the history.

    One that has a run was not missed: the clock was set back since, and it comes a second time.
    """
    schedule = {"schedule_id": new.schedule_id}
    again = await tx.execute(
        """
        UPDATE run SET missed = missed + 1 + :missed, scheduled_for_at = :scheduled_for, finished_at = :at
         WHERE state = 'missed' AND scheduled_for_at < :scheduled_for
           AND id = (SELECT id FROM run AS last WHERE last.schedule_id = :schedule_id
                      ORDER BY scheduled_for_at DESC, id DESC LIMIT 1)
        """,
        missed=new.missed,
        scheduled_for=new.scheduled_for,
        at=at,
        **schedule,
    )
    if again:
        return
    await tx.execute(
        """
        INSERT INTO run (schedule_id, task, payload, trigger, requested_by, state, concurrency_key, max_attempts,
                         scheduled_for_at, due_at, finished_at, missed)
        VALUES (:schedule_id, :task, :payload, :trigger, :requested_by, 'missed', :task, :max_attempts, :scheduled_for, :at, :at,
                :missed)
        ON CONFLICT DO NOTHING
        """,
        task=new.task,
        payload=new.payload,
        trigger=new.trigger,
        requested_by=new.requested_by,
        max_attempts=new.max_attempts,
        scheduled_for=new.scheduled_for,
        missed=new.missed,
        at=at,
        **schedule,
    )


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
        RETURNING id, scheduled_for_at
        """,
        task=task,
        because=because,
        max_attempts=max_attempts,
        at=at,
    )
    tx.notify(Channel.RUN)
    run_id = RunId(inserted(row))
    if row is not None and row["scheduled_for_at"] == at:  # it is new; the other one is carried already
        tx.carry(run_id)
    return run_id


async def ask_to_cancel(tx: Transaction, run_id: RunId, *, by: str, at: datetime) -> RunState | None:
    """Cancel a run that waits, or ask who executes it to stop; return its state then, None where it is over already."""
    row = await tx.fetch_one(
        """
        UPDATE run
           SET state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
               finished_at = CASE WHEN state = 'running' THEN finished_at ELSE :at END,
               cancel_requested_at = coalesce(cancel_requested_at, :at),
               cancel_requested_by = coalesce(cancel_requested_by, :by)
         WHERE id = :id AND state IN ('scheduled', 'running', 'retrying')
        RETURNING state
        """,
        id=run_id,
        by=by,
        at=at,
    )
    tx.notify(Channel.RUN)
    return RunState(row["state"]) if row else None
