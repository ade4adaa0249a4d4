"""What somebody presses and writes in their chat, handled as the worker does it, without a Telegram."""

from __future__ import annotations

from typing import Any

from telegram import CallbackQuery, Chat, Message, Update, User

from bot import lifecycle
from bot.app import App
from bot.domain.people import Actor
from bot.telegram import callbacks, routes
from bot.telegram.callbacks import Press
from bot.telegram.context import Call, Handler


async def press(app: App, telegram_id: int, action: str, reference: str = "") -> None:
    """Have somebody press a button of ours; a refusal is raised."""
    actor = await app.people.identify(telegram_id)
    data = callbacks.write(app.vault, Press(action, reference), actor.me)
    query = CallbackQuery("1", _user(telegram_id), "1", message=_message(app, telegram_id, text="-"), data=data)
    await _handle(app, actor, routes.press, callback_query=query)


async def write(app: App, telegram_id: int, text: str) -> None:
    """Have somebody send a text; a refusal is raised."""
    actor = await app.people.identify(telegram_id)
    await _handle(app, actor, routes.message, message=_message(app, telegram_id, text=text))


async def _handle(app: App, actor: Actor, handler: Handler, **update: Any) -> None:
    services = lifecycle._services(app)
    async with app.db.transaction() as tx:
        await handler(Call(update=Update(1, **update), actor=actor, tx=tx, at=app.clock(), services=services))


def _user(telegram_id: int) -> User:
    return User(telegram_id, "X", is_bot=False)


def _message(app: App, telegram_id: int, **what: Any) -> Message:
    return Message(7, app.clock(), Chat(telegram_id, "private"), from_user=_user(telegram_id), **what)
