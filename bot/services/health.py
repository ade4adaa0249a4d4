"""How the service is, in a few lines that hold nobody's words and no ids."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.domain.text import Text
from bot.services import backups
from bot.services.pulse import Pulse
from bot.storage import health, proofs
from bot.storage.database import Database, Transaction
from bot.storage.health import LastRun, Queue
from bot.storage.proofs import Proof
from bot.texts import health as texts
from bot.texts import times, watching

_SILENT = timedelta(minutes=3)  #: without a poll; one takes 30 s, and other processes hear of it within a minute
_SLOW, _STUCK = timedelta(minutes=1), timedelta(minutes=10)  #: the age of the oldest that waits
_FRESH = timedelta(days=1)  #: what was given up longer ago worries nobody any more
_LATE = timedelta(minutes=5)
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_PROOF_FRESH = timedelta(days=15)  #: two weeks, and a drill that ran late
_LAG, _LAG_LONG = timedelta(milliseconds=100), timedelta(milliseconds=500)
_BACKUP, _TELEGRAM, _DATABASE, _PROOF, _LAGGING = "backup", "telegram", "database", "proof", "lag"
TASKS = "tasks"
_LEAST_FREE_BYTES = 100_000_000
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


class Mark(StrEnum):
    """How a part is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How one part of the service is."""

    name: str  #: of one word
    mark: Mark
    line: Text
    remedy: Text | None = None  #: what to do about it, where that is more than the line says

    @property
    def text(self) -> Text:
        """The line behind its mark."""
        return texts.MARKED[self.mark](line=self.line)


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
        async with self.db.transaction() as tx:
            return [part.text for part in await self.parts(tx, but=update_id)]

    async def parts(self, tx: Transaction, *, but: int | None = None) -> list[Part]:
        """Return how each part of the service is; the update *but* does not count as waiting."""
        at = self.clock()
        runs = await health.last_runs(tx)
        updates, deliveries = await health.updates(tx, but=but), await health.deliveries(tx)
        size = await health.size(tx, self.sqlite_path)
        found = [
            await self._polls(tx, at),
            _updates(updates, at),
            _deliveries(deliveries, at),
            _parked(updates, deliveries, at),
            self._database(size),
            self._disk(size),
            self._backup(runs, at),
            self._proof(await proofs.last(tx), at),
            _tasks(runs, at),
        ]
        return [part for part in found if part is not None]

    async def _polls(self, tx: Transaction, at: datetime) -> Part:
        beat = await self.pulse.read(tx)
        if beat is None:
            return _doubtful(_TELEGRAM, texts.POLLS_NEVER)
        last = beat.last_good_at
        if beat.failing_since is not None:
            ago = texts.NEVER if last is None else _ago(at - last)
            return _bad(_TELEGRAM, texts.POLLS_FAIL(length=_span(at - beat.failing_since), reason=beat.reason or "", last=ago))
        ago = _ago(at - (last or beat.noted_at))
        return (
            _doubtful(_TELEGRAM, texts.POLLS_SILENT(ago=ago))
            if at - beat.noted_at > _SILENT
            else _good(_TELEGRAM, texts.POLLS_GOOD(ago=ago))
        )

    def _database(self, size: int) -> Part:
        """Say how large the database is, and whether there is room for it and for a backup."""
        folder = self.backup_dir if self.sqlite_path is None else self.sqlite_path.parent
        free = _free(folder)
        if free is None:
            return _bad(_DATABASE, texts.NO_DISK(size=_readable(size)))
        values = {"size": _readable(size), "free": _readable(free)}
        if free < max(_LEAST_FREE_BYTES, size):
            return _bad(_DATABASE, texts.DATABASE_FULL(**values))
        return _good(_DATABASE, texts.DATABASE(**values) if self.sqlite_path is not None else texts.DATABASE_SERVER(**values))

    def _disk(self, size: int) -> Part | None:
        """Say whether there is room for a backup; None where its folder is on the disk of the database."""
        if (
            self.sqlite_path is None
            or not self.backup_dir.exists()
            or _disk_of(self.backup_dir) == _disk_of(self.sqlite_path.parent)
        ):
            return None
        free = _free(self.backup_dir) or 0
        if free < max(_LEAST_FREE_BYTES, size):
            return _bad("disk", texts.DISK_FULL(free=_readable(free), size=_readable(size)))
        return _good("disk", texts.DISK(free=_readable(free)))

    def _backup(self, runs: Sequence[LastRun], at: datetime) -> Part:
        """Say how old the newest backup is: the file where there is one, else what another machine has recorded."""
        made = backups.newest(self.backup_dir)
        schedule = next((run for run in runs if run.task == _BACKUP), None)
        remedy = _remedy_of_backup(schedule)
        if made is not None and not backups.looks_whole(made):
            return _bad(_BACKUP, texts.BACKUP_INCOMPLETE, remedy)
        recorded = schedule.succeeded_at if schedule is not None and self.sqlite_path is None else None
        made_at = max([instant for instant in (made and backups.made_at(made), recorded) if instant], default=None)
        if made_at is None:
            return _bad(_BACKUP, texts.BACKUP_NEVER, remedy)
        ago, most = _ago(at - made_at), 2 * ((schedule and schedule.every) or _DAY)
        return _bad(_BACKUP, texts.BACKUP_OLD(ago=ago), remedy) if at - made_at > most else _good(_BACKUP, texts.BACKUP(ago=ago))

    def _proof(self, proof: Proof | None, at: datetime) -> Part:
        """Say when a backup was last restored for a test; that none was is no news while there are only new ones."""
        if proof is None:
            oldest = backups.oldest(self.backup_dir)
            is_late = oldest is not None and at - backups.made_at(oldest) > _PROOF_FRESH
            return _doubtful(_PROOF, texts.PROOF_NEVER) if is_late else _good(_PROOF, texts.PROOF_NOT_YET)
        ago = _ago(at - proof.proved_at)
        if not proof.is_good:
            return _bad(_PROOF, texts.PROOF_FAILED(ago=ago, error=proof.error or ""))
        if at - proof.proved_at > _PROOF_FRESH:
            return _doubtful(_PROOF, texts.PROOF_OLD(ago=ago))
        return _good(_PROOF, texts.PROOF(made=times.moment(backups.made_at(Path(proof.file))), ago=ago))


def lag(worst: timedelta) -> Part:
    """Say how long whatever wants its turn on the loop waits for it."""
    line = {"milliseconds": round(worst / timedelta(milliseconds=1))}
    if worst < _LAG:
        return _good(_LAGGING, texts.LAG(**line))
    return _doubtful(_LAGGING, texts.LAG_LONG(**line)) if worst < _LAG_LONG else _bad(_LAGGING, texts.LAG_LONG(**line))


def _remedy_of_backup(schedule: LastRun | None) -> Text:
    """Return why there is no new backup, as far as can be told, and what to do."""
    if schedule is not None and not schedule.is_enabled:
        return watching.BACKUP_PAUSED
    if schedule is not None and schedule.is_failed:
        return watching.BACKUP_FAILED(error=schedule.error or "")
    return watching.BACKUP_NOT_RUN


def _updates(queue: Queue, at: datetime) -> Part:
    if queue.oldest_at is None:
        return _good("updates", texts.NO_UPDATES)
    age = at - queue.oldest_at
    return _by_age("updates", age, texts.UPDATES(count=queue.waiting, length=_span(age)))


def _deliveries(queue: Queue, at: datetime) -> Part:
    if queue.oldest_at is None:
        return _good("deliveries", texts.NO_DELIVERIES)
    age = at - queue.oldest_at
    return _by_age("deliveries", age, texts.DELIVERIES(count=queue.waiting, length=_span(age)))


def _by_age(name: str, age: timedelta, line: Text) -> Part:
    return _good(name, line) if age < _SLOW else _doubtful(name, line) if age < _STUCK else _bad(name, line)


def _parked(updates: Queue, deliveries: Queue, at: datetime) -> Part:
    newest = max([instant for instant in (updates.parked_at, deliveries.parked_at) if instant], default=None)
    if newest is None:
        return _good("parked", texts.NOTHING_PARKED)
    line = texts.PARKED(updates=updates.parked, deliveries=deliveries.parked, ago=_ago(at - newest))
    return _doubtful("parked", line) if at - newest < _FRESH else _good("parked", line)


def _tasks(runs: Sequence[LastRun], at: datetime) -> Part:
    late = [run.task for run in runs if run.is_enabled and run.next_run_at is not None and at - run.next_run_at > _LATE]
    failed = [run.task for run in runs if run.is_failed]
    if late:
        return _bad(TASKS, texts.TASKS_LATE(tasks=", ".join(late)))
    if failed:
        return _bad(TASKS, texts.TASKS_FAILED(tasks=", ".join(failed)))
    return _good(TASKS, texts.TASKS_GOOD(count=len(runs)))


def _ago(length: timedelta) -> Text:
    return texts.AGO(length=times.span(length)) if length >= _SECOND else texts.JUST_NOW


def _span(length: timedelta) -> Text:
    return times.span(max(length, _SECOND))


def _readable(size: int) -> str:
    """Return a number of bytes in the largest unit that fits, as ``df -H`` does."""
    unit, name = next(((unit, name) for unit, name in _UNITS if size >= unit), (1, "bytes"))
    return f"{size / unit:.1f} {name}" if unit > 1 else f"{size} {name}"


def _free(folder: Path) -> int | None:
    """Return how many bytes are free beside *folder*; None where it cannot be read."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _disk_of(folder: Path) -> int:
    return folder.stat().st_dev


def _good(name: str, line: Text) -> Part:
    return Part(name=name, mark=Mark.GOOD, line=line)


def _doubtful(name: str, line: Text) -> Part:
    return Part(name=name, mark=Mark.DOUBTFUL, line=line, remedy=watching.REMEDIES.get(name))


def _bad(name: str, line: Text, remedy: Text | None = None) -> Part:
    return Part(name=name, mark=Mark.BAD, line=line, remedy=remedy or watching.REMEDIES.get(name))
