"""The figures of the last week to every admin in Telegram, and by e-mail where ``SMTP_URL`` is set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot import texts
from bot.domain.analytics import day_of, together
from bot.domain.content import Kind
from bot.domain.ids import Clock, PersonId
from bot.domain.mail import Letter
from bot.domain.outgoing import Attachment, OwnFile, Urgency
from bot.domain.text import Text
from bot.domain.weekly import Week, WeeklyFigures
from bot.services.analytics import Analytics
from bot.services.mailing import Mailing
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.weekly_pages import Report
from bot.storage import reports, statistics
from bot.storage.database import Database, Turn
from bot.texts import weekly

_REMEMBERED = timedelta(days=60)  #: who got a report
_MAC_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Who got the report of a week now."""

    week: Week
    admins: int
    addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    picture: OwnFile
    csv: OwnFile
    xlsx: OwnFile


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReports:
    """Making and sending the weekly report."""

    db: Database
    clock: Clock
    analytics: Analytics
    outbox: Outbox
    people: People
    mailing: Mailing | None  #: where ``SMTP_URL`` is set

    async def send(self, *, between: Callable[[], Awaitable[None]]) -> Sent:
        """Send the report of the last whole week to whoever has not got it.

        1. Each admin gets it in a transaction of their own, which also notes that they have it. *Death here:* the next attempt
           goes on with the others.
        2. The e-mail is handed in, and then it is noted. *Death in between:* it is handed in again, with the same ``Message-ID``.

        Args:
            between: Awaited between pieces of work; may end it by raising.

        Raises:
            MailDelayed: The admins have it, the e-mail waits for another attempt.
            MailRefused: The admins have it, and nobody gets the e-mail.
            ChartFailed: Nobody has it.
        """
        week = Week.before(self.clock().astimezone(self.analytics.zone).date())
        name = f"weekly {week.name}"
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            have = await reports.recipients(tx, name)
            admins = [admin for admin in await self.people.admins(tx) if str(admin) not in have]
        is_mailed = self.mailing is None or reports.E_MAIL in have
        if not admins and is_mailed:
            return Sent(week=week, admins=0, addresses=0)
        report = await self._count(week, between)
        files = await _files(report, at=self.clock())
        await between()
        told = 0
        for admin in admins:
            told += await self._tell(admin, name, report, files)
            await between()
        return Sent(week=week, admins=told, addresses=0 if is_mailed else await self._mail(name, report, files))

    async def _count(self, week: Week, between: Callable[[], Awaitable[None]]) -> Report:
        await self.analytics.roll_up(between=between)  # where the bot was down over night
        return Report(week=week, now=await self._figures(week), before=await self._figures(week.previous))

    async def _figures(self, week: Week) -> WeeklyFigures:
        days = await self.analytics.days(week.monday, week.sunday)
        noons = (datetime.combine(on, time(12), self.analytics.zone) for on in (week.monday, week.sunday))
        first, last = (day_of(noon, self.analytics.zone) for noon in noons)
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            work = await statistics.work(tx, since=first.starts_at, until=last.ends_at)
        topics = dict.fromkeys(texts.topics(), 0)
        return WeeklyFigures.of(together(days), topics=topics, conversations=work.conversations, counselors=work.counselors)

    async def _tell(self, admin: PersonId, name: str, report: Report, files: _Files) -> bool:
        """Owe an admin the report; False where another run has done so meanwhile."""
        at = self.clock()
        parts: list[tuple[Text, Attachment | None]] = [
            (report.text, None),
            (report.caption, Attachment(Kind.PHOTO, files.picture)),
            (weekly.TABLES, Attachment(Kind.DOCUMENT, files.csv)),
            (Text(""), Attachment(Kind.DOCUMENT, files.xlsx)),
        ]
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            await reports.forget(tx, before=at - _REMEMBERED)
            if not await reports.add(tx, name, str(admin), at=at):
                return False
            for text, attachment in parts:
                await self.outbox.say(tx, text, to=admin, at=at, urgency=Urgency.BULK, attachment=attachment)
        return True

    async def _mail(self, name: str, report: Report, files: _Files) -> int:
        """Hand the e-mail in; return to how many addresses it goes."""
        if self.mailing is None:
            return 0
        at = self.clock()
        mac = self.outbox.vault.callback_mac(f"weekly report {report.week.name}", length=_MAC_BYTES).hex()
        letter = Letter(
            subject=str(weekly.SUBJECT(week=report.week.name)),
            text=str(report.text),
            attachments=(files.picture, files.csv, files.xlsx),
            at=at,
            reference=f"weekly-report.{report.week.name}.{mac}",
        )
        addresses = await self.mailing.send(letter)
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            await reports.add(tx, name, reports.E_MAIL, at=at)
        return addresses


async def _files(report: Report, *, at: datetime) -> _Files:
    picture, (csv, xlsx) = await asyncio.gather(report.picture(), report.tables(at=at))
    return _Files(picture=picture, csv=csv, xlsx=xlsx)
