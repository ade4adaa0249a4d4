"""Schedules, runs and tasks as plain values with names that do not change: what ``--json`` prints (``docs/tasks.md``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.scheduler.control import Details, Entry, Occurrence
from bot.storage.runs import Run
from bot.storage.schedules import Schedule
from bot.tasks.base import Task
from bot.texts.schedules import in_words

Record = dict[str, Any]


def state_of(schedule: Schedule) -> str:
    """Return how a schedule stands: parked (its task is gone), failing (paused by failures), paused, over, or active."""
    if schedule.is_parked:
        return "parked"
    if not schedule.is_enabled:
        return "failing" if schedule.is_paused_by_failures else "paused"
    return "active" if schedule.next_run_at else "over"


def of_schedule(schedule: Schedule) -> Record:
    """Return a schedule."""
    plan, when = schedule.plan, schedule.when
    return {
        "id": schedule.id,
        "name": plan.name,
        "task": plan.task,
        "state": state_of(schedule),
        "kind": when.kind,
        "spec": when.spec,
        "zone": when.zone,
        "in_words": str(in_words(when)),
        "payload": plan.payload,
        "max_retries": plan.max_retries,
        "catch_up": plan.catch_up,
        "pause_after": plan.pause_after,
        "heartbeat_url": plan.heartbeat_url,
        "failures": schedule.failures,
        "is_from_environment": schedule.is_from_environment,
        "next_run_at": _instant(schedule.next_run_at),
        "last_scheduled_at": _instant(schedule.last_scheduled_at),
        "version": schedule.version,
    }


def of_entry(entry: Entry) -> Record:
    """Return a schedule, with the state of a run of its task that is not over, and the one that ended last."""
    return {
        **of_schedule(entry.schedule),
        "unfinished": entry.unfinished,
        "last_run": of_run(entry.last) if entry.last else None,
    }


def of_occurrence(one: Occurrence) -> Record:
    """Return a time at which a schedule will run."""
    return {"at": _instant(one.at), "name": one.schedule.name, "task": one.schedule.task}


def of_run(run: Run) -> Record:
    """Return a run."""
    done, total = run.progress or (None, None)
    ended = run.finished_at - run.started_at if run.started_at and run.finished_at else None
    return {
        "id": run.id,
        "schedule_id": run.schedule_id,
        "task": run.task,
        "payload": run.payload,
        "trigger": run.trigger,
        "requested_by": run.requested_by,
        "state": run.state,
        "attempt": run.attempt,
        "max_attempts": run.max_attempts,
        "scheduled_for": _instant(run.scheduled_for),
        "started_at": _instant(run.started_at),
        "finished_at": _instant(run.finished_at),
        "duration_seconds": None if ended is None else ended.total_seconds(),
        "missed": run.missed,
        "is_dry_run": run.is_dry_run,
        "progress": None if done is None else {"done": done, "total": total},
        "result": run.result,
        "error": run.error,
    }


def of_details(details: Details) -> Record:
    """Return a run with its attempts and what it said in the log."""
    attempts = [
        {
            "number": one.number,
            "outcome": one.outcome,
            "error": one.error,
            "started_at": _instant(one.started_at),
            "finished_at": _instant(one.finished_at),
        }
        for one in details.attempts
    ]
    lines = [{"level": one.level, "line": one.line, "said_at": _instant(one.said_at)} for one in details.lines]
    return {**of_run(details.run), "attempts": attempts, "log": lines}


def of_task(task: Task[Any]) -> Record:
    """Return a task; ``payload`` is the JSON schema of what a run of it takes."""
    return {
        "name": task.name,
        "does": str(task.does),
        "deletes": task.deletes,
        "timeout_seconds": task.timeout.total_seconds(),
        "payload": task.schema(),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
