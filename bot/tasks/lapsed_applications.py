"""Delete applications that nobody has touched for half a year."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete applications that nobody has touched for half a year; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.lapsed_applications(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="lapsed_applications",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Delete applications that nobody has touched for half a year"),
    deletes=True,
)
