"""What admins press about sessions."""

from __future__ import annotations

from bot.domain.errors import InvalidInput
from bot.domain.ids import PersonId
from bot.storage.session_pages import Shown
from bot.telegram.context import Call, Handler
from bot.telegram.screens import admin_sessions as screens
from bot.telegram.screens import paging
from bot.texts import admin as texts_
from bot.texts import everyone


async def sessions(call: Call) -> None:
    """*Sessions*, a filter, ◀ and ▶."""
    reference = call.press.reference or Shown.WAITING
    name = reference.partition(".")[0]
    if name not in set(Shown):
        raise InvalidInput(everyone.FORGED)
    page = paging.number_in(reference.partition(".")[2])
    found = await call.services.admin.steering.sessions(call.actor, Shown(name), page)
    await call.show(*screens.sessions(Shown(name), found, at=call.at))


async def session(call: Call) -> None:
    """A session."""
    await call.show(*screens.session(await call.services.admin.steering.session(call.actor, call.press.reference)))


async def ask_take(call: Call) -> None:
    """*Accept myself*: asks first."""
    details = await call.services.admin.steering.session(call.actor, call.press.reference)
    await call.show(*screens.confirm_take(details.session, await call.services.admin.steering.my_name(call.actor)))


async def take(call: Call) -> None:
    """*Yes, I take it*; the service says below what follows."""
    taken = await call.services.admin.steering.take(call.actor, call.press.reference)
    await call.show(*screens.done(texts_.TAKEN(alias=taken.alias), taken.alias))


async def choose(call: Call) -> None:
    """*Assign*, ◀ and ▶: to whom."""
    alias, _, number = call.press.reference.partition(".")
    page = await call.services.admin.steering.choices(call.actor, alias, paging.number_in(number))
    await call.show(*screens.choices(alias, page))


async def assign(call: Call) -> None:
    """A counselor to whom a session is to be given."""
    alias, _, number = call.press.reference.partition(".")
    counselor_id = PersonId(paging.number_in(number))
    session, offer = await call.services.admin.steering.assign(call.actor, alias, counselor_id)
    name = await call.services.people.display_name(call.tx, counselor_id)
    await call.show(*screens.assigned(session.alias, name, offer.expires_at - offer.offered_at))


async def ask_end(call: Call) -> None:
    """*Force end*: asks first."""
    details = await call.services.admin.steering.session(call.actor, call.press.reference)
    await call.show(*screens.confirm_end(details.session))


async def end(call: Call) -> None:
    """*Yes, end it*; the service tells whom it concerns."""
    ended = await call.services.closing.force_end(call.actor, call.press.reference)
    await call.show(*screens.done(texts_.FORCE_ENDED(alias=ended.alias), ended.alias))


ACTIONS: dict[str, Handler] = {
    "admin.sessions": sessions,
    "admin.session": session,
    "admin.take": ask_take,
    "admin.take.yes": take,
    "admin.assign": choose,
    "admin.assign.to": assign,
    "admin.end": ask_end,
    "admin.end.yes": end,
}
