"""Figures for the people who run the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.domain.sessions import SessionState
from bot.storage import statistics
from bot.storage.database import Database, Transaction
from bot.storage.statistics import Heads, Wait

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_TENTH = Decimal("0.1")
#: To count all that ever was takes 0.15 s at 100,000 sessions, in which no message is handled (SQLite). So it is not done at each
#: press: figures are kept for so many times as long as they took, and in all at most a hundredth of the time goes there.
_KEPT_TIMES = 100

Key = TypeVar("Key", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the service stands right now."""

    heads: Heads
    sessions: Mapping[SessionState, int]  #: those that are not over


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What happened in the last ``DAY``."""

    requested: int
    started: int
    ended: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the service has done so far."""

    at: datetime  #: when it was counted
    heads: Heads
    sessions: Mapping[SessionState, int]
    topics: Mapping[str, int]  #: sessions by topic, the most frequent first
    messages: int
    recent: Recent
    average_wait: timedelta | None  #: of the requests of the last ``WEEK``; None where none has found a counselor
    ratings: int
    average_rating: Decimal | None  #: one digit, halves up; None where nobody has rated


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Counting."""

    db: Database
    clock: Clock
    _kept: list[tuple[Statistics, datetime]] = field(default_factory=list[tuple[Statistics, datetime]])  #: the last, until when

    async def overview(self, actor: Actor) -> Overview:
        """Return what the panel shows.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return Overview(heads=await statistics.heads(tx), sessions=await statistics.open_sessions(tx))

    async def statistics(self, actor: Actor) -> Statistics:
        """Return the figures of ``/stats``, counted now, or not long ago where that takes long.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        for kept, until in self._kept:
            if kept.at <= at < until:
                return kept
        async with self.db.transaction() as tx:
            counted = await _count(tx, at)
        self._kept[:] = [(counted, at + _KEPT_TIMES * (self.clock() - at))]
        return counted


async def _count(tx: Transaction, at: datetime) -> Statistics:
    tallies = await statistics.tallies(tx, since=at - DAY)
    ratings = sum(tally.ratings for tally in tallies)
    return Statistics(
        at=at,
        heads=await statistics.heads(tx),
        sessions=dict.fromkeys(SessionState, 0) | _counted((tally.state, tally.sessions) for tally in tallies),
        topics=dict(_counted((tally.topic, tally.sessions) for tally in tallies).most_common()),
        messages=sum(tally.messages for tally in tallies),
        recent=Recent(
            requested=sum(tally.requested for tally in tallies),
            started=sum(tally.started for tally in tallies),
            ended=sum(tally.ended for tally in tallies),
            messages=await statistics.recent_messages(tx, since=at - DAY),
        ),
        average_wait=_average(await statistics.waits(tx, since=at - WEEK)),
        ratings=ratings,
        average_rating=_mean(sum(tally.ratings_total for tally in tallies), ratings),
    )


def _counted(pairs: Iterable[tuple[Key, int]]) -> Counter[Key]:
    """Return the sums of the numbers by key, in the order of the keys."""
    counts: Counter[Key] = Counter()
    for key, number in sorted(pairs, key=lambda pair: str(pair[0])):
        counts[key] += number
    return counts


def _average(waits: list[Wait]) -> timedelta | None:
    if not waits:
        return None
    return sum((wait.started_at - wait.requested_at for wait in waits), timedelta(0)) / len(waits)


def _mean(total: int, count: int) -> Decimal | None:
    return (Decimal(total) / count).quantize(_TENTH, ROUND_HALF_UP) if count else None
