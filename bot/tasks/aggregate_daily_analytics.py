"""Count the days that are over, before anything is deleted that they are counted from."""

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
    """Count each day that is missing; a run that dies is taken up where it stopped."""
    days = await context.services.analytics.roll_up(between=context.checkpoint)
    summary = f"Counted {days} finished days"
    logger.info("%s", summary)
    return Result(summary, {"days": days})


task = Task(
    name="aggregate_daily_analytics",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=30),
    does=Text("Keep the figures of the days that are over"),
)
