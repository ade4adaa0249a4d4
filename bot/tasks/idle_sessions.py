"""Remind and end conversations in which nobody writes (``SESSION_TIMEOUT_HOURS``); the clock does it to the second as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Do what the clock would do, and say how much it was."""
    attended = await context.services.watching.idling.attend()
    return Result(
        f"Reminded both sides of {attended.reminded} idle sessions and ended {attended.ended}",
        {"reminded": attended.reminded, "ended": attended.ended},
    )


task = Task(
    name="idle_sessions",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Remind both sides of conversations in which nobody writes, and end them in the end"),
)
