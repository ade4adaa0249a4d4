"""Where somebody stands, and what they can do from there."""

from __future__ import annotations

from collections.abc import Sequence

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.people import Role
from bot.domain.sessions import Priority, Session, SessionState, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.context import Call
from bot.telegram.screens import Screen, student
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student

_ABOUT = [Button(everyone.HELP_BUTTON, "help"), Button(everyone.PRIVACY_BUTTON, "privacy")]


async def home(call: Call) -> Screen:
    """Return where somebody stands, and what they can do from there."""
    active = await call.services.relaying.conversations(call.actor)
    helping = [session for session in active if session.side_of(call.actor.me) is Side.COUNSELOR]
    if helping:
        return _conversations(helping)
    session = await call.services.requesting.current(call.actor)
    if session is None:
        welcome = await _counselor(call) if Role.COUNSELOR in call.actor.roles else everyone.WELCOME
        return welcome, [buttons.REQUEST, buttons.SOS, _ABOUT]
    if session.state is SessionState.ACTIVE and session.counselor_id is not None:
        name = await call.services.people.display_name(call.tx, session.counselor_id)
        return to_student.ACTIVE(name=name), [[_end(session)], buttons.SOS, _ABOUT]
    place = await call.services.requesting.place(session)
    topic = texts.topic_title(session.topic)
    waiting = to_student.WAITING(topic=topic, place=place)
    if session.priority is Priority.CRISIS:
        waiting = to_student.WAITING_CRISIS(topic=topic, place=place, help_lines=texts.help_lines())
    return waiting, [[student.cancel(session)], buttons.SOS, _ABOUT]


async def unread(call: Call) -> Screen:
    """Return what is said to somebody who writes and is in no conversation: nobody has read it, and what they can do."""
    session = await call.services.requesting.current(call.actor)
    if session is None:
        return everyone.UNREAD, [buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW]
    place = await call.services.requesting.place(session)
    return to_student.UNREAD_WAITING(place=place), [buttons.SOS, buttons.HOME_BELOW]


def _conversations(helping: Sequence[Session]) -> Screen:
    lines = [to_counselor.ALIAS_LINE(alias=one.alias, topic=texts.topic_title(one.topic)) for one in helping]
    listing = Text(
        "\n".join(f"{{line{number}}}" for number in range(len(lines))), **{f"line{n}": line for n, line in enumerate(lines)}
    )
    ends = [[Button(to_counselor.END(alias=one.alias), "session.end", one.alias)] for one in helping]
    return to_counselor.ACTIVE(count=len(helping), aliases=listing), [*ends, buttons.SOS, _ABOUT]


async def _counselor(call: Call) -> Text:
    name = await call.services.people.display_name(call.tx, call.actor.me)
    topics = await call.services.people.topics(call.tx, call.actor.me)
    return to_counselor.HOME(name=name, topics=texts.topic_titles(topics))


def _end(session: Session) -> Button:
    return Button(everyone.END, "session.end", session.alias)
