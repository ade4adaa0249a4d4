"""Backups restored for a test: into a scratch database that nobody else uses, and that is gone afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from bot.domain.ids import KeyId
from bot.domain.text import Text
from bot.storage import migrations
from bot.storage.copies import COUNTED, COUNTS, CopyFailed, copy_pages, run_program, without_password

if TYPE_CHECKING:
    import psycopg

_NAME = re.compile(r"(postgres(?:ql)?://[^/?#]*)(?:/[^?#]*)?(.*)", re.DOTALL)
_PEOPLE: LiteralString = "SELECT key_id, telegram_id, telegram_hash FROM person ORDER BY id DESC LIMIT 5"
_MESSAGES: LiteralString = """
    SELECT session.key_id, message.body FROM message JOIN session ON session.id = message.session_id
     ORDER BY message.session_id DESC, message.seq DESC LIMIT 5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPerson:
    """How somebody's Telegram id came back: sealed, and hashed."""

    key_id: KeyId
    telegram_id: bytes
    telegram_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back of a backup."""

    counts: dict[str, int]  #: as its manifest counts them
    people: list[SealedPerson]  #: a few of the newest
    messages: list[tuple[KeyId, bytes]]  #: a few of the newest, sealed


def restore_sqlite(backup: Path, scratch: Path) -> Restored:
    """Restore a backup to the file *scratch*, which must not exist, bring it up to date and check it as a whole; blocks.

    Raises:
        CopyFailed: It is damaged.
        DatabaseTooNew: It is of a newer release.
        sqlite3.Error: It is no database.
    """
    copy_pages(backup, scratch)
    with closing(sqlite3.connect(scratch)) as copy:
        _check(copy, backup)
        restored = _restored(
            copy.execute(COUNTS).fetchone(), copy.execute(_PEOPLE).fetchall(), copy.execute(_MESSAGES).fetchall()
        )
    url = f"sqlite:///{scratch}"
    if migrations.is_behind(url, scratch):
        migrations.migrate(url, scratch)
        with closing(sqlite3.connect(scratch)) as copy:
            _check(copy, backup)
    return restored


def _check(copy: sqlite3.Connection, backup: Path) -> None:
    problems = [row[0] for row in copy.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
    if problems or copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise CopyFailed(Text("The backup {file} is damaged: delete it, and make another one with /backup.", file=backup.name))


async def restore_postgresql(url: str, backup: Path, *, programs: Path | None) -> Restored:
    """Restore a dump to a database of its own on the same server, and bring it up to date; it is gone afterwards.

    What a drill left behind that was killed goes first: it has the same name.

    Args:
        url: The database that was dumped.
        backup: The dump.
        programs: The folder of ``pg_restore`` (``PG_BIN_DIR``); None for the ``PATH``.

    Raises:
        CopyFailed: The dump is damaged, the program is missing or older than the server, or we may create no database.
        DatabaseTooNew: It is of a newer release.
    """
    import psycopg  # noqa: PLC0415 — an optional extra

    try:
        return await _restore_dump(url, backup, programs)
    except psycopg.Error as error:
        raise CopyFailed(
            Text(
                "The PostgreSQL server did not let us restore {file} for a test: {reason}.",
                file=backup.name,
                reason=type(error).__name__,
            )
        ) from error


async def _restore_dump(url: str, backup: Path, programs: Path | None) -> Restored:
    async with _scratch(url) as scratch:
        location, password = without_password(scratch)
        environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
        how = ("--exit-on-error", "--no-owner", "--no-privileges")
        await run_program(programs, environment, "pg_restore", *how, f"--dbname={location}", str(backup))
        async with await _connect(scratch) as connection:
            found = [await (await connection.execute(sql)).fetchall() for sql in (COUNTS, _PEOPLE, _MESSAGES)]
        if await asyncio.to_thread(migrations.is_behind, scratch, None):
            await asyncio.to_thread(migrations.migrate, scratch, None)
        return _restored(found[0][0], found[1], found[2])


@asynccontextmanager
async def _scratch(url: str) -> AsyncGenerator[str]:
    """Lend the URL of an empty database beside the one at *url*."""
    import psycopg  # noqa: PLC0415 — an optional extra
    from psycopg import sql  # noqa: PLC0415 — as above

    async with await _connect(url) as connection:
        name = _name_beside(connection.info.dbname)
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        try:
            await connection.execute(drop)
            await connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise CopyFailed(
                Text("The user of the database may not create another one to restore into: give it the right CREATEDB.")
            ) from error
        try:
            yield _named(url, name)
        finally:
            await connection.execute(drop)


async def _connect(url: str) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    import psycopg  # noqa: PLC0415 — an optional extra

    try:
        return await psycopg.AsyncConnection.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise CopyFailed(Text("The PostgreSQL server cannot be reached: start it, or correct DATABASE_URL.")) from error


def _name_beside(database: str) -> str:
    """Return how the scratch database beside another one is called: always the same, so that a leftover is known as ours."""
    return f"hu_counseling_drill_{sha256(database.encode()).hexdigest()[:8]}"


def _named(url: str, name: str) -> str:
    """Return *url* with another database in it; what names one in a query would win over the path, and no URL of ours does."""
    found = _NAME.fullmatch(url)
    if found is None:
        raise ValueError(name)
    return f"{found[1]}/{name}{found[2]}"


def _restored(counts: tuple[Any, ...], people: list[tuple[Any, ...]], messages: list[tuple[Any, ...]]) -> Restored:
    return Restored(
        counts=dict(zip(COUNTED, counts, strict=True)),
        people=[
            SealedPerson(key_id=KeyId(key_id), telegram_id=bytes(telegram_id), telegram_hash=bytes(telegram_hash))
            for key_id, telegram_id, telegram_hash in people
        ],
        messages=[(KeyId(key_id), bytes(body)) for key_id, body in messages],
    )
