"""The schema: the same on both databases, brought up to date at a start, and never touched by an older release."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot import app as root
from bot.app import App
from bot.settings import Settings, load
from bot.storage import migrations
from bot.storage.migrations import DatabaseTooNew, is_behind, schema_version
from tests.support import Postgres, SteadyClock

_UNKNOWN = "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) VALUES ('ff', '9999.future', '2030-01-01')"
_LEFT_BEHIND = "INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, '2020-01-01', 4194304)"


@pytest.fixture
def settings(environment: dict[str, str], postgres: Postgres) -> Settings:
    """The settings of a database without a schema."""
    empty = {"DATABASE_URL": postgres.new_database()} if "PG_BIN_DIR" in environment else {}
    return load({**environment, **empty}, None)


def run(settings: Settings, sql: str) -> list[Any]:
    """Run a statement past the bot."""
    if settings.sqlite_path is not None:
        with closing(sqlite3.connect(settings.sqlite_path)) as connection, connection:
            return connection.execute(sql).fetchall()
    with psycopg.connect(settings.database_url) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


async def test_a_second_time_changes_nothing(settings: Settings) -> None:
    """Each start may bring the schema up to date; what is there stays."""
    await root.prepare(settings)
    run(settings, "INSERT INTO lease (name, owner, expires_at) SELECT 'a', 'b', created_at FROM key")
    before = run(settings, "SELECT migration_id FROM _yoyo_migration")
    await root.prepare(settings)

    assert before == run(settings, "SELECT migration_id FROM _yoyo_migration")


async def test_a_newer_database_is_refused(settings: Settings) -> None:
    """A release that does not know what it would write to does not write."""
    await root.prepare(settings)
    run(settings, _UNKNOWN)

    with pytest.raises(DatabaseTooNew, match="newer release"):
        await root.prepare(settings)


async def test_a_lock_that_was_left_behind_keeps_nobody_down(settings: Settings) -> None:
    """A ``kill -9`` in mid-migration leaves a row of yoyo's; the next start breaks it."""
    await root.prepare(settings)
    run(settings, _LEFT_BEHIND)
    migrations.migrate(settings.database_url, settings.sqlite_path)

    assert [] == run(settings, "SELECT * FROM yoyo_lock")


async def test_the_newest_step_is_what_the_database_has(settings: Settings) -> None:
    """A manifest names the step that was applied last."""
    await root.prepare(settings)

    assert [(schema_version(),)] == run(settings, "SELECT max(migration_id) FROM _yoyo_migration")
    assert not is_behind(settings.database_url, settings.sqlite_path)


async def test_a_database_that_is_not_there_is_not_behind(settings: Settings) -> None:
    """A first start has nothing to back up."""
    assert not is_behind(settings.database_url, settings.sqlite_path)


async def both(tmp_path: Path, postgres: Postgres) -> tuple[Settings, Settings]:
    """Return the settings of two fresh databases, one of each kind."""
    folder = {"BACKUP_DIR": str(tmp_path / "backups")}
    pair = (
        load({**folder, "DATABASE_URL": f"sqlite:///{tmp_path / 'same.db'}"}, None),
        load({**folder, "DATABASE_URL": postgres.new_database()}, None),
    )
    for settings in pair:
        await root.prepare(settings)
    return pair


def ours(found: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Return what is not yoyo's."""
    return {tuple(row) for row in found if "yoyo" not in row[0]}


async def test_both_databases_have_the_same_tables_and_columns(tmp_path: Path, postgres: Postgres) -> None:
    """And the same columns may be absent."""
    sqlite, postgresql = await both(tmp_path, postgres)
    in_sqlite = run(
        sqlite,
        """
        SELECT t.name, c.name, CASE WHEN c."notnull" OR c.pk THEN 'NO' ELSE 'YES' END
          FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
        """,
    )
    in_postgresql = run(
        postgresql, "SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
    )

    assert ours(in_sqlite) == ours(in_postgresql)


async def test_both_databases_have_the_same_named_indexes(tmp_path: Path, postgres: Postgres) -> None:
    """The rules that an index guards are guarded on both."""
    sqlite, postgresql = await both(tmp_path, postgres)
    in_sqlite = run(sqlite, "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    in_postgresql = run(
        postgresql,
        r"SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ '_(pkey|key[0-9]*)$'",
    )

    assert ours(in_sqlite) == ours(in_postgresql)


@pytest.mark.parametrize("folder", ["with space", "per%20cent", "hash#tag", "question?mark", "ዳታ", "a+b&c=d"])
async def test_the_file_may_lie_anywhere(tmp_path: Path, folder: str, clock: SteadyClock) -> None:
    """Whatever characters the path has, the schema comes into the file that is opened."""
    path = tmp_path / folder / "bot.db"
    settings = load({"DB_PATH": str(path), "BACKUP_DIR": str(tmp_path / "backups"), "ENCRYPTION_KEY": "A" * 43 + "="}, None)
    root.check(settings)
    await root.prepare(settings)
    async with root.opened(settings, kind="bot", clock=clock) as app:
        backup = await app.executor.services.backups.create()

    assert [True, True] == [path.exists(), backup.exists()]
    assert ["bot.db"] == [each.name for each in path.parent.iterdir() if each.suffix == ".db"]


async def test_the_file_is_for_our_eyes_only(settings: Settings, app: App) -> None:
    """Nobody else on the machine reads it, nor its log."""
    path = settings.sqlite_path
    files = [each for each in path.parent.glob("bot.db*") if each.suffix != ".lock"] if path else []

    assert [] == [(each.name, oct(each.stat().st_mode & 0o777)) for each in files if each.stat().st_mode & 0o077]
