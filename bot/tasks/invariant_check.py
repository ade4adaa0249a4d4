"""Hold the rules of a session's life against the database; what breaks one is set right and reported."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.text import Text
from bot.services.invariants import RULES
from bot.storage.invariants import Report
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run."""

    batch: Annotated[int, Field(ge=1, le=1_000, description="most rows set right in one transaction")] = 50


async def run(context: RunContext, payload: Payload) -> Result:
    """Set right what breaks a rule."""
    found = await context.services.watching.invariants.check(batch=payload.batch, between=context.checkpoint)
    repaired, reported = sum(found.repaired.values()), sum(found.reported.values())
    summary = f"Checked {len(RULES) + len(Report)} rules: {repaired} set right, {reported} to look at"
    if repaired:
        logger.warning("%s (%s)", summary, ", ".join(f"{rule}: {count}" for rule, count in found.repaired.items()))
    return Result(summary, {"repaired": repaired, **found.repaired, **found.reported})


task = Task(
    name="invariant_check",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Look for sessions and offers that are not as they must be, and set them right"),
)
