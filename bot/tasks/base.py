"""What a task is: a name, a typed payload, a timeout, and what to do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from bot.domain import retries
from bot.domain.errors import InvalidInput
from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.services.backups import Backups
from bot.services.erasing import Erasing
from bot.services.matching import Matching

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskServices:
    """The services that tasks call."""

    backups: Backups
    erasing: Erasing
    matching: Matching


class Progress(Protocol):
    """How far a run has come."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """Note that *done* of *total* pieces are done; shown in the history within seconds."""
        ...


async def _go_on() -> None:
    """Let a run go on; see ``RunContext.checkpoint``."""


def _say_nothing(done: int, total: int | None = None, /) -> None:
    """Note nothing; see ``RunContext.progress``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is given."""

    services: TaskServices
    checkpoint: Callable[[], Awaitable[None]] = _go_on  #: awaited between pieces of work; raises where the run must stop
    progress: Progress = _say_nothing
    is_dry_run: bool = False  #: change nothing, and say in the result what would be done; only where the task ``deletes``
    backs_up_first: bool = True  #: whether a task that deletes makes a backup first where none is fresh (``--no-backup``)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has to say for the history."""

    summary: str  #: one line
    counts: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[Payload]):
    """Something that can be scheduled; ``name`` is its file's, and what CLI, API and history call it."""

    name: str
    payload: type[Payload]
    run: Callable[[RunContext, Payload], Awaitable[Result]]
    timeout: timedelta
    does: Text  #: one sentence for lists and forms, without a full stop at its end
    retry: Backoff = retries.RUN
    deletes: bool = False  #: it can say what it would delete, and delete nothing

    def parse(self, given: dict[str, Any]) -> Payload:
        """Return *given* as this task's payload.

        Raises:
            InvalidInput: It has a field that the task does not know, or a value of the wrong kind.
        """
        try:
            unknown = set(given) - {one.name for one in fields(cast("Any", self.payload))}
            if unknown:
                raise InvalidInput(Text("The task {task} takes no {name}.", task=self.name, name=", ".join(sorted(unknown))))
            return TypeAdapter(self.payload).validate_json(json.dumps(given), strict=True)
        except ValidationError as error:
            field_name = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise InvalidInput(
                Text(
                    "The payload of the task {task} is wrong at {name}: {reason}.",
                    task=self.name,
                    name=field_name,
                    reason=error.errors()[0]["msg"],
                )
            ) from error
