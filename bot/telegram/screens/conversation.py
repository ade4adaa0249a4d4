"""What the two sides of a conversation see beside what they say to each other."""

from __future__ import annotations

from bot.domain.outgoing import Button
from bot.domain.people import Actor
from bot.domain.sessions import Session, Side
from bot.services import buttons
from bot.telegram.screens import Screen
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student


def confirm_end(session: Session, actor: Actor, name: str) -> Screen:
    """Return the question whether a conversation shall end."""
    is_student = session.side_of(actor.me) is Side.STUDENT
    text = to_student.CONFIRM_END(name=name) if is_student else to_counselor.CONFIRM_END(alias=session.alias)
    return text, [[Button(everyone.YES_END, "session.end.yes", session.alias)], [Button(everyone.NO_GO_ON, "home")], buttons.SOS]
