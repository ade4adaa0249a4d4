"""Make the daily figures as CSV and XLSX, for the address from which a spreadsheet imports them."""

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

    days: Annotated[int, Field(ge=1, le=366, description="how many of the last days the table has")] = 366


async def run(context: RunContext, payload: Payload) -> Result:
    """Count what is missing, and make both files anew."""
    await context.services.analytics.roll_up(between=context.checkpoint)
    days = await context.services.exporting.make(days=payload.days)
    return Result(f"Exported the figures of {days} days", {"days": days})


task = Task(
    name="export_sheet",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=5),
    does=Text("Make the daily figures as CSV and XLSX"),
)
