"""What admins press about runs: the history, one of them, cancelling it, repeating it."""

from __future__ import annotations

from bot.domain.ids import RunId, ScheduleId
from bot.domain.pages import PAGE_SIZE
from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin_runs as screens
from bot.telegram.screens import paging


async def history(call: Call) -> None:
    """*History*, *All runs*, *Older* and *Newest*: of a schedule, or of all where none is named or it was deleted."""
    about, _, last = call.reference.partition(".")
    number = paging.number_in(about) if about else screens.OF_ALL
    control, before = call.services.control, RunId(paging.number_in(last)) if last else None
    entry = await control.numbered(call.actor, ScheduleId(number)) if number != screens.OF_ALL else None
    name = entry.schedule.name if entry else None
    runs = await control.history(call.actor, name, before=before, limit=PAGE_SIZE + 1)
    await call.show(*screens.history(name, number, runs, is_first=before is None, at=call.at, me=call.actor.me))


async def run(call: Call) -> None:
    """A run, *Watch* and *Refresh*."""
    await _show(call, RunId(call.number))


async def ask_cancel(call: Call) -> None:
    """*Cancel*: asks first."""
    await call.show(*screens.confirm_cancel(await call.services.control.details(call.actor, RunId(call.number))))


async def cancel(call: Call) -> None:
    """*Yes, cancel it*."""
    await call.services.control.cancel(call.actor, RunId(call.number))
    await run(call)


async def repeat(call: Call) -> None:
    """*Repeat*: shows the new run."""
    await _show(call, await call.services.control.repeat(call.actor, RunId(call.number)))


async def _show(call: Call, run_id: RunId) -> None:
    details = await call.services.control.details(call.actor, run_id)
    await call.show(*screens.run(details, at=call.at, me=call.actor.me))


ACTIONS: dict[str, Handler] = {
    "admin.history": history,
    "admin.run": run,
    "admin.run.cancel": ask_cancel,
    "admin.run.cancel.yes": cancel,
    "admin.run.repeat": repeat,
}
