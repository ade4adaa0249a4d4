"""What a handler is given: who asks, in which transaction, and the services to call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from telegram import ChatMember, Update

from bot.domain.errors import InvalidInput
from bot.domain.ids import MOST
from bot.domain.outgoing import Keyboard, Place, Urgency
from bot.domain.people import Actor, Gender
from bot.domain.text import Text
from bot.scheduler.composing import Composing
from bot.scheduler.control import Control
from bot.services.administration import Administration
from bot.services.alerting import Alerting
from bot.services.applying import Applying
from bot.services.closing import Closing
from bot.services.dialogs import Dialogs
from bot.services.health import Health
from bot.services.inviting import Inviting
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.profiles import Profiles
from bot.services.rating import Rating
from bot.services.reaching import Reaching
from bot.services.relaying import Relaying
from bot.services.requesting import Requesting
from bot.services.serving import Serving
from bot.services.transferring import Transferring
from bot.storage.database import Transaction
from bot.telegram import callbacks
from bot.telegram.callbacks import Press
from bot.texts import everyone


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the Telegram transport calls."""

    people: People
    outbox: Outbox
    alerting: Alerting
    dialogs: Dialogs
    requesting: Requesting
    offering: Offering
    reaching: Reaching
    relaying: Relaying
    closing: Closing
    transferring: Transferring
    rating: Rating
    profiles: Profiles
    applying: Applying
    serving: Serving
    health: Health
    admin: Administration
    inviting: Inviting
    control: Control
    composing: Composing
    retention_days: int  #: for the texts that say how long something is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One update that is being handled."""

    update: Update
    actor: Actor
    tx: Transaction
    at: datetime
    services: Services

    @property
    def press(self) -> Press:
        """What the pressed button asks for.

        Raises:
            InvalidInput: It is not one of ours, or not this person's.
        """
        query = self.update.callback_query
        return callbacks.read(self.services.people.vault, query.data if query else None, self.actor.me)

    @property
    def reference(self) -> str:
        """What the pressed button is about; nothing where a command was written.

        Raises:
            InvalidInput: As for ``press``.
        """
        return self.press.reference if self.update.callback_query is not None else ""

    @property
    def number(self) -> int:
        """The reference of the pressed button, where that is a number.

        Raises:
            InvalidInput: It is none, or one that no id can be.
        """
        reference = self.press.reference
        if not reference.isdecimal() or int(reference) > MOST:
            raise InvalidInput(everyone.FORGED)
        return int(reference)

    @property
    def gender(self) -> Gender:
        """The reference of the pressed button, where that is a gender.

        Raises:
            InvalidInput: It is none.
        """
        if self.press.reference not in set(Gender):
            raise InvalidInput(everyone.FORGED)
        return Gender(self.press.reference)

    async def show(self, text: Text, buttons: Keyboard = ()) -> None:
        """Show a screen: in place of the one whose button was pressed, else below."""
        query = self.update.callback_query
        if query is not None and query.message is not None:
            place = Place(message_id=query.message.message_id)
            await self.services.outbox.edit(self.tx, text, to=self.actor.me, place=place, at=self.at, buttons=buttons)
        else:
            await self.say(text, buttons)

    async def say(
        self, text: Text, buttons: Keyboard = (), *, reply_to: int | None = None, urgency: Urgency = Urgency.SCREEN
    ) -> None:
        """Show a screen below what is there, as an answer to a message of the chat where one is named."""
        place = Place(message_id=reply_to) if reply_to is not None else None
        await self.services.outbox.say(
            self.tx, text, to=self.actor.me, at=self.at, buttons=buttons, urgency=urgency, reply_to=place
        )


Handler = Callable[[Call], Awaitable[None]]
Form = Callable[[Call, str], Awaitable[None]]  #: takes what was written at one step of a form

current: ContextVar[Call] = ContextVar("current")  #: set by the worker around one update


def has_left(update: Update) -> bool:
    """Return whether an update says that its sender has blocked the bot."""
    return update.my_chat_member is not None and update.my_chat_member.new_chat_member.status in {
        ChatMember.BANNED,
        ChatMember.LEFT,
    }
