"""Runs in this process: none is left behind as running by a process that was stopped in order."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.ids import RunId
from bot.scheduler.execution import Executor
from bot.scheduler.runners.local import LocalRunner
from bot.storage import run_requests
from bot.storage.database import DatabaseUnavailable
from bot.storage.runs import NewRun, Run, Trigger


async def test_a_runner_that_is_stopped_while_the_database_is_away_stops(app: App) -> None:
    """What goes wrong with taking a run just then is not taken for the reason to try again."""
    asked, answered = asyncio.Event(), asyncio.Event()

    class Away(Executor):
        """Is asked for a run, and learns in the end that the database cannot be used."""

        async def claim(self, only: RunId | None = None) -> Run | None:
            """Wait for the database in vain."""
            asked.set()
            await answered.wait()
            raise DatabaseUnavailable("The server is away.")

    own = app.executor
    away = Away(db=own.db, clock=own.clock, owner=own.owner, services=own.services, alerting=own.alerting)
    running = asyncio.create_task(LocalRunner(executor=away, ready=asyncio.Event(), concurrency=5).run())
    await asked.wait()
    running.cancel()
    await asyncio.sleep(0)  # until it knows
    answered.set()
    await asyncio.wait({running}, timeout=5)

    assert running.cancelled()


@pytest.mark.parametrize("microseconds", range(0, 6000, 400))
async def test_a_runner_that_is_stopped_leaves_no_run_behind(app: App, microseconds: int) -> None:
    """Stopped at whatever moment of taking a run, the runner has not taken it, or finishes it: no lease has to run out."""
    async with app.db.transaction() as tx:
        new = NewRun(task="match", trigger=Trigger.EVENT, requested_by="x", max_attempts=1, scheduled_for=app.clock())
        await run_requests.request(tx, new, at=app.clock())
    runner = LocalRunner(executor=app.executor, ready=asyncio.Event(), concurrency=5)

    running = asyncio.create_task(runner.run())
    await asyncio.sleep(microseconds / 1_000_000)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await runner.drain(seconds=8)

    async with app.db.reading() as tx:
        rows = await tx.fetch_all("SELECT state FROM run")
    assert {row["state"] for row in rows} <= {"scheduled", "succeeded"}
