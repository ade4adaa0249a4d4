"""The screens: what they say, and which buttons lead on and back."""

from __future__ import annotations

from collections.abc import Sequence

from bot import texts
from bot.domain.outgoing import Button, Keyboard
from bot.domain.people import Actor, Role
from bot.domain.sessions import Priority, Session, SessionState, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.context import Call
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student

_ABOUT = [Button(everyone.HELP_BUTTON, "help"), Button(everyone.PRIVACY_BUTTON, "privacy")]

Screen = tuple[Text, Keyboard]


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
    return waiting, [[_cancel(session)], buttons.SOS, _ABOUT]


async def unread(call: Call) -> Screen:
    """Return what is said to somebody who writes and is in no conversation: nobody has read it, and what they can do."""
    session = await call.services.requesting.current(call.actor)
    if session is None:
        return everyone.UNREAD, [buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW]
    place = await call.services.requesting.place(session)
    return to_student.UNREAD_WAITING(place=place), [buttons.SOS, buttons.HOME_BELOW]


def requested(session: Session, place: int) -> Screen:
    """Return the confirmation of a request; in a crisis with the help lines, which may be nearer than a counselor."""
    if session.priority is Priority.CRISIS:
        text = to_student.REQUESTED_CRISIS(place=place, help_lines=texts.help_lines())
        return text, [[_cancel(session)], buttons.SOS, buttons.HOME_BELOW]
    return to_student.REQUESTED(topic=texts.topic_title(session.topic), place=place), [
        [_cancel(session)],
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


def confirm_end(session: Session, actor: Actor, name: str) -> Screen:
    """Return the question whether a conversation shall end."""
    is_student = session.side_of(actor.me) is Side.STUDENT
    text = to_student.CONFIRM_END(name=name) if is_student else to_counselor.CONFIRM_END(alias=session.alias)
    return text, [[Button(everyone.YES_END, "session.end.yes", session.alias)], [Button(everyone.NO_GO_ON, "home")], buttons.SOS]


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


def _cancel(session: Session) -> Button:
    return Button(everyone.CANCEL_REQUEST, "request.cancel", session.alias)
