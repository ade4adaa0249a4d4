"""python-telegram-bot's Application without its updater: it finds the handler of an update, and hides no error."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)
from telegram.request import HTTPXRequest

from bot.telegram import routes
from bot.telegram.context import Handler, current
from bot.telegram.handlers import conversation, everyone

AnyApplication = Application[Any, Any, Any, Any, Any, Any]


class CounselingApplication(AnyApplication):
    """An Application whose handlers run inside the worker's transaction, so that their errors must reach the worker."""

    async def process_error(self, update: object, error: Exception, *_: object, **__: object) -> bool:
        """Raise *error* again; PTB would log it and go on, and the update would count as handled."""
        del update
        raise error


def build(*, token: str, base: str, request: HTTPXRequest) -> AnyApplication:
    """Return the application with all handlers; not initialized.

    Args:
        token: Of the bot.
        base: The Bot API server, without ``/bot``.
        request: The connection by which it asks who the bot is, the only call that it makes.
    """
    builder: Any = ApplicationBuilder().application_class(CounselingApplication)
    application: AnyApplication = (
        builder.token(token)
        .base_url(f"{base}/bot")
        .updater(None)
        .job_queue(None)
        .request(request)
        .get_updates_request(request)
        .build()
    )
    for name, handler in routes.COMMANDS.items():
        application.add_handler(CommandHandler(name, _adapted(handler), filters=filters.UpdateType.MESSAGE))
    application.add_handler(CallbackQueryHandler(_adapted(routes.press)))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, _adapted(conversation.edited)))
    application.add_handler(MessageHandler(filters.COMMAND, _adapted(everyone.unknown_command)))
    application.add_handler(MessageHandler(filters.ALL, _adapted(routes.message)))
    application.add_handler(ChatMemberHandler(_adapted(everyone.membership), ChatMemberHandler.MY_CHAT_MEMBER))
    return application


def _adapted(handler: Handler) -> Callable[[Update, Any], Coroutine[Any, Any, None]]:
    """Return *handler* in the form in which PTB calls it."""

    async def callback(update: Update, context: object) -> None:
        del update, context
        await handler(current.get())

    return callback
