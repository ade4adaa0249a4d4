"""What admins press and write about applicants and counselors."""

from __future__ import annotations

from bot.domain.ids import PersonId
from bot.services.moderating import STEP_REJECT
from bot.telegram.context import Call, Form, Handler
from bot.telegram.screens import admin_counselors as screens
from bot.telegram.screens import paging
from bot.texts import admin as texts_


async def applications(call: Call) -> None:
    """*Applications*, ◀ and ▶, and ``/pending``."""
    page = paging.number_in(call.reference)
    await call.show(*screens.applications(await call.services.admin.moderating.applications(call.actor, page)))


async def application(call: Call) -> None:
    """An application; what was being filled in about it is left."""
    card = await call.services.admin.moderating.application(call.actor, _person(call))
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.application(card))


async def approve(call: Call) -> None:
    """*Approve*; where there is something new to read, that comes first."""
    number, _, version = call.press.reference.partition(".")
    person_id = PersonId(paging.number_in(number))
    card = await call.services.admin.moderating.approve(call.actor, person_id, version)
    if card is not None:
        await call.show(*screens.approved(card))
    else:
        await call.show(*screens.changed(await call.services.admin.moderating.application(call.actor, person_id)))


async def ask_reason(call: Call) -> None:
    """*Reject*: asks why."""
    await call.show(*screens.ask_reason(await call.services.admin.moderating.begin_rejection(call.actor, _person(call))))


async def reject(call: Call) -> None:
    """*Without a reason*."""
    await call.show(*screens.rejected(await call.services.admin.moderating.reject(call.actor, _person(call))))


async def take_reason(call: Call, text: str) -> None:
    """The reason, written: shown once more."""
    await call.say(*screens.confirm_reason(await call.services.admin.moderating.keep_reason(call.actor, text), text))


async def reject_with_reason(call: Call) -> None:
    """*Yes, reject*: with the reason that was written."""
    await call.show(*screens.rejected(await call.services.admin.moderating.reject_with_reason(call.actor)))


async def counselors(call: Call) -> None:
    """*Counselors*, ◀ and ▶, and ``/counselors``."""
    page = paging.number_in(call.reference)
    await call.show(*screens.counselors(await call.services.admin.moderating.counselors(call.actor, page)))


async def counselor(call: Call) -> None:
    """A counselor."""
    await call.show(*screens.counselor(*await call.services.admin.moderating.counselor(call.actor, _person(call))))


async def ask_deactivate(call: Call) -> None:
    """*Deactivate*: asks first."""
    await call.show(*screens.confirm_deactivate(*await call.services.admin.moderating.counselor(call.actor, _person(call))))


async def deactivate(call: Call) -> None:
    """*Yes, deactivate*."""
    card, _ = await call.services.admin.moderating.counselor(call.actor, _person(call))
    await call.services.admin.moderating.deactivate(call.actor, card.id)
    await call.show(*screens.done(texts_.DEACTIVATED(name=card.name), card))


async def reactivate(call: Call) -> None:
    """*Reactivate*."""
    card, _ = await call.services.admin.moderating.counselor(call.actor, _person(call))
    await call.services.admin.moderating.reactivate(call.actor, card.id)
    await call.show(*screens.done(texts_.REACTIVATED(name=card.name), card))


async def ask_delete(call: Call) -> None:
    """*Delete*: asks first."""
    await call.show(*screens.confirm_delete(*await call.services.admin.moderating.counselor(call.actor, _person(call))))


async def delete(call: Call) -> None:
    """*Yes, delete*."""
    card, _ = await call.services.admin.moderating.counselor(call.actor, _person(call))
    await call.services.admin.moderating.delete(call.actor, card.id)
    await call.show(*screens.deleted(card))


async def ask_promote(call: Call) -> None:
    """*Appoint as admin*: asks first."""
    card, _ = await call.services.admin.moderating.counselor(call.actor, _person(call))
    await call.show(*screens.confirm_appoint(card))


async def promote(call: Call) -> None:
    """*Yes, appoint*."""
    card, _ = await call.services.admin.moderating.counselor(call.actor, _person(call))
    await call.services.admin.appointing.appoint(call.actor, card.id)
    await call.show(*screens.done(texts_.APPOINTED(name=card.name), card))


def _person(call: Call) -> PersonId:
    return PersonId(call.number)


COMMANDS: dict[str, Handler] = {"pending": applications, "counselors": counselors}
ACTIONS: dict[str, Handler] = {
    "admin.applications": applications,
    "admin.application": application,
    "admin.approve": approve,
    "admin.reject": ask_reason,
    "admin.reject.bare": reject,
    "admin.reject.yes": reject_with_reason,
    "admin.counselors": counselors,
    "admin.counselor": counselor,
    "admin.deactivate": ask_deactivate,
    "admin.deactivate.yes": deactivate,
    "admin.reactivate": reactivate,
    "admin.delete": ask_delete,
    "admin.delete.yes": delete,
    "admin.promote": ask_promote,
    "admin.promote.yes": promote,
}
FORMS: dict[str, Form] = {STEP_REJECT: take_reason}
