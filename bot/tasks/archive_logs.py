"""Archive what admins and tasks did in the past month, encrypted (``BACKUP_RECIPIENTS``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Write the archive of the month before this one; where there is one already, a new one takes its place."""
    archived = await context.services.archiving.archive_last_month(between=context.checkpoint)
    summary = f"Logs archived to: {archived.path}"
    logger.info("%s", summary)
    return Result(summary, archived.counts)


task = Task(
    name="archive_logs",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Archive what admins and tasks did in the past month, encrypted"),
)
