"""Where a command, a press or a text leads: each handlers module says what it takes, and here it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bot.domain.errors import InvalidInput
from bot.telegram.context import Call, Form, Handler
from bot.telegram.handlers import conversation, counselor, everyone, student
from bot.texts import everyone as to_everyone

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


COMMANDS: dict[str, Handler] = _joined(everyone.COMMANDS)

#: What buttons ask for.
ACTIONS: dict[str, Handler] = _joined(everyone.ACTIONS, student.ACTIONS, counselor.ACTIONS, conversation.ACTIONS)

#: What takes a text, by the step of the form that the person is at.
FORMS: dict[str, Form] = _joined(student.FORMS)


async def press(call: Call) -> None:
    """Do what a button asks for.

    Raises:
        InvalidInput: The button is not one of ours, or of an older release.
    """
    handler = ACTIONS.get(call.press.action)
    if handler is None:
        raise InvalidInput(to_everyone.FORGED)
    await handler(call)


async def text(call: Call) -> None:
    """Take a text: what a form asked for, else a message for the other side."""
    message = call.update.message
    if message is None or message.text is None:
        return
    step = await call.services.dialogs.step(call.actor)
    form = FORMS.get(step) if step else None
    if form is not None:
        await form(call, message.text)
    else:
        await conversation.text(call, message.text)
