"""What a counselor presses."""

from __future__ import annotations

from bot.domain.ids import OfferId
from bot.telegram.context import Call, Handler


async def accept(call: Call) -> None:
    """*Accept Session*; the service says to both what follows."""
    await call.services.offering.accept(call.actor, OfferId(call.number))


async def decline(call: Call) -> None:
    """*Decline*."""
    await call.services.offering.decline(call.actor, OfferId(call.number))


ACTIONS: dict[str, Handler] = {"offer.accept": accept, "offer.decline": decline}
