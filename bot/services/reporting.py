"""Figures for the people who run the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from bot.domain.analytics import Figures, Waits
from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.domain.sessions import SessionState
from bot.services.analytics import Analytics
from bot.storage import health, run_requests, snapshots, statistics
from bot.storage.database import Database, Transaction, Turn
from bot.storage.statistics import Heads

DAY, WEEK = timedelta(days=1), timedelta(days=7)
#: Whoever asks has stored figures counted again where they are older, because the schedule is paused or has not run yet.
_FRESH = timedelta(hours=2)
_TASK, _MOST_ATTEMPTS = "service_statistics", 1


class Series(StrEnum):
    """What snapshots are taken for."""

    SCREENS = "screens"  #: the newest is shown
    TRENDS = "trends"  #: kept, to be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the service stands right now."""

    heads: Heads
    sessions: Mapping[SessionState, int]  #: those that are not over


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How the service stood at an instant, and what it had done until then."""

    at: datetime
    people: int
    now: Overview
    so_far: Figures  #: since it began
    day: Figures  #: the last ``DAY``
    waits: Waits  #: of those who met their first counselor in the last ``WEEK``
    week: Figures  #: the last seven days that are rolled up
    week_before: Figures  #: the seven before them
    database_bytes: int


_SNAPSHOT = TypeAdapter(Snapshot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What ``/stats`` shows."""

    at: datetime
    now: Overview  #: at that instant
    counted: Snapshot | None  #: all that may take longer to count, as of ``counted.at``; None where it is only being counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Counting."""

    db: Database
    clock: Clock
    analytics: Analytics
    sqlite_path: Path | None
    #: So many moves of sessions in a week, or since the last day that is rolled up, are counted at a press, in some milliseconds.
    #: More are counted by a task only: at 100,000 sessions it takes 20 to 100 ms, in which no message is handled (SQLite).
    few: int = 1_000

    async def overview(self, actor: Actor) -> Overview:
        """Return what the panel shows.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return await _overview(tx)

    async def statistics(self, actor: Actor) -> Statistics:
        """Return the figures of ``/stats``: what is open now, and the rest too where it is counted quickly.

        Else the rest is what a task has stored, which is asked to count again where that is long ago.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            if not await self.analytics.has_more(tx, at - WEEK, than=self.few):
                counted = await self._count(tx)
                return Statistics(at=at, now=counted.now, counted=counted)
            stored = await snapshots.newest(tx, Series.SCREENS, until=at)
            counted = _SNAPSHOT.validate_json(stored) if stored else None
            shown = Statistics(at=at, now=await _overview(tx), counted=counted)
            if counted is None or at - counted.at > _FRESH:
                await run_requests.request_for_event(tx, _TASK, because="asked for", max_attempts=_MOST_ATTEMPTS, at=at)
        return shown

    async def trend(self, actor: Actor, since: datetime) -> list[Snapshot]:
        """Return how the service stood every few hours since an instant, as far as that is kept.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return [_SNAPSHOT.validate_json(stored) for stored in await snapshots.since(tx, Series.TRENDS, since)]

    async def take(self, series: Series, *, keep: timedelta = timedelta(0)) -> Snapshot:
        """Count, store it, and delete those of the series that are older than *keep*."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            taken = await self._count(tx)
        stored = _SNAPSHOT.dump_json(taken).decode()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            await snapshots.add(tx, series, stored, at=taken.at)
            await snapshots.delete_before(tx, series, taken.at - keep)
        return taken

    async def _count(self, tx: Transaction) -> Snapshot:
        at = self.clock()
        today = at.astimezone(self.analytics.zone).date()
        weeks = [await self.analytics.sum_of(tx, today - (n + 1) * WEEK, today - n * WEEK - DAY) for n in range(2)]
        return Snapshot(
            at=at,
            people=await statistics.people(tx),
            now=await _overview(tx),
            so_far=await self.analytics.so_far(tx),
            day=await self.analytics.since(tx, at - DAY),
            waits=await self.analytics.waits_since(tx, at - WEEK),
            week=weeks[0],
            week_before=weeks[1],
            database_bytes=await health.size(tx, self.sqlite_path),
        )


async def _overview(tx: Transaction) -> Overview:
    return Overview(heads=await statistics.heads(tx), sessions=await statistics.open_sessions(tx))
