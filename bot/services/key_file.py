"""The file that holds ``ENCRYPTION_KEY`` where the environment does not."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from bot.services.vault import WrongKey
from bot.storage import files

NAME = "hu_counseling.key"  #: beside the database, never in the folder of the backups (CONTRACT.md)
_KEY_BYTES = 32


def load(path: Path, *, may_make: bool) -> bytes:
    """Return the key in the file at *path*; make it first where it is missing and *may_make*.

    Raises:
        WrongKey: The file is missing although the database was made with a key, or holds none.
    """
    if not path.exists():
        if not may_make:
            raise WrongKey(
                f"{path} is missing, and without it the database cannot be read: bring it back, or set ENCRYPTION_KEY."
            )
        files.add(path, base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n")
    try:
        key = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (binascii.Error, UnicodeDecodeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise WrongKey(f"{path} does not hold a key: bring the right file back, or set ENCRYPTION_KEY.")
    return key
