"""The panel of the admins, its figures, and its buttons."""

from __future__ import annotations

from datetime import datetime

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.sessions import SessionState
from bot.domain.text import Text, joined
from bot.services import buttons
from bot.services.reporting import Overview, Statistics
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
    """Return what the service has done so far."""
    topics = [_figure(texts.topic_title(key), count) for key, count in figures.topics.items()]
    rating = texts_.RATING(mean=str(figures.average_rating), count=figures.ratings)
    text = texts_.FIGURES(
        at=times.moment(figures.at),
        people=figures.heads.people,
        approved=figures.heads.approved,
        online=figures.heads.online,
        applications=figures.heads.applications,
        states=joined(_figure(texts_.STATES[state], count) for state, count in figures.sessions.items()),
        topics=joined(topics) if topics else texts_.NO_TOPICS,
        messages=figures.messages,
        requested=figures.recent.requested,
        started=figures.recent.started,
        ended=figures.recent.ended,
        recent=figures.recent.messages,
        wait=times.span(figures.average_wait) if figures.average_wait is not None else texts_.NO_WAIT,
        rating=rating if figures.average_rating is not None else texts_.NO_RATING,
    )
    return text, [[Button(texts_.REFRESH, "admin.statistics")], BACK]


def _figure(name: Text | str, count: int) -> Text:
    return texts_.FIGURE(name=name, count=count)
