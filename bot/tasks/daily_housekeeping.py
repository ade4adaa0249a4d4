"""Count the days that are over, then delete what is old enough, class by class; each part is also a task of its own."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Count the days that are over, then delete what is old enough; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.daily(terms)
    summary = sentence(counts, terms)
    logger.info("Housekeeping: %s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="daily_housekeeping",
    payload=InBatches,
    run=run,
    timeout=timedelta(hours=2),
    does=Text("Count the days that are over, then delete what is old enough"),
    deletes=True,
)
