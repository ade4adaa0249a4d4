"""What admins press and write about admins."""

from __future__ import annotations

from bot.domain.ids import PersonId
from bot.services.appointing import STEP_APPOINT
from bot.telegram.context import Call, Form, Handler
from bot.telegram.screens import admin_team as screens
from bot.telegram.screens import paging


async def team(call: Call) -> None:
    """*Admins*, ◀ and ▶; what was being filled in is left."""
    found = await call.services.admin.appointing.team(call.actor, paging.number_in(call.press.reference))
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.team(found))


async def member(call: Call) -> None:
    """An appointed admin."""
    await call.show(*screens.member(await call.services.admin.appointing.find(call.actor, _person(call))))


async def ask_telegram_id(call: Call) -> None:
    """*Appoint an admin*: asks whom."""
    await call.services.admin.appointing.begin(call.actor)
    await call.show(*screens.ask_telegram_id())


async def take_telegram_id(call: Call, text: str) -> None:
    """A Telegram id, written."""
    await call.services.admin.appointing.invite(call.actor, text)
    await call.show(*screens.invited())


async def ask_dismiss(call: Call) -> None:
    """*Dismiss*: asks first."""
    one = await call.services.admin.appointing.find(call.actor, _person(call))
    await call.show(*screens.confirm_dismiss(one, is_me=one.id == call.actor.me))


async def dismiss(call: Call) -> None:
    """*Yes, dismiss*."""
    one = await call.services.admin.appointing.find(call.actor, _person(call))
    await call.services.admin.appointing.dismiss(call.actor, one.id)
    await call.show(*screens.dismissed(one))


def _person(call: Call) -> PersonId:
    return PersonId(call.number)


ACTIONS: dict[str, Handler] = {
    "admin.team": team,
    "admin.member": member,
    "admin.appoint": ask_telegram_id,
    "admin.dismiss": ask_dismiss,
    "admin.dismiss.yes": dismiss,
}
FORMS: dict[str, Form] = {STEP_APPOINT: take_telegram_id}
