"""*Session Info* and *Transfer Session*."""

from __future__ import annotations

from bot.services import buttons
from bot.telegram.context import Call, Handler
from bot.telegram.screens import session as screens
from bot.texts import ending


async def info(call: Call) -> None:
    """*Session Info* on a screen."""
    await call.show(*await screens.info(call, await call.services.closing.find(call.actor, call.press.reference)))


async def info_below(call: Call) -> None:
    """*Session Info* under something that should stay readable."""
    await call.say(*await screens.info(call, await call.services.closing.find(call.actor, call.press.reference)))


async def ask_transfer(call: Call) -> None:
    """*Transfer*: asks first."""
    await call.show(*screens.confirm_transfer(await call.services.transferring.find(call.actor, call.press.reference)))


async def transfer(call: Call) -> None:
    """*Yes, hand over*."""
    session = await call.services.transferring.transfer(call.actor, call.press.reference)
    await call.show(ending.TRANSFERRED_BY_YOU(alias=session.alias), [buttons.HOME])


ACTIONS: dict[str, Handler] = {
    "session.info": info,
    "session.info.below": info_below,
    "session.transfer": ask_transfer,
    "session.transfer.yes": transfer,
}
