"""The one file in which the keys to all backups lie: written with each backup, and put back into one that was restored."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.domain.ids import KeyId
from bot.domain.text import Text
from bot.services.vault import Vault, WrongKey, unwrap_file
from bot.storage import files, keys
from bot.storage.copies import CopyFailed
from bot.storage.database import Database
from bot.storage.keys import Purpose, WrappedKey
from bot.storage.pieces import gently

logger = logging.getLogger(__name__)

NAME = "hu_counseling_backup.keys"  #: in ``BACKUP_DIR`` (CONTRACT.md, *Files*)

_LOOKUP = re.compile(rb'\[(\d+), "lookup"')  #: found without reading all the others, a hundred thousand in a large file


def replace(vault: Vault, folder: Path, wrapped: Sequence[WrappedKey]) -> None:
    """Let the file hold these keys and no others.

    Raises:
        CopyFailed: It holds those of another database. Who starts with an empty one, because the old one is damaged, must not
            lose by the first backup what opens all the old ones.
    """
    path = folder / NAME
    if path.exists() and _is_of_another_database(vault, path.read_bytes(), wrapped):
        raise CopyFailed(
            Text(
                "The backups in {folder} are those of another database: restore the newest of them, or set BACKUP_DIR to another "
                "folder.",
                folder=str(folder),
            )
        )
    pieces = [json.dumps([_row(key) for key in some])[1:-1] for some in gently(wrapped)]
    files.replace(path, vault.wrap_file(f"[{', '.join(pieces)}]".encode()))


async def put_back(db: Database, wrapping: Sequence[bytes], folder: Path, *, at: datetime) -> None:
    """Give a database that was restored from a backup its keys; one that has its own, or needs none, is left alone.

    A backup that was copied into the place of the database has people in it, and not even the keys of the service.

    Args:
        db: The database.
        wrapping: ``ENCRYPTION_KEY``, newest first.
        folder: ``BACKUP_DIR``.
        at: Now.

    Raises:
        WrongKey: The file is missing, or none of *wrapping* opens it.
    """
    async with db.reading() as tx:
        if await keys.of_the_service(tx) or not await keys.is_wanted(tx):
            return
    path = folder / NAME
    if not path.exists():
        raise WrongKey(f"This database is a backup without its keys: bring back {path}, which lay beside the backup.")
    found = _keys_in(unwrap_file(wrapping, path.read_bytes()))
    async with db.transaction() as tx:
        for key in found:
            await keys.add_if_missing(tx, key, at=at)
    logger.warning("This database is a restored backup: %d keys were put back into it from %s.", len(found), path)


@dataclass(frozen=True, slots=True)
class Opened:
    """The key file, opened; a key is looked for in its text, since to read a hundred thousand would keep the loop waiting."""

    text: bytes

    def find(self, key_id: KeyId) -> WrappedKey | None:
        """Return a key; None where it is not in the file, because what it sealed was erased since."""
        start = self.text.find(b"[%d, " % key_id)
        return None if start < 0 else self._row(start)

    def lookup(self) -> WrappedKey | None:
        """Return the key of the hash by which people are found."""
        found = _LOOKUP.search(self.text)
        return None if found is None else self._row(found.start())

    def _row(self, start: int) -> WrappedKey:
        (key,) = _keys_in(b"[" + self.text[start : self.text.index(b"]", start) + 1] + b"]")
        return key


def open_file(vault: Vault, folder: Path) -> Opened:
    """Open the key file beside the backups; blocks.

    Raises:
        WrongKey: It is missing, or ``ENCRYPTION_KEY`` does not open it.
    """
    path = folder / NAME
    if not path.exists():
        raise WrongKey(
            f"The key file {path} is missing, and without it no backup can be read: run /backup, which writes it anew."
        )
    return Opened(vault.unwrap_file(path.read_bytes()))


def _is_of_another_database(vault: Vault, sealed: bytes, wrapped: Sequence[WrappedKey]) -> bool:
    try:
        present = vault.unwrap_file(sealed)
    except WrongKey:
        return False  # nothing that we could open is lost
    return {int(number) for number in _LOOKUP.findall(present)} != {key.id for key in wrapped if key.purpose is Purpose.LOOKUP}


def _row(key: WrappedKey) -> list[object]:
    return [key.id, key.purpose, base64.b64encode(key.wrapped).decode()]


def _keys_in(text: bytes) -> list[WrappedKey]:
    rows = json.loads(text)
    return [WrappedKey(KeyId(number), Purpose(purpose), base64.b64decode(wrapped)) for number, purpose, wrapped in rows]
