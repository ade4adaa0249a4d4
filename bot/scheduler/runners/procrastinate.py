"""Runs carried by procrastinate through PostgreSQL, to this process or to any other that executes runs."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from bot.domain.ids import RunId
from bot.scheduler.execution import Executor
from bot.scheduler.runners.under_way import UnderWay, execute
from bot.storage import carrier
from bot.storage.database import Channel, DatabaseUnavailable, wait
from bot.storage.runs import Run

logger = logging.getLogger(__name__)

_POLL_SECONDS = 2.0  #: for what is to be tried again at a time, which nobody notifies
_SWEEP_SECONDS = 60.0
_HEARTBEAT_SECONDS, _DEAD_SECONDS = 15.0, 60.0  #: of a worker; only its messages are cleared away when it is dead
_PAUSE_SECONDS = 1.0  #: before beginning anew where PostgreSQL was away
_TROUBLE_SECONDS = 60.0  #: a worker that lived for so long was well: what ends it now is news
_TRIES = 10  #: to take a run, a second apart at most
_END_SECONDS = 2.0  #: for the worker to take its leave


class _Connector(PsycopgConnector):
    """Procrastinate's way to the database."""

    def __init__(self, sent: asyncio.Event) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] — it has callables of any kind
        self._sent = sent

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Tell of each job that is sent, as our own connection that listens hears of it.

        Procrastinate's own ends for good when the server is restarted, and nobody notices.
        """
        while True:
            await wait(self._sent, seconds=None)
            for channel in channels:
                await on_notification(channel=channel, payload='{"type": "job_inserted", "job_id": 0}')


class _Jobs(JobManager):
    """Procrastinate's access to its jobs; what it cannot write while the server is away does not stop it."""

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that a worker lives."""
        with suppress(ConnectorException):
            await super().update_heartbeat(worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 — procrastinate's signature
        """Close a job; one that another process has cleared away is closed, and one that cannot be closed now will be then."""
        with suppress(ConnectorException):
            await super().finish_job(job, status, delete_job)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcrastinateRunner:
    """Executes what procrastinate delivers here.

    A delivery only says: look at this run. Whoever takes the run by its row executes it, under the lease of that row; every other
    delivery does nothing. So nothing depends on what procrastinate believes of its jobs and its workers.
    """

    executor: Executor
    url: str  #: of the database
    concurrency: int  #: runs at once (``SCHEDULER_CONCURRENCY``)
    _under_way: UnderWay = field(default_factory=UnderWay)

    async def run(self) -> None:
        """Take what is delivered, until cancelled; runs under way go on."""
        places = asyncio.Semaphore(self.concurrency)
        sent = self.executor.db.subscribe(Channel.JOB)
        now, begun_at = asyncio.get_running_loop().time, -math.inf
        while True:
            is_new, begun_at = now() - begun_at > _TROUBLE_SECONDS, now()
            try:
                await self._work(places, sent)
            except Exception as error:  # noqa: BLE001 — whatever it is, runs must be executed again
                level = logging.WARNING if is_new else logging.DEBUG
                logger.log(level, "No runs are taken right now (%s); trying again until they are.", type(error).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def drain(self, *, seconds: float) -> None:
        """Let the runs under way finish; those that take longer are stopped and go back, to be done later."""
        await self._under_way.drain(seconds=seconds)

    async def _work(self, places: asyncio.Semaphore, sent: asyncio.Event) -> None:
        """Be a worker until something breaks."""
        app = App(connector=_Connector(sent))
        app.job_manager = _Jobs(app.connector)

        @app.task(name=carrier.TASK, queue=carrier.QUEUE)
        async def deliver(run_id: int) -> None:  # pyright: ignore[reportUnusedFunction] — its worker calls it
            await asyncio.shield(self._under_way.begin(self._carry_out(RunId(run_id), places)))

        async with carrier.connections(self.url) as pool:
            await app.open_async(pool)
            await self._sweep(app)
            await _until_one_ends(self._worker(app).run(), self._sweep_again_and_again(app))

    def _worker(self, app: App) -> Worker:
        return Worker(
            app,
            queues=[carrier.QUEUE],
            concurrency=self.concurrency,
            fetch_job_polling_interval=_POLL_SECONDS,
            abort_job_polling_interval=_SWEEP_SECONDS,  # nobody aborts a job: a run is cancelled in its row
            shutdown_graceful_timeout=0,  # what it delivered goes on without it
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=_HEARTBEAT_SECONDS,
            stalled_worker_timeout=_DEAD_SECONDS,
        )

    async def _carry_out(self, run_id: RunId, places: asyncio.Semaphore) -> None:
        """Take a run and execute it; nothing where it is over, under way, or has to wait for another one of its task."""
        async with places:
            try:
                run = await self._taken(run_id)
            except DatabaseUnavailable:
                return  # the next sweep sends it again
            if run is not None:
                await execute(self.executor, run)

    async def _taken(self, run_id: RunId) -> Run | None:
        """Take a run, and wait a little where the server's clock is ahead of ours; None where it is not to be had."""
        for _ in range(_TRIES):
            run = await self.executor.claim(run_id)
            if run is not None:
                return run
            async with self.executor.db.transaction() as tx:
                pause = await carrier.until_free(tx, run_id, at=self.executor.clock())
            if pause is None:
                return None
            await asyncio.sleep(min(pause.total_seconds(), _PAUSE_SECONDS))
        return None  # a sweep sends it again

    async def _sweep_again_and_again(self, app: App) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            await self._sweep(app)

    async def _sweep(self, app: App) -> None:
        """Clear away what dead workers left, and send again what was lost."""
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_SECONDS):
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        async with self.executor.db.transaction() as tx:
            await carrier.carry_what_waits(tx, at=self.executor.clock())


async def _until_one_ends(*works: Coroutine[None, None, None]) -> None:
    """Do several things until one of them ends or we are cancelled; the others are ended, and not waited for long."""
    all_of_them = [asyncio.create_task(work) for work in works]
    for one in all_of_them:
        one.add_done_callback(_heard)
    try:
        ended, _ = await asyncio.wait(all_of_them, return_when=asyncio.FIRST_COMPLETED)
        for one in ended:
            one.result()
    finally:
        for one in all_of_them:
            one.cancel()
        await asyncio.wait(all_of_them, timeout=_END_SECONDS)


def _heard(one: asyncio.Task[None]) -> None:
    """Take note of an error that comes when nobody waits any more: PostgreSQL went away before the worker did."""
    if not one.cancelled():
        one.exception()
