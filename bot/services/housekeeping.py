"""The parts of the house that are kept in order by night, each by itself and one after the other."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from bot.domain.errors import BotError, Conflict
from bot.domain.retention import Data
from bot.domain.text import Text
from bot.services.analytics import Analytics
from bot.services.retention import Counts, Retention, Terms, sentence
from bot.storage import free_pages
from bot.storage.database import Turn

logger = logging.getLogger(__name__)

_PAGES_AT_ONCE = 32  #: each is moved through the log of the file
_FREE_PAGES = "free_pages"
_FIRST_DAY = date(1970, 1, 1)

Part = Callable[[Terms], Awaitable[Counts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """Deleting by the clock, in the right order."""

    analytics: Analytics
    retention: Retention
    is_sqlite: bool

    async def daily(self, terms: Terms) -> Counts:
        """Count the days that are over, then delete what is old enough of everything.

        Raises:
            Conflict: Parts went wrong; the others are done all the same.
        """
        return await _each(
            {
                "the roll-up of days": self._count_days,
                "old_sessions": self.old_sessions,
                "orphans": self.orphans,
                "inactive_users": self.inactive_users,
                "activity_log": self.activity_log,
                "lapsed_applications": self.lapsed_applications,
            },
            terms,
        )

    async def weekly(self, terms: Terms) -> Counts:
        """Delete orphans and old figures, and make the file shorter by what is free in it.

        Raises:
            Conflict: Parts went wrong; the others are done all the same.
        """
        return await _each(
            {"orphans": self.orphans, "old days of analytics": self._old_days, "free pages": self._give_pages_back}, terms
        )

    async def old_sessions(self, terms: Terms) -> Counts:
        """Delete the records of sessions that are long over; a day that is not counted yet is counted first."""
        await self._count_days(terms)
        return await self.retention.delete(terms, Data.SESSIONS)

    async def orphans(self, terms: Terms) -> Counts:
        """Delete what belongs to nobody any more."""
        return await self.retention.delete_orphans(terms)

    async def inactive_users(self, terms: Terms) -> Counts:
        """Forget people who never asked for anything."""
        return await self.retention.delete(terms, Data.PEOPLE)

    async def activity_log(self, terms: Terms) -> Counts:
        """Delete what was done for updates, deliveries and runs."""
        return await self.retention.delete(terms, Data.UPDATES, Data.DELIVERIES, Data.RUNS)

    async def lapsed_applications(self, terms: Terms) -> Counts:
        """Delete applications that nobody will come back to."""
        return await self.retention.delete(terms, Data.APPLICATIONS, Data.REJECTIONS)

    async def purge_deleted(self, terms: Terms) -> Counts:
        """Delete for good what was deleted softly, and then the people who are nothing else to us, with their keys."""
        purged = await self.retention.delete(terms, Data.COUNSELORS, Data.SCHEDULES)
        return purged + await self.retention.delete(terms, Data.PEOPLE)

    async def cleanup_cache(self, terms: Terms) -> Counts:
        """Delete what is only kept for a while."""
        return await self.retention.delete(terms, Data.QUESTIONS, Data.FORMS)

    async def before_erasing(self, terms: Terms) -> None:
        """Have a fresh backup, and the days counted, before what was said is erased.

        Where a day cannot be counted it is erased all the same: that is a promise to people, the figures are only ours.
        """
        await self.retention.prepare(terms)
        try:
            await _each({"the roll-up of days": self._count_days}, terms)
        except Conflict as error:
            logger.warning("%s What was said is erased all the same.", error)

    async def _count_days(self, terms: Terms) -> Counts:
        if not terms.is_dry_run:
            await self.analytics.roll_up(between=terms.between)
        return Counts()

    async def _old_days(self, terms: Terms) -> Counts:
        before = self.retention.kept_since(Data.DAYS).astimezone(self.analytics.zone).date()
        found = Counts({Data.DAYS: len([day for day in await self.analytics.days(_FIRST_DAY, before) if day.on < before])})
        if terms.is_dry_run or not found.total():
            return +found
        await self.retention.prepare(terms)
        return Counts({Data.DAYS: await self.analytics.forget(before, between=terms.between)})

    async def _give_pages_back(self, terms: Terms) -> Counts:
        if not self.is_sqlite:
            return Counts()
        async with self.retention.db.reading(Turn.MAINTENANCE) as tx:
            found = await free_pages.count(tx)
        for done in range(0, 0 if terms.is_dry_run else found, _PAGES_AT_ONCE):
            async with self.retention.db.transaction(Turn.BATCH) as tx:
                await free_pages.give_back(tx, pages=min(_PAGES_AT_ONCE, found - done))
            terms.progress(done, found)
            await terms.between()
        return +Counts({_FREE_PAGES: found})


async def _each(parts: Mapping[str, Part], terms: Terms) -> Counts:
    """Do one part after the other, also where one goes wrong.

    Raises:
        Conflict: Some went wrong.
    """
    counts, failed = Counts(), list[str]()
    stopped = list[Exception]()

    async def between() -> None:
        try:
            await terms.between()
        except Exception as error:
            stopped.append(error)
            raise

    for name, part in parts.items():
        try:
            counts += await part(replace(terms, between=between))
        except Exception as error:
            if stopped:
                raise
            if isinstance(error, BotError):
                logger.error("Housekeeping failed at %s: %s", name, error)  # noqa: TRY400 — a refusal says all in its sentence
            else:
                logger.exception("Housekeeping failed at %s.", name)
            failed.append(name)
    if failed:
        raise Conflict(
            Text(
                "Failed: {failed}; the log says why. The rest is done: {done}.",
                failed=", ".join(failed),
                done=sentence(counts, terms),
            )
        )
    return counts
