"""The schedules that a new database begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A schedule that is created at the first start, and then belongs to the admins."""

    task: str  #: also the name of the schedule
    every: timedelta
    is_due_at_once: bool = False  #: on a fresh database; the others come after one interval


DEFAULTS = (
    Default(task="backup", every=timedelta(minutes=1440), is_due_at_once=True),
    Default(task="cleanup", every=timedelta(minutes=30)),
    Default(task="match", every=timedelta(minutes=5)),
)
