"""What the two sides of a conversation do, and every message that is no command."""

from __future__ import annotations

from bot.domain.sessions import Side
from bot.services import buttons
from bot.telegram.context import Call, Handler
from bot.telegram.handlers import everyone as everyone_
from bot.telegram.screens import conversation, home
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student

_CALLS_FOR_HELP = {"sos", "help"}  #: without a slash, from somebody who is in no conversation


async def text(call: Call, text: str) -> None:
    """A text that no form asked for: a message for the other side."""
    message = call.update.message
    if message is None:
        return
    if not await call.services.relaying.conversations(call.actor):
        await _unread(call, text)
        return
    reply_to = message.reply_to_message.message_id if message.reply_to_message else None
    await call.services.relaying.relay(call.actor, text, message_id=message.message_id, reply_to=reply_to)


async def _unread(call: Call, text: str) -> None:
    """Answer somebody who writes to nobody: help lines where they ask for help, else what they can do."""
    if text.strip().lower() in _CALLS_FOR_HELP:
        await everyone_.sos(call)
    else:
        await call.say(*await home.unread(call))


async def other(call: Call) -> None:
    """Anything that is no text: said at once that it does not pass."""
    await call.say(everyone.ONLY_TEXT)


async def edited(call: Call) -> None:
    """A message that was changed."""
    if await call.services.relaying.conversations(call.actor):
        await call.say(everyone.EDIT_NOT_PASSED)


async def ask_end(call: Call) -> None:
    """*End Session*: asks first."""
    session = await call.services.closing.find(call.actor, call.press.reference)
    name = await call.services.people.display_name(call.tx, session.counselor_id) if session.counselor_id else session.alias
    await call.say(*conversation.confirm_end(session, call.actor, name))


async def end(call: Call) -> None:
    """*Yes, end it*."""
    session = await call.services.closing.end(call.actor, call.press.reference)
    is_student = session.side_of(call.actor.me) is Side.STUDENT
    done = to_student.ENDED_BY_YOU if is_student else to_counselor.ENDED_BY_YOU(alias=session.alias)
    await call.show(done, buttons.SOS_AND_HOME)


ACTIONS: dict[str, Handler] = {"session.end": ask_end, "session.end.yes": end}
