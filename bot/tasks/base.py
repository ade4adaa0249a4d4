"""What a task is: a name, a typed payload, a timeout, and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import Field

from bot.domain import retries
from bot.domain.ids import Clock
from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.services.analytics import Analytics
from bot.services.archiving import Archiving
from bot.services.backups import Backups
from bot.services.erasing import Erasing
from bot.services.exporting import Exporting
from bot.services.housekeeping import Housekeeping
from bot.services.matching import Matching
from bot.services.reporting import Reporting
from bot.services.retention import Terms
from bot.services.watching import Watching
from bot.services.weekly_report import WeeklyReports
from bot.storage.database import Database
from bot.tasks import payloads
from bot.tasks.payloads import PayloadField

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskServices:
    """The services that tasks call; the first two are all that an own task needs to work with the database."""

    db: Database
    clock: Clock
    analytics: Analytics
    archiving: Archiving
    backups: Backups
    erasing: Erasing
    exporting: Exporting
    housekeeping: Housekeeping
    matching: Matching
    reporting: Reporting
    watching: Watching
    weekly_reports: WeeklyReports


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

    def terms(self, batch: int) -> Terms:
        """Return how this run deletes, *batch* rows at once."""
        return Terms(
            batch=batch,
            between=self.checkpoint,
            progress=self.progress,
            is_dry_run=self.is_dry_run,
            backs_up_first=self.backs_up_first,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InBatches:
    """What a schedule may say about one run that deletes."""

    #: a conversation waits for no more than one transaction
    batch: Annotated[int, Field(ge=1, le=10_000, description="most rows deleted in one transaction")] = 250


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

    @property
    def fields(self) -> tuple[PayloadField, ...]:
        """What the payload may hold, for forms and lists of options."""
        return payloads.fields_of(self.payload)

    def parse(self, given: dict[str, Any]) -> Payload:
        """Return *given* as this task's payload.

        Raises:
            InvalidInput: It has a field that the task does not know, or a value that cannot be.
        """
        return payloads.parse(self.name, self.payload, given)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the payload: types, bounds, defaults and descriptions."""
        return {**payloads.schema_of(self.payload), "title": self.name, "description": str(self.does)}
