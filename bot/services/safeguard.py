"""A fresh backup before anything is deleted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import Clock
from bot.services import backups
from bot.services.backups import Backups
from bot.storage import run_history, schedules
from bot.storage.database import Database, Turn
from bot.storage.runs import RunState

_TASK = "backup"
_INTERVALS = 2  #: of the schedule; PRODUCT.md, *Scheduled tasks*
_DAY = timedelta(days=1)  #: what counts for its interval where there is no such schedule, or it runs only once


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguard:
    """What looks after a way back."""

    db: Database
    clock: Clock
    backups: Backups

    async def ensure_backup(self) -> None:
        """Make a backup, unless one is younger than two intervals of the schedule.

        Raises:
            CopyFailed: It cannot be made; then nothing may be deleted.
        """
        at = self.clock()
        newest = await self._newest()
        if newest is None or at - newest >= _INTERVALS * await self._interval(at):
            await self.backups.create()

    async def _newest(self) -> datetime | None:
        """Return when the newest backup was made: the file, or on PostgreSQL also one that another machine has on its disk."""
        path = await asyncio.to_thread(backups.newest, self.backups.folder)
        if path is not None and await asyncio.to_thread(backups.looks_whole, path):
            return backups.made_at(path)
        if self.backups.sqlite_path is not None:
            return None
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            last = await run_history.last_of(tx, _TASK)
        return last.finished_at if last is not None and last.state is RunState.SUCCEEDED else None

    async def _interval(self, at: datetime) -> timedelta:
        """Return how far apart the next two backups are."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            schedule = await schedules.find(tx, _TASK)
        times = schedule.when.upcoming(at, 2) if schedule is not None else []
        return times[1] - times[0] if len(times) > 1 else _DAY
