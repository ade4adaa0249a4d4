"""What a payload may hold: one description of it, for validation, for options and forms, and for a JSON schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from bot.domain.errors import InvalidInput
from bot.domain.text import Text
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task
from bot.tasks.payloads import FieldKind


class Pace(StrEnum):
    """A choice."""

    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One field of each kind."""

    batch: Annotated[int, Field(ge=1, le=10_000, description="how many at once")] = 250
    share: Annotated[float, Field(ge=0)] = 0.5
    is_loud: bool = False
    folder: Annotated[str, Field(min_length=2)] = "exports"
    pace: Pace = Pace.SLOW
    colour: Literal["red", "green"] = "red"
    most: Annotated[int | None, Field(le=9)] = None
    topics: list[str] = field(default_factory=list[str])
    needed: int


async def run(context: RunContext, payload: Any) -> Result:
    """Do nothing."""
    return Result("done")


TASK = Task(name="everything", payload=Payload, run=run, timeout=timedelta(minutes=1), does=Text("Do nothing"))
FIELDS = {one.name: one for one in TASK.fields}


def test_a_form_knows_each_field() -> None:
    """Its kind, its default, and what it asks for, in words."""
    known = {one.name: (one.kind, one.default, str(one.asks)) for one in TASK.fields}

    assert {
        "batch": (FieldKind.WHOLE_NUMBER, 250, "a whole number from 1 to 10000, for example 250"),
        "share": (FieldKind.NUMBER, 0.5, "a number from 0 on, for example 0.5"),
        "is_loud": (FieldKind.YES_OR_NO, False, "true or false"),
        "folder": (FieldKind.TEXT, "exports", "a text, for example exports"),
        "pace": (FieldKind.CHOICE, "slow", "one of: slow, fast"),
        "colour": (FieldKind.CHOICE, "red", "one of: red, green"),
        "most": (FieldKind.WHOLE_NUMBER, None, "a whole number up to 9, for example 9"),
        "topics": (FieldKind.JSON, None, "JSON, for example []"),
        "needed": (FieldKind.WHOLE_NUMBER, None, "a whole number, for example 1"),
    } == known
    assert "how many at once" == FIELDS["batch"].description
    assert ["needed"] == [one.name for one in TASK.fields if one.is_required]


def test_a_schema_says_the_same() -> None:
    """Types, bounds, defaults, descriptions; nothing else may be given."""
    schema = TASK.schema()

    assert ("everything", "Do nothing", False) == (schema["title"], schema["description"], schema["additionalProperties"])
    assert {
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000,
        "default": 250,
        "description": "how many at once",
        "title": "Batch",
    } == schema["properties"]["batch"]
    assert ["needed"] == schema["required"]
    assert TASK.schema() is not schema


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("batch", "500", 500),
        ("share", "0.25", 0.25),
        ("is_loud", "Yes", True),
        ("is_loud", "off", False),
        ("folder", " as typed ", " as typed "),
        ("pace", "fast", "fast"),
        ("topics", '["other"]', ["other"]),
    ],
)
def test_what_is_typed_becomes_a_value(name: str, typed: str, value: object) -> None:
    """Behind ``--set``, or in a form."""
    assert value == FIELDS[name].read(typed)
    assert TASK.parse({"needed": 1, name: FIELDS[name].read(typed)})


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("batch", "many", "batch is a whole number from 1 to 10000, for example 250."),
        ("batch", "2.5", "batch is a whole number from 1 to 10000, for example 250."),
        ("share", "half", "share is a number from 0 on, for example 0.5."),
        ("is_loud", "perhaps", "is_loud is true or false."),
        ("topics", "other", "topics is JSON, for example []."),
        ("topics", "[" * 100_000, "topics is JSON, for example []."),
    ],
)
def test_what_is_typed_wrongly_is_refused(name: str, typed: str, sentence: str) -> None:
    """With a right example."""
    with pytest.raises(InvalidInput) as refused:
        FIELDS[name].read(typed)

    assert sentence == str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"needed": 1, "batch": 0}, "batch is a whole number from 1 to 10000, for example 250."),
        ({"needed": 1, "batch": True}, "batch is a whole number from 1 to 10000, for example 250."),
        ({"needed": 1, "pace": "faster"}, "pace is one of: slow, fast."),
        ({"needed": 1, "most": 10}, "most is a whole number up to 9, for example 9."),
        ({"needed": 1, "batches": 5}, "The task everything takes no batches. Did you mean batch?"),
        ({"needed": 1, "zzz": 5}, "The task everything takes no zzz. It takes: " + ", ".join(FIELDS) + "."),
        ({}, "The task everything needs needed: a whole number, for example 1."),
    ],
)
def test_a_payload_that_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    """What is wrong, and what would be right."""
    with pytest.raises(InvalidInput) as refused:
        TASK.parse(given)

    assert sentence == str(refused.value)


def test_what_only_pydantic_knows_is_said_in_its_words() -> None:
    """A text that is too short, a list of something else."""
    for given in ({"folder": "x"}, {"topics": [1]}):
        with pytest.raises(InvalidInput, match=f"because of {next(iter(given))}"):
            TASK.parse({"needed": 1, **given})


def test_a_task_without_fields_says_so() -> None:
    """There is no list to choose from."""
    with pytest.raises(InvalidInput, match="takes no payload"):
        TASKS["backup"].parse({"batch": 5})


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_each_field_of_ours_is_described(task: Task[Any]) -> None:
    """A form and a list of options say what it is; its default is one that the task takes."""
    assert all(one.description for one in task.fields)
    assert task.parse({one.name: one.default for one in task.fields}) == task.parse({})
