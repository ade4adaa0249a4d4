"""How the service is, in a few lines that hold nobody's words and no ids."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.domain.text import Text
from bot.services import backups
from bot.services.pulse import Pulse
from bot.storage import health
from bot.storage.database import Database, Transaction
from bot.storage.health import LastRun, Queue
from bot.texts import health as texts
from bot.texts import times

_SILENT = timedelta(minutes=3)  #: without a poll; one takes 30 s, and other processes hear of it within a minute
_SLOW, _STUCK = timedelta(minutes=1), timedelta(minutes=10)  #: the age of the oldest that waits
_FRESH = timedelta(days=1)  #: what was given up longer ago worries nobody any more
_LATE = timedelta(minutes=5)
_SECOND = timedelta(seconds=1)
_BACKUP = "backup"
_LEAST_FREE_BYTES = 100_000_000
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Looking at all that can go wrong by itself."""

    db: Database
    clock: Clock
    pulse: Pulse
    sqlite_path: Path | None
    backup_dir: Path

    async def check(self, actor: Actor, *, update_id: int | None = None) -> list[Text]:
        """Return a line for each part of the service, marked as good, doubtful or bad.

        Args:
            actor: Who asks.
            update_id: The update by which they ask, which is not handled yet either.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            runs = await health.last_runs(tx)
            updates, deliveries = await health.updates(tx, but=update_id), await health.deliveries(tx)
            return [
                await self._polls(tx, at),
                _updates(updates, at),
                _deliveries(deliveries, at),
                _parked(updates, deliveries, at),
                await self._database(tx),
                self._backup(runs, at),
                _tasks(runs, at),
            ]

    async def _polls(self, tx: Transaction, at: datetime) -> Text:
        beat = await self.pulse.read(tx)
        if beat is None:
            return _doubtful(texts.POLLS_NEVER)
        last = beat.last_good_at
        if beat.failing_since is not None:
            ago = texts.NEVER if last is None else _ago(at - last)
            return _bad(texts.POLLS_FAIL(length=_span(at - beat.failing_since), reason=beat.reason or "", last=ago))
        ago = _ago(at - (last or beat.noted_at))
        return _doubtful(texts.POLLS_SILENT(ago=ago)) if at - beat.noted_at > _SILENT else _good(texts.POLLS_GOOD(ago=ago))

    async def _database(self, tx: Transaction) -> Text:
        """Say how large the database is, and whether there is room for it and for a backup."""
        folder = self.backup_dir if self.sqlite_path is None else self.sqlite_path.parent
        size = await health.size_on_postgresql(tx) if self.sqlite_path is None else _size_of(self.sqlite_path)
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            return _bad(texts.NO_DISK(size=_readable(size)))
        values = {"size": _readable(size), "free": _readable(free)}
        if free < max(_LEAST_FREE_BYTES, size):
            return _bad(texts.DATABASE_FULL(**values))
        return _good(texts.DATABASE(**values) if self.sqlite_path is not None else texts.DATABASE_SERVER(**values))

    def _backup(self, runs: Sequence[LastRun], at: datetime) -> Text:
        """Say how old the newest backup is: the file where there is one, else what another machine has recorded."""
        made = backups.newest(self.backup_dir)
        if made is not None and not backups.looks_whole(made):
            return _bad(texts.BACKUP_INCOMPLETE)
        schedule = next((run for run in runs if run.task == _BACKUP), None)
        recorded = schedule.succeeded_at if schedule is not None and self.sqlite_path is None else None
        made_at = max([instant for instant in (made and backups.made_at(made), recorded) if instant], default=None)
        if made_at is None:
            return _bad(texts.BACKUP_NEVER)
        ago, most = _ago(at - made_at), 2 * timedelta(seconds=schedule.every_seconds if schedule else 86_400)
        return _bad(texts.BACKUP_OLD(ago=ago)) if at - made_at > most else _good(texts.BACKUP(ago=ago))


def _updates(queue: Queue, at: datetime) -> Text:
    if queue.oldest_at is None:
        return _good(texts.NO_UPDATES)
    age = at - queue.oldest_at
    return _by_age(age, texts.UPDATES(count=queue.waiting, length=_span(age)))


def _deliveries(queue: Queue, at: datetime) -> Text:
    if queue.oldest_at is None:
        return _good(texts.NO_DELIVERIES)
    age = at - queue.oldest_at
    return _by_age(age, texts.DELIVERIES(count=queue.waiting, length=_span(age)))


def _by_age(age: timedelta, line: Text) -> Text:
    return _good(line) if age < _SLOW else _doubtful(line) if age < _STUCK else _bad(line)


def _parked(updates: Queue, deliveries: Queue, at: datetime) -> Text:
    newest = max([instant for instant in (updates.parked_at, deliveries.parked_at) if instant], default=None)
    if newest is None:
        return _good(texts.NOTHING_PARKED)
    line = texts.PARKED(updates=updates.parked, deliveries=deliveries.parked, ago=_ago(at - newest))
    return _doubtful(line) if at - newest < _FRESH else _good(line)


def _tasks(runs: Sequence[LastRun], at: datetime) -> Text:
    late = [run.task for run in runs if run.is_enabled and at - run.next_run_at > _LATE]
    failed = [run.task for run in runs if run.is_failed]
    if late:
        return _bad(texts.TASKS_LATE(tasks=", ".join(late)))
    if failed:
        return _bad(texts.TASKS_FAILED(tasks=", ".join(failed)))
    return _good(texts.TASKS_GOOD(count=len(runs)))


def _ago(length: timedelta) -> Text:
    return texts.AGO(length=times.span(length)) if length >= _SECOND else texts.JUST_NOW


def _span(length: timedelta) -> Text:
    return times.span(max(length, _SECOND))


def _size_of(database: Path) -> int:
    return sum(file.stat().st_size for file in (database, database.with_name(f"{database.name}-wal")) if file.exists())


def _readable(size: int) -> str:
    """Return a number of bytes in the largest unit that fits, as ``df -H`` does."""
    unit, name = next(((unit, name) for unit, name in _UNITS if size >= unit), (1, "bytes"))
    return f"{size / unit:.1f} {name}" if unit > 1 else f"{size} {name}"


def _good(line: Text) -> Text:
    return texts.GOOD(line=line)


def _doubtful(line: Text) -> Text:
    return texts.DOUBTFUL(line=line)


def _bad(line: Text) -> Text:
    return texts.BAD(line=line)
