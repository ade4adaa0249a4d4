"""Executing one run: under a lease that is renewed, within its timeout, with its outcome in the history."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot.domain import retries
from bot.domain.errors import BotError, Conflict
from bot.domain.ids import Clock, RunId
from bot.services import buttons
from bot.services.alerting import Alerting
from bot.storage import runs
from bot.storage.database import Database, DatabaseUnavailable, UniqueViolation
from bot.storage.runs import NewRun, Outcome, Run
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, TaskServices
from bot.texts import admin as to_admin
from bot.texts import everyone

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  #: CONTRACT.md, *One database, one bot*
HEARTBEAT = timedelta(seconds=15)


class TaskBusy(Conflict):
    """A run of this task is under way elsewhere."""


class LeaseLost(Conflict):
    """Somebody else took the run over; what we do for it counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Takes runs and executes them; the same code in the bot, in a worker and in a command."""

    db: Database
    clock: Clock
    owner: str  #: names this process: ``kind:host:process:start``
    services: TaskServices
    alerting: Alerting

    async def claim(self, only: RunId | None = None) -> Run | None:
        """Take a run that is due; None where there is none, or another process has just taken one of the same task."""
        at = self.clock()
        try:
            async with self.db.transaction() as tx:
                return await runs.claim(tx, self.db, owner=self.owner, at=at, lease_until=at + LEASE, only=only)
        except UniqueViolation:
            return None

    async def begin(self, new: NewRun) -> Run:
        """Ask for a run and take it, in one transaction, so that nobody else can.

        Raises:
            TaskBusy: One of the same task is under way.
        """
        await self.take_up()  # what a dead process left behind would be in our way, and nobody else may be there to see it
        at = self.clock()
        busy = TaskBusy(f"The task {new.task} is running elsewhere: try again.")
        try:
            async with self.db.transaction() as tx:
                run_id = await runs.request(tx, new, at=at)
                run = (
                    await runs.claim(tx, self.db, owner=self.owner, at=at, lease_until=at + LEASE, only=run_id)
                    if run_id
                    else None
                )
                if run is None:
                    raise busy
                return run
        except UniqueViolation as error:
            raise busy from error

    async def execute(self, run: Run) -> Run:
        """Do what the task does and record how it ended; return the run as it is then.

        Where this is cancelled, the process is being stopped: the run goes back, and the attempt does not count.
        """
        logger.info("Executing scheduled task: %s", run.task)
        try:
            async with self._lease(run):
                result = await self._perform(run)
        except asyncio.CancelledError:
            async with self.db.transaction() as tx:
                await runs.give_back(tx, run, at=self.clock())
            raise
        except LeaseLost:
            logger.warning("The run of %s was taken over by another process.", run.task)
        except TimeoutError:
            await self._fail(run, Outcome.TIMED_OUT, f"not done within {TASKS[run.task].timeout}")
        except (BotError, DatabaseUnavailable) as error:
            await self._fail(run, Outcome.FAILED, str(error))
        except Exception as error:
            logger.exception("The task %s failed.", run.task)
            await self._fail(run, Outcome.FAILED, type(error).__name__)
        else:
            await self._succeed(run, result)
        async with self.db.reading() as tx:
            return await runs.find(tx, run.id) or run

    async def take_up(self, *, dead_owner: str | None = None) -> None:
        """Record of the runs whose process is dead that they were interrupted, and have them tried again where attempts are left.

        Args:
            dead_owner: How the names begin of owners that cannot live any more; the others are dead when their lease has run out.
        """
        async with self.db.reading() as tx:
            orphaned = await runs.orphaned(tx, at=self.clock(), dead_owner=dead_owner)
        for run in orphaned:
            await self._fail(run, Outcome.INTERRUPTED, "its process ended")

    async def _perform(self, run: Run) -> Result:
        task = TASKS.get(run.task)
        if task is None:
            raise Conflict(f"There is no task {run.task} in this release.")
        payload = task.parse(run.payload)
        async with asyncio.timeout(task.timeout.total_seconds()):
            return await task.run(RunContext(services=self.services), payload)

    async def _succeed(self, run: Run, result: Result) -> None:
        at = self.clock()
        async with self.db.transaction() as tx:
            is_ours = await runs.succeed(tx, run, result={"summary": result.summary, **result.counts}, at=at)
            if is_ours and run.requester is not None:  # who hears of a failure too, as one of the admins
                done = to_admin.RUN_DONE(task=run.task, summary=result.summary)
                await self.alerting.tell(tx, run.requester, done, at=at, buttons=[buttons.HOME_BELOW])
        if is_ours:
            logger.info("Successfully executed task: %s", run.task)

    async def _fail(self, run: Run, outcome: Outcome, error: str) -> None:
        at = self.clock()
        is_last = run.attempt >= run.max_attempts
        delay = retries.RUN.delay(run.attempt, chance=random.random())  # noqa: S311 — spreads load, guards nothing
        async with self.db.transaction() as tx:
            if not await runs.fail(tx, run, outcome, error=error, retry_at=None if is_last else at + delay, at=at):
                return
            if is_last:
                remedy = f"python run_scheduled_tasks.py {run.task}"
                await self.alerting.tell_admins(
                    tx, everyone.RUN_FAILED_FOR_ADMINS(task=run.task, error=error, remedy=remedy), at=at
                )
        logger.error("Task %s %s (attempt %d of %d): %s", run.task, outcome, run.attempt, run.max_attempts, error)

    @asynccontextmanager
    async def _lease(self, run: Run) -> AsyncGenerator[None]:
        """Renew the lease for as long as the block lasts; end the block where it is lost."""
        me = asyncio.current_task()
        lost = False

        async def renew() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(HEARTBEAT.total_seconds())
                try:
                    async with self.db.transaction() as tx:
                        is_ours = await runs.renew(tx, run, lease_until=self.clock() + LEASE)
                except DatabaseUnavailable:
                    continue  # three more beats fit into a lease
                if not is_ours and me is not None:
                    lost = True
                    me.cancel()
                    return

        renewing = asyncio.create_task(renew())
        try:
            yield
        except asyncio.CancelledError:
            if lost and me is not None:
                me.uncancel()
                raise LeaseLost("The lease of this run was lost.") from None
            raise
        finally:
            renewing.cancel()
