"""Copies of the whole database, without the keys that open it: SQLite's online backup, and ``pg_dump``."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from bot.domain.errors import BotError
from bot.domain.ids import KeyId
from bot.domain.text import Text
from bot.storage.keys import Purpose, WrappedKey
from bot.storage.pieces import gently

#: What a manifest counts: enough to see at a glance whether a copy is the right one.
COUNTED: tuple[str, ...] = ("person", "counselor", "session", "message", "delivery", "run")
COUNTS: LiteralString = """
    SELECT (SELECT count(*) FROM person) AS person, (SELECT count(*) FROM counselor) AS counselor,
           (SELECT count(*) FROM session) AS session, (SELECT count(*) FROM message) AS message,
           (SELECT count(*) FROM delivery) AS delivery, (SELECT count(*) FROM run) AS run
"""


#: What was under way when the copy was made, this backup among it, is not when it is restored: nobody must be alarmed by it.
_NOT_RUNNING: LiteralString = """
    UPDATE run SET state = 'cancelled', lease_owner = NULL, lease_expires_at = NULL, finished_at = started_at,
                   error = 'under way when a backup was made that was restored'
     WHERE state = 'running'
"""

_FLUSH_SECONDS = 0.02  #: how often what was copied is put on the disk


class CopyFailed(BotError):
    """The database could not be copied, or the copy is not sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds, and the keys that were taken out of it."""

    counts: dict[str, int]
    keys: list[WrappedKey]


def copy_sqlite(source: Path, target: Path) -> Copied:
    """Write a sound copy of *source* to *target*, which must not exist; blocks, and releases the interpreter while it copies.

    1. One step of the online backup, from a connection of its own: consistent, also while others write.
    2. The keys are read and erased from the copy (``secure_delete`` overwrites them).
    3. The copy is checked as a whole, and made one single file that any SQLite can open.

    Raises:
        CopyFailed: The copy is damaged.
        sqlite3.Error: The database cannot be read or the copy cannot be written.
    """
    copy_pages(source, target)
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA secure_delete = ON")
        keys = _keys_in(copy)
        with copy:
            copy.execute("DELETE FROM key")
            copy.execute(_NOT_RUNNING)
        _check(copy)
        counts: dict[str, int] = dict(zip(COUNTED, copy.execute(COUNTS).fetchone(), strict=True))
    return Copied(counts=counts, keys=keys)


def copy_pages(source: Path, target: Path) -> None:
    """Write a copy of *source* as it is, keys and all, to *target*, which must not exist.

    Raises:
        sqlite3.Error: The database cannot be read or the copy cannot be written.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
        _flushed(target),
    ):
        original.backup(copy)


@contextmanager
def _flushed(path: Path) -> Generator[None]:
    """Have what the block writes to *path* put on the disk as it comes.

    Else a gigabyte waits in memory, and the next commit of a conversation waits with it: file systems with a journal write what
    belongs together. Beside a copy of 1 GB the slowest of a hundred commits a second took 60 ms in place of 200, and the copy
    itself no longer than before.
    """
    is_over = threading.Event()

    def flush() -> None:
        with path.open("rb") as file, suppress(OSError):  # who copies meets a fault of the disk as well
            while not is_over.wait(_FLUSH_SECONDS):
                os.fsync(file.fileno())

    flushing = threading.Thread(target=flush, name="flush")
    flushing.start()
    try:
        yield
    finally:
        is_over.set()
        flushing.join()


def _keys_in(copy: sqlite3.Connection) -> list[WrappedKey]:
    rows = copy.execute("SELECT id, purpose, wrapped FROM key")
    return [WrappedKey(KeyId(row[0]), Purpose(row[1]), row[2]) for some in gently(rows) for row in some]


def _check(copy: sqlite3.Connection) -> None:
    problems = [row[0] for row in copy.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
    if problems or copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise CopyFailed("The copy of the database is damaged, so the database is too: restore the newest good backup.")


async def dump_postgresql(url: str, target: Path, *, programs: Path | None) -> dict[str, int]:
    """Write a dump of the database to *target*, and read it once from end to end; return what it holds.

    The keys stay out of it, and so does procrastinate: its jobs are made anew from the runs that wait.

    Args:
        url: The database.
        target: The file.
        programs: The folder of ``pg_dump`` and ``pg_restore`` (``PG_BIN_DIR``); None for the ``PATH``.

    Raises:
        CopyFailed: A program is missing, older than the server, or failed.
    """
    from bot.storage.carrier import FAMILY  # noqa: PLC0415 — needs an optional extra

    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    location, password = without_password(url)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    async with _snapshot(url) as (snapshot, counts):
        what = ("--format=custom", "--exclude-table-data=key", f"--exclude-schema={FAMILY}*", f"--snapshot={snapshot}")
        await run_program(programs, environment, "pg_dump", *what, f"--file={target}", location)
    # ``pg_restore --list`` is content with a dump that was cut off; a script made of the whole of it is not.
    await run_program(programs, environment, "pg_restore", "--file=/dev/null", str(target))
    return counts


@asynccontextmanager
async def _snapshot(url: str) -> AsyncGenerator[tuple[str, dict[str, int]]]:
    """Hold the database as it is now, so that what is counted is what is dumped, while others write."""
    import psycopg  # noqa: PLC0415 — an optional extra

    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        exported = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
        counted = await (await connection.execute(COUNTS)).fetchone()
        yield str((exported or ("",))[0]), dict(zip(COUNTED, counted or (), strict=True))


def without_password(url: str) -> tuple[str, str | None]:
    """Return *url* without its password, which every user of the machine could read in the list of processes."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 — an optional extra

    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    return make_conninfo("", **parts), str(password) if password else None


async def run_program(programs: Path | None, environment: dict[str, str], program: str, *arguments: str) -> None:
    """Run a program of the PostgreSQL client to its end; it dies with us.

    Raises:
        CopyFailed: It is missing, older than the server, or failed.
    """
    path = str(programs / program) if programs else program
    async with _process(path, *arguments, environment=environment) as process:
        _, errors = await process.communicate()
    if process.returncode:
        text = errors.decode(errors="replace")
        if "server version mismatch" in text:
            raise CopyFailed(
                Text("{program} is older than the server: set PG_BIN_DIR to the folder of a newer one.", program=program)
            )
        raise CopyFailed(
            Text("{program} failed: {reason}", program=program, reason=text.strip().splitlines()[-1] if text else "no word")
        )


@asynccontextmanager
async def _process(path: str, *arguments: str, environment: dict[str, str]) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start a program and end it with the block, also where that is cancelled."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            path, *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except FileNotFoundError as error:
        raise CopyFailed(Text("{path} is not there: install the PostgreSQL client, or set PG_BIN_DIR.", path=path)) from error
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
