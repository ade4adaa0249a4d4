"""What the two sides of a conversation can look up about it, and its transfer."""

from __future__ import annotations

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.sessions import Session, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.telegram.context import Call
from bot.telegram.screens import Screen
from bot.texts import counselor as to_counselor
from bot.texts import ending, everyone
from bot.texts import student as to_student
from bot.texts.times import recent


async def info(call: Call, session: Session) -> Screen:
    """Return what stands about a conversation, for the side that asks."""
    since = recent(session.activated_at or call.at, now=call.at)
    topic = texts.topic_title(session.topic)
    if session.side_of(call.actor.me) is Side.STUDENT and session.counselor_id is not None:
        name = await call.services.people.display_name(call.tx, session.counselor_id)
        text = ending.INFO_FOR_STUDENT(name=name, topic=topic, since=since, messages=session.messages)
        return text, [[Button(everyone.END, "session.end", session.alias)], buttons.SOS, buttons.HOME]
    written = await call.services.requesting.description(call.actor, session)
    last = recent(session.last_message_at, now=call.at) if session.messages and session.last_message_at else ending.NO_MESSAGE
    text = ending.INFO_FOR_COUNSELOR(
        alias=session.alias,
        topic=topic,
        gender=to_student.GENDERS[session.student_gender],
        description=to_counselor.OFFER_DESCRIPTION(description=written) if written else to_counselor.NO_DESCRIPTION,
        since=since,
        messages=session.messages,
        last=last,
    )
    end = Button(to_counselor.END(alias=session.alias), "session.end", session.alias)
    return text, [[transfer(session)], [end], buttons.SOS, buttons.HOME]


def confirm_transfer(session: Session) -> Screen:
    """Return the question whether a conversation shall go to another counselor."""
    return ending.CONFIRM_TRANSFER(alias=session.alias), [
        [Button(ending.YES_TRANSFER, "session.transfer.yes", session.alias)],
        [Button(everyone.NO_GO_ON, "session.info", session.alias)],
        buttons.HOME,
    ]


def transfer(session: Session) -> Button:
    """Return the button that asks for another counselor."""
    return Button(ending.TRANSFER(alias=session.alias), "session.transfer", session.alias)


def info_button(session: Session, label: Text) -> Button:
    """Return the button that shows what stands about a conversation, in place of the screen it is on."""
    return Button(label, "session.info", session.alias)
