"""Restore the newest backup into a scratch database, and compare: a backup that was never restored is a hope."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, RunContext, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a schedule may say about one run: nothing."""


async def run(context: RunContext, payload: Payload) -> Result:  # noqa: ARG001 — every task takes one
    """Prove that the newest backup can be restored; fails where it cannot, and so alerts the admins."""
    proof = await context.services.watching.drilling.prove()
    summary = f"Restored {proof.file} for a test: all as it was"
    logger.info("%s", summary)
    return Result(summary, proof.counts)


task = Task(
    name="restore_drill",
    payload=Payload,
    run=run,
    timeout=timedelta(hours=1),
    does=Text("Restore the newest backup for a test and compare it with what it should be"),
)
