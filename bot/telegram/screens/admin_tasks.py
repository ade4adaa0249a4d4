"""The scheduled tasks, as admins see them."""

from __future__ import annotations

from datetime import datetime

from bot.domain.outgoing import Button
from bot.domain.pages import Page
from bot.domain.text import Text, joined
from bot.scheduler.control import Entry
from bot.services import buttons
from bot.storage.runs import Run, RunState
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.texts import admin as texts_
from bot.texts import everyone, times


def tasks(page: Page[Entry], *, at: datetime) -> Screen:
    """Return a page of the schedules with next run and last result, each with a button."""
    if not page.items:
        return texts_.NO_TASKS, [BACK]
    lines = [
        texts_.TASK_LINE(mark=_mark(one), name=one.schedule.name, next=_next(one, at), last=_last(one.last)) for one in page.items
    ]
    title = paging.titled(texts_.TASKS_TITLE, page.position)
    rows = [[_button(one) for one in page.items[start : start + 2]] for start in range(0, len(page.items), 2)]
    turn = paging.turn(page.position, "admin.tasks")
    return texts_.LISTING(title=title, lines=joined(lines, "\n\n")), [*rows, *turn, [Button(texts_.REFRESH, "admin.tasks")], BACK]


def task(entry: Entry, *, at: datetime) -> Screen:
    """Return a schedule, and what can be done."""
    schedule = entry.schedule
    text = texts_.TASK(
        mark=_mark(entry),
        name=schedule.name,
        every=times.span(schedule.interval.every),
        owner=texts_.FROM_ENVIRONMENT if schedule.is_from_environment else texts_.FROM_ADMINS,
        next=_next(entry, at),
        last=_last(entry.last),
    )
    switch = (texts_.PAUSE, "admin.task.pause") if schedule.is_enabled else (texts_.RESUME, "admin.task.resume")
    deeds = [Button(texts_.RUN_NOW, "admin.task.run", schedule.name), Button(*switch, schedule.name)]
    refresh = [Button(texts_.REFRESH, "admin.task", schedule.name)]
    return text, [deeds, refresh, [Button(everyone.BACK, "admin.tasks")], BACK]


def started(name: str) -> Screen:
    """Return what is said when somebody has asked for a run."""
    return texts_.STARTED(task=name), [[Button(texts_.TASKS, "admin.tasks")], buttons.HOME]


def _button(entry: Entry) -> Button:
    return Button(texts_.TASK_BUTTON(mark=_mark(entry), name=entry.schedule.name), "admin.task", entry.schedule.name)


def _mark(entry: Entry) -> Text:
    return texts_.IS_NOT_PAUSED if entry.schedule.is_enabled else texts_.IS_PAUSED


def _next(entry: Entry, at: datetime) -> Text:
    if entry.unfinished is RunState.RUNNING:
        return texts_.RUNNING
    if entry.unfinished is RunState.RETRYING:
        return texts_.RETRYING
    if not entry.schedule.is_enabled:
        return texts_.PAUSED
    due_at = entry.schedule.next_run_at
    if entry.unfinished is RunState.SCHEDULED or due_at <= at:
        return texts_.DUE_NOW
    return texts_.NEXT_IN(span=times.span(due_at - at), at=times.moment(due_at))


def _last(run: Run | None) -> Text:
    if run is None or run.finished_at is None:
        return texts_.NEVER_RAN
    ended = times.moment(run.finished_at)
    if run.state is RunState.SUCCEEDED:
        return texts_.SUCCEEDED(at=ended, summary=str((run.result or {}).get("summary", "")))
    return texts_.FAILED(at=ended, error=run.error or "")
