"""Erase what was said in sessions that ended long enough ago (``CLEANUP_INTERVAL_MINUTES``, ``SESSION_RETENTION_DAYS``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run."""

    #: a conversation waits for no more than one transaction
    batch: Annotated[int, Field(ge=1, le=10_000, description="most messages deleted in one transaction")] = 250


async def run(context: RunContext, payload: Payload) -> Result:
    """Erase messages, descriptions and keys; a run that dies is taken up where it stopped."""
    erasing = context.services.erasing
    if context.is_dry_run:
        found = await erasing.count_old()
        summary = f"Would clean up {found.sessions} old sessions and {found.messages} messages"
        return Result(summary, {"sessions": found.sessions, "messages": found.messages})
    if await erasing.has_old():
        await context.services.housekeeping.before_erasing(context.terms(payload.batch))
    erased = await erasing.erase_old(batch=payload.batch, between=context.checkpoint)
    summary = f"Cleaned up {erased.sessions} old sessions and {erased.messages} messages"
    logger.info("%s", summary)
    return Result(summary, {"sessions": erased.sessions, "messages": erased.messages})


task = Task(
    name="cleanup",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Erase what was said in sessions that ended long enough ago"),
    deletes=True,
)
