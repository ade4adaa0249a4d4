"""Look at every part of the service, and tell the admins what is bad and what is good again (``HEARTBEAT_URL``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.services.health import Mark
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Look, and tell; that something is bad is no failure of the look."""
    parts = await context.services.watching.health_check.examine()
    by_mark = {mark: [part.name for part in parts if part.mark is mark] for mark in Mark}
    told = ", ".join(f"{mark}: {' '.join(names)}" for mark, names in by_mark.items() if names and mark is not Mark.GOOD)
    summary = f"Looked at {len(parts)} parts: {told or 'all good'}"
    return Result(summary, {mark.value: len(names) for mark, names in by_mark.items()})


task = Task(
    name="health_check",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=2),
    does=Text("Look at every part of the service and tell the admins what is bad"),
)
