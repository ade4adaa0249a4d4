"""Runs executed in this process, several side by side."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from bot.scheduler.execution import Executor
from bot.scheduler.runners.under_way import UnderWay, execute
from bot.storage.database import DatabaseUnavailable, wait
from bot.storage.runs import Run

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  #: before trying again where the database did not let us


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRunner:
    """Claims what is due and executes it."""

    executor: Executor
    ready: asyncio.Event  #: set when a run may be due
    concurrency: int  #: runs at once (``SCHEDULER_CONCURRENCY``)
    _under_way: UnderWay = field(default_factory=UnderWay)

    async def run(self) -> None:
        """Take runs as they fall due, until cancelled; those under way go on."""
        while True:
            try:
                await self._take()
                pause = None
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; looking for runs again in a second.")
                pause = _PAUSE_SECONDS
            except Exception:
                logger.exception("No run could be taken; looking again in a second.")
                pause = _PAUSE_SECONDS
            await wait(self.ready, seconds=pause)

    async def drain(self, *, seconds: float) -> None:
        """Let the runs under way finish; those that take longer are stopped and go back, to be done later."""
        await self._under_way.drain(seconds=seconds)

    async def _take(self) -> None:
        while len(self._under_way) < self.concurrency:
            claiming = asyncio.create_task(self.executor.claim())
            try:
                run = await asyncio.shield(claiming)
            except asyncio.CancelledError:
                await asyncio.wait({claiming})
                if claiming.exception() is None:  # else its fault would be all that is left of our end, and we would go on
                    self._start(claiming.result())  # ours by now; nobody else would take it before its lease has run out
                raise
            if run is None:
                return
            self._start(run)

    def _start(self, run: Run | None) -> None:
        if run is not None:
            self._under_way.begin(execute(self.executor, run)).add_done_callback(lambda _: self.ready.set())
