"""What admins press about scheduled tasks."""

from __future__ import annotations

from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin_tasks as screens
from bot.telegram.screens import paging


async def tasks(call: Call) -> None:
    """*Tasks*, ◀ and ▶, and ``/tasks``."""
    page = paging.number_in(call.reference)
    await call.show(*screens.tasks(await call.services.control.entries(call.actor, page), at=call.at))


async def task(call: Call) -> None:
    """A schedule."""
    await call.show(*screens.task(await call.services.control.entry(call.actor, call.press.reference), at=call.at))


async def run(call: Call) -> None:
    """*Run now*."""
    await _run(call, call.press.reference)


async def pause(call: Call) -> None:
    """*Pause*."""
    await call.services.control.pause(call.actor, call.press.reference)
    await task(call)


async def resume(call: Call) -> None:
    """*Resume*."""
    await call.services.control.resume(call.actor, call.press.reference)
    await task(call)


async def backup(call: Call) -> None:
    """``/backup``."""
    await _run(call, "backup")


async def cleanup(call: Call) -> None:
    """``/cleanup``."""
    await _run(call, "cleanup")


async def match(call: Call) -> None:
    """``/match``."""
    await _run(call, "match")


async def _run(call: Call, name: str) -> None:
    await call.services.control.trigger(call.actor, name)
    await call.show(*screens.started(name))


COMMANDS: dict[str, Handler] = {"tasks": tasks, "backup": backup, "cleanup": cleanup, "match": match}
ACTIONS: dict[str, Handler] = {
    "admin.tasks": tasks,
    "admin.task": task,
    "admin.task.run": run,
    "admin.task.pause": pause,
    "admin.task.resume": resume,
}
