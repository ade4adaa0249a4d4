"""A database of an earlier release, brought to this one: behind a backup, with all that is in it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import app as root
from bot.domain.schedules import Interval
from bot.settings import Settings, load
from bot.storage import migrations, run_history, schedules
from bot.storage.migrations import is_behind
from tests.integration.test_migrations import run
from tests.support import Postgres, SteadyClock

LAST_STEP = "0002"  #: of the release before schedules could be anything but intervals


@pytest.fixture
def settings(environment: dict[str, str], postgres: Postgres) -> Settings:
    """The settings of a database without a schema."""
    empty = {"DATABASE_URL": postgres.new_database()} if "PG_BIN_DIR" in environment else {}
    return load({**environment, **empty}, None)


@pytest.fixture
async def earlier(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A database as the earlier release left it, with a schedule that has run."""
    steps = tmp_path / "steps"
    for folder in ("sqlite", "postgresql"):
        (steps / folder).mkdir(parents=True)
        for step in (migrations._FOLDERS / folder).glob("*.sql"):
            if step.name[:4] <= LAST_STEP:
                shutil.copy(step, steps / folder)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_FOLDERS", steps)
        migrations.migrate(settings.database_url, settings.sqlite_path)
    at = 1_772_438_400_000_000 if settings.sqlite_path else "'2026-03-02T08:00:00Z'"
    no, yes = (0, 1) if settings.sqlite_path else ("false", "true")
    run(
        settings,
        f"""
        INSERT INTO schedule (id, name, task, every_seconds, payload, max_retries, is_enabled, is_from_environment, next_run_at,
                              created_at)
        VALUES (7, 'match', 'match', 5400, '{{}}', 3, {yes}, {no}, {at}, {at})
        """,
    )
    run(
        settings,
        f"""
        INSERT INTO run (schedule_id, task, payload, trigger, requested_by, state, concurrency_key, max_attempts,
                         scheduled_for_at, due_at, finished_at)
        VALUES (7, 'match', '{{}}', 'schedule', 'clock', 'succeeded', 'match', 4, {at}, {at}, {at})
        """,
    )
    return settings


async def test_schedules_and_their_history_come_along(earlier: Settings, clock: SteadyClock) -> None:
    """A schedule keeps its interval, its next time and its runs; and a backup of before lies beside it."""
    assert is_behind(earlier.database_url, earlier.sqlite_path)
    await root.prepare(earlier)
    async with root.opened(earlier, kind="test", clock=clock) as app, app.db.reading() as tx:
        found: Any = await schedules.find(tx, "match")
        runs = await run_history.of_schedule(tx, found.id, before=None, limit=5)

    assert (Interval(timedelta(minutes=90)), clock()) == (found.when, found.next_run_at)
    assert ["match"] == [one.task for one in runs]
    assert 1 == len([*earlier.backup_dir.glob("*.db"), *earlier.backup_dir.glob("*.dump")])
