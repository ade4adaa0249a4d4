"""The scheduled tasks, as admins see them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bot.domain.ids import RunId
from bot.domain.outgoing import Button
from bot.domain.pages import Page
from bot.domain.text import Text, joined, shortened
from bot.scheduler.control import Entry
from bot.scheduler.drafts import variable_of
from bot.services import buttons
from bot.storage.runs import Run, RunState
from bot.storage.schedules import CatchUp, Schedule
from bot.tasks import TASKS
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.texts import admin, everyone, scheduling, times
from bot.texts import admin_tasks as texts_
from bot.texts.schedules import in_words

TO_LIST = [Button(admin.TASKS, "admin.tasks")]
_MOST_IN_LIST = 150  #: characters of a result or an error, of eight in one message
_MOST_SHOWN = 400  #: likewise, where there is one
_MOST_VALUE = 60  #: likewise, of a value in a payload
_UNDER_WAY = {RunState.RUNNING: texts_.RUNNING, RunState.RETRYING: texts_.RETRYING}
MOST_FIELDS = 6  #: of a payload


def tasks(page: Page[Entry], *, at: datetime) -> Screen:
    """Return a page of the schedules with next run and last result, each with a button."""
    ways = [Button(texts_.NEW, "admin.draft.new"), Button(texts_.ALL_RUNS, "admin.history")]
    if not page.items:
        return texts_.NONE, [ways, BACK]
    lines = [
        texts_.LINE(mark=_mark(one), name=one.schedule.name, next=_next(one, at), last=_last(one.last, most=_MOST_IN_LIST))
        for one in page.items
    ]
    title = paging.titled(texts_.TITLE, page.position)
    rows = [[_button(one) for one in page.items[start : start + 2]] for start in range(0, len(page.items), 2)]
    turn = paging.turn(page.position, "admin.tasks")
    refresh = [Button(admin.REFRESH, "admin.tasks", str(page.position.number))]
    return admin.LISTING(title=title, lines=joined(lines, "\n\n")), [*rows, *turn, ways, refresh, BACK]


def task(entry: Entry, *, at: datetime, news: Text | None = None) -> Screen:
    """Return a schedule, and what can be done; below the *news* where there are some."""
    schedule = entry.schedule
    text = texts_.SCHEDULE(
        mark=_mark(entry),
        name=schedule.name,
        does=_does(schedule),
        when=in_words(schedule.when),
        owner=_owner(schedule),
        next=_next(entry, at),
        last=_last(entry.last, most=_MOST_SHOWN),
        settings=joined(_settings(schedule)),
    )
    rows = [*_deeds(schedule), [Button(everyone.BACK, "admin.tasks"), _refresh(schedule)], BACK]
    return texts_.WITH_NEWS(news=news, text=text) if news else text, rows


def started(name: str, run_id: RunId, *, is_dry_run: bool = False) -> Screen:
    """Return what is said when somebody has asked for a run."""
    text = texts_.TRIED_OUT(task=name) if is_dry_run else texts_.STARTED(task=name)
    return text, [[Button(texts_.WATCH, "admin.run", str(run_id)), *TO_LIST], buttons.HOME]


def confirm_delete(entry: Entry) -> Screen:
    """Return the question whether a schedule shall be deleted."""
    schedule, number = entry.schedule, str(entry.schedule.id)
    yes, no = Button(texts_.YES_DELETE, "admin.task.delete.yes", number), Button(admin.NO_KEEP, "admin.task", number)
    return texts_.CONFIRM_DELETE(name=schedule.name), [[yes, no], BACK]


def deleted(name: str) -> Screen:
    """Return what is said when a schedule is deleted."""
    return texts_.DELETED(name=name), [TO_LIST, BACK]


def payload(task: str, given: dict[str, Any]) -> Text | None:
    """Return what a payload says, and what is as usual; None where there is nothing to say."""
    fields = TASKS[task].fields if task in TASKS else ()
    usual = {one.name: one.default for one in fields if one.name not in given}
    lines = [
        *(texts_.FIELD(name=shortened(name, _MOST_VALUE), value=value_of(value)) for name, value in given.items()),
        *(texts_.FIELD_AS_USUAL(name=name, value=value_of(value)) for name, value in usual.items()),
    ]
    return joined(lines[:MOST_FIELDS], ", ") if lines else None


def value_of(value: Any) -> str:  # noqa: ANN401 — whatever JSON holds
    """Return a value of a payload, as short as a line takes."""
    return shortened(value if isinstance(value, str) else json.dumps(value), _MOST_VALUE)


def _deeds(schedule: Schedule) -> Iterable[list[Button]]:
    number = str(schedule.id)
    switch = (texts_.PAUSE, "admin.task.pause") if schedule.is_enabled else (texts_.RESUME, "admin.task.resume")
    if schedule.task in TASKS:  # of one that is not in this release nothing can be run
        tries = [Button(texts_.TRY_OUT, "admin.task.try", number)] if TASKS[schedule.task].deletes else []
        yield [Button(texts_.RUN_NOW, "admin.task.run", number), *tries]
        yield [Button(*switch, number), Button(texts_.EDIT, "admin.draft.edit", number)]
    else:
        yield [Button(*switch, number)]
    yield [Button(texts_.HISTORY, "admin.history", number), Button(texts_.DELETE, "admin.task.delete", number)]


def _refresh(schedule: Schedule) -> Button:
    return Button(admin.REFRESH, "admin.task", str(schedule.id))


def _button(entry: Entry) -> Button:
    return Button(texts_.BUTTON(mark=_mark(entry), name=entry.schedule.name), "admin.task", str(entry.schedule.id))


def _does(schedule: Schedule) -> Text:
    if schedule.task not in TASKS:
        return texts_.IS_MISSING(task=schedule.task)
    does = TASKS[schedule.task].does
    return texts_.DOES(does=does) if schedule.name == schedule.task else texts_.DOES_OF(task=schedule.task, does=does)


def _owner(schedule: Schedule) -> Text:
    if not schedule.is_from_environment:
        return texts_.NOT_OWNED
    return texts_.OWNED(reason=scheduling.IS_OWNED(variable=variable_of(schedule.task)))


def _settings(schedule: Schedule) -> Iterable[Text]:
    plan = schedule.plan
    said = payload(plan.task, plan.payload)
    if said is not None:
        yield texts_.PAYLOAD(payload=said)
    yield texts_.RETRIES(count=plan.max_retries)
    yield texts_.CATCHES_UP if plan.catch_up is CatchUp.LATEST else texts_.CATCHES_NOTHING_UP
    yield texts_.PAUSES_AFTER(count=plan.pause_after) if plan.pause_after else texts_.NEVER_PAUSES
    yield texts_.FAILURES(count=schedule.failures)
    if plan.heartbeat_url:
        yield texts_.HEARTBEAT(host=host_of(plan.heartbeat_url))


def host_of(url: str) -> str:
    """Return where a heartbeat goes; the rest of the address is as good as a password."""
    return urlsplit(url).hostname or ""


def _mark(entry: Entry) -> Text:
    schedule = entry.schedule
    if schedule.is_parked:
        return texts_.IS_PARKED
    if not schedule.is_enabled:
        return texts_.IS_STOPPED if schedule.is_paused_by_failures else texts_.IS_PAUSED
    if entry.unfinished is RunState.RUNNING:
        return texts_.IS_RUNNING
    return texts_.HAS_FAILED if entry.last is not None and entry.last.state is RunState.FAILED else texts_.IS_WELL


def _next(entry: Entry, at: datetime) -> Text:
    schedule, due_at = entry.schedule, entry.schedule.next_run_at
    if entry.unfinished is not None and entry.unfinished in _UNDER_WAY:
        return _UNDER_WAY[entry.unfinished]
    if schedule.is_parked:
        return texts_.PARKED(task=schedule.task)
    if not schedule.is_enabled:
        return texts_.STOPPED(count=schedule.failures) if schedule.is_paused_by_failures else texts_.PAUSED
    if due_at is None:
        return texts_.NEVER_AGAIN
    if entry.unfinished is RunState.SCHEDULED or due_at <= at:
        return texts_.DUE_NOW
    return texts_.NEXT_IN(span=times.span(due_at - at), at=f"{times.local(due_at, schedule.when.zone)} {schedule.when.zone}")


def _last(run: Run | None, *, most: int) -> Text:
    if run is None or run.finished_at is None:
        return texts_.NEVER_RAN
    ended = times.moment(run.finished_at)
    if run.state is RunState.SUCCEEDED:
        return texts_.SUCCEEDED(at=ended, summary=shortened(str((run.result or {}).get("summary", "")), most))
    return texts_.FAILED(at=ended, error=shortened(run.error or "", most))
