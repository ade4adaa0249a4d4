"""Remind people of what they left unanswered: offers, conversations, applications, ratings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run."""

    limit: Annotated[int, Field(ge=1, le=10_000, description="most reminders of each kind in one run")] = 500


async def run(context: RunContext, payload: Payload) -> Result:
    """Remind whoever is due, once."""
    sent = await context.services.watching.reminding.remind(limit=payload.limit, between=context.checkpoint)
    return Result(f"Sent {sum(sent.values())} reminders", sent)


task = Task(
    name="reminders",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Remind people of offers, conversations, applications and ratings that wait for them"),
)
