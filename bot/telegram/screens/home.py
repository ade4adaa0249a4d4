"""Where somebody stands, and what they can do from there."""

from __future__ import annotations

from collections.abc import Sequence

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.people import CounselorStatus, Role
from bot.domain.sessions import Priority, Session, SessionState, Side
from bot.domain.text import Text, joined
from bot.services import buttons
from bot.telegram.context import Call
from bot.telegram.screens import Screen, admin, student
from bot.telegram.screens.session import info_button
from bot.texts import applying, ending, everyone, relay
from bot.texts import counselor as to_counselor
from bot.texts import student as to_student

_ABOUT = [Button(everyone.HELP_BUTTON, "help"), Button(everyone.PRIVACY_BUTTON, "privacy")]


async def home(call: Call) -> Screen:
    """Return where somebody stands, and what they can do from there; an admin also finds the way to the panel."""
    text, rows = await _standing(call)
    return text, [*rows, admin.PANEL] if Role.ADMIN in call.actor.roles else rows


async def _standing(call: Call) -> Screen:
    active = await call.services.relaying.conversations(call.actor)
    helping = [session for session in active if session.side_of(call.actor.me) is Side.COUNSELOR]
    session = await call.services.requesting.current(call.actor)
    if helping:
        text, rows = _conversations(helping, await call.services.relaying.current(call.actor, active))
        if session is not None:
            own, own_rows = await _own(call, session, is_helping=True)
            text, rows = to_counselor.AND_YOUR_OWN(helping=text, own=own), [*rows, *own_rows]
        return text, [*rows, *_dashboard(call), buttons.SOS, _ABOUT]
    if session is None:
        welcome = await _counselor(call) if Role.COUNSELOR in call.actor.roles else everyone.WELCOME
        return welcome, [buttons.REQUEST, *await _way(call), buttons.SOS, _ABOUT]
    text, rows = await _own(call, session, is_helping=False)
    return text, [*rows, *_dashboard(call), buttons.SOS, _ABOUT]


async def _own(call: Call, session: Session, *, is_helping: bool) -> Screen:
    """Return how the session stands that somebody has as a student, and what they can do with it."""
    if session.state is SessionState.ACTIVE and session.counselor_id is not None:
        name = await call.services.people.display_name(call.tx, session.counselor_id)
        text = to_counselor.YOUR_COUNSELOR(name=name) if is_helping else to_student.ACTIVE(name=name)
        return text, [[info_button(session, ending.SESSION_INFO)], [_end(session)]]
    place = await call.services.requesting.place(session)
    topic = texts.topic_title(session.topic)
    waiting = to_student.WAITING(topic=topic, place=place)
    if session.priority is Priority.CRISIS:
        waiting = to_student.WAITING_CRISIS(topic=topic, place=place, help_lines=texts.help_lines())
    return waiting, [[student.cancel(session)]]


async def unread(call: Call) -> Screen:
    """Return what is said to somebody who writes and is in no conversation: nobody has read it, and what they can do."""
    session = await call.services.requesting.current(call.actor)
    if session is None:
        return everyone.UNREAD, [buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW]
    place = await call.services.requesting.place(session)
    return to_student.UNREAD_WAITING(place=place), [buttons.SOS, buttons.HOME_BELOW]


def _conversations(helping: Sequence[Session], current: Session | None) -> Screen:
    lines = [_line(one, is_current=len(helping) > 1 and one == current) for one in helping]
    listing = joined(lines)
    rows = [row for one in helping for row in _rows(one, current)]
    if len(helping) == 1:
        return to_counselor.ACTIVE(count=1, aliases=listing), rows
    return to_counselor.ACTIVE_SEVERAL(count=len(helping), aliases=listing), rows


def _rows(session: Session, current: Session | None) -> list[list[Button]]:
    info = info_button(session, ending.SESSION_INFO_OF(alias=session.alias))
    end = Button(to_counselor.END(alias=session.alias), "session.end", session.alias)
    return [_switch(session, current), [info, end]] if session != current else [[info, end]]


def _line(session: Session, *, is_current: bool) -> Text:
    topic = texts.topic_title(session.topic)
    if is_current:
        return to_counselor.CURRENT_LINE(alias=session.alias, topic=topic)
    return to_counselor.ALIAS_LINE(alias=session.alias, topic=topic)


def _switch(session: Session, current: Session | None) -> list[Button]:
    return [] if session == current else [Button(relay.SWITCH(alias=session.alias), "session.switch", session.alias)]


async def _way(call: Call) -> list[list[Button]]:
    """Return where somebody can go on who helps, or would like to; nothing where only an admin can open the way again."""
    standing = await call.services.profiles.standing(call.actor)
    if standing is CounselorStatus.APPLIED:
        return [[Button(applying.MINE, "apply")]]
    return [[Button(applying.BECOME, "apply")]] if standing in {None, CounselorStatus.REJECTED} else _dashboard(call)


def _dashboard(call: Call) -> list[list[Button]]:
    return [buttons.DASHBOARD] if Role.COUNSELOR in call.actor.roles else []


async def _counselor(call: Call) -> Text:
    profile = await call.services.profiles.mine(call.actor)
    if profile is None:
        return everyone.WELCOME
    topics = texts.topic_titles(profile.topics)
    if profile.is_online:
        return to_counselor.HOME(name=profile.name, topics=topics)
    return to_counselor.HOME_OFFLINE(name=profile.name, topics=topics)


def _end(session: Session) -> Button:
    return Button(everyone.END, "session.end", session.alias)
