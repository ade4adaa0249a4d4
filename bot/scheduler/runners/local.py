"""Runs executed in this process, several side by side."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from bot.scheduler.execution import Executor
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
    _running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def run(self) -> None:
        """Take runs as they fall due, until cancelled; those under way go on."""
        while True:
            try:
                await self._take()
                pause = None
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; looking for runs again in a second.")
                pause = _PAUSE_SECONDS
            await wait(self.ready, seconds=pause)

    async def drain(self, *, seconds: float) -> None:
        """Let the runs under way finish; those that take longer are stopped and go back, to be done later."""
        if not self._running:
            return
        _, unfinished = await asyncio.wait(self._running, timeout=seconds)
        for one in unfinished:
            one.cancel()
        if unfinished:
            await asyncio.wait(unfinished)

    async def _take(self) -> None:
        while len(self._running) < self.concurrency:
            claiming = asyncio.create_task(self.executor.claim())
            try:
                run = await asyncio.shield(claiming)
            except asyncio.CancelledError:
                self._start(await claiming)  # it may be ours by now, and nobody else would take it before its lease has run out
                raise
            if run is None:
                return
            self._start(run)

    def _start(self, run: Run | None) -> None:
        if run is not None:
            one = asyncio.create_task(self._execute(run))
            self._running.add(one)
            one.add_done_callback(self._ended)

    async def _execute(self, run: Run) -> None:
        # where the outcome cannot be recorded, the lease runs out and the run is taken up again
        try:
            await self.executor.execute(run)
        except DatabaseUnavailable:
            logger.warning("The outcome of a run of %s could not be recorded; it is taken up again.", run.task)
        except Exception:
            logger.exception("The outcome of a run of %s could not be recorded.", run.task)

    def _ended(self, one: asyncio.Task[None]) -> None:
        self._running.discard(one)
        self.ready.set()
