"""The panel of the admins and its figures."""

from __future__ import annotations

from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin as screens


async def panel(call: Call) -> None:
    """*Admin Panel* and ``/admin``: how the service stands; what was being filled in is left."""
    overview = await call.services.admin.reporting.overview(call.actor)
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.panel(overview, at=call.at))


async def statistics(call: Call) -> None:
    """*Statistics* and ``/stats``."""
    await call.show(*screens.statistics(await call.services.admin.reporting.statistics(call.actor)))


COMMANDS: dict[str, Handler] = {"admin": panel, "stats": statistics}
ACTIONS: dict[str, Handler] = {"admin": panel, "admin.statistics": statistics}
