"""Tell the admins in the morning how the service stands, and what needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Send one message to each admin."""
    counts = await context.services.watching.summary.send()
    return Result(f"Told {counts['admins']} admins of {counts['items']} things to do", counts)


task = Task(
    name="daily_summary",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=2),
    does=Text("Tell the admins what waits, what lacks cover, and what to do about it"),
)
