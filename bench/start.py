"""``python -m bench start``: how long the bot and its commands take to start, and what the bot costs while nobody writes."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from bench import load
from bench.child import ROOT, Bot, Home
from bench.report import Report
from bench.telegram import Telegram

TASKS = str(ROOT / "run_scheduled_tasks.py")
_SETTLE_SECONDS = 3.0


async def run(report: Report, folder: Path, *, rounds: int, idle_seconds: float) -> None:
    """Measure everything in *folder*, on SQLite; medians of so many rounds, the kinds in turn."""
    telegram = Telegram(seed=1)
    async with telegram.server:
        homes = [_home(folder / f"home-{number}", telegram) for number in range(rounds)]
        report.heading(f"Floor: what Python takes, median of {rounds}")
        report.add("python -c pass", _median_seconds(homes[0], rounds, "-c", "pass"), "s")
        report.add("python -c 'import telegram.ext'", _median_seconds(homes[0], rounds, "-c", "import telegram.ext"), "s")
        report.heading(f"From the start of the process, median of {rounds}")
        fresh = [await _first_poll_seconds(telegram, home) for home in homes]
        existing = [await _first_poll_seconds(telegram, home) for home in homes]
        report.add("to the first getUpdates, fresh database", statistics.median(fresh), "s", at_most=0.8)
        report.add("to the first getUpdates, existing database", statistics.median(existing), "s", at_most=0.8)
        report.add("run_scheduled_tasks.py backup, to its end", _median_seconds(homes[0], rounds, TASKS, "backup"), "s")
        report.add("run_scheduled_tasks.py --help, to its end", _median_seconds(homes[0], rounds, TASKS, "--help"), "s")
        await idle(report, telegram, homes[0], idle_seconds)


def _home(folder: Path, telegram: Telegram) -> Home:
    folder.mkdir()
    return Home.on_sqlite(folder, telegram.server.url)


async def _first_poll_seconds(telegram: Telegram, home: Home) -> float:
    bot = Bot(home)
    try:
        await load.polled(telegram, bot)
        return time.perf_counter() - bot.started_at
    finally:
        await asyncio.to_thread(bot.stop)
        telegram.server.updates.abort("Conflict: the bot has gone")


def _median_seconds(home: Home, rounds: int, *arguments: str) -> float:
    return statistics.median(_seconds(home, *arguments) for _ in range(rounds))


def _seconds(home: Home, *arguments: str) -> float:
    """Return the wall time of a command.

    Raises:
        RuntimeError: It failed.
    """
    began_at = time.perf_counter()
    code = home.start(*arguments).wait()
    if code:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {code}\n{home.output()}")
    return time.perf_counter() - began_at


async def idle(report: Report, telegram: Telegram, home: Home, seconds: float) -> None:
    """Measure a bot to which nobody writes."""
    report.heading(f"The whole bot, idle, over {seconds:g} s")
    bot = Bot(home)
    try:
        await load.polled(telegram, bot)
        await asyncio.sleep(_SETTLE_SECONDS)
        before, began_at = bot.cpu(), time.perf_counter()
        await asyncio.sleep(seconds)
        cpu = (bot.cpu() - before) / (time.perf_counter() - began_at)
        report.add("CPU of the bot, share of a core", cpu.whole * 100, "%", at_most=0.3)
        report.add("resident", bot.rss_mb(), "MB")
    finally:
        await asyncio.to_thread(bot.stop)
