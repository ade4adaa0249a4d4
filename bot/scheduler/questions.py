"""The questions of the form of a schedule: which answers are offered, and what an answer that was written means."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from bot.domain.errors import InvalidInput
from bot.domain.schedules import Kind, When, when_of
from bot.domain.text import Text
from bot.scheduler.drafts import MOST_FAILURES, MOST_RETRIES, Draft
from bot.services.dialogs import Answers
from bot.storage.schedules import CatchUp
from bot.tasks import TASKS
from bot.tasks.payloads import FieldKind, PayloadField
from bot.texts import composing as texts

NO_ADDRESS = "none"  #: what is written for no heartbeat
_MOST_DIGITS = 9
_MOST_NAME = 40  #: characters
_ZONES = ("UTC", "Africa/Addis_Ababa")  #: offered beside the one that is set

#: Times that are asked for most, as they can be typed.
_TIMES = {
    "5m": texts.EVERY_5_MINUTES,
    "30m": texts.EVERY_30_MINUTES,
    "1h": texts.EVERY_HOUR,
    "6h": texts.EVERY_6_HOURS,
    "0 3 * * *": texts.EVERY_DAY,
    "0 9 * * mon-fri": texts.EVERY_WORKDAY,
    "0 3 * * sun": texts.EVERY_WEEK,
    "0 3 1 * *": texts.EVERY_MONTH,
}


class Question(StrEnum):
    """What is asked; the values are the names of the answers."""

    TASK = "task"
    WHEN = "when"
    TWICE = "twice"  #: which one is meant of a local time that comes twice
    ZONE = "zone"
    NAME = "name"
    RETRIES = "max_retries"
    CATCH_UP = "catch_up"
    FAILURES = "pause_after"
    HEARTBEAT = "heartbeat_url"
    FIELD = "field"  #: of the payload; the answer *field* says which


STEPS = {question: f"admin.draft.{question}" for question in Question}
STEP_SUMMARY = "admin.draft"
_MOST_CHARACTERS, _MOST_CHARACTERS_HERE = 200, {Question.FIELD: 1000, Question.HEARTBEAT: 500}  #: of an answer
NUMBERS = {Question.RETRIES: MOST_RETRIES, Question.FAILURES: MOST_FAILURES}  #: what is a number, and the greatest
_PLAIN = (Question.RETRIES, Question.CATCH_UP, Question.FAILURES, Question.HEARTBEAT)  #: named in a draft as here


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that needs no typing."""

    label: Text
    typed: str


def _as_typed(text: str) -> Option:
    return Option(texts.PLAIN(value=text), text)


_OPTIONS: dict[Question, Sequence[Option]] = {
    Question.WHEN: [Option(label, typed) for typed, label in _TIMES.items()],
    Question.RETRIES: [_as_typed(number) for number in ("0", "1", "3", "5")],
    Question.FAILURES: [Option(texts.NEVER, "0"), *(_as_typed(number) for number in ("3", "5", "10"))],
    Question.CATCH_UP: [Option(texts.LATEST, CatchUp.LATEST), Option(texts.NONE, CatchUp.NONE)],
    Question.HEARTBEAT: [Option(texts.NO_ADDRESS, NO_ADDRESS)],
}


def options(question: Question, answers: Answers) -> Sequence[Option]:
    """Return the answers to a question that need no typing."""
    if question is Question.TASK:
        return [_as_typed(name) for name in TASKS]
    if question is Question.TWICE:
        first, second = answers["choices"]
        return [
            Option(texts.FIRST_TIME(time=_to_the_minute(first)), first),
            Option(texts.SECOND_TIME(time=_to_the_minute(second)), second),
        ]
    if question is Question.ZONE:
        return [_as_typed(name) for name in dict.fromkeys((answers["zone"], *_ZONES))]
    if question is Question.FIELD:
        asked = field(answers)
        return [_as_typed(one) for one in (("true", "false") if asked.kind is FieldKind.YES_OR_NO else asked.choices)]
    return _OPTIONS.get(question, ())


def most_characters(question: Question) -> int:
    """Return how long an answer may be."""
    return _MOST_CHARACTERS_HERE.get(question, _MOST_CHARACTERS)


def read(question: Question, typed: str, answers: Answers) -> Answers:
    """Return what an answer changes; whether it can be, the rules say when everything is there.

    Raises:
        InvalidInput: It means nothing.
    """
    if question is Question.FIELD:
        asked = field(answers)
        return {"payload": {**answers["payload"], asked.name: asked.read(typed)}}
    text = typed.strip()
    if question in NUMBERS:
        if not text.isdecimal() or len(text) > _MOST_DIGITS:
            raise InvalidInput(texts.NOT_WHOLE(most=NUMBERS[question]))
        return {question: int(text)}
    return {question: None if question is Question.HEARTBEAT and text.lower() == NO_ADDRESS else text}


def unanswered(answers: Answers) -> Question | None:
    """Return the first question that must be answered and is not; None where everything is there."""
    if "task" not in answers:
        return Question.TASK
    if "spec" not in answers:
        return Question.WHEN
    return Question.FIELD if first_missing(answers) is not None else None


def first_missing(answers: Answers) -> int | None:
    """Return the number of the first field of the payload that must be given and is not; None where there is none."""
    found = (number for number, one in enumerate(fields(answers)) if one.is_required and one.name not in answers["payload"])
    return next(found, None)


def fields(answers: Answers) -> tuple[PayloadField, ...]:
    """Return what the payload of the task may hold."""
    task = TASKS.get(answers.get("task", ""))
    return task.fields if task else ()


def field(answers: Answers) -> PayloadField:
    """Return the field of the payload that is asked for."""
    return fields(answers)[int(answers["field"])]


def when(answers: Answers) -> When:
    """Return when it runs, as it was answered."""
    return when_of(Kind(answers["kind"]), answers["spec"], answers["zone"])


def draft(answers: Answers) -> Draft:
    """Return all answers, where everything is there."""
    given: dict[str, Any] = {name: answers[name] for name in ("name", "task", "zone", "payload", *_PLAIN)}
    return Draft(when=when(answers), **given)


def free_name(task: str, taken: Collection[str]) -> str:
    """Return a name for a schedule of a task that no other one has."""
    if task not in taken:
        return task
    ends = (f"_{number}" for number in count(2))
    return next(name for end in ends if (name := task[: _MOST_NAME - len(end)] + end) not in taken)


def _to_the_minute(at: str) -> str:
    """Return ``2026-10-25 02:30:00+02:00`` without its seconds."""
    return at[: -len(":00+02:00")] + at[-len("+02:00") :]
