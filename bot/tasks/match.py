"""Match waiting sessions with available counselors (``MATCH_INTERVAL_MINUTES``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run."""

    limit: Annotated[int, Field(ge=1, le=10_000, description="most sessions offered in one run; another one follows it")] = 500


async def run(context: RunContext, payload: Payload) -> Result:
    """Match whatever is waiting; two runs at once are harmless."""
    made = await context.services.matching.match_waiting(limit=payload.limit)
    matched = len({offer.session_id for offer in made})
    summary = f"Auto-matched {matched} pending sessions"
    logger.info("%s", summary)
    return Result(summary, {"matched": matched})


task = Task(
    name="match",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=2),
    does=Text("Offer waiting requests to counselors who are free"),
)
