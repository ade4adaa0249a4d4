"""What every process does that lives on, whether it knows Telegram or not; and the scheduler as a process of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from bot import app as root
from bot.app import App
from bot.scheduler.clock import SchedulerClock
from bot.scheduler.manager import Manager
from bot.scheduler.runners import Runner
from bot.scheduler.runners.local import LocalRunner
from bot.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

KIND = "scheduler"  #: in the names of lease owners
EXIT_SECONDS = 14.0  #: CONTRACT.md: a process that is told to stop has ended within 15 s

_ONE_FILE = (
    "DATABASE_URL: names SQLite, whose file one process lives with: python -m bot run does there what the scheduler does; "
    "for a scheduler of its own set it to postgresql://user:password@host/name"
)


async def run_scheduler(settings: Settings, *, stopping: asyncio.Event | None = None) -> None:
    """Execute what is scheduled until SIGTERM or SIGINT, without Telegram: what people are to hear, the bot sends.

    Args:
        settings: As they were loaded; a token is not needed.
        stopping: Set by a signal, or by the caller in place of one.

    Raises:
        BotError: It cannot start; the sentence says why, and what would be right.
        SettingsError: A setting cannot be used, or the database is one with which only one process lives.
    """
    if not settings.is_postgresql:
        raise SettingsError([_ONE_FILE])
    stopping = stopping or asyncio.Event()
    listen_for_signals(stopping)
    root.check(settings)
    await root.prepare(settings)
    if not settings.admin_ids:
        logger.warning("ADMIN_IDS is empty: nobody can hear of failures.")
    async with root.opened(settings, kind=KIND) as app:
        scheduler = asyncio.create_task(manager(app).run(app.owned_intervals, dead_owner=None))
        root.settle()
        signalled = asyncio.create_task(stopping.wait())
        await asyncio.wait({scheduler, signalled}, return_when=asyncio.FIRST_COMPLETED)
        logger.info("Stopping.")
        for one in (scheduler, signalled):
            one.cancel()
        (result,) = await asyncio.gather(scheduler, return_exceptions=True)
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
    logger.info("Stopped.")


def clock_of(app: App) -> SchedulerClock:
    """Return what sleeps until the next thing that has a time."""
    return SchedulerClock(
        db=app.db,
        clock=app.clock,
        executor=app.executor,
        offering=app.offering,
        idling=app.idling,
        reconciling=app.reconciling,
        check_interval=app.settings.scheduler_check_interval,
    )


def manager(app: App) -> Manager:
    """Return what does everything that has a time."""
    clock = clock_of(app)
    return Manager(reconciling=app.reconciling, clock=clock, runner=_runner(app, clock), transferring=app.transferring)


def _runner(app: App, clock: SchedulerClock) -> Runner:
    """Return what executes runs: on SQLite this process alone, on PostgreSQL any number of them."""
    concurrency = app.settings.scheduler_concurrency
    if not app.settings.is_postgresql:
        return LocalRunner(executor=app.executor, ready=clock.ready, concurrency=concurrency)
    from bot.scheduler.runners.procrastinate import ProcrastinateRunner  # noqa: PLC0415 — an optional extra, and 200 ms

    return ProcrastinateRunner(executor=app.executor, url=app.settings.database_url, concurrency=concurrency)


def listen_for_signals(stopping: asyncio.Event) -> None:
    """Set *stopping* at the first SIGTERM or SIGINT; end the process at the second one: nothing would be lost by it."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(0)
        stopping.set()
        loop.call_later(EXIT_SECONDS, os._exit, 0)  # whatever still hangs then is taken up at the next start

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
