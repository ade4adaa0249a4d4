"""Runs, as admins see them: those that there were, and one with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.ids import PersonId
from bot.domain.outgoing import Button
from bot.domain.pages import PAGE_SIZE
from bot.domain.text import Text, joined, shortened
from bot.scheduler.control import REPEATABLE, Details
from bot.storage.run_history import Attempt, Line
from bot.storage.runs import Run, RunState, Trigger
from bot.telegram.screens import Screen
from bot.telegram.screens.admin import BACK
from bot.telegram.screens.admin_tasks import TO_LIST, payload
from bot.texts import admin, everyone, times
from bot.texts import admin_tasks as texts_

OF_ALL = 0  #: in place of the number of a schedule
_UNFINISHED = {RunState.SCHEDULED, RunState.RUNNING, RunState.RETRYING}
_IN_A_ROW = 4  #: buttons
_MOST_RESULT = 250  #: characters of a result or an error
_MOST_IN_LINE = 110  #: characters of a line of the log or of an error of an attempt
_MOST_ATTEMPTS, _MOST_LINES = 4, 8  #: the last ones: a message holds 4,096 characters
_MOST_COUNTS = 10


def history(name: str | None, number: int, runs: Sequence[Run], *, is_first: bool, at: datetime, me: PersonId) -> Screen:
    """Return a page of runs, the newest first, each with a button.

    Args:
        name: Of the schedule; None for all runs.
        number: Of the schedule; ``OF_ALL`` for all runs.
        runs: Those of the page, and one more where there are older ones.
        is_first: Whether it is the first page.
        at: Now.
        me: Who looks.
    """
    title = texts_.HISTORY_TITLE(name=name) if name else texts_.HISTORY_OF_ALL
    back = [Button(everyone.BACK, "admin.task", str(number)) if name else Button(everyone.BACK, "admin.tasks")]
    refresh = Button(admin.REFRESH, "admin.history", str(number))
    if not runs:
        return texts_.NO_RUNS(title=title), [[*back, refresh], BACK]
    shown = runs[:PAGE_SIZE]
    lines = [_line(one, has_name=name is None, at=at, me=me) for one in shown]
    grid = [[_button(one) for one in shown[start : start + _IN_A_ROW]] for start in range(0, len(shown), _IN_A_ROW)]
    newest = [] if is_first else [Button(texts_.NEWEST, "admin.history", str(number))]
    older = [Button(texts_.OLDER, "admin.history", f"{number}.{shown[-1].id}")] if len(runs) > len(shown) else []
    turn = [[*newest, *older]] if newest or older else []
    return admin.LISTING(title=title, lines=joined(lines)), [*grid, *turn, [*back, refresh], BACK]


def run(details: Details, *, at: datetime, me: PersonId) -> Screen:
    """Return a run with all that is known of it, and what can be done."""
    one, number = details.run, str(details.run.id)
    text = texts_.RUN(
        mark=texts_.MARKS[one.state],
        task=one.task,
        number=number,
        state=_state(one),
        facts=joined([*_facts(one, at=at, me=me), *_outcome(one), *_attempts(details.attempts), *_said(details.lines)]),
    )
    deeds = list[Button]()
    if one.state in _UNFINISHED:
        deeds.append(Button(admin.REFRESH, "admin.run", number))
        if one.cancel_requested_at is None:
            deeds.append(Button(texts_.CANCEL, "admin.run.cancel", number))
    elif one.state in REPEATABLE:
        deeds.append(Button(texts_.REPEAT, "admin.run.repeat", number))
    back = [Button(everyone.BACK, "admin.history", str(one.schedule_id or OF_ALL)), *TO_LIST]
    return text, [*([deeds] if deeds else []), back, BACK]


def confirm_cancel(details: Details) -> Screen:
    """Return the question whether a run shall be cancelled."""
    number = str(details.run.id)
    yes, no = Button(texts_.YES_CANCEL, "admin.run.cancel.yes", number), Button(admin.NO_KEEP, "admin.run", number)
    return texts_.CONFIRM_CANCEL(task=details.run.task), [[yes, no], BACK]


def _line(one: Run, *, has_name: bool, at: datetime, me: PersonId) -> Text:
    if one.missed:
        missed = texts_.WAS_MISSED(count=one.missed + 1) if one.state is RunState.MISSED else texts_.MISSED_TOO(count=one.missed)
    else:
        missed = texts_.NOT_MISSED
    return texts_.RUN_LINE(
        mark=texts_.MARKS[one.state],
        number=str(one.id),
        name=texts_.OF_TASK(task=one.task) if has_name else "",
        at=times.moment(one.started_at or one.scheduled_for),
        took=_took(one, at) or texts_.NOT_BEGUN,
        why=_why(one, me),
        missed=missed,
    )


def _button(one: Run) -> Button:
    return Button(texts_.RUN_BUTTON(mark=texts_.MARKS[one.state], number=str(one.id)), "admin.run", str(one.id))


def _state(one: Run) -> Text:
    if one.state is RunState.RUNNING and one.cancel_requested_at is not None:
        return texts_.STOPPING
    if one.state is RunState.RETRYING:
        return texts_.STATES[one.state](at=times.moment(one.due_at))
    return texts_.STATES[one.state]


def _why(one: Run, me: PersonId) -> Text:
    """Return what asked for a run, and who."""
    trigger = texts_.TRIGGERS[one.trigger]
    if one.trigger is Trigger.EVENT:
        return texts_.BECAUSE(trigger=trigger, event=shortened(one.requested_by, _MOST_IN_LINE))
    if one.requester is not None:
        return texts_.BY(trigger=trigger, who=texts_.YOU if one.requester == me else texts_.AN_ADMIN)
    is_clock = one.trigger in {Trigger.SCHEDULE, Trigger.CATCH_UP}
    return texts_.BY(trigger=trigger, who=texts_.THE_CLOCK if is_clock else texts_.THE_OPERATOR)


def _took(one: Run, at: datetime) -> Text | None:
    if one.started_at is None:
        return None
    return _span(one.started_at, one.finished_at or at)


def _span(start: datetime, end: datetime) -> Text:
    length = end - start
    return times.span(length) if length.total_seconds() >= 1 else texts_.UNDER_A_SECOND


def _facts(one: Run, *, at: datetime, me: PersonId) -> Iterable[Text]:
    yield texts_.FOR(at=times.moment(one.scheduled_for))
    yield texts_.WHY(why=_why(one, me))
    if one.state is RunState.MISSED:
        yield texts_.OCCURRENCES_MISSED(count=one.missed + 1)
    elif one.missed:
        yield texts_.MADE_UP_FOR(count=one.missed)
    took = _took(one, at)
    if took is not None:
        yield texts_.TOOK(took=took)
        yield texts_.ATTEMPT(number=one.attempt, of=one.max_attempts)
    if one.is_dry_run:
        yield texts_.IS_DRY_RUN
    said = payload(one.task, one.payload)
    if said is not None:
        yield texts_.PAYLOAD(payload=said)


def _outcome(one: Run) -> Iterable[Text]:
    if one.progress is not None and one.state in _UNFINISHED:
        done, total = one.progress
        percent = min(100, done * 100 // total) if total else 0
        yield texts_.PROGRESS_OF(done=done, total=total, percent=percent) if total else texts_.PROGRESS(done=done)
    result = dict(one.result or {})
    if summary := result.pop("summary", None):
        yield texts_.RESULT(summary=shortened(str(summary), _MOST_RESULT))
    if result:
        counts = ", ".join(f"{name} {count}" for name, count in list(result.items())[:_MOST_COUNTS])
        yield texts_.COUNTS(counts=shortened(counts, _MOST_RESULT))
    if one.error:
        yield texts_.ERROR(error=shortened(one.error, _MOST_RESULT))


def _attempts(attempts: Sequence[Attempt]) -> Iterable[Text]:
    """Yield the attempts, where there was more than one."""
    if len(attempts) > 1:
        yield texts_.ATTEMPTS(lines=joined(_attempt(one) for one in attempts[-_MOST_ATTEMPTS:]))


def _attempt(one: Attempt) -> Text:
    at, outcome = times.moment(one.started_at), one.outcome or texts_.GOES_ON
    if one.error:
        error = shortened(one.error, _MOST_IN_LINE)
        return texts_.ATTEMPT_FAILED(number=one.number, at=at, outcome=outcome, error=error)
    return texts_.ATTEMPT_LINE(number=one.number, at=at, outcome=outcome)


def _said(lines: Sequence[Line]) -> Iterable[Text]:
    if lines:
        yield texts_.LOG(lines=joined(_said_line(one) for one in lines[-_MOST_LINES:]))


def _said_line(one: Line) -> Text:
    at, line = f"{one.said_at:%H:%M:%S}", shortened(one.line, _MOST_IN_LINE)
    return texts_.LOG_LINE(at=at, line=line) if one.level == "INFO" else texts_.LOG_LINE_OF(at=at, level=one.level, line=line)
