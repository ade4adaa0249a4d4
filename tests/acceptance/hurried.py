"""``python -m bot`` with short leases, and with tasks that write down in the table ``tick`` where they begin.

``tick_N`` is done at once. ``held`` goes on until the table ``leave`` names its process or everybody (0).
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot import cli
from bot.domain import retries
from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.scheduler import execution, manager
from bot.storage.database import Database
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task

TICKS = tuple(f"tick_{number}" for number in range(20))
AT_ONCE = Backoff(first=timedelta(milliseconds=50), most=timedelta(milliseconds=50))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


async def begin(context: RunContext, task: str) -> Database:
    """Write down that a run of *task* begins here."""
    db = context.services.matching.db
    async with db.transaction() as tx:
        await tx.execute("INSERT INTO tick (task, pid) VALUES (:task, :pid)", task=task, pid=os.getpid())
    return db


def tick(name: str) -> Task[Any]:
    """Return a task that is done at once."""

    async def run(context: RunContext, payload: Any) -> Result:
        await begin(context, name)
        return Result("ticked")

    return Task(
        name=name, payload=Nothing, run=run, timeout=timedelta(minutes=1), does=Text("Write down that it ran"), retry=AT_ONCE
    )


async def hold(context: RunContext, payload: Any) -> Result:
    """Go on until we may leave."""
    db = await begin(context, "held")
    while True:
        async with db.reading() as tx:
            if await tx.fetch_one("SELECT 1 AS found FROM leave WHERE pid IN (0, :pid) LIMIT 1", pid=os.getpid()):
                return Result(f"held by {os.getpid()}")
        await asyncio.sleep(0.05)


def main() -> None:
    """Run the command."""
    execution.LEASE, execution.HEARTBEAT = timedelta(seconds=1.5), timedelta(seconds=0.3)
    manager._DRAIN_SECONDS = 0.3
    retries.RUN = AT_ONCE
    TASKS.update({name: tick(name) for name in TICKS})
    TASKS["held"] = Task(
        name="held", payload=Nothing, run=hold, timeout=timedelta(minutes=1), does=Text("Wait until it may leave"), retry=AT_ONCE
    )
    cli.app()


if __name__ == "__main__":
    main()
