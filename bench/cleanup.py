"""``python -m bench cleanup``: how long others wait while a tenth of all messages is erased, how fast that is, what it leaves."""

from __future__ import annotations

import asyncio
import mmap
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import ballast
from bench.ballast import Ballast
from bench.report import Report, quantile
from bot import app as root
from bot.app import App
from bot.storage.database import Database, Transaction, Turn
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext

_COMMITS = 1_000
_COMMIT_BYTES = 100_000  #: about what one piece of a cleanup writes
_ASK_SECONDS = 0.005  #: how often somebody else wants the writer
_NEEDLES = 20
_LEFT = """
    SELECT (SELECT count(*) FROM session WHERE content_erased_at IS NOT NULL),
           (SELECT count(*) FROM message WHERE session_id IN (SELECT id FROM session WHERE content_erased_at IS NOT NULL)),
           (SELECT count(*) FROM key WHERE id IN (SELECT key_id FROM session WHERE content_erased_at IS NOT NULL)),
           (SELECT sum(messages) FROM session WHERE content_erased_at IS NULL) - (SELECT count(*) FROM message)
"""


@dataclass(slots=True)
class Watched:
    """The database as the service sees it; keeps for how long each of its transactions held the writer, in seconds."""

    db: Database
    held: list[float] = field(default_factory=list[float])

    def __getattr__(self, name: str) -> object:
        """Return everything else as it is."""
        return getattr(self.db, name)

    @asynccontextmanager
    async def transaction(self, turn: Turn = Turn.CONVERSATION) -> AsyncGenerator[Transaction]:
        """Open a transaction; its time is from BEGIN to the end of COMMIT."""
        async with self.db.transaction(turn) as tx:
            began_at = time.perf_counter()
            yield tx
        self.held.append(time.perf_counter() - began_at)


async def run(report: Report, folder: Path, *, messages: int, seed: int) -> None:
    """Measure everything in *folder*, on SQLite and in this process, so that the writer can be watched."""
    report.heading(f"Floor: {_COMMITS:,} bare commits of {_COMMIT_BYTES // 1000} kB, one after the other")
    commits = [seconds * 1000 for seconds in await asyncio.to_thread(_commits, folder / "floor.db")]
    report.add("median", quantile(commits, 0.5), "ms")
    report.add("p99", quantile(commits, 0.99), "ms")
    report.add("max", max(commits), "ms")
    load = Ballast(messages=messages)
    settings = await ballast.home_with(folder, load, report, seed=seed)
    path = folder / "bot.db"
    needles = _needles(path, min(_NEEDLES, load.expired_sessions))
    async with root.opened(settings, kind="bench") as app:
        await _erase(report, app, folder)
    report.heading("What is left")
    _check(report, path, load.expired_sessions, needles)


async def _erase(report: Report, app: App, folder: Path) -> None:
    watched, waits = Watched(app.db), list[float]()
    services = app.executor.services
    erasing = replace(services.erasing, db=watched)
    await services.analytics.roll_up(between=_go_on)  # as it was by night
    asking = asyncio.create_task(_ask(app.db, waits))
    began_at, cpu_before = time.perf_counter(), time.process_time()
    task = TASKS["cleanup"]
    context = RunContext(services=replace(services, erasing=erasing), backs_up_first=False)
    result = await task.run(context, task.parse({}))
    seconds, cpu = time.perf_counter() - began_at, time.process_time() - cpu_before
    asking.cancel()
    _tell(report, result, seconds, watched.held, waits)
    report.add("CPU for a thousand messages", cpu / result.counts["messages"] * 1e6, "ms")
    report.add("write-ahead log at its largest", (folder / "bot.db-wal").stat().st_size / 1e6, "MB", at_most=16)


async def _go_on() -> None:
    """Nothing stops the work."""


def _tell(report: Report, result: Result, seconds: float, held: list[float], waits: list[float]) -> None:
    report.heading(result.summary)
    report.add("messages erased in a second", result.counts["messages"] / seconds, "/s")
    report.add("pieces", len(held))
    report.add("a piece holds the writer, median", quantile(held, 0.5) * 1000, "ms")
    report.add("a piece holds the writer, p99", quantile(held, 0.99) * 1000, "ms")
    report.add("a piece holds the writer, max", max(held) * 1000, "ms", at_most=15)
    report.add("somebody else waits for the writer, median", quantile(waits, 0.5) * 1000, "ms")
    report.add("somebody else waits for the writer, p99", quantile(waits, 0.99) * 1000, "ms")
    report.add("somebody else waits for the writer, max", quantile(waits, 1.0) * 1000, "ms")


async def _ask(db: Database, waits: list[float]) -> None:
    """Want the writer again and again, as a conversation does; note how long it took to get it."""
    while True:
        await asyncio.sleep(_ASK_SECONDS)
        asked_at = time.perf_counter()
        async with db.transaction():
            waits.append(time.perf_counter() - asked_at)


def _commits(path: Path) -> list[float]:
    """Commit so many bytes again and again, as durably as the bot does; return how long each took."""
    taken: list[float] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, body BLOB)")
        for number in range(_COMMITS):
            began_at = time.perf_counter()
            connection.execute("REPLACE INTO floor VALUES (?, randomblob(?))", (number % 100, _COMMIT_BYTES))
            taken.append(time.perf_counter() - began_at)
    path.unlink()
    return taken


def _needles(path: Path, sessions: int) -> list[bytes]:
    """Return a text and the key of some sessions that are about to be erased."""
    with closing(sqlite3.connect(path)) as connection:
        oldest = "SELECT id, key_id FROM session ORDER BY ended_at LIMIT ?"
        found = connection.execute(
            f"""
            SELECT body FROM message JOIN ({oldest}) AS oldest ON session_id = oldest.id AND seq = 1
            UNION ALL SELECT wrapped FROM key JOIN ({oldest}) AS oldest ON key.id = oldest.key_id
            """,
            (sessions, sessions),
        )
        return [row[0][:16] for row in found]


def _check(report: Report, path: Path, expired: int, needles: list[bytes]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        erased, said, keys, missing = connection.execute(_LEFT).fetchone()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        readable = sum(content.find(needle) >= 0 for needle in needles)
    report.add("sessions too many or too few", abs(erased - expired), at_most=0)
    report.add("messages of erased sessions", said, at_most=0)
    report.add("keys of erased sessions", keys, at_most=0)
    report.add("messages that younger sessions lack", missing, at_most=0)
    report.add(f"of {len(needles)} texts and keys, still among the bytes of the file", readable, at_most=0)
