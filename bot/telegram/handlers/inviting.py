"""What somebody presses whom an admin has invited to become one too."""

from __future__ import annotations

from bot.services import buttons
from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin as screens
from bot.texts import admin as texts_


async def accept(call: Call) -> None:
    """*Accept*."""
    await call.services.inviting.accept(call.actor)
    await call.show(texts_.YOU_ARE_ADMIN, [screens.PANEL])


async def decline(call: Call) -> None:
    """*No, thank you*."""
    await call.services.inviting.decline(call.actor)
    await call.show(texts_.INVITATION_DECLINED, buttons.SOS_AND_HOME)


ACTIONS: dict[str, Handler] = {"invitation.accept": accept, "invitation.decline": decline}
