"""A scheduler without Telegram, as a child process of ``bench scheduler``; the tasks ``tick_N`` write down that they ran.

``python -m bench.ticking host|guest DEFAULTS JOURNAL``: the host lives with the file, a guest beside it; until SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import app as root
from bot import processes
from bot.domain.text import Text
from bot.scheduler import reconciling
from bot.settings import load
from bot.storage.holding import lock_file
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task

READY = "ready"  #: the name of the file that says so, in the folder of the journal
TICKS = 20  #: tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


def add_tasks(journal: Path) -> None:
    """Put the tasks into the table."""
    for number in range(TICKS):
        TASKS[f"tick_{number}"] = _tick(f"tick_{number}", journal)


def _tick(name: str, journal: Path) -> Task[Any]:
    async def run(context: RunContext, payload: Any) -> Result:  # noqa: ANN401, ARG001 — as every task
        with journal.open("a") as lines:
            lines.write(f"{name} {os.getpid()}\n")
        return Result("ticked")

    return Task(name=name, payload=Nothing, run=run, timeout=timedelta(minutes=1), does=Text("Write down that it ran"))


async def live(role: str, journal: Path) -> None:
    """Execute what is due until SIGTERM."""
    settings, stopping = load(os.environ, None), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with AsyncExitStack() as stack:
        if role == "host" and settings.sqlite_path is not None:
            stack.enter_context(lock_file(settings.sqlite_path))
        app = await stack.enter_async_context(root.opened(settings, kind=role, is_guest=role == "guest"))
        scheduler = asyncio.create_task(processes.manager(app).run({}, dead_owner=None))
        root.settle()
        journal.with_name(f"{READY}-{os.getpid()}").touch()
        await asyncio.wait({scheduler, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        scheduler.cancel()
        await asyncio.wait({scheduler})


def main() -> None:
    """Be a scheduler."""
    role, defaults, journal = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if defaults == "none":
        reconciling.DEFAULTS = ()
    add_tasks(journal)
    asyncio.run(live(role, journal))


if __name__ == "__main__":
    main()
