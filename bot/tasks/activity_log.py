"""Delete handled updates, settled deliveries and finished runs that are older than a month."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete handled updates, settled deliveries and old runs; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.activity_log(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="activity_log",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Delete handled updates, settled deliveries and old runs"),
    deletes=True,
)
