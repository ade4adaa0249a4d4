"""The form of a schedule: a question after the other, and what it comes to before it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.domain.outgoing import Button
from bot.domain.pages import cut
from bot.domain.schedules import Kind
from bot.domain.text import Text, joined
from bot.domain.zones import zone_of
from bot.scheduler.composing import Form
from bot.scheduler.drafts import variable_of
from bot.scheduler.questions import NUMBERS, Option, Question
from bot.storage.schedules import CatchUp, Plan
from bot.tasks import TASKS
from bot.tasks.payloads import PayloadField
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.telegram.screens.admin_tasks import host_of, value_of
from bot.texts import composing as texts_
from bot.texts import everyone, scheduling, times
from bot.texts.schedules import in_words

SUMMARY = "summary"  #: in place of a question, as what to go to
_DAY = timedelta(days=1)
_IN_A_ROW = 2  #: buttons
_MOST_FIELDS = 12  #: of a payload that are shown with their values: a message holds 4,096 characters
_SHORT_ENOUGH = 24  #: characters of a label that has another one beside it
_LABELS = {
    Question.WHEN: texts_.WHEN,
    Question.ZONE: texts_.ZONE,
    Question.NAME: texts_.NAME,
    Question.RETRIES: texts_.RETRIES,
    Question.CATCH_UP: texts_.CATCH_UP,
    Question.FAILURES: texts_.FAILURES,
    Question.HEARTBEAT: texts_.HEARTBEAT,
}
_CATCH_UPS = {CatchUp.LATEST: texts_.LATEST, CatchUp.NONE: texts_.NONE}


def form(shown: Form, *, at: datetime, page: int = 1) -> Screen:
    """Return the question that the form is at, or the summary; *page* is one of the list of tasks."""
    if shown.plan is not None:
        return _summary(shown, shown.plan)
    if shown.question is None or shown.question is Question.TASK:
        return _tasks(page)
    text = texts_.QUESTION(title=_title(shown), question=_asked(shown, shown.question, at))
    more = [[_to(Question.ZONE)]] if shown.question is Question.WHEN else []
    if shown.question is Question.FIELD and not shown.field.is_required:
        more = [[Button(texts_.USUAL(value=value_of(shown.field.default)), "admin.draft.usual")]]
    return text, [*_options(shown, shown.question), *more, _back(shown), BACK]


def _tasks(page: int) -> Screen:
    """Return a page of the tasks to choose from."""
    shown = cut(list(enumerate(TASKS.values())), page)
    lines = [texts_.TASK_LINE(name=task.name, does=task.does) for _, task in shown.items]
    picks = [
        Button(texts_.PLAIN(value=task.name), "admin.draft.take", _reference(Question.TASK, number))
        for number, task in shown.items
    ]
    turn = paging.turn(shown.position, "admin.draft.ask", Question.TASK)
    title = paging.titled(texts_.NEW, shown.position)
    text = texts_.CHOOSE_TASK(title=title, lines=joined(lines))
    return text, [*_in_rows(picks), *turn, [Button(texts_.CANCEL, "admin.tasks")], BACK]


def _title(shown: Form) -> Text:
    if shown.schedule is not None:
        return texts_.TITLE_EDIT(name=shown.schedule.name)
    return texts_.TITLE_NEW(task=shown.answers["task"])


def _asked(shown: Form, question: Question, at: datetime) -> Text:
    """Return a question, with the answer that there is."""
    answers = shown.answers
    if question is Question.FIELD:
        return _asked_field(shown.field, answers["payload"])
    if question is Question.TWICE:
        return texts_.ASK_TWICE(zone=answers["zone"])
    if question is Question.WHEN:
        tomorrow = (at + _DAY).astimezone(zone_of(answers["zone"]))
        asked = texts_.ASK_WHEN(example=f"{tomorrow:%Y-%m-%d} 18:00", zone=answers["zone"])
        return texts_.NOW(question=asked, value=answers["spec"]) if shown.is_complete else asked
    if question in NUMBERS:
        most = NUMBERS[question]
        asked = texts_.ASK_RETRIES(most=most) if question is Question.RETRIES else texts_.ASK_FAILURES(most=most)
        return texts_.NOW(question=asked, value=answers[question])
    asked, now = {
        Question.ZONE: (texts_.ASK_ZONE, answers["zone"]),
        Question.NAME: (texts_.ASK_NAME, answers["name"]),
        Question.CATCH_UP: (texts_.ASK_CATCH_UP, _CATCH_UPS[CatchUp(answers["catch_up"])]),
        Question.HEARTBEAT: (texts_.ASK_HEARTBEAT, answers["heartbeat_url"] or texts_.NO_ADDRESS),
    }[question]
    return texts_.NOW(question=asked, value=now)


def _asked_field(field: PayloadField, payload: dict[str, Any]) -> Text:
    about = (
        texts_.FIELD_ABOUT(name=field.name, description=field.description)
        if field.description
        else texts_.FIELD_BARE(name=field.name)
    )
    asked = texts_.ASK_FIELD(about=about, asks=field.asks)
    return texts_.NOW(question=asked, value=value_of(payload[field.name])) if field.name in payload else asked


def _options(shown: Form, question: Question) -> list[list[Button]]:
    about = shown.answers.get("field", 0) if question is Question.FIELD else 0
    picks = [_pick(one, _reference(question, number, about)) for number, one in enumerate(shown.options)]
    return _in_rows(picks)


def _pick(option: Option, reference: str) -> Button:
    return Button(option.label, "admin.draft.take", reference)


def _reference(question: Question, number: int, field: int = 0) -> str:
    return f"{question}.{field}.{number}"


def _in_rows(picks: list[Button]) -> list[list[Button]]:
    """Return buttons in rows: alone where one of them is long."""
    width = 1 if any(len(str(one.label)) > _SHORT_ENOUGH for one in picks) else _IN_A_ROW
    return [picks[start : start + width] for start in range(0, len(picks), width)]


def _to(question: Question, field: int = 0) -> Button:
    return Button(_LABELS[question], "admin.draft.ask", f"{question}.{field}")


def _back(shown: Form) -> list[Button]:
    """Return the way back: to the summary where there is one, else to the question before."""
    if shown.is_complete:
        return [Button(everyone.BACK, "admin.draft.ask", SUMMARY)]
    before = Question.WHEN if shown.question in {Question.ZONE, Question.TWICE} else Question.TASK
    return [Button(everyone.BACK, "admin.draft.ask", before), Button(texts_.CANCEL, "admin.tasks")]


def _summary(shown: Form, plan: Plan) -> Screen:
    """Return what the schedule would be, and what can still be changed."""
    schedule = shown.schedule
    is_owned = schedule is not None and schedule.is_from_environment
    text = texts_.SUMMARY(
        title=_title(shown),
        does=TASKS[plan.task].does,
        when=in_words(plan.when),
        times=_times(shown),
        settings=joined(_settings(shown, plan, is_owned=is_owned)),
    )
    asked = [] if is_owned else [Question.WHEN] if plan.when.kind is Kind.INTERVAL else [Question.WHEN, Question.ZONE]
    changes = [_to(one) for one in (*asked, *(one for one in _LABELS if one not in {Question.WHEN, Question.ZONE}))]
    fields = [
        Button(texts_.FIELD(name=one.name), "admin.draft.ask", f"{Question.FIELD}.{number}")
        for number, one in enumerate(shown.fields)
    ]
    leave = Button(texts_.CANCEL, "admin.task", str(schedule.id)) if schedule else Button(texts_.CANCEL, "admin.tasks")
    return text, [[Button(texts_.SAVE, "admin.draft.save")], *_in_rows([*changes, *fields]), [leave], BACK]


def _times(shown: Form) -> Text:
    zone = shown.answers["zone"]
    if not shown.upcoming:
        return texts_.OVER
    return texts_.TIMES(times=joined(texts_.TIME(time=times.local(at, zone)) for at in shown.upcoming), zone=zone)


def _settings(shown: Form, plan: Plan, *, is_owned: bool) -> Iterable[Text]:
    if is_owned:
        yield texts_.OWNED(reason=scheduling.IS_OWNED(variable=variable_of(plan.task)))
    yield texts_.NAME_IS(value=plan.name)
    for field in shown.fields[:_MOST_FIELDS]:
        if field.name in plan.payload:
            yield texts_.FIELD_IS(name=field.name, value=value_of(plan.payload[field.name]))
        else:
            yield texts_.FIELD_IS_USUAL(name=field.name, value=value_of(field.default))
    yield texts_.RETRIES_ARE(value=plan.max_retries)
    yield texts_.CATCH_UP_IS(value=_CATCH_UPS[plan.catch_up])
    yield texts_.FAILURES_ARE(value=plan.pause_after or texts_.NEVER)
    yield texts_.HEARTBEAT_IS(value=host_of(plan.heartbeat_url) if plan.heartbeat_url else texts_.NO_ADDRESS)
