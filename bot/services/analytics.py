"""The figures of each local day, kept from before anything is deleted; and of all that the service has done so far."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.domain.analytics import Day, Figures, Span, Waits, day_after, day_of, together
from bot.domain.ids import Clock
from bot.storage import analytics, statistics
from bot.storage.database import Database, Row, Transaction, Turn

#: How long after its end a day is counted: what happened in its last second is committed by then.
_SETTLED = timedelta(minutes=5)
_WAITS_AT_ONCE = 500  #: rows, a millisecond of work
_LEAST = timedelta(microseconds=1)  #: what happens at this very instant has happened
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """Rolling up days, and reading them."""

    db: Database
    clock: Clock
    zone: ZoneInfo  #: whose midnights divide the days (``TIMEZONE``)

    async def roll_up(self, *, between: Callable[[], Awaitable[None]]) -> int:
        """Count every local day that is over and not counted yet, oldest first, each in a transaction; return how many.

        Called before anything is deleted: what is gone cannot be counted. One SELECT where no day is missing. Two at once are
        harmless. A day that a clock which was ahead made too early is counted again when it is over.

        Args:
            between: Awaited after each day; may end the work by raising.
        """
        done = 0
        day = await self._next()
        while day is not None and day.ends_at + _SETTLED <= self.clock():
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                counted = await _count(tx, day.starts_at, day.ends_at)
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                done += await analytics.add(tx, day.on, counted.numbers, ends_at=day.ends_at)
            day = day_after(day.on, day.ends_at, self.zone)
            await between()
        return done

    async def days(self, since: date, until: date) -> list[Day]:
        """Return the figures of the days from *since* to *until*, both included, as far as they are rolled up, by date."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            rows = await analytics.days(tx, since, until)
        return await asyncio.to_thread(_to_days, rows)

    async def forget(self, before: date, *, between: Callable[[], Awaitable[None]]) -> int:
        """Delete the figures of single days before a date, and return how many; their sums stay part of ``so_far``."""
        done = 0
        while True:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                oldest = await analytics.oldest_before(tx, before)
                if oldest is None:
                    return done
                await analytics.fold(tx, oldest)
            done += 1
            await between()

    async def sum_of(self, tx: Transaction, since: date, until: date) -> Figures:
        """Return the sums of the days from *since* to *until*, both included, as far as they are rolled up."""
        return Figures.of(await analytics.sums(tx, since, until))

    async def so_far(self, tx: Transaction) -> Figures:
        """Return the sums of all that the service has ever done, also of what is deleted."""
        sums = Figures.of(await analytics.sums(tx))
        return together((sums, await self.since(tx, await _rolled_up_until(tx))))

    async def has_more(self, tx: Transaction, since: datetime, *, than: int) -> bool:
        """Return whether more than so much has happened since an instant, or since the last day that is rolled up."""
        return await statistics.has_more_moves(tx, since=min(since, await _rolled_up_until(tx)), than=than)

    async def since(self, tx: Transaction, since: datetime) -> Figures:
        """Return what has happened since an instant, until now."""
        return await _count(tx, since, self.clock() + _LEAST)

    async def waits_since(self, tx: Transaction, since: datetime) -> Waits:
        """Return only how long those waited who met their first counselor since an instant."""
        return await _waits(tx, since, self.clock() + _LEAST)

    async def _next(self) -> Span | None:
        """Return the first day that is not rolled up; None where nothing has happened yet."""
        last = await self._last()
        if last is not None and last[1] > self.clock():
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                await analytics.delete_ending_after(tx, self.clock())
            last = await self._last()
        if last is not None:
            return day_after(*last, self.zone)
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            first = await analytics.first_moment(tx)
        return day_of(first, self.zone) if first is not None else None

    async def _last(self) -> tuple[date, datetime] | None:
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return await analytics.last_day(tx)


async def _rolled_up_until(tx: Transaction) -> datetime:
    last = await analytics.last_day(tx)
    return _BEGINNING if last is None else last[1]


def _to_days(rows: Sequence[Row]) -> list[Day]:
    """Return days of the rows that they were kept in; called in a thread: 15 ms for a year."""
    found = groupby(rows, key=lambda row: row["day_on"])
    return [Day.from_numbers(date.fromisoformat(on), {row["name"]: row["number"] for row in some}) for on, some in found]


async def _count(tx: Transaction, since: datetime, until: datetime) -> Figures:
    """Return what happened from an instant until before another one."""
    requests = await statistics.requests(tx, since=since, until=until)
    ends = await statistics.ends(tx, since=since, until=until)
    work = await statistics.work(tx, since=since, until=until)
    ratings = await statistics.ratings(tx, since=since, until=until)
    offers = await statistics.offers(tx, since=since, until=until)
    return Figures(
        topics={row["topic"]: row["requests"] for row in requests},
        crises=sum(row["crises"] for row in requests),
        new_students=sum(row["firsts"] for row in requests),
        ended=ends["ended"],
        cancelled=ends["cancelled"],
        messages=work.messages + int(ends["erased"]),
        conversations=work.conversations,
        waits=await _waits(tx, since, until),
        ratings=ratings["ratings"],
        ratings_total=int(ratings["total"]),
        offered=offers["offered"],
        accepted=offers["accepted"],
        declined=offers["declined"],
        lapsed=offers["lapsed"],
        counselors=work.counselors,
    )


async def _waits(tx: Transaction, since: datetime, until: datetime) -> Waits:
    """Return how long those waited who met their first counselor in a span; read in pieces, for the sake of the loop."""
    found, after = Waits(), -1
    while True:
        rows = await statistics.waits(tx, since=since, until=until, after=after, limit=_WAITS_AT_ONCE)
        found += Waits.of(row.started_at - row.requested_at for row in rows)
        if len(rows) < _WAITS_AT_ONCE:
            return found
        since, after = rows[-1].started_at, rows[-1].event_id
