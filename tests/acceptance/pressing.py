"""Which of the buttons that were shown nobody has pressed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from bot.playground import BotApiServer

_OWN = re.compile(r"^✅ \d+\. | [A-Z2-9]{6}$")  #: the place of a chosen topic, the alias of a student

#: What is shown only to a counselor who talks with more than one student.
ONLY_FOR_SEVERAL = {"session.send", "session.hold", "session.switch", "session.switch.yes"}


_OF_SCHEDULES = ("admin.task", "admin.tasks", "admin.draft", "admin.run", "admin.history")


def is_of_schedules(action: str) -> bool:
    """Return whether an action of the admins is about schedules or runs."""
    return action in _OF_SCHEDULES or action.startswith(tuple(f"{one}." for one in _OF_SCHEDULES))


def unpressed(server: BotApiServer, actions: Iterable[str]) -> set[str]:
    """Return which of *actions* were never asked for, and the labels of their buttons that were shown and not pressed."""
    wanted = set(actions)
    pressed = {query.data for query in server.world.queries.values()}
    shown = {
        (data, _OWN.sub("", button["text"]))
        for call in server.calls
        for button in buttons_of(call.params)
        if action_of(data := button["callback_data"]) in wanted
    }
    labels = {label for _, label in shown} - {label for data, label in shown if data in pressed}
    return labels | (wanted - {action_of(data) for data in pressed})


def action_of(data: str) -> str:
    """Return what a button asks for."""
    return data.partition(":")[0]


def buttons_of(params: dict[str, Any]) -> list[dict[str, str]]:
    """Return the inline buttons that a call shows."""
    markup = params.get("reply_markup") or {}
    markup = json.loads(markup) if isinstance(markup, str) else markup
    return [button for row in markup.get("inline_keyboard", []) for button in row]
