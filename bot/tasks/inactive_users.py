"""Forget people who came once, never consented, and have been silent for a week."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.domain.text import Text
from bot.services.retention import sentence
from bot.tasks.base import InBatches, Result, RunContext, Task

logger = logging.getLogger(__name__)


async def run(context: RunContext, payload: InBatches) -> Result:
    """Forget people who never consented and have been silent for a week; a run that dies is taken up where it stopped."""
    terms = context.terms(payload.batch)
    counts = await context.services.housekeeping.inactive_users(terms)
    summary = sentence(counts, terms)
    if counts:
        logger.info("%s", summary)
    return Result(summary, dict(counts))


task = Task(
    name="inactive_users",
    payload=InBatches,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Forget people who never consented and have been silent for a week"),
    deletes=True,
)
