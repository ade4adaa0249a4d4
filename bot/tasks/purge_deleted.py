"""Delete for good what was deleted softly more than 90 days ago."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete for good what was deleted more than 90 days ago; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.purge_deleted(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="purge_deleted",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Delete for good what was deleted more than 90 days ago"),
    deletes=True,
)
