"""The proof that backups can be restored: the newest one is, for a test, and compared with what it should be."""

from __future__ import annotations

import asyncio
import hmac
import json
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from bot.domain.errors import BotError
from bot.domain.ids import Clock
from bot.domain.text import Text
from bot.services import backup_keys, backups
from bot.services.backup_keys import Opened
from bot.services.vault import Vault, unseal
from bot.storage import proofs
from bot.storage.copies import CopyFailed
from bot.storage.database import Database, Turn
from bot.storage.proofs import Proof
from bot.storage.restores import Restored, SealedPerson, restore_postgresql, restore_sqlite

_RESERVE_BYTES = 100_000_000  #: that stay free beside the scratch database
_TIMES = 2  #: as much room as the backup needs: bringing it up to date writes a part of it once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilling:
    """Restore drills."""

    db: Database
    clock: Clock
    vault: Vault
    folder: Path  #: ``BACKUP_DIR``
    url: str
    sqlite_path: Path | None
    programs: Path | None  #: ``PG_BIN_DIR``
    spare: Path = Path(tempfile.gettempdir())  #: where to restore if there is no room beside the backups

    async def prove(self) -> Proof:
        """Restore the newest backup, compare it with its manifest, open something of it, and keep the proof.

        Raises:
            BotError: There is no backup, or it did not come back as it was; that is kept as well.
        """
        backup = backups.newest(self.folder)
        name = backup.name if backup is not None else ""
        try:
            if backup is None:
                raise CopyFailed(Text("There is no backup in {folder} yet: run /backup.", folder=str(self.folder)))
            counts = await self._restore(backup)
        except (BotError, OSError, sqlite3.Error) as error:
            failure = error if isinstance(error, BotError) else CopyFailed(_unreadable(name, error))
            await self._keep(Proof(file=name, is_good=False, counts={}, error=str(failure), proved_at=self.clock()))
            raise failure from error
        proof = Proof(file=name, is_good=True, counts=counts, error=None, proved_at=self.clock())
        await self._keep(proof)
        return proof

    async def _restore(self, backup: Path) -> dict[str, int]:
        """Restore a backup; return what was counted in it, and how many sealed values were opened."""
        manifest = await asyncio.to_thread(_manifest, backup)
        if self.sqlite_path is not None:
            restored = await asyncio.to_thread(self._restore_file, backup)
        else:
            restored = await restore_postgresql(self.url, backup, programs=self.programs)
        if restored.counts != manifest["counts"]:
            raise CopyFailed(
                Text("The backup {file} does not hold the rows that it held when it was made: run /backup.", file=backup.name)
            )
        opened = await asyncio.to_thread(self._open, restored)
        return {**restored.counts, "opened": opened}

    def _restore_file(self, backup: Path) -> Restored:
        """Restore a file in a scratch folder, which goes with all that is in it; so does what a drill left that was killed."""
        places = [self._scratch_in(folder) for folder in (self.folder, self.spare)]
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
        needed = _TIMES * backup.stat().st_size + _RESERVE_BYTES
        scratch = next((place for place in places if shutil.disk_usage(place.parent).free >= needed), None)
        if scratch is None:
            raise CopyFailed(
                Text(
                    "There is no room to restore a backup for a test: make {size} MB free in {folder}.",
                    size=needed // 1_000_000,
                    folder=str(self.folder),
                )
            )
        scratch.mkdir(mode=0o700)
        try:
            return restore_sqlite(backup, scratch / "restored.db")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _scratch_in(self, folder: Path) -> Path:
        """Return where in *folder* we restore: one name for one folder of backups, so that leftovers are known as ours."""
        return folder / f".hu_counseling_drill_{sha256(str(self.folder.absolute()).encode()).hexdigest()[:8]}"

    def _open(self, restored: Restored) -> int:
        """Open a few of the values that came back, with the key file; return how many.

        A key that is not in the file was erased since, and so was what it sealed; but that of the hash is always there.
        """
        if not restored.people:
            return 0
        keys = backup_keys.open_file(self.vault, self.folder)
        lookup = keys.lookup()
        if lookup is None:
            raise CopyFailed(Text("The key file of the backups holds no keys of the service: run /backup."))
        try:
            people = sum(self._is_person(keys, self.vault.unwrap(lookup), person) for person in restored.people)
            messages = [(keys.find(key_id), body) for key_id, body in restored.messages]
            said = [unseal(self.vault.unwrap(key), body, about="message") for key, body in messages if key is not None]
        except InvalidTag as error:
            raise CopyFailed(Text("What came back of a backup cannot be opened with its key: run /backup.")) from error
        return people + len(said)

    def _is_person(self, keys: Opened, lookup: bytes, person: SealedPerson) -> bool:
        """Return whether somebody's Telegram id could be opened; it is the one by whose hash they are found."""
        key = keys.find(person.key_id)
        if key is None:
            return False
        telegram_id = unseal(self.vault.unwrap(key), person.telegram_id, about="telegram id")
        if not hmac.compare_digest(hmac.digest(lookup, telegram_id, sha256), person.telegram_hash):
            raise InvalidTag
        return True

    async def _keep(self, proof: Proof) -> None:
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            await proofs.add(tx, proof)


def _manifest(backup: Path) -> dict[str, Any]:
    """Return what the manifest says of a backup, whose content is what it says.

    Raises:
        CopyFailed: It is not, or there is none.
    """
    try:
        manifest: dict[str, Any] = json.loads(backups.manifest_of(backup).read_bytes())
        with backup.open("rb") as file:
            is_whole = manifest["sha256"] == file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CopyFailed(_unreadable(backup.name, error)) from error
    if not is_whole:
        raise CopyFailed(Text("The backup {file} is not what it was when it was made: run /backup.", file=backup.name))
    return manifest


def _unreadable(name: str, error: Exception) -> Text:
    reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return Text("The backup {file} could not be restored for a test: {reason}.", file=name, reason=reason)
