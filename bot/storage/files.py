"""Files that appear whole or not at all, for our eyes only."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Put *content* in place of the file at *path*: readers see the old one or the new one, whatever happens."""
    unfinished = path.with_name(f".{path.name}.tmp")
    _write(unfinished, content)
    unfinished.replace(path)
    sync(path.parent)


def add(path: Path, content: bytes) -> None:
    """Make a file at *path*; where somebody was faster, theirs stays."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    _write(unfinished, content)
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in *folder* safe against a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
