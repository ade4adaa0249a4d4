"""Executing one run: under a lease that is renewed, within its timeout, with its outcome in the history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot import logs
from bot.domain.errors import BotError, Conflict, InvalidInput
from bot.domain.ids import Clock, RunId
from bot.scheduler.faults import INTERRUPTED, STOPPED_ITSELF, Fault, TimedOut, fault_of
from bot.scheduler.keeping import Keeper, Stop
from bot.scheduler.outcomes import Outcomes
from bot.scheduler.pinging import Pings
from bot.services.alerting import Alerting
from bot.storage import run_requests, runs, schedules
from bot.storage.database import Database, DatabaseUnavailable, UniqueViolation
from bot.storage.runs import NewRun, Run
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext, Task, TaskServices
from bot.texts import scheduling as texts

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  #: CONTRACT.md, *One database, one bot*
HEARTBEAT = timedelta(seconds=15)
_LETS_GO_SECONDS = 2.0  #: in which a task that is told to stop has stopped, where its process ends


class TaskBusy(Conflict):
    """A run of this task is under way elsewhere."""


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
                run_id = await run_requests.request_here(tx, new, at=at)
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
        keeper = Keeper(db=self.db, clock=self.clock, run=run, lease=LEASE, heartbeat=HEARTBEAT)
        with logs.listening(keeper.log.hear):
            work = asyncio.create_task(self._perform(run, keeper))
        keeping = asyncio.create_task(keeper.keep(work))
        pings, ending = Pings(None), False
        try:
            pings = await self._pings(run)
            pings.begin()
            await asyncio.wait({work})
        except asyncio.CancelledError:
            ending = True
        keeping.cancel()
        is_over = await _to_its_end(self._record(keeper, work, is_ending=ending))
        if ending or not is_over:
            await pings.drop()
        if ending:
            raise asyncio.CancelledError
        async with self.db.reading() as tx:
            ended = await runs.find(tx, run.id) or run
        if is_over:
            await pings.end(ended.state)
        return ended

    async def keep_own(self) -> None:
        """Renew the leases of all that is executed here: a clock that was set forward has ended them, and nobody is dead."""
        async with self.db.transaction() as tx:
            await runs.renew_all_of(tx, self.owner, lease_until=self.clock() + LEASE)

    async def take_up(self, *, dead_owner: str | None = None) -> None:
        """Record of the runs whose process is dead that they were interrupted, and have them tried again where attempts are left.

        Args:
            dead_owner: How the names begin of owners that cannot live any more; the others are dead when their lease has run out.
        """
        async with self.db.reading() as tx:
            orphaned = await runs.orphaned(tx, at=self.clock(), dead_owner=dead_owner)
        for run in orphaned:
            if run.cancel_requested_at is not None:
                await self._outcomes.cancel(run)
            else:
                await self._outcomes.fail(run, INTERRUPTED)

    @property
    def _outcomes(self) -> Outcomes:
        return Outcomes(db=self.db, clock=self.clock, alerting=self.alerting)

    async def _perform(self, run: Run, keeper: Keeper) -> Result | Fault:
        """Do what the task does, within its time."""
        task = TASKS.get(run.task)
        try:
            task = _possible(run, task)
            context = RunContext(
                services=self.services,
                checkpoint=_checkpoint,
                progress=keeper.progress,
                is_dry_run=run.is_dry_run,
                backs_up_first=run.is_backed_up_first,
            )
            return await _in_time(task, context, task.parse(run.payload))
        except Exception as error:
            if not isinstance(error, BotError | DatabaseUnavailable | TimedOut):
                logger.exception("The task %s failed.", run.task)
            return fault_of(error, task.timeout if task else None)

    async def _record(self, keeper: Keeper, work: asyncio.Task[Result | Fault], *, is_ending: bool) -> bool:
        """Record how the work ended, by itself or because it was stopped; return whether the run is over.

        Args:
            keeper: What kept the run.
            work: What was done.
            is_ending: The process ends: the work is stopped, and goes back unless it has just ended.
        """
        if is_ending:
            work.cancel()
            await asyncio.wait({work}, timeout=_LETS_GO_SECONDS)
        if not work.done():
            logger.warning("The task %s does not stop; its run is taken up when its lease has run out.", keeper.run.task)
            return False
        outcome, outcomes = None if work.cancelled() else work.result(), self._outcomes
        if isinstance(outcome, Result):
            return await outcomes.succeed(keeper.run, outcome, keeper.write)
        await keeper.look(work)  # what failed because it was stopped has not failed
        if keeper.stop is Stop.LOST:
            logger.warning("The run of %s was taken over by another process.", keeper.run.task)
            return False
        if keeper.stop is Stop.CALLED_OFF:
            return await outcomes.cancel(keeper.run, keeper.write)
        if is_ending:
            await outcomes.give_back(keeper.run, keeper.write)
            return False
        return await outcomes.fail(keeper.run, outcome or STOPPED_ITSELF, keeper.write)

    async def _pings(self, run: Run) -> Pings:
        """Return what tells the heartbeat address of the run's schedule, where there is one."""
        if run.schedule_id is None or run.is_dry_run:
            return Pings(None)
        try:
            async with self.db.reading() as tx:
                schedule = await schedules.get(tx, run.schedule_id)
        except DatabaseUnavailable:
            return Pings(None)
        return Pings(schedule.plan.heartbeat_url if schedule else None)


def _possible(run: Run, task: Task[Any] | None) -> Task[Any]:
    """Return the task of a run.

    Raises:
        InvalidInput: It is not in this release, or cannot do what the run says.
    """
    if task is None:
        raise InvalidInput(texts.GONE(task=run.task))
    if run.is_dry_run and not task.deletes:
        raise InvalidInput(texts.DELETES_NOTHING(task=run.task))
    return task


async def _in_time(task: Task[Any], context: RunContext, payload: Any) -> Result:  # noqa: ANN401 — what the task says
    """Run a task.

    Raises:
        TimedOut: Its time is over; a ``TimeoutError`` of its own is something else.
    """
    limit = asyncio.timeout(task.timeout.total_seconds())
    try:
        async with limit:
            return await task.run(context, payload)
    except TimeoutError as error:
        if limit.expired():
            raise TimedOut from error
        raise


async def _to_its_end(recording: Coroutine[None, None, bool]) -> bool:
    """Do what must not be left half done: where we are cancelled meanwhile, it is done all the same, and then we are."""
    doing = asyncio.create_task(recording)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        doing.exception()
        raise


async def _checkpoint() -> None:
    """Let others have their turn, and be stopped here where the run is to stop."""
    await asyncio.sleep(0)
