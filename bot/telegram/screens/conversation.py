"""What the two sides of a conversation see beside what they say to each other."""

from __future__ import annotations

from collections.abc import Sequence

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.people import Actor
from bot.domain.sessions import Session, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.screens import Screen
from bot.texts import counselor as to_counselor
from bot.texts import everyone, relay
from bot.texts import student as to_student


def confirm_end(session: Session, actor: Actor, name: str) -> Screen:
    """Return the question whether a conversation shall end."""
    is_student = session.side_of(actor.me) is Side.STUDENT
    text = to_student.CONFIRM_END(name=name) if is_student else to_counselor.CONFIRM_END(alias=session.alias)
    return text, [[Button(everyone.YES_END, "session.end.yes", session.alias)], [Button(everyone.NO_GO_ON, "home")], buttons.SOS]


def which(active: Sequence[Session], current: Session | None, actor: Actor, name: str) -> Screen:
    """Return the question for whom a message is; *name* is that of the actor's own counselor, where they have one."""
    shown = to_counselor.STUDENT(alias=current.alias) if current is not None else relay.NONE_CURRENT
    rows = [[Button(_label(session, actor, name), "session.send", session.alias)] for session in active]
    return relay.WHICH(current=shown), [*rows, [Button(relay.DO_NOT_SEND, "session.hold")], buttons.SOS, buttons.HOME_BELOW]


def confirm_switch(session: Session, current: Session | None) -> Screen:
    """Return the question whether to switch to another student."""
    shown = to_counselor.STUDENT(alias=current.alias) if current is not None else relay.NONE_CURRENT
    text = relay.CONFIRM_SWITCH(alias=session.alias, topic=texts.topic_title(session.topic), current=shown)
    yes = Button(relay.YES_SWITCH(alias=session.alias), "session.switch.yes", session.alias)
    return text, [[yes], [Button(relay.STAY, "home")], buttons.SOS]


def switched(session: Session) -> Screen:
    """Return what stands in the chat from a switch on."""
    return relay.SWITCHED(alias=session.alias, topic=texts.topic_title(session.topic)), [buttons.SOS, buttons.HOME_BELOW]


def sent(session: Session, actor: Actor, name: str) -> Screen:
    """Return what a question for whom a message is becomes once it is answered."""
    text = relay.SENT_TO(alias=session.alias)
    if session.side_of(actor.me) is Side.STUDENT:
        text = relay.SENT_TO_YOURS(name=name)
    return text, [buttons.HOME_BELOW]


def _label(session: Session, actor: Actor, name: str) -> Text:
    if session.side_of(actor.me) is Side.STUDENT:
        return relay.SEND_TO_YOURS(name=name)
    return relay.SEND_TO(alias=session.alias)
