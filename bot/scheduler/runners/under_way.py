"""What a runner has begun in this process, and how that is brought to an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from bot.scheduler.execution import Executor
from bot.storage.database import DatabaseUnavailable
from bot.storage.runs import Run

logger = logging.getLogger(__name__)


class UnderWay:
    """Work that goes on whatever becomes of who began it."""

    def __init__(self) -> None:
        self._all: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin *work*."""
        one = asyncio.create_task(work)
        self._all.add(one)
        one.add_done_callback(self._all.discard)
        return one

    async def drain(self, *, seconds: float) -> None:
        """Let all end; what takes longer is stopped, and a run goes back, to be done later."""
        if not self._all:
            return
        _, unfinished = await asyncio.wait(self._all, timeout=seconds)
        for one in unfinished:
            one.cancel()
        if unfinished:
            await asyncio.wait(unfinished)


async def execute(executor: Executor, run: Run) -> None:
    """Execute a run; where its outcome cannot be recorded, its lease runs out and it is taken up again."""
    try:
        await executor.execute(run)
    except DatabaseUnavailable:
        logger.warning("The outcome of a run of %s could not be recorded; it is taken up again.", run.task)
    except Exception:
        logger.exception("The outcome of a run of %s could not be recorded.", run.task)
