"""Copies of the database that can be restored, and their keys in one file beside them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.domain.ids import Clock
from bot.domain.retention import Generations
from bot.domain.text import Text
from bot.services import backup_keys
from bot.services.vault import Vault
from bot.storage import files, keys, migrations
from bot.storage.copies import CopyFailed, copy_sqlite, dump_postgresql
from bot.storage.database import Database, Turn
from bot.storage.holding import alone_in
from bot.storage.keys import WrappedKey

logger = logging.getLogger(__name__)

PREFIX = "hu_counseling_backup"
_NAME = re.compile(rf"{PREFIX}_(\d{{8}}_\d{{6}})\.(?:db|dump)")
_STAMP = "%Y%m%d_%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """Backups: making them, and keeping the right ones."""

    db: Database
    clock: Clock
    vault: Vault
    folder: Path  #: as ``BACKUP_DIR`` was written, so that the log says it like that
    url: str
    sqlite_path: Path | None
    programs: Path | None  #: ``PG_BIN_DIR``
    generations: Generations

    async def create(self) -> Path:
        """Make a backup and prune the old ones; return its path.

        The order matters where the process dies in between: a backup appears, by one rename, when all that belongs to it is
        there; the key file may be newer than the newest backup, never older.

        Raises:
            CopyFailed: The folder cannot be written, the disk is full, or the database is damaged.
        """
        try:
            return await self._create()
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CopyFailed(
                Text(
                    "The backup could not be written to {folder}: {reason}.", folder=str(self.folder), reason=reason or "unknown"
                )
            ) from error

    async def _create(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        async with alone_in(self.folder):  # what another process is writing here would pass for left over
            self._remove_leftovers()
            try:
                return await self._write()
            finally:
                self._remove_leftovers()

    async def _write(self) -> Path:
        final = await self._free_name()
        unfinished = final.with_name(f".{final.name}.tmp")
        counts, taken_out = await self._copy(unfinished)
        manifest = await asyncio.to_thread(_manifest, unfinished, counts)
        await asyncio.to_thread(backup_keys.replace, self.vault, self.folder, taken_out)
        await asyncio.to_thread(files.replace, manifest_of(final), json.dumps(manifest, indent=1).encode())
        await asyncio.to_thread(self._publish, unfinished, final)
        logger.info("Database backed up to: %s", final)
        return final

    def _publish(self, unfinished: Path, final: Path) -> None:
        """Let a finished backup appear, and delete those that are too many: never this one, whatever the clock said before."""
        unfinished.replace(final)
        files.sync(self.folder)
        self._prune(final)

    async def _copy(self, target: Path) -> tuple[dict[str, int], Sequence[WrappedKey]]:
        if self.sqlite_path is not None:
            copied = await asyncio.to_thread(copy_sqlite, self.sqlite_path, target)
            return copied.counts, copied.keys
        counts = await dump_postgresql(self.url, target, programs=self.programs)
        # read behind the dump: the keys of all that is in it, but of what was forgotten since
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return counts, await keys.every(tx)

    async def _free_name(self) -> Path:
        """Return a name for now that is not taken; names count seconds, so a second backup within one waits for the next."""
        while True:
            at = self.clock()
            suffix = "db" if self.sqlite_path is not None else "dump"
            path = self.folder / f"{PREFIX}_{at.astimezone(UTC).strftime(_STAMP)}.{suffix}"
            if not path.exists():
                return path
            await asyncio.sleep(1 - at.microsecond / 1_000_000)

    def _prune(self, newest: Path) -> None:
        """Delete the backups that no generation keeps, and manifests without a backup."""
        made = {made_at(path): path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)}
        kept = self.generations.keep(made)
        for instant, path in made.items():
            if instant not in kept and path != newest:
                path.unlink()
        for manifest in self.folder.glob(f"{PREFIX}_*.json"):
            if not manifest.with_suffix("").exists():
                manifest.unlink()

    def _remove_leftovers(self) -> None:
        """Delete what a backup left behind that died: it may still hold keys."""
        for leftover in self.folder.glob(f".{PREFIX}*.tmp*"):
            leftover.unlink(missing_ok=True)


def made_at(path: Path) -> datetime:
    """Return when the backup at *path* was made, from its name."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise ValueError(path.name)
    return datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)


def newest(folder: Path) -> Path | None:
    """Return the newest backup in *folder*; None where there is none."""
    return next(iter(_newest_first(folder)), None)


def oldest(folder: Path) -> Path | None:
    """Return the oldest backup in *folder*; None where there is none."""
    return next(reversed(_newest_first(folder)), None)


def newest_good(folder: Path) -> Path | None:
    """Return the newest backup in *folder* whose content is what its manifest says; None where there is none."""
    return next((path for path in _newest_first(folder) if _is_good(path)), None)


def looks_whole(path: Path) -> bool:
    """Return whether the backup at *path* has the size that its manifest says; ``newest_good`` reads all of it."""
    try:
        return json.loads(manifest_of(path).read_bytes())["size"] == path.stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _newest_first(folder: Path) -> list[Path]:
    made = [path for path in folder.glob(f"{PREFIX}_*") if _NAME.fullmatch(path.name)]
    return sorted(made, key=made_at, reverse=True)


def _is_good(path: Path) -> bool:
    try:
        said = json.loads(manifest_of(path).read_bytes())["sha256"]
        with path.open("rb") as file:
            return said == hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def manifest_of(path: Path) -> Path:
    """Return where the manifest of the backup at *path* lies."""
    return path.with_name(f"{path.name}.json")


def _manifest(path: Path, counts: dict[str, int]) -> dict[str, Any]:
    """Return what the manifest says of the file at *path*, once that is safely on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest, "schema": migrations.schema_version(), "counts": counts}
