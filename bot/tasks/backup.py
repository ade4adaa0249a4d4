"""Back the database up (``BACKUP_INTERVAL_MINUTES``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Make a backup, verified, and prune the old ones."""
    path = await context.services.backups.create()
    return Result(f"Database backed up to: {path}", {"bytes": path.stat().st_size})


task = Task(
    name="backup",
    payload=Payload,
    run=run,
    timeout=timedelta(hours=1),
    does=Text("Back the database up, check the copy and prune old ones"),
)
