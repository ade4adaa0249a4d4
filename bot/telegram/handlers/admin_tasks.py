"""What admins press about scheduled tasks."""

from __future__ import annotations

from bot.domain.ids import ScheduleId
from bot.domain.text import Text
from bot.scheduler.control import Entry
from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin_tasks as screens
from bot.telegram.screens import paging


async def tasks(call: Call) -> None:
    """*Tasks*, ◀ and ▶, and ``/tasks``; what was being filled in is left."""
    page = await call.services.control.page(call.actor, paging.number_in(call.reference))
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.tasks(page, at=call.at))


async def task(call: Call) -> None:
    """A schedule; what was being filled in is left."""
    await show(call, ScheduleId(call.number))


async def show(call: Call, schedule_id: ScheduleId, news: Text | None = None) -> None:
    """Show a schedule, below the news where there are some."""
    entry = await call.services.control.numbered(call.actor, schedule_id)
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.task(entry, at=call.at, news=news))


async def run(call: Call) -> None:
    """*Run now*."""
    await _run(call, (await _entry(call)).schedule.name)


async def try_out(call: Call) -> None:
    """*Try out*."""
    name = (await _entry(call)).schedule.name
    run_id = await call.services.control.trigger(call.actor, name, is_dry_run=True)
    await call.show(*screens.started(name, run_id, is_dry_run=True))


async def pause(call: Call) -> None:
    """*Pause*."""
    await call.services.control.pause(call.actor, (await _entry(call)).schedule.name)
    await task(call)


async def resume(call: Call) -> None:
    """*Resume*."""
    await call.services.control.resume(call.actor, (await _entry(call)).schedule.name)
    await task(call)


async def ask_delete(call: Call) -> None:
    """*Delete*: asks first."""
    await call.show(*screens.confirm_delete(await _entry(call)))


async def delete(call: Call) -> None:
    """*Yes, delete it*."""
    name = (await _entry(call)).schedule.name
    await call.services.control.remove(call.actor, name)
    await call.show(*screens.deleted(name))


async def backup(call: Call) -> None:
    """``/backup``."""
    await _run(call, "backup")


async def cleanup(call: Call) -> None:
    """``/cleanup``."""
    await _run(call, "cleanup")


async def match(call: Call) -> None:
    """``/match``."""
    await _run(call, "match")


async def _entry(call: Call) -> Entry:
    return await call.services.control.numbered(call.actor, ScheduleId(call.number))


async def _run(call: Call, name: str) -> None:
    await call.show(*screens.started(name, await call.services.control.trigger(call.actor, name)))


COMMANDS: dict[str, Handler] = {"tasks": tasks, "backup": backup, "cleanup": cleanup, "match": match}
ACTIONS: dict[str, Handler] = {
    "admin.tasks": tasks,
    "admin.task": task,
    "admin.task.run": run,
    "admin.task.try": try_out,
    "admin.task.pause": pause,
    "admin.task.resume": resume,
    "admin.task.delete": ask_delete,
    "admin.task.delete.yes": delete,
}
