"""What can be scheduled: one file for each task, listed here."""

from __future__ import annotations

from typing import Any

from bot.tasks import backup, cleanup, match
from bot.tasks.base import Task

TASKS: dict[str, Task[Any]] = {task.name: task for task in (backup.task, cleanup.task, match.task)}
