"""What the two sides of a conversation do, and every message that is no command."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import Message

from bot.domain.content import Content
from bot.domain.errors import InvalidInput
from bot.domain.sessions import Session, Side
from bot.services import buttons
from bot.telegram import contents
from bot.telegram.context import Call, Handler
from bot.telegram.handlers import everyone as everyone_
from bot.telegram.screens import conversation, home, rating
from bot.texts import counselor as to_counselor
from bot.texts import relay

_CALLS_FOR_HELP = {"sos", "help"}  #: without a slash, from somebody who is in no conversation


async def message(call: Call) -> None:
    """What no form asked for: a message for the other side, or for one of several, who is asked for where it is not clear."""
    written = call.update.message
    if written is None:
        return
    active = await call.services.relaying.conversations(call.actor)
    content = contents.read(written)
    if not active:
        await _unread(call, content)
    elif content is None:
        raise InvalidInput(relay.NOT_THIS_KIND)
    else:
        reply_to = written.reply_to_message.message_id if written.reply_to_message else None
        session = await call.services.relaying.meant(call.actor, active, reply_to=reply_to)
        if session is None:
            await _ask_which(call, active, written.message_id)
            return
        await call.services.relaying.relay(call.actor, session, content, message_id=written.message_id, reply_to=reply_to)


async def _ask_which(call: Call, active: Sequence[Session], message_id: int) -> None:
    """Ask for whom a message is. The question answers it, so that Telegram hands the message back with the press."""
    current = await call.services.relaying.current(call.actor, active)
    question = conversation.which(active, current, call.actor, await _name_of_their_counselor(call, active))
    await call.say(*question, reply_to=message_id)


async def _name_of_their_counselor(call: Call, active: Sequence[Session]) -> str:
    theirs = next((one for one in active if one.side_of(call.actor.me) is Side.STUDENT and one.counselor_id), None)
    return await call.services.people.display_name(call.tx, theirs.counselor_id) if theirs and theirs.counselor_id else ""


async def _unread(call: Call, content: Content | None) -> None:
    """Answer somebody who writes to nobody: help lines where they ask for help, else what they can do."""
    if content is not None and content.text.strip().lower() in _CALLS_FOR_HELP:
        await everyone_.sos(call)
    else:
        await call.say(*await home.unread(call))


async def edited(call: Call) -> None:
    """A message that its author changed."""
    written = call.update.edited_message
    if written is not None:
        await call.services.relaying.change(call.actor, contents.read(written), message_id=written.message_id)


async def send_held(call: Call) -> None:
    """*Student …*: for whom a message is that was held back."""
    held = _held(call)
    content = contents.read(held) if held is not None else None
    if held is None or content is None:
        raise InvalidInput(relay.HELD_IS_GONE)
    session = await call.services.relaying.send_held(call.actor, call.press.reference, content, message_id=held.message_id)
    await call.show(*conversation.sent(session, call.actor, await _name_of_their_counselor(call, [session])))


async def hold(call: Call) -> None:
    """*Do not send*."""
    await call.show(relay.NOT_SENT, [buttons.HOME_BELOW])


def _held(call: Call) -> Message | None:
    """Return the message that the question answers; None where its author has deleted it, or it is too old for Telegram."""
    query = call.update.callback_query
    question = query.message if query is not None else None
    return question.reply_to_message if isinstance(question, Message) else None


async def ask_switch(call: Call) -> None:
    """*Switch to …*: asks first."""
    active = await call.services.relaying.conversations(call.actor)
    session = await call.services.closing.find(call.actor, call.press.reference)
    await call.show(*conversation.confirm_switch(session, await call.services.relaying.current(call.actor, active)))


async def switch(call: Call) -> None:
    """*Yes, switch*."""
    await call.show(*conversation.switched(await call.services.relaying.switch(call.actor, call.press.reference)))


async def ask_end(call: Call) -> None:
    """*End Session*: asks first."""
    session = await call.services.closing.find(call.actor, call.press.reference)
    name = await call.services.people.display_name(call.tx, session.counselor_id) if session.counselor_id else session.alias
    await call.say(*conversation.confirm_end(session, call.actor, name))


async def end(call: Call) -> None:
    """*Yes, end it*."""
    session = await call.services.closing.end(call.actor, call.press.reference)
    if session.side_of(call.actor.me) is Side.STUDENT:
        await call.show(*rating.ended_by_you(session))
    else:
        await call.show(to_counselor.ENDED_BY_YOU(alias=session.alias), buttons.SOS_AND_HOME)


ACTIONS: dict[str, Handler] = {
    "session.end": ask_end,
    "session.end.yes": end,
    "session.hold": hold,
    "session.send": send_held,
    "session.switch": ask_switch,
    "session.switch.yes": switch,
}
