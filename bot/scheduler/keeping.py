"""Keeping a run while its task works: the lease, what is seen of it meanwhile, and whether it is to stop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from bot.domain.ids import Clock
from bot.scheduler.run_log import RunLog
from bot.storage import run_history, runs
from bot.storage.database import Channel, Database, DatabaseUnavailable, Transaction, wait
from bot.storage.run_history import Line
from bot.storage.runs import Run, RunState

logger = logging.getLogger(__name__)

_SHOWN = timedelta(seconds=3)  #: so often others see how far a run has come, and it sees at the latest that it is to stop
_LOOK = timedelta(milliseconds=200)  #: at least between two looks, however many runs begin and end meanwhile


class Stop(Enum):
    """Why the work on a run is stopped before its end."""

    LOST = auto()  #: somebody else took the run over, what we do for it counts no more
    CALLED_OFF = auto()  #: somebody asked for that


@dataclass(slots=True, kw_only=True)
class Keeper:
    """One attempt of a run, as long as it goes on."""

    db: Database
    clock: Clock
    run: Run  #: as it was seen last
    lease: timedelta
    heartbeat: timedelta
    stop: Stop | None = None
    log: RunLog = field(init=False)
    _progress: tuple[int, int | None] | None = None  #: that is not in the table yet

    def __post_init__(self) -> None:
        """Begin to listen."""
        self.log = RunLog(clock=self.clock, attempt=self.run.attempt)

    def progress(self, done: int, total: int | None = None, /) -> None:
        """Note how far the work has come; it is written with the next heartbeat, and within seconds."""
        self._progress = (done, total)

    async def keep(self, work: asyncio.Task[Any]) -> None:
        """Renew the lease and look whether *work* is to stop, until cancelled, or until the run is no longer ours."""
        changed, loop = self.db.subscribe(Channel.RUN), asyncio.get_running_loop()
        beats_at = loop.time() + self.heartbeat.total_seconds()
        while self.stop is not Stop.LOST:
            try:
                await self.look(work)
                if loop.time() >= beats_at or self._progress is not None or self.log.to_keep():
                    await self._beat()
                    beats_at = loop.time() + self.heartbeat.total_seconds()
            except DatabaseUnavailable:
                logger.debug("The lease of a run of %s could not be renewed; trying again.", self.run.task)
            except Exception:
                logger.exception("The lease of a run of %s could not be renewed; trying again.", self.run.task)
            await asyncio.sleep(min(_LOOK, self.heartbeat).total_seconds())
            await wait(changed, seconds=min(_SHOWN, self.heartbeat).total_seconds())

    async def write(self, tx: Transaction) -> bool:
        """Write what others are to see of the run, before it ends in the same transaction; False where its lease was lost."""
        self.log.end()
        return await self._write(tx, self._progress, self.log.to_keep())

    async def look(self, work: asyncio.Task[Any]) -> None:
        """Stop the work where the run is not ours any more, or somebody called it off."""
        async with self.db.reading() as tx:
            seen = await runs.find(tx, self.run.id)
        if seen is None or seen.state is not RunState.RUNNING or seen.lease_token != self.run.lease_token:
            self.stop = Stop.LOST
            work.cancel()
        elif seen.cancel_requested_at is not None and self.stop is None:
            self.stop, self.run = Stop.CALLED_OFF, seen
            work.cancel()

    async def _beat(self) -> None:
        progress, lines = self._progress, self.log.to_keep()
        async with self.db.transaction() as tx:
            await self._write(tx, progress, lines)  # where the lease was lost, the next look sees it
        self.log.kept(lines)
        if self._progress == progress:
            self._progress = None

    async def _write(self, tx: Transaction, progress: tuple[int, int | None] | None, lines: list[Line]) -> bool:
        if await runs.renew(tx, self.run, lease_until=self.clock() + self.lease) is None:
            return False
        if progress is not None:
            await runs.note_progress(tx, self.run, *progress)
        await run_history.say(tx, self.run.id, lines)
        return True
