"""Where a command, a press or a text leads: each handlers module says what it takes, and here it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from telegram import Message

from bot.domain.errors import InvalidInput
from bot.telegram.context import Call, Form, Handler
from bot.telegram.handlers import (
    admin,
    admin_counselors,
    admin_runs,
    admin_schedules,
    admin_sessions,
    admin_tasks,
    admin_team,
    applying,
    conversation,
    counselor,
    dashboard,
    everyone,
    health,
    inviting,
    rating,
    session,
    student,
)
from bot.texts import everyone as to_everyone
from bot.texts import relay

Route = TypeVar("Route")


def _joined(*tables: Mapping[str, Route]) -> dict[str, Route]:
    """Return the tables as one.

    Raises:
        ValueError: Two of them name the same.
    """
    names = [name for table in tables for name in table]
    if len(set(names)) < len(names):
        raise ValueError(f"Named twice: {sorted({name for name in names if names.count(name) > 1})}")
    return {name: route for table in tables for name, route in table.items()}


COMMANDS: dict[str, Handler] = _joined(
    everyone.COMMANDS, health.COMMANDS, admin.COMMANDS, admin_counselors.COMMANDS, admin_tasks.COMMANDS
)

#: What buttons ask for.
ACTIONS: dict[str, Handler] = _joined(
    everyone.ACTIONS,
    student.ACTIONS,
    counselor.ACTIONS,
    conversation.ACTIONS,
    session.ACTIONS,
    rating.ACTIONS,
    applying.ACTIONS,
    dashboard.ACTIONS,
    health.ACTIONS,
    admin.ACTIONS,
    admin_counselors.ACTIONS,
    admin_sessions.ACTIONS,
    admin_tasks.ACTIONS,
    admin_schedules.ACTIONS,
    admin_runs.ACTIONS,
    admin_team.ACTIONS,
    inviting.ACTIONS,
)

#: What takes a text, by the step of the form that the person is at.
FORMS: dict[str, Form] = _joined(
    student.FORMS,
    rating.FORMS,
    applying.FORMS,
    dashboard.FORMS,
    admin_counselors.FORMS,
    admin_schedules.FORMS,
    admin_team.FORMS,
)


async def press(call: Call) -> None:
    """Do what a button asks for.

    Raises:
        InvalidInput: The button is not one of ours, or of an older release.
    """
    handler = ACTIONS.get(call.press.action)
    if handler is None:
        raise InvalidInput(to_everyone.FORGED)
    await handler(call)


async def message(call: Call) -> None:
    """Take a message: what a form asked for, else something for the other side.

    Raises:
        InvalidInput: A form asked for words, and this is something else.
    """
    written = call.update.message
    if written is None:
        return
    step = await call.services.dialogs.step(call.actor)
    form = FORMS.get(step) if step else None
    if form is None or await _is_said_to_somebody(call, written):
        await conversation.message(call)
    elif written.text is None:
        raise InvalidInput(relay.IN_WORDS)
    else:
        await form(call, written.text)


async def _is_said_to_somebody(call: Call, written: Message) -> bool:
    """Return whether a message answers one of a conversation, and so is meant for that and not for the form."""
    answered = written.reply_to_message
    return answered is not None and await call.services.relaying.is_answered(call.actor, answered.message_id)
