"""What this machine can do at best right now: bare calls to the same server, bare commits to the same disk, a bare relay.

``python -m bench.floor URL CHAT COUNT`` makes the calls, in a process of its own as the bot does.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
import time
from dataclasses import dataclass

import aiohttp

from bench import load
from bench.child import ROOT, Bot, Home
from bench.report import Report, quantile
from bench.telegram import Telegram

_SIDE_BY_SIDE = 32  #: as many as the bot has in flight
_CALLS, _COMMITS = 2000, 1000
_PAYLOAD = b"x" * 300  #: about a sealed message
_STEADY_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Floor:
    """What was reached."""

    calls_per_second: float
    cpu_ms_per_call: float
    commits_per_second: float
    share: float  #: seconds, the median of a bare relay at the pace of the latency part


async def measure(telegram: Telegram, home: Home, *, per_second: float, report: Report) -> Floor:
    """Measure everything, before the bot is started; the server answers at once meanwhile."""
    report.heading("Floor: what this machine reaches now without the bot")
    calls, cpu_ms = await _calls(telegram)
    report.add("bare calls of sendMessage, 32 side by side", calls, "/s")
    report.add("  CPU of the caller for one", cpu_ms, "ms")
    commits = await asyncio.to_thread(_commits_per_second, home)
    report.add("bare SQLite commits, synchronous=FULL", commits, "/s")
    shares = await _shares(telegram, home, per_second)
    report.add("share of a bare relay of the way, median", quantile(shares, 0.5) * 1000, "ms")
    report.add("share of a bare relay of the way, p99", quantile(shares, 0.99) * 1000, "ms")
    return Floor(calls, cpu_ms, commits, quantile(shares, 0.5))


async def _calls(telegram: Telegram) -> tuple[float, float]:
    chat_id = telegram.lines[0].reader_id
    arguments = [sys.executable, "-m", "bench.floor", f"{telegram.base}/sendMessage", str(chat_id), str(_CALLS)]
    child = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    figures = json.loads(output)
    return figures["per_second"], figures["cpu_ms"]


def _commits_per_second(home: Home) -> float:
    """Insert a row in a transaction of its own, again and again, as durably as the bot does."""
    connection = sqlite3.connect(home.folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, body BLOB) STRICT")
    began_at = time.perf_counter()
    for _ in range(_COMMITS):
        connection.execute("INSERT INTO message (body) VALUES (?)", (_PAYLOAD,))
    elapsed = time.perf_counter() - began_at
    connection.close()
    return _COMMITS / elapsed


async def _shares(telegram: Telegram, home: Home, per_second: float) -> list[float]:
    pairs = home.folder / "pairs.json"
    pairs.write_text(json.dumps({line.writer.id: line.reader_id for line in telegram.lines}))
    bare = Bot(home, "-m", "bench.bare", telegram.base, str(pairs))
    try:
        await load.polled(telegram, bare)
        await load.poisson(telegram, per_second=per_second, seconds=_STEADY_SECONDS, rng=random.Random(0))
    finally:
        await asyncio.to_thread(bare.stop)
    shares = telegram.journal.own_share()
    telegram.clear()
    return shares


async def _post(url: str, chat_id: int, count: int) -> dict[str, float]:
    numbers = iter(range(count))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = {"chat_id": chat_id, "text": f"call {number}"}
            async with session.post(url, json=body) as answer:
                await answer.json()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began_at, cpu_before = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work(session) for _ in range(_SIDE_BY_SIDE)))
        elapsed, cpu = time.perf_counter() - began_at, time.process_time() - cpu_before
    return {"per_second": count / elapsed, "cpu_ms": cpu / count * 1000}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_post(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
