"""Send the figures of the last week to the admins, and by e-mail (``SMTP_URL``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Send it to whoever has not got it; an attempt that is repeated sends nothing twice."""
    sent = await context.services.weekly_reports.send(between=context.checkpoint)
    summary = f"Sent the report of {sent.week.name} to {sent.admins} admins and {sent.addresses} e-mail addresses"
    logger.info("%s", summary)
    return Result(summary, {"admins": sent.admins, "addresses": sent.addresses})


task = Task(
    name="weekly_report",
    payload=Payload,
    run=run,
    timeout=timedelta(minutes=10),
    retry=Backoff(first=timedelta(minutes=5), most=timedelta(hours=1)),  # as long as mail servers put strangers off
    does=Text("Send the figures of the last week to the admins, and by e-mail where it is set up"),
)
