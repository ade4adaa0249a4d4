"""What a student says of a conversation when it is over."""

from __future__ import annotations

from bot.domain.errors import InvalidInput
from bot.services import buttons
from bot.services.dialogs import STEP_COMMENT
from bot.telegram.context import Call, Form, Handler
from bot.telegram.screens import rating as screens
from bot.texts import ending, everyone


async def ask(call: Call) -> None:
    """*Rate Session*."""
    await call.show(*screens.ask(await call.services.rating.find(call.actor, call.press.reference)))


async def later(call: Call) -> None:
    """*Not now*."""
    await call.show(*screens.later(await call.services.rating.find(call.actor, call.press.reference)))


async def rate(call: Call) -> None:
    """A number of stars."""
    alias, _, stars = call.press.reference.rpartition("-")
    if not stars.isdecimal():
        raise InvalidInput(everyone.FORGED)
    asks_comment = await call.services.rating.rate(call.actor, alias, int(stars))
    await call.show(*screens.rated(int(stars), asks_comment=asks_comment))


async def comment(call: Call, text: str) -> None:
    """A word that goes with the stars."""
    is_kept = await call.services.rating.comment(call.actor, text)
    await call.say(ending.COMMENT_KEPT if is_kept else ending.COMMENT_TOO_LATE, [buttons.REQUEST, *buttons.SOS_AND_HOME])


async def skip(call: Call) -> None:
    """*Skip*: no word."""
    await call.services.rating.skip(call.actor)
    await call.show(ending.COMMENT_SKIPPED, [buttons.REQUEST, *buttons.SOS_AND_HOME])


ACTIONS: dict[str, Handler] = {"rating.ask": ask, "rating.later": later, "rating.stars": rate, "rating.skip": skip}
FORMS: dict[str, Form] = {STEP_COMMENT: comment}
