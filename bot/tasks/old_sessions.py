"""Delete the records of sessions that ended more than 90 days ago."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete the records of sessions that are long over; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.old_sessions(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="old_sessions",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Delete the records of sessions that are long over"),
    deletes=True,
)
