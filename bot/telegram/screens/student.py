"""What a student sees on the way to a counselor."""

from __future__ import annotations

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.sessions import Priority, Session
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.screens import Screen
from bot.texts import everyone
from bot.texts import student as to_student


def requested(session: Session, place: int) -> Screen:
    """Return the confirmation of a request; in a crisis with the help lines, which may be nearer than a counselor."""
    if session.priority is Priority.CRISIS:
        text = to_student.REQUESTED_CRISIS(place=place, help_lines=texts.help_lines())
        return text, [[cancel(session)], buttons.SOS, buttons.HOME_BELOW]
    return to_student.REQUESTED(topic=texts.topic_title(session.topic), place=place), [
        [cancel(session)],
        buttons.SOS,
        buttons.HOME,
    ]


def consent(retention_days: int) -> Screen:
    """Return what is agreed to before the first request."""
    rows = [[Button(everyone.AGREE, "consent.yes")], [Button(everyone.DISAGREE, "home")], buttons.SOS]
    return everyone.CONSENT(days=retention_days), rows


def topics() -> Screen:
    """Return the question for the topic."""
    rows = [[Button(Text("{title}", title=topic.title), "request.topic", topic.key)] for topic in texts.topics().values()]
    return to_student.CHOOSE_TOPIC, [*rows, buttons.SOS, buttons.HOME]


def genders() -> Screen:
    """Return the question for the gender."""
    rows = [[Button(label, "request.gender", gender)] for gender, label in to_student.GENDERS.items()]
    return to_student.CHOOSE_GENDER, [*rows, [Button(everyone.BACK, "request")], buttons.SOS, buttons.HOME]


def description(topic: str) -> Screen:
    """Return the question for the description."""
    rows = [[Button(to_student.SKIP, "request.skip")], [Button(everyone.BACK, "request.topic", topic)], buttons.SOS, buttons.HOME]
    return to_student.DESCRIBE(topic=texts.topic_title(topic)), rows


def cancel(session: Session) -> Button:
    """Return the button that takes a request back."""
    return Button(everyone.CANCEL_REQUEST, "request.cancel", session.alias)
