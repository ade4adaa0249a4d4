"""Figures for the people who run the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.domain.sessions import SessionState
from bot.storage import statistics
from bot.storage.database import Database
from bot.storage.statistics import Heads, Ratings, Recent, Wait

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the service stands right now."""

    heads: Heads
    sessions: Mapping[SessionState, int]  #: those that are not over


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the service has done so far."""

    heads: Heads
    sessions: Mapping[SessionState, int]
    topics: Mapping[str, int]  #: sessions by topic, the most frequent first
    messages: int
    recent: Recent  #: of the last ``DAY``
    average_wait: timedelta | None  #: of the requests of the last ``WEEK``; None where none has found a counselor
    ratings: int
    average_rating: Decimal | None  #: one digit, halves up; None where nobody has rated


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Counting."""

    db: Database
    clock: Clock

    async def overview(self, actor: Actor) -> Overview:
        """Return what the panel shows.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return Overview(heads=await statistics.heads(tx), sessions=await statistics.open_sessions(tx))

    async def statistics(self, actor: Actor) -> Statistics:
        """Return the figures of ``/stats``.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            rated = await statistics.ratings(tx)
            return Statistics(
                heads=await statistics.heads(tx),
                sessions=await statistics.sessions_by_state(tx),
                topics=await statistics.sessions_by_topic(tx),
                messages=await statistics.messages(tx),
                recent=await statistics.recent(tx, since=at - DAY),
                average_wait=_average(await statistics.waits(tx, since=at - WEEK)),
                ratings=rated.count,
                average_rating=_mean(rated),
            )


def _average(waits: list[Wait]) -> timedelta | None:
    if not waits:
        return None
    return sum((wait.started_at - wait.requested_at for wait in waits), timedelta(0)) / len(waits)


def _mean(rated: Ratings) -> Decimal | None:
    return (Decimal(rated.total) / rated.count).quantize(_TENTH, ROUND_HALF_UP) if rated.count else None
