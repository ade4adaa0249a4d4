"""Delete orphans of every kind and figures of more than a year ago, and give free pages of the SQLite file back."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Delete orphans and old figures, and give free pages back; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.weekly(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="weekly_cleanup",
    payload=InBatches,
    run=run,
    timeout=timedelta(hours=2),
    does=Text("Delete orphans and old figures, and give free pages back"),
    deletes=True,
)
