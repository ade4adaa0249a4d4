"""The way back from a damaged database."""

from __future__ import annotations

import shlex
from pathlib import Path

from bot.domain.errors import BotError
from bot.domain.text import Text
from bot.services import backups


class MustBeRestored(BotError):
    """The database is damaged; the sentence holds the commands that bring the newest good backup back."""


def way_back(database: Path, folder: Path) -> Text:
    """Return what to do about a damaged SQLite file, as it can be typed.

    The bot itself puts the keys back into what was restored (``backup_keys.put_back``). An old ``-wal`` that was left beside it
    would damage it.

    Args:
        database: The file.
        folder: ``BACKUP_DIR``.
    """
    backup = backups.newest_good(folder)
    if backup is None:
        return Text(
            "The database {database} is damaged, and {folder} holds no good backup: bring back a copy of that folder, key file "
            "included. Without one, the program sqlite3 saves what can be saved: sqlite3 {database} .recover",
            database=str(database),
            folder=str(folder),
        )
    there = str(database.absolute())
    old, wal, shm, new = (shlex.quote(name) for name in (there, f"{there}-wal", f"{there}-shm", str(backup.absolute())))
    return Text(
        "The database {database} is damaged. The newest good backup is of {at} UTC. To go back to it, run this and start again:\n"
        "mv {old} {aside} && rm -f {wal} {shm} && cp {new} {old}",
        database=str(database),
        at=f"{backups.made_at(backup):%Y-%m-%d %H:%M}",
        old=old,
        aside=shlex.quote(f"{there}.damaged"),
        wal=wal,
        shm=shm,
        new=new,
    )
