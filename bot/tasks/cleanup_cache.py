"""Delete forms that were left half filled in, and questions that nobody answers any more."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete forms and questions that were left; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.cleanup_cache(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="cleanup_cache",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Delete forms and questions that were left"),
    deletes=True,
)
