"""``python -m bench relay``: how fast messages cross the bot, how much it adds to the way, and what it costs."""

from __future__ import annotations

import asyncio
import random
import statistics
from dataclasses import dataclass
from pathlib import Path

from bench import conversations, floor, lag, load, profiling
from bench.child import Bot, Home
from bench.floor import Floor
from bench.report import Report, quantile
from bench.telegram import Telegram, now

API_LATENCY = (0.02, 0.1)
STEADY_LATENCY = (0.06, 0.06)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    conversations: int = 50
    window: int = 4
    seconds: float = 20.0
    per_second: float = 25.0
    steady_seconds: float = 15.0
    messages: int = 10_000
    seed: int = 1
    profile: Path | None = None


class Relay:
    """One run, in parts."""

    def __init__(self, options: Options, telegram: Telegram, bot: Bot, report: Report) -> None:
        self.options = options
        self.telegram = telegram
        self.bot = bot
        self.report = report
        self.relayed = 0

    async def throughput(self, floor: Floor) -> None:
        """Everybody writes at once, at 20 to 100 ms of API latency."""
        self.report.heading(f"Throughput: {self.options.conversations} conversations at once, API latency 20-100 ms")
        self.telegram.server.latency = API_LATENCY
        ends_at, cpu_before = now() + self.options.seconds, self.bot.cpu()
        loop = load.ClosedLoop(self.telegram, self.options.window)
        with profiling.sampling(self.bot.popen.pid, self.options.seconds, self.options.profile):
            stretch = await loop.run(lambda: now() >= ends_at)
        cpu = (self.bot.cpu() - cpu_before) / max(1, len(self.telegram.journal.arrivals))
        self.report.add("messages relayed in a second", stretch.per_second, "/s", at_least=200)
        self.report.add("  median of the seconds", self._median_second(), "/s")
        self.report.add("  share of the bare calls", stretch.per_second / floor.calls_per_second * 100, "%")
        self.report.add("CPU of the bot for a message", cpu.whole * 1000, "ms")
        self.report.add("  of which its event loop", cpu.loop * 1000, "ms")
        self.report.add("  times that of a bare call", cpu.whole * 1000 / floor.cpu_ms_per_call, "x")
        self._check()

    async def latency(self, floor: Floor) -> None:
        """Messages at random moments, at 60 ms of API latency."""
        options = self.options
        self.report.heading(f"Latency: {options.per_second:g} messages a second at random moments, API latency 60 ms")
        self.telegram.server.latency = STEADY_LATENCY
        cpu_before, began_at = self.bot.cpu(), now()
        rng = random.Random(options.seed)
        async with lag.watched() as late:
            await load.poisson(self.telegram, per_second=options.per_second, seconds=options.steady_seconds, rng=rng)
        cpu = (self.bot.cpu() - cpu_before) / (now() - began_at)
        own = [seconds * 1000 for seconds in self.telegram.journal.own_share()]
        whole = [seconds * 1000 for seconds in self.telegram.journal.since_written()]
        self.report.add("our own share, median", quantile(own, 0.5), "ms", at_most=5)
        self.report.add("our own share, p99", quantile(own, 0.99), "ms", at_most=15)
        self.report.add("our own share, max", max(own, default=0.0), "ms")
        self.report.add("  median, times that of a bare relay", quantile(own, 0.5) / (floor.share * 1000), "x")
        self.report.add("from written to called, all waiting included, median", quantile(whole, 0.5), "ms")
        self.report.add("from written to called, all waiting included, p99", quantile(whole, 0.99), "ms")
        self.report.add("the bench's own lag, p99", quantile(late, 0.99) * 1000, "ms")
        self.report.add("CPU of the bot, share of a core", cpu.whole * 100, "%")
        self._check()

    async def memory(self) -> None:
        """Go on as in the first part until so many messages were relayed."""
        self.report.heading(f"Memory: until {self.options.messages:,} messages were relayed")
        self.telegram.server.latency = API_LATENCY
        left = self.options.messages - self.relayed
        if left > 0:
            arrivals = self.telegram.journal.arrivals
            await load.ClosedLoop(self.telegram, self.options.window).run(lambda: len(arrivals) >= left)
        self._check()
        await load.quiet(self.telegram)
        self.report.add(f"resident after {self.relayed:,} messages", self.bot.rss_mb(), "MB", at_most=80)

    def _median_second(self) -> float:
        arrivals = self.telegram.journal.arrivals
        seconds = [int(arrival.answered_at - arrivals[0].answered_at) for arrival in arrivals]
        return statistics.median(seconds.count(second) for second in range(max(seconds, default=0) or 1))

    def _check(self) -> None:
        journal = self.telegram.journal
        self.relayed += len(journal.arrivals)
        self.report.add("out of order", journal.out_of_order(), at_most=0)
        self.report.add("lost", journal.lost(), at_most=0)
        self.report.add("repeated", journal.repeated(), at_most=0)
        self.telegram.clear()  # so that what is lost is counted once


async def run(options: Options, report: Report, folder: Path, database_url: str | None) -> None:
    """Measure everything in *folder*, on SQLite there unless told."""
    telegram = Telegram(options.seed)
    async with telegram.server:
        url = telegram.server.url
        home = Home(folder, database_url, url) if database_url else Home.on_sqlite(folder, url)
        await _set_up(options, telegram, home, report)
        bare = await floor.measure(telegram, home, per_second=options.per_second, report=report)
        bot = Bot(home, *profiling.arguments(options.profile))
        try:
            await _settled(telegram, bot, report)
            relay = Relay(options, telegram, bot, report)
            await relay.throughput(bare)
            await load.quiet(telegram)
            await relay.latency(bare)
            await relay.memory()
        finally:
            code, seconds = await asyncio.to_thread(bot.stop)
            print(f"\nThe bot printed:\n{home.output()[-3000:]}")
        report.add("seconds to end at SIGTERM", seconds, "s", at_most=15)
        report.add("exit code", code, at_most=0)


async def _set_up(options: Options, telegram: Telegram, home: Home, report: Report) -> None:
    began_at = now()
    for student_id, counselor_id in await conversations.make(home, options.conversations):
        telegram.connect(student_id, counselor_id)
        telegram.connect(counselor_id, student_id)
    report.heading(f"{options.conversations} conversations made in {now() - began_at:.1f} s")


async def _settled(telegram: Telegram, bot: Bot, report: Report) -> None:
    """Wait until the bot polls and has said what it owed from the set-up."""
    await load.polled(telegram, bot)
    await load.quiet(telegram)
    report.heading("The bot is up")
    report.add("resident before the first message", bot.rss_mb(), "MB")
