"""Count everything, for the log and for trends."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.sessions import SessionState
from bot.domain.text import Text
from bot.services.reporting import Series, Snapshot
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run."""

    #: a year can be compared with the one before
    keep_days: Annotated[int, Field(ge=1, le=3650, description="how many days what was counted is kept")] = 400


async def run(context: RunContext, payload: Payload) -> Result:
    """Count, keep it, and delete what has been kept long enough."""
    await context.services.analytics.roll_up(between=context.checkpoint)
    counts = _counts(await context.services.reporting.take(Series.TRENDS, keep=timedelta(days=payload.keep_days)))
    summary = "Statistics: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())
    logger.info("%s", summary)
    return Result(summary, counts)


def _counts(taken: Snapshot) -> dict[str, int]:
    """Return what is said of it, in this order; waits in seconds."""
    heads, sessions = taken.now.heads, taken.now.sessions
    average, most = taken.waits.average, taken.waits.within(0.9)
    return {
        "users": taken.people,
        "counselors": heads.approved,
        "online": heads.online,
        "applications": heads.applications,
        "waiting": sessions[SessionState.WAITING] + sessions[SessionState.OFFERED],
        "active": sessions[SessionState.ACTIVE],
        "requests": taken.so_far.requests,
        "ended": taken.so_far.ended,
        "messages": taken.so_far.messages,
        "requests_24h": taken.day.requests,
        "messages_24h": taken.day.messages,
        "average_wait_7d_seconds": round(average.total_seconds()) if average is not None else 0,
        "wait_of_90_percent_7d_seconds": round(most.total_seconds()) if most is not None else 0,
        "requests_7_full_days": taken.week.requests,
        "requests_7_full_days_before": taken.week_before.requests,
        "database_bytes": taken.database_bytes,
    }


task = Task(
    name="statistics",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Count everything, log it and keep it for trends"),
)
