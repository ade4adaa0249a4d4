"""Commands that look at schedules and runs and change nothing: list, show, next, history."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.app import App
from bot.commands import console, options, tables
from bot.domain.people import OPERATOR
from bot.domain.schedules import Interval
from bot.scheduler import records
from bot.scheduler.control import Details, Entry
from bot.storage.runs import Run, RunState
from bot.storage.schedules import Schedule
from bot.tasks import TASKS
from bot.tasks.base import Task
from bot.texts import times
from bot.texts.schedules import in_words

NO_SCHEDULES = "There are no schedules yet: the first start of the bot makes the usual ones, and tasks add makes one."
NO_RUNS = "There are no runs yet."

_STATES = {"failing": "paused: kept failing", "parked": "waits for its task", "over": "is over"}
_UNFINISHED = {RunState.SCHEDULED: "about to run", RunState.RUNNING: "running", RunState.RETRYING: "to be tried again"}

NameOfAny = Annotated[str | None, typer.Argument(help="A schedule or a task by name; all where it is left out.")]


def list_(*, as_json: options.AsJson = False) -> None:
    """List all schedules: how each stands, when it runs next, what it runs."""

    async def look(app: App) -> None:
        entries, now, zone = await app.control.list(OPERATOR), app.clock(), app.settings.timezone
        if as_json:
            console.say_json([records.of_entry(entry) for entry in entries])
        elif entries:
            columns = ("id", "name", "state", "next run", "", "when", "task", "last run")
            tables.show(columns, [_row(entry, zone, now) for entry in entries], title=_now(now, zone))
        else:
            typer.echo(NO_SCHEDULES)

    console.run_with(look)


def show(
    name: Annotated[str, typer.Argument(help="A schedule or a task by name, or a run by its number.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Show all about a schedule, a task or a run: its payload, its options, its attempts, what it said."""

    async def look(app: App) -> None:
        if name[:1].isdecimal():
            say_details(await app.control.details(OPERATOR, options.run_id(name)), app.settings.timezone, as_json=as_json)
            return
        entries = {entry.schedule.name: entry for entry in await app.control.list(OPERATOR)}
        if name in entries:
            _say_schedule(entries[name], app, as_json=as_json)
        elif name in TASKS:
            _say_task(TASKS[name], as_json=as_json)
        else:
            raise options.unknown("schedule or task", name, {*entries, *TASKS}, "python -m bot tasks list names all.")

    console.run_with(look)


def next_(
    *,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many times.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List what runs next, over all schedules."""

    async def look(app: App) -> None:
        found, now, zone = await app.control.upcoming(OPERATOR, count), app.clock(), app.settings.timezone
        if as_json:
            console.say_json([records.of_occurrence(one) for one in found])
        elif found:
            rows = [
                (
                    tables.local(one.at, _zone(one.schedule, zone)),
                    tables.until(one.at, now=now),
                    one.schedule.name,
                    one.schedule.task,
                )
                for one in found
            ]
            tables.show(("when", "", "name", "task"), rows, title=_now(now, zone))
        else:
            typer.echo(NO_SCHEDULES)

    console.run_with(look)


def history(
    name: NameOfAny = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest ones.")] = 20,
    run: Annotated[str | None, typer.Option("--run", metavar="NUMBER", help="Show this run, its attempts and its log.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the newest runs, with how each ended."""

    async def look(app: App) -> None:
        zone = app.settings.timezone
        if run is not None:
            say_details(await app.control.details(OPERATOR, options.run_id(run)), zone, as_json=as_json)
            return
        found = await options.named(app, name or "", app.control.history(OPERATOR, name, limit=limit), also=TASKS)
        if as_json:
            console.say_json([records.of_run(one) for one in found])
        elif found:
            columns = ("run", "task", "state", "why", "began", "took", "attempts", "result")
            tables.show(columns, [_run_row(one, zone) for one in found])
        else:
            typer.echo(NO_RUNS)

    console.run_with(look)


def say_details(details: Details, zone: str, *, as_json: bool) -> None:
    """Print a run, its attempts and its log."""
    if as_json:
        console.say_json(records.of_details(details))
        return
    run = details.run
    tables.show_values(
        {
            "run": str(run.id),
            "task": run.task,
            "state": _state_of(run),
            "why": run.trigger,
            "payload": json.dumps(run.payload),
            "was due": tables.local(run.scheduled_for, zone),
            "began": tables.local(run.started_at, zone),
            "took": _took(run.started_at, run.finished_at),
            "makes up for": str(run.missed) if run.missed else None,
            "result": _said(run),
            "counts": ", ".join(f"{name} {count}" for name, count in (run.result or {}).items() if name != "summary"),
        }
    )
    for one in details.attempts:
        outcome = one.outcome or "under way"
        began, took = tables.local(one.started_at, zone), _took(one.started_at, one.finished_at)
        typer.echo(
            f"attempt {one.number} of {run.max_attempts}: {outcome}, {began}, {took}{f', {one.error}' if one.error else ''}"
        )
    for line in details.lines:
        typer.echo(f"  {line.said_at:%H:%M:%S} {line.level}:{line.line}")


def _row(entry: Entry, zone: str, now: datetime) -> tuple[str, ...]:
    schedule = entry.schedule
    state = records.state_of(schedule)
    is_active = state == "active"
    return (
        str(schedule.id),
        schedule.name,
        _UNFINISHED[entry.unfinished] if entry.unfinished else _STATES.get(state, state),
        tables.local(schedule.next_run_at, _zone(schedule, zone)) if is_active else "–",
        tables.until(schedule.next_run_at, now=now) if is_active else "–",
        str(in_words(schedule.when)),
        schedule.task,
        _state_of(entry.last) if entry.last else "–",
    )


def _run_row(run: Run, zone: str) -> tuple[str, ...]:
    began = tables.local(run.started_at or run.scheduled_for, zone)
    took = _took(run.started_at, run.finished_at)
    return str(run.id), run.task, _state_of(run), run.trigger, began, took, f"{run.attempt} of {run.max_attempts}", _said(run)


def _say_schedule(entry: Entry, app: App, *, as_json: bool) -> None:
    if as_json:
        console.say_json(records.of_entry(entry))
        return
    schedule, now, zone = entry.schedule, app.clock(), _zone(entry.schedule, app.settings.timezone)
    plan, state = schedule.plan, records.state_of(schedule)
    upcoming = schedule.when.upcoming(max(now, schedule.next_run_at or now), 4) if state == "active" else []
    tables.show_values(
        {
            "schedule": f"{plan.name} ({schedule.id})",
            "task": f"{plan.task}: {TASKS[plan.task].does}"
            if plan.task in TASKS
            else f"{plan.task}, which is not in this release",
            "state": _STATES.get(state, state) + (f", {_UNFINISHED[entry.unfinished]}" if entry.unfinished else ""),
            "when": f"{in_words(plan.when)}  ({plan.when.spec})",
            "set by": f"{plan.task.upper()}_INTERVAL_MINUTES" if schedule.is_from_environment else None,
            "next runs": ", ".join(tables.local(at, zone) for at in (schedule.next_run_at, *upcoming))
            if state == "active"
            else None,
            "payload": json.dumps(plan.payload),
            "retries": str(plan.max_retries),
            "catch up": plan.catch_up,
            "pauses after": f"{plan.pause_after} failures in a row" if plan.pause_after else "never",
            "heartbeat": plan.heartbeat_url,
            "failures": f"{schedule.failures} in a row" if schedule.failures else None,
            "last run": f"{entry.last.id}, {_state_of(entry.last)}: {_said(entry.last)}" if entry.last else None,
            "version": str(schedule.version),
        }
    )
    if plan.task in TASKS:
        _say_fields(TASKS[plan.task])


def _say_task(task: Task[Any], *, as_json: bool) -> None:
    if as_json:
        console.say_json(records.of_task(task))
        return
    tables.show_values(
        {
            "task": task.name,
            "does": str(task.does),
            "timeout": str(times.span(task.timeout)),
            "deletes": "yes: --dry-run says first what" if task.deletes else "nothing",
        }
    )
    _say_fields(task)


def _say_fields(task: Task[Any]) -> None:
    """Print what the payload of a task may hold."""
    if task.fields:
        rows = [(one.name, json.dumps(one.default), str(one.asks), one.description) for one in task.fields]
        typer.echo("")
        tables.show(("--set", "default", "takes", "what it is"), rows)


def _state_of(run: Run) -> str:
    return f"{run.state}, tried out" if run.is_dry_run else run.state


def _said(run: Run) -> str:
    if run.error:
        return run.error
    if run.progress and run.state is RunState.RUNNING:
        done, total = run.progress
        return f"{done} of {total}" if total else str(done)
    return str((run.result or {}).get("summary", ""))


def _took(began: datetime | None, ended: datetime | None) -> str:
    if began is None or ended is None:
        return "–"
    seconds = (ended - began).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else str(times.span(ended - began))  # noqa: PLR2004 — a minute


def _zone(schedule: Schedule, zone: str) -> str:
    """Return the zone in which a schedule is meant; an interval has none, and is shown in that of the service."""
    return zone if isinstance(schedule.when, Interval) else schedule.when.zone


def _now(now: datetime, zone: str) -> str:
    return f"It is {tables.local(now, zone)}."
