"""What the admins are told each morning: what stands in the queue, and what needs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import texts as catalogue
from bot.domain.ids import Clock
from bot.domain.outgoing import Button
from bot.domain.sessions import SessionState
from bot.domain.text import Text, joined
from bot.domain.topics import GENERALIST
from bot.services.alerting import Alerting
from bot.storage import reminders, statistics, summaries
from bot.storage.database import Database, Turn
from bot.storage.reminders import Applications
from bot.storage.statistics import Heads
from bot.storage.summaries import Cover, Request
from bot.texts import admin
from bot.texts import summary as texts
from bot.texts.times import span

WAIT_LONG, ANSWER_LATE = timedelta(hours=1), timedelta(hours=2)
WEEK = timedelta(days=7)
_FEWEST_IN_VAIN = 2  #: requests that found nobody within ``WAIT_LONG``, in one hour of the day
_MOST_HOURS, _MOST_ALIASES, _MOST_REQUESTS = 3, 5, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """What was found."""

    at: datetime
    heads: Heads
    sessions: dict[SessionState, int]
    waiting_long: Sequence[str]  #: aliases
    unanswered: Sequence[str]  #: aliases
    covers: dict[str, Cover]
    requests: Sequence[Request]  #: of the last week
    incomplete: int  #: profiles
    applications: Applications | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The daily summary."""

    db: Database
    clock: Clock
    alerting: Alerting
    zone: ZoneInfo  #: ``TIMEZONE``, for hours of the day

    async def send(self) -> dict[str, int]:
        """Tell the admins, in one message, how the service stands; return how many they are, and how much of each thing to do."""
        morning = await self._look()
        items = self._items(morning)
        queued = morning.sessions[SessionState.WAITING] + morning.sessions[SessionState.OFFERED]
        now = {"waiting": queued, "active": morning.sessions[SessionState.ACTIVE]}
        text = texts.SUMMARY(items=joined(items, "\n\n"), **now) if items else texts.ALL_WELL(**now)
        below = [
            [Button(admin.SESSIONS, "admin.sessions"), Button(admin.COUNSELORS, "admin.counselors")],
            [Button(admin.APPLICATIONS, "admin.applications"), Button(admin.TO_PANEL, "admin")],
        ]
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            told = await self.alerting.tell_admins(tx, text, at=at, buttons=below)
        return {
            "admins": len(told),
            **now,
            "waiting_long": len(morning.waiting_long),
            "unanswered": len(morning.unanswered),
            "incomplete_profiles": morning.incomplete,
            "applications": morning.heads.applications,
            "items": len(items),
        }

    async def _look(self) -> Morning:
        at = self.clock()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return Morning(
                at=at,
                heads=await statistics.heads(tx),
                sessions=await statistics.open_sessions(tx),
                waiting_long=await summaries.waiting_long(tx, requested_before=at - WAIT_LONG),
                unanswered=await summaries.unanswered_students(tx, since=at - ANSWER_LATE),
                covers=await summaries.covers(tx),
                requests=await summaries.requests_since(tx, since=at - WEEK, limit=_MOST_REQUESTS),
                incomplete=await summaries.incomplete_profiles(tx),
                applications=await reminders.applications(tx),
            )

    def _items(self, morning: Morning) -> list[Text]:
        """Return what is to be done."""
        found = [
            texts.WAITING_LONG(span=span(WAIT_LONG), aliases=_listed(morning.waiting_long)) if morning.waiting_long else None,
            texts.UNANSWERED(span=span(ANSWER_LATE), aliases=_listed(morning.unanswered)) if morning.unanswered else None,
            *_topics(morning),
            self._hours(morning),
            texts.PROFILES(count=morning.incomplete) if morning.incomplete else None,
            _applications(morning),
        ]
        return [item for item in found if item is not None]

    def _hours(self, morning: Morning) -> Text | None:
        """Name the hours of the day in which requests found nobody, the worst ones first."""
        in_vain = Counter(one.requested_at.astimezone(self.zone).hour for one in morning.requests if _is_in_vain(one, morning.at))
        worst = [(hour, count) for hour, count in in_vain.most_common(_MOST_HOURS) if count >= _FEWEST_IN_VAIN]
        if not worst:
            return None
        hours = [texts.HOUR(begin=f"{hour:02}", end=f"{(hour + 1) % 24:02}", count=count) for hour, count in sorted(worst)]
        return texts.HOURS(hours=joined(hours, ", "))


def _is_in_vain(request: Request, at: datetime) -> bool:
    return (request.waited_until_at or at) - request.requested_at > WAIT_LONG


def _topics(morning: Morning) -> list[Text]:
    """Name the topics that no counselor names, and those for which nobody is online, a generalist neither."""
    topics = [key for key in catalogue.topics() if key != GENERALIST]
    missing = [key for key in topics if key not in morning.covers]
    found = [texts.UNCOVERED(topics=catalogue.topic_titles(missing))] if missing else []
    if not morning.heads.online:
        return [*found, texts.NO_ONE_ONLINE]
    asleep = [key for key in topics if key in morning.covers and not morning.covers[key].online]
    has_generalist = GENERALIST in morning.covers and morning.covers[GENERALIST].online
    if asleep and not has_generalist:
        found.append(texts.NOBODY_ONLINE(topics=catalogue.topic_titles(asleep)))
    return found


def _applications(morning: Morning) -> Text | None:
    waiting = morning.applications
    return texts.APPLICATIONS(count=waiting.count, span=span(morning.at - waiting.oldest_at)) if waiting else None


def _listed(aliases: Sequence[str]) -> Text:
    """Name the first few."""
    listed, more = ", ".join(aliases[:_MOST_ALIASES]), len(aliases) - _MOST_ALIASES
    return texts.AND_MORE(listed=listed, count=more) if more > 0 else texts.LISTED(listed=listed)
