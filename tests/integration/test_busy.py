"""A command beside another process that holds the write lock of SQLite for longer than we wait; see test_regressions.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot import app as root
from bot.commands import console, running
from bot.domain.text import Text
from bot.settings import Settings
from bot.storage import sqlite
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task

pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A payload without a field."""


@pytest.fixture
def other(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The connection of another process."""
    with closing(sqlite3.connect(str(settings.sqlite_path), isolation_level=None)) as connection:
        yield connection


async def test_a_command_tells_which_task_found_the_database_busy(
    settings: Settings, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is taken while a task is at work: its outcome says so, and the code is 75; what did not need it is done."""

    async def run(context: RunContext, payload: Any) -> Result:
        other.execute("BEGIN IMMEDIATE")
        return Result("done")

    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    locking = Task(name="locking", payload=Nothing, run=run, timeout=timedelta(minutes=1), does=Text("Lock"))
    monkeypatch.setitem(TASKS, "locking", locking)
    await root.prepare(settings)
    outcomes = list[dict[str, Any]]()
    way = running.Way(wait=0.0, is_dry_run=False, is_backed_up_first=True, given=None, is_silent=True)
    code = await running._run_tasks(settings, ("locking",), way, outcomes)

    assert console.BUSY == code
    assert [("locking", "busy")] == [(outcome["task"], outcome["state"]) for outcome in outcomes]
    assert "Another process is writing" in outcomes[0]["error"]
