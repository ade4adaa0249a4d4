"""What a student sees when a conversation is over."""

from __future__ import annotations

from bot.domain.outgoing import Button
from bot.domain.sessions import COMMENT_LENGTH, Session
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.screens import Screen
from bot.texts import ending
from bot.texts import student as to_student


def ended_by_you(session: Session) -> Screen:
    """Return the end of a conversation that the student has ended."""
    return _question(session, ending.HOW_WAS_IT(told=to_student.ENDED_BY_YOU))


def ask(session: Session) -> Screen:
    """Return the question once more."""
    return _question(session, ending.ASK_AGAIN)


def later(session: Session) -> Screen:
    """Return what stands in place of the question that was put off."""
    rows = [[Button(ending.RATE_SESSION, "rating.ask", session.alias)], buttons.REQUEST, buttons.SOS, buttons.HOME]
    return ending.RATE_LATER, rows


def rated(stars: int, *, asks_comment: bool) -> Screen:
    """Return the thanks for the stars, and the question for a word where there is one."""
    if asks_comment:
        text = ending.RATED_AND_COMMENT(stars=stars, most=COMMENT_LENGTH)
        return text, [[Button(ending.SKIP_COMMENT, "rating.skip")], *buttons.SOS_AND_HOME]
    return ending.RATED(stars=stars), buttons.SOS_AND_HOME


def _question(session: Session, text: Text) -> Screen:
    return text, [*buttons.rating(session.alias), buttons.REQUEST, buttons.SOS, buttons.HOME]
