"""The panel of the admins, its figures, and its buttons."""

from __future__ import annotations

from datetime import datetime

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.sessions import SessionState
from bot.domain.text import Text, joined
from bot.services import buttons
from bot.services.reporting import Overview, Snapshot, Statistics
from bot.telegram.screens import Screen
from bot.texts import admin as texts_
from bot.texts import times

PANEL = [Button(texts_.PANEL, "admin")]  #: the way in
BACK = [Button(texts_.TO_PANEL, "admin"), *buttons.HOME]  #: the way back


def panel(overview: Overview, *, at: datetime) -> Screen:
    """Return how the service stands, and where to go from there."""
    heads, sessions = overview.heads, overview.sessions
    text = texts_.OVERVIEW(
        at=times.moment(at),
        waiting=sessions[SessionState.WAITING],
        offered=sessions[SessionState.OFFERED],
        active=sessions[SessionState.ACTIVE],
        online=heads.online,
        approved=heads.approved,
        applications=heads.applications,
    )
    return text, [
        [Button(texts_.APPLICATIONS, "admin.applications"), Button(texts_.COUNSELORS, "admin.counselors")],
        [Button(texts_.SESSIONS, "admin.sessions"), Button(texts_.TASKS, "admin.tasks")],
        [Button(texts_.STATISTICS, "admin.statistics"), Button(texts_.ADMINS, "admin.team")],
        [Button(texts_.HEALTH, "admin.health"), Button(texts_.REFRESH, "admin")],
        buttons.HOME,
    ]


def statistics(figures: Statistics) -> Screen:
    """Return how the service stands, and what it has done so far."""
    heads = figures.now.heads
    text = texts_.FIGURES(
        at=times.moment(figures.at),
        approved=heads.approved,
        online=heads.online,
        applications=heads.applications,
        states=joined(_figure(texts_.STATES[state], count) for state, count in figures.now.sessions.items()),
        counted=_counted(figures.counted) if figures.counted is not None else texts_.NOT_COUNTED,
    )
    return text, [[Button(texts_.REFRESH, "admin.statistics")], BACK]


def _counted(counted: Snapshot) -> Text:
    so_far, day, wait, rating = counted.so_far, counted.day, counted.waits.average, counted.so_far.average_rating
    topics = sorted(so_far.topics.items(), key=lambda topic: -topic[1])
    return texts_.COUNTED(
        at=times.moment(counted.at),
        people=counted.people,
        all=so_far.requests,
        over=so_far.ended,
        cancelled=so_far.cancelled,
        messages=so_far.messages,
        rating=texts_.RATING(mean=str(rating), count=so_far.ratings) if rating is not None else texts_.NO_RATING,
        topics=joined(_figure(texts.topic_title(key), count) for key, count in topics) if topics else texts_.NO_TOPICS,
        requested=day.requests,
        started=day.started,
        ended=day.ended,
        recent=day.messages,
        wait=times.span(wait) if wait is not None else texts_.NO_WAIT,
        week=counted.week.requests,
        before=counted.week_before.requests,
    )


def _figure(name: Text | str, count: int) -> Text:
    return texts_.FIGURE(name=name, count=count)
