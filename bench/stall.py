"""``python -m bench stall``: how long a message takes to cross the bot while it is idle otherwise, and during each task.

Each task is started twice over: by a command beside the bot, and by the bot's own scheduler.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import conversations, lag, load
from bench.ballast import Ballast
from bench.child import ROOT, Bot, Home
from bench.report import Report, quantile
from bench.telegram import Telegram, now

_LATENCY = (0.06, 0.06)
_LOOK_SECONDS = 0.05
_EXPIRED = 0.1  #: share of the sessions that one cleanup erases
_ASK = """
    INSERT INTO run (task, payload, trigger, requested_by, state, concurrency_key, max_attempts, scheduled_for_at, due_at)
    VALUES (:task, '{}', 'manual', 'bench', 'scheduled', :task, 1, :at, :at) RETURNING id
"""
_ENDED = "SELECT state, started_at / 1e6, finished_at / 1e6 FROM run WHERE id = :id AND finished_at IS NOT NULL"
_BACKED_UP = "SELECT 1 FROM run WHERE task = 'backup' AND state = 'succeeded'"
_UNFINISHED = "SELECT 1 FROM run WHERE state IN ('scheduled', 'running', 'retrying')"
_UNSENT = "SELECT 1 FROM delivery WHERE state = 'waiting' AND message_seq IS NULL"
#: After these the next run of a task finds as much to do as the first.
_AGAIN = {
    "backup": (),
    "cleanup": (
        """
        UPDATE session SET ended_at = ended_at - 31536000000000 WHERE id IN (
            SELECT id FROM session WHERE state = 'ended' AND content_erased_at IS NULL ORDER BY ended_at LIMIT :expired)
        """,
    ),
    "match": ("DELETE FROM offer WHERE outcome IS NULL", "UPDATE session SET state = 'waiting' WHERE state = 'offered'"),
}

TASKS = tuple(_AGAIN)

Window = tuple[float, float]  #: when a task was under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    tasks: tuple[str, ...] = TASKS
    messages: int = 3_000_000
    waiting: int = 10_000
    free: int = 1_000
    conversations: int = 50
    per_second: float = 25.0
    idle_seconds: float = 20.0
    rounds: int = 3
    seed: int = 1


QUICK = Options(messages=50_000, waiting=100, free=10, conversations=5, idle_seconds=2.0, rounds=1)


class Stall:
    """One run, in parts."""

    def __init__(self, options: Options, telegram: Telegram, bot: Bot, beside: sqlite3.Connection, report: Report) -> None:
        self.options = options
        self.telegram = telegram
        self.bot = bot
        self.beside = beside  #: the bench's own eyes on the database, and its hands
        self.report = report
        self.rng = random.Random(options.seed)
        self.most_ms = 20.0

    async def idle(self) -> None:
        """Nothing but conversations."""
        self.report.heading(f"Idle: {self.options.per_second:g} messages a second at random moments, API latency 60 ms")
        shares = await self._shares(self._wait)
        self.most_ms = max(3 * quantile(shares, 0.99), 20.0)
        self.report.add("our own share, median", quantile(shares, 0.5), "ms")
        self.report.add("our own share, p99", quantile(shares, 0.99), "ms")

    async def during(self, task: str, way: str, start: Callable[[str], Awaitable[Window]]) -> None:
        """The same while a task is under way, a few times over."""
        self.report.heading(f"During {task}, {way}, {self.options.rounds} times")
        shares, windows = list[float](), list[Window]()

        async def work() -> Window:
            windows.append(await start(task))
            return windows[-1]

        for _ in range(self.options.rounds):
            self._again(task)
            shares += await self._shares(work)
        self.report.add("under way, mean", sum(end - begin for begin, end in windows) / len(windows), "s")
        self.report.add("messages meanwhile", len(shares))
        self.report.add("our own share, median", quantile(shares, 0.5), "ms")
        self.report.add("our own share, p99", quantile(shares, 0.99), "ms", at_most=self.most_ms)
        self.report.add("our own share, max", max(shares, default=0.0), "ms")

    async def by_command(self, task: str) -> Window:
        """Run a task in a second process; it is over when all that it owed to people is sent.

        Raises:
            RuntimeError: It failed.
        """
        began_at = now()
        code = await asyncio.to_thread(self.bot.home.start(str(ROOT / "run_scheduled_tasks.py"), task).wait)
        if code:
            raise RuntimeError(f"{task}: exit code {code}\n{self.bot.home.output()}")
        await self._until(lambda: not self._rows(_UNSENT))
        return began_at, now()

    async def by_the_bot(self, task: str) -> Window:
        """Have the bot run a task; it is over when all that it owed to people is sent.

        Raises:
            RuntimeError: It failed.
        """
        ((run_id,),) = self._rows(_ASK, task=task, at=int(now() * 1e6))
        await self._until(lambda: self._rows(_ENDED, id=run_id))
        ((state, began_at, _),) = self._rows(_ENDED, id=run_id)
        if state != "succeeded":
            raise RuntimeError(f"{task}: {state}\n{self.bot.home.output()}")
        await self._until(lambda: not self._rows(_UNSENT))
        return began_at, now()

    async def settled(self) -> None:
        """Wait until the bot polls, its first backup is made and everything said."""
        await load.polled(self.telegram, self.bot)
        await self._until(lambda: self._rows(_BACKED_UP) and not self._rows(_UNFINISHED))
        await load.quiet(self.telegram)

    async def _wait(self) -> Window:
        began_at = now()
        await asyncio.sleep(self.options.idle_seconds)
        return began_at, now()

    async def _shares(self, work: Callable[[], Awaitable[Window]]) -> list[float]:
        """Let people write until *work* is done; return our own share of the messages within its window, in milliseconds."""
        working = asyncio.ensure_future(work())
        async with lag.watched() as late:
            await load.poisson(self.telegram, per_second=self.options.per_second, rng=self.rng, is_over=working.done)
        began_at, ended_at = await working
        journal = self.telegram.journal
        both = zip(journal.arrivals, journal.own_share(), strict=True)
        shares = [share * 1000 for one, share in both if began_at <= journal.given_at[one.mark] <= ended_at]
        wrong = journal.lost() + journal.repeated() + journal.out_of_order()
        self.telegram.clear()
        self.report.add("lost, repeated or out of order", wrong, at_most=0)
        self.report.add("the bench's own lag, p99", quantile(late, 0.99) * 1000, "ms")
        return shares

    def _again(self, task: str) -> None:
        sessions = Ballast(messages=self.options.messages).sessions
        for sql in _AGAIN[task]:
            self._rows(sql, expired=round(sessions * _EXPIRED))
        for backup in (self.bot.home.folder / "backups").glob("*.db"):
            backup.unlink()

    def _rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        return self.beside.execute(sql, values).fetchall()

    async def _until(self, is_so: Callable[[], object]) -> None:
        """Look again and again.

        Raises:
            RuntimeError: The bot ended.
        """
        while not is_so():
            if not self.bot.is_running:
                raise RuntimeError(f"The bot ended:\n{self.bot.home.output()}")
            await asyncio.sleep(_LOOK_SECONDS)


async def run(options: Options, report: Report, folder: Path) -> None:
    """Measure everything in *folder*, on SQLite."""
    telegram = Telegram(options.seed)
    telegram.server.latency = _LATENCY
    async with telegram.server:
        home = Home.on_sqlite(folder, telegram.server.url)
        await _set_up(options, telegram, home, report)
        bot = Bot(home)
        try:
            with closing(sqlite3.connect(folder / "bot.db", isolation_level=None)) as beside:
                beside.execute("PRAGMA wal_autocheckpoint = 0")
                stall = Stall(options, telegram, bot, beside, report)
                await stall.settled()
                await stall.idle()
                for task in options.tasks:
                    await stall.during(task, "by a command beside the bot", stall.by_command)
                    await stall.during(task, "by the bot's own scheduler", stall.by_the_bot)
                report.heading("In the end")
                report.add("resident", bot.rss_mb(), "MB")
        finally:
            await asyncio.to_thread(bot.stop)
            print(f"\nThe bot printed:\n{home.output()[-3000:]}")


async def _set_up(options: Options, telegram: Telegram, home: Home, report: Report) -> None:
    began_at = now()
    for student_id, counselor_id in await conversations.make(home, options.conversations):
        telegram.connect(student_id, counselor_id)
        telegram.connect(counselor_id, student_id)
    for telegram_id in await conversations.queue(home, waiting=options.waiting, free=options.free):
        telegram.know(telegram_id)
    path = home.folder / "bot.db"
    await asyncio.to_thread(Ballast(messages=options.messages, expired=0).load, path, seed=options.seed)
    report.heading(f"A database of {path.stat().st_size / 1e6:,.0f} MB, made in {now() - began_at:.0f} s")
    report.add("messages in sessions that have ended", options.messages)
    report.add("conversations", options.conversations)
    report.add("students who wait", options.waiting)
    report.add("counselors who are free", options.free)
