"""python-telegram-bot's Application without its updater: it finds the handler of an update, and hides no error."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, CommandHandler, MessageHandler, filters
from telegram.request import HTTPXRequest

from bot.domain.errors import InvalidInput
from bot.telegram.context import Call, Handler, current
from bot.telegram.handlers import conversation, counselor, everyone, student
from bot.texts import everyone as to_everyone

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

COMMANDS: dict[str, Handler] = {
    "start": everyone.home,
    "menu": everyone.home,
    "help": everyone.help_,
    "about": everyone.about,
    "privacy": everyone.privacy,
    "sos": everyone.sos,
    "cancel": everyone.cancel,
}

#: What buttons ask for.
ACTIONS: dict[str, Handler] = {
    "home": everyone.home,
    "home.below": everyone.home_below,
    "help": everyone.help_,
    "privacy": everyone.privacy,
    "sos": everyone.sos,
    "request": student.request,
    "consent.yes": student.agree,
    "request.topic": student.choose_topic,
    "request.gender": student.choose_gender,
    "request.skip": student.skip,
    "request.cancel": student.cancel_request,
    "session.end": conversation.ask_end,
    "session.end.yes": conversation.end,
    "offer.accept": counselor.accept,
    "offer.decline": counselor.decline,
}


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
    for name, handler in COMMANDS.items():
        application.add_handler(CommandHandler(name, _adapted(handler), filters=filters.UpdateType.MESSAGE))
    application.add_handler(CallbackQueryHandler(_adapted(press)))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, _adapted(conversation.edited)))
    application.add_handler(MessageHandler(filters.COMMAND, _adapted(everyone.unknown_command)))
    application.add_handler(MessageHandler(filters.TEXT, _adapted(conversation.text)))
    application.add_handler(MessageHandler(filters.ALL, _adapted(conversation.other)))
    return application


async def press(call: Call) -> None:
    """Do what a button asks for.

    Raises:
        InvalidInput: The button is not one of ours, or of an older release.
    """
    handler = ACTIONS.get(call.press.action)
    if handler is None:
        raise InvalidInput(to_everyone.FORGED)
    await handler(call)


def _adapted(handler: Handler) -> Callable[[Update, Any], Coroutine[Any, Any, None]]:
    """Return *handler* in the form in which PTB calls it."""

    async def callback(update: Update, context: object) -> None:
        del update, context
        await handler(current.get())

    return callback
