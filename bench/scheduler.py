"""``python -m bench scheduler``: what the scheduler costs while nothing is due, and how it copes when everything is."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import lag, start, ticking
from bench.child import Bot, Home
from bench.report import Report, quantile
from bench.telegram import Telegram, now
from bot import app as root
from bot import processes
from bot.app import App
from bot.domain.schedules import Cron, Interval, When
from bot.scheduler import reconciling
from bot.settings import load
from bot.storage import runs, schedules
from bot.storage.schedules import Plan

_LINES = ("*/5 * * * *", "0 2 * * *", "0 9 * * 1-5", "30 3 13 * 5", "0 0 29 2 *")
_SETTLE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_MOST_LATE_SECONDS = 30.0  #: until what was begun must be over


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    many: int = 10_000
    idle_seconds: float = 60.0
    processes: int = 4
    seconds: float = 25.0


QUICK = Options(many=300, idle_seconds=1.0, processes=3, seconds=2.0)


async def run(options: Options, report: Report, folder: Path) -> None:
    """Measure everything in *folder*, on SQLite."""
    await _next_times(report)
    for number in (0, options.many):
        home = Home.on_sqlite(_made(folder / f"idle-{number}"), "http://127.0.0.1:9")
        await _idle(options, report, home, number)
    telegram = Telegram(seed=1)
    async with telegram.server:
        await start.idle(report, telegram, Home.on_sqlite(_made(folder / "whole"), telegram.server.url), options.idle_seconds)
    await _backlog(options, report, Home.on_sqlite(_made(folder / "backlog"), "http://127.0.0.1:9"))
    await several(options, report, Home.on_sqlite(_made(folder / "several"), "http://127.0.0.1:9"))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@asynccontextmanager
async def _opened(home: Home) -> AsyncGenerator[App]:
    settings = load(home.variables(), None)
    root.check(settings)
    await root.prepare(settings)
    async with root.opened(settings, kind="bench") as app:
        yield app


async def _add(app: App, number: int, when: When, *, task: str, first: datetime, apart: timedelta = timedelta(0)) -> None:
    """Add so many schedules."""
    async with app.db.transaction() as tx:
        for one in range(number):
            name = task.format(number=one)
            plan = Plan(name=f"of_{name}_{one}", task=name, when=when, payload={}, max_retries=0)
            await schedules.add(tx, plan, next_run_at=first + one * apart, at=app.clock())


async def _next_times(report: Report) -> None:
    report.heading("The next time of a cron line, median of 2,000")
    for line in _LINES:
        when, at, took = Cron(line, "Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), list[float]()
        for _ in range(2_000):
            began_at = time.perf_counter()
            when.next(at, now=at)
            took.append(time.perf_counter() - began_at)
            at += timedelta(hours=13)
        report.add(line, quantile(took, 0.5) * 1e6, "µs")


async def _idle(options: Options, report: Report, home: Home, number: int) -> None:
    """Measure a scheduler of which nothing is due."""
    async with _opened(home) as app:
        await app.reconciling.reconcile({})
        far = app.clock() + timedelta(hours=6)
        await _add(app, number, Interval(timedelta(days=1)), task="match", first=far, apart=timedelta(seconds=5))
        async with app.db.transaction() as tx:
            await tx.execute("UPDATE schedule SET next_run_at = :far WHERE next_run_at < :far", far=far)
    report.heading(f"The scheduler alone, with the default schedules and {number:,} more, over {options.idle_seconds:g} s")
    (journal := home.folder / "journal").touch()
    child = Bot(home, "-m", "bench.ticking", "host", "defaults", str(journal))
    try:
        await _ready(home, 1, child)
        await asyncio.sleep(_SETTLE_SECONDS)
        before, began_at = child.cpu(), time.perf_counter()
        await asyncio.sleep(options.idle_seconds)
        cpu = (child.cpu() - before) / (time.perf_counter() - began_at)
        report.add("CPU, share of a core", cpu.whole * 100, "%", at_most=0.05)
        report.add("resident", child.rss_mb(), "MB")
    finally:
        await asyncio.to_thread(child.stop)


async def _backlog(options: Options, report: Report, home: Home) -> None:
    """Measure how long it takes until all that is due at once is begun, and how long others wait meanwhile."""
    report.heading(f"{options.many:,} schedules that fall due at the same moment")
    kept, reconciling.DEFAULTS = reconciling.DEFAULTS, ()
    try:
        async with _opened(home) as app:
            await _add(app, options.many, Interval(timedelta(days=1)), task="match", first=app.clock())
            clock = processes.manager(app).clock
            root.settle()
            began_at = now()
            async with lag.watched() as late:
                while await clock.tick() <= timedelta(0):
                    pass
            took = now() - began_at
            async with lag.watched() as claiming:
                claims = [await _claim_seconds(app) for _ in range(50)]
            async with app.db.reading() as tx:
                found = await tx.fetch_one("SELECT count(*) AS runs FROM run")
    finally:
        reconciling.DEFAULTS = kept
    report.add("runs written", found["runs"] if found else 0, at_least=options.many)
    report.add("begun", options.many / took, "/s")
    report.add("longest block of the loop", max(late, default=0.0) * 1000, "ms", at_most=10)
    report.add("to take one of them, median", quantile(claims, 0.5) * 1000, "ms")
    report.add("longest block of the loop meanwhile", max(claiming, default=0.0) * 1000, "ms", at_most=10)


async def _claim_seconds(app: App) -> float:
    """Take a run and give it back."""
    began_at = now()
    run = await app.executor.claim()
    took = now() - began_at
    if run is not None:
        async with app.db.transaction() as tx:
            await runs.give_back(tx, run, at=app.clock())
    return took


async def several(options: Options, report: Report, home: Home) -> None:
    """Measure several processes that begin and execute the same schedules: the host of the file, and guests beside it."""
    count, seconds = options.processes, options.seconds
    report.heading(f"{count} processes on one file, {ticking.TICKS} schedules a second for {seconds:g} s")
    (journal := home.folder / "journal").touch()
    async with _opened(home):
        pass
    roles = ["host", *["guest"] * (count - 1)]
    children = [Bot(home, "-m", "bench.ticking", role, "none", str(journal)) for role in roles]
    try:
        await _ready(home, count, *children)
        with closing(sqlite3.connect(home.folder / "bot.db", isolation_level=None, timeout=10)) as beside:
            beside.execute("PRAGMA wal_autocheckpoint = 0")
            await _let_tick(home, beside, seconds)
            await _all_over(beside, children)
            _report_several(report, beside, journal, children)
    finally:
        await asyncio.gather(*(asyncio.to_thread(child.stop) for child in children))
    if output := home.output():
        print(f"\nThe processes printed:\n{output[-3000:]}")


async def _let_tick(home: Home, beside: sqlite3.Connection, seconds: float) -> None:
    settings = load(home.variables(), None)
    async with root.opened(settings, kind="bench", is_guest=True) as app:
        ticking.add_tasks(home.folder / "journal")
        each = timedelta(seconds=1)
        await _add(app, ticking.TICKS, Interval(each), task="tick_{number}", first=app.clock() + each, apart=each / ticking.TICKS)
    await asyncio.sleep(seconds + 1)
    beside.execute("UPDATE schedule SET is_enabled = 0")


async def _all_over(beside: sqlite3.Connection, children: list[Bot]) -> None:
    give_up_at = now() + _MOST_LATE_SECONDS
    while beside.execute("SELECT 1 FROM run WHERE finished_at IS NULL").fetchone() and now() < give_up_at:
        _check(*children)
        await asyncio.sleep(_LOOK_SECONDS)


def _report_several(report: Report, beside: sqlite3.Connection, journal: Path, children: list[Bot]) -> None:
    found = beside.execute("SELECT task, state, (started_at - scheduled_for_at) / 1e6, missed FROM run").fetchall()
    succeeded = Counter(task for task, state, _, _ in found if state == "succeeded")
    executed = Counter(line.split()[0] for line in journal.read_text().splitlines())
    by = Counter(line.split()[1] for line in journal.read_text().splitlines())
    late = [seconds for _, state, seconds, _ in found if state == "succeeded"]
    report.add("occurrences", sum(1 + missed for _, _, _, missed in found))
    report.add("executed", sum(executed.values()))
    report.add("executed more than once", sum((executed - succeeded).values()), at_most=0)
    report.add("not executed", sum(1 + missed for _, state, _, missed in found if state != "succeeded"), at_most=0)
    report.add("processes that executed some", len(by), at_most=len(children))
    report.add("late, median", quantile(late, 0.5) * 1000, "ms")
    report.add("late, p99", quantile(late, 0.99) * 1000, "ms")
    report.add("late, max", max(late, default=0.0) * 1000, "ms")


async def _ready(home: Home, number: int, *children: Bot) -> None:
    """Wait until so many processes are ready."""
    while len(list(home.folder.glob(f"{ticking.READY}-*"))) < number:
        _check(*children)
        await asyncio.sleep(_LOOK_SECONDS)


def _check(*children: Bot) -> None:
    """Pass where all live.

    Raises:
        RuntimeError: One has ended.
    """
    for child in children:
        if not child.is_running:
            raise RuntimeError(f"A process has ended:\n{child.home.output()}")
