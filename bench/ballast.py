"""A database that has been in use for a while: what people said in sessions that have ended, without the people."""

from __future__ import annotations

import asyncio
import math
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.child import Home
from bench.report import Report
from bot import app as root
from bot.app import utc_now
from bot.settings import Settings, load

_LENGTHS = (10, 70)  #: messages of a session; 40 on average
_BODIES = (150, 250)  #: bytes of a sealed message: some 40 to 140 letters, twice as many bytes in Amharic, and 28 of the seal
_WRAPPED_BYTES = 60  #: of a key: nonce, key, tag
_AT_ONCE = 1_000  #: conversations that are under way side by side, so that neighbours in time are no neighbours on the disk
_SESSIONS_OF_A_STUDENT = 4
_COUNSELORS = 50
_NOWHERE = "http://127.0.0.1:1"  #: no Telegram is needed
_DAY = 86_400_000_000  #: in microseconds
_UNIQUE_BYTES = 16
_NOISE = os.urandom(1 << 20)

Rows = Iterator[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballast:
    """How much of it."""

    messages: int
    expired: float = 0.1  #: share of the sessions that ended longer than the retention ago
    retention: timedelta = timedelta(days=30)

    @property
    def sessions(self) -> int:
        """How many sessions hold them."""
        return math.ceil(self.messages * 2 / sum(_LENGTHS))

    @property
    def expired_sessions(self) -> int:
        """How many of them ended longer than the retention ago."""
        return round(self.sessions * self.expired)

    def load(self, path: Path, *, seed: int) -> None:
        """Add it to a migrated SQLite file that nobody else has open. Not for a file that must survive a loss of power."""
        rng = random.Random(seed)
        lengths = [rng.randint(*_LENGTHS) for _ in range(self.sessions)]
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -262144")
            with connection:
                students = math.ceil(self.sessions / _SESSIONS_OF_A_STUDENT)
                connection.executemany(_PERSON, _people(rng, students + _COUNSELORS))
                (newest_id,) = connection.execute("SELECT max(id) FROM person").fetchone()
                connection.executemany(_SESSION, self._sessions(rng, lengths, newest_id))
                (last_id,) = connection.execute("SELECT max(id) FROM session").fetchone()
                connection.execute(_KEYS)
                connection.executemany(_MESSAGE, _messages(rng, lengths, last_id - self.sessions + 1))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.sync()  # so that what follows does not wait for this

    def _sessions(self, rng: random.Random, lengths: list[int], newest_id: int) -> Rows:
        """Make sessions that ended one after the other, roughly; the last ids of the people are the counselors'."""
        now = int(utc_now().timestamp() * 1_000_000)
        expired_at = now - self.retention // timedelta(microseconds=1) - _DAY
        expired = self.expired_sessions
        for number, length in enumerate(lengths):
            is_expired = number < expired
            newest, days, share = (
                (expired_at, 30, number / max(1, expired))
                if is_expired
                else (now - _DAY, 28, (number - expired) / max(1, self.sessions - expired))
            )
            ended_at = newest - int((1 - share) * days * _DAY) - rng.randrange(_DAY)
            student_id = newest_id - _COUNSELORS - number // _SESSIONS_OF_A_STUDENT
            counselor_id = newest_id - number % _COUNSELORS
            began_at = ended_at - _DAY // 12
            yield (
                f"X{number:08}",
                student_id,
                counselor_id,
                rng.getrandbits(62),
                length,
                began_at,
                began_at,
                ended_at,
                _some(rng, 200),
            )


_PERSON = "INSERT INTO person (telegram_hash, telegram_id, key_id, created_at) VALUES (?, ?, ?, 0)"
_SESSION = """
    INSERT INTO session (alias, student_id, counselor_id, key_id, messages, requested_at, activated_at, ended_at, description,
                         state, topic, priority, student_gender, end_reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ended', 'other', 0, 'anonymous', 'student')
"""
_KEYS = f"""
    INSERT INTO key (id, purpose, wrapped, created_at)
    SELECT key_id, 'session', randomblob({_WRAPPED_BYTES}), 0 FROM session WHERE key_id NOT IN (SELECT id FROM key)
    UNION ALL SELECT key_id, 'person', randomblob({_WRAPPED_BYTES}), 0 FROM person WHERE key_id NOT IN (SELECT id FROM key)
"""
_MESSAGE = "INSERT INTO message (session_id, seq, side, body, source_message_id, sent_at) VALUES (?, ?, ?, ?, ?, ?)"


def _people(rng: random.Random, count: int) -> Rows:
    for _ in range(count):
        yield rng.randbytes(32), rng.randbytes(40), rng.getrandbits(62)


def _messages(rng: random.Random, lengths: list[int], first_id: int) -> Rows:
    """Make the messages in the order in which they would be written, a thousand sessions side by side."""
    sides = ("student", "counselor")
    for begin in range(0, len(lengths), _AT_ONCE):
        together = lengths[begin : begin + _AT_ONCE]
        for seq in range(1, max(together) + 1):
            for number, length in enumerate(together, first_id + begin):
                if seq <= length:
                    yield number, seq, sides[seq % 2], _some(rng, rng.randint(*_BODIES)), seq, 0


def _some(rng: random.Random, size: int) -> bytes:
    """Return bytes that occur nowhere else and cannot be compressed."""
    begin = int(rng.random() * (len(_NOISE) - size))
    return rng.randbytes(_UNIQUE_BYTES) + _NOISE[begin : begin + size - _UNIQUE_BYTES]


async def home_with(folder: Path, ballast: Ballast, report: Report, *, seed: int) -> Settings:
    """Make a database with this much in it in *folder*, as a bot makes it; return the settings of that bot."""
    began_at = time.perf_counter()
    settings = load(Home.on_sqlite(folder, _NOWHERE).variables(), None)
    await root.prepare(settings)
    async with root.opened(settings, kind="bench"):
        path = settings.sqlite_path or folder
    await asyncio.to_thread(ballast.load, path, seed=seed)
    size = path.stat().st_size / 1e6
    report.heading(
        f"A database of {ballast.messages:,} messages and {size:,.0f} MB, made in {time.perf_counter() - began_at:.0f} s"
    )
    return settings
