"""How the service is, for the admins."""

from __future__ import annotations

from bot.domain.outgoing import Button
from bot.domain.text import Text
from bot.telegram.context import Call, Handler
from bot.telegram.screens.admin import BACK
from bot.texts import admin


async def health(call: Call) -> None:
    """*Health* and ``/health``: a line for each part of the service."""
    found = await call.services.health.check(call.actor, update_id=call.update.update_id)
    lines = {f"line{number}": line for number, line in enumerate(found)}
    refresh = [Button(admin.REFRESH, "admin.health")]
    await call.show(Text("\n".join(f"{{{name}}}" for name in lines), **lines), [refresh, BACK])


COMMANDS: dict[str, Handler] = {"health": health}
ACTIONS: dict[str, Handler] = {"admin.health": health}
