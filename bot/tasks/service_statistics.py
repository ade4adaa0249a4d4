"""Count what the screens show, so that no press has to wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.services.reporting import Series
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Count; the screens show it until the next run, and say from when it is."""
    await context.services.analytics.roll_up(between=context.checkpoint)
    taken = await context.services.reporting.take(Series.SCREENS)
    counts = {"requests": taken.so_far.requests, "messages": taken.so_far.messages}
    return Result(f"Counted {counts['requests']} requests and {counts['messages']} messages so far", counts)


task = Task(
    name="service_statistics",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Count what the screens show"),
)
