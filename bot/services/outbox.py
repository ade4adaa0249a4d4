"""What is to be said to people: rows in the transaction in which it came about, sent by the one sender."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import texts
from bot.domain.errors import NotFound
from bot.domain.ids import DeliveryId, KeyId, PersonId, SessionId
from bot.domain.outgoing import ANSWER_PATIENCE, PATIENCE, SCREEN_PATIENCE, Keyboard, Method, Urgency
from bot.domain.text import Text, Translate
from bot.services.vault import Vault
from bot.storage import deliveries, people
from bot.storage.database import Transaction
from bot.storage.deliveries import Delivery, NewDelivery
from bot.storage.people import Person

_MADE_REMEMBERED = 5000
_NOTICE_LENGTH = 200  #: characters (Bot API, answerCallbackQuery)
_PATIENCE = {Urgency.CRISIS: PATIENCE, Urgency.CONVERSATION: PATIENCE, Urgency.SCREEN: SCREEN_PATIENCE, Urgency.BULK: PATIENCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a delivery belongs to."""

    session_id: SessionId | None = None
    key_id: KeyId | None = None  #: the session's key, where there is a session; what is said of it dies with it
    message_seq: int | None = None
    sender_id: PersonId | None = None  #: who is told where it cannot be delivered


NOTHING = About()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The one way to say something to a person."""

    vault: Vault
    made: list[DeliveryId] = field(default_factory=list[DeliveryId])  #: the newest: what a one-shot command owes by itself

    async def say(  # noqa: PLR0913 — what, to whom, how
        self,
        tx: Transaction,
        text: Text,
        *,
        to: PersonId,
        at: datetime,
        buttons: Keyboard = (),
        urgency: Urgency = Urgency.SCREEN,
        about: About = NOTHING,
    ) -> DeliveryId:
        """Owe a person a new message in their language."""
        person = await _person(tx, to)
        payload = _screen(text, buttons, texts.translator(person.language))
        return await self._owe(tx, person, Method.SAY, payload, at=at, urgency=urgency, about=about)

    async def edit(  # noqa: PLR0913 — what, where, how
        self,
        tx: Transaction,
        text: Text,
        *,
        to: PersonId,
        message: DeliveryId | int,
        is_ours: bool = False,
        at: datetime,
        buttons: Keyboard = (),
        urgency: Urgency = Urgency.SCREEN,
    ) -> DeliveryId:
        """Owe a person the change of a message.

        Args:
            tx: The transaction.
            text: What it says from then on.
            to: In whose chat it stands.
            message: Which one: the delivery that it was where *is_ours*, else its id at Telegram.
            is_ours: See *message*.
            at: Now.
            buttons: Its buttons from then on.
            urgency: As for ``say``.
        """
        person = await _person(tx, to)
        payload = _screen(text, buttons, texts.translator(person.language))
        target = DeliveryId(message) if is_ours else None
        if not is_ours:
            payload["message_id"] = message
        return await self._owe(tx, person, Method.EDIT, payload, at=at, urgency=urgency, target=target)

    async def answer(self, tx: Transaction, query_id: str, text: Text | None = None, *, to: PersonId, at: datetime) -> DeliveryId:
        """Owe a person the end of their press, with a short notice where there is one."""
        person = await _person(tx, to)
        notice = text.plain(texts.translator(person.language))[:_NOTICE_LENGTH] if text else None
        payload = {"query_id": query_id, "text": notice}
        return await self._owe(tx, person, Method.ANSWER, payload, at=at, patience=ANSWER_PATIENCE)

    async def open(self, tx: Transaction, delivery: Delivery) -> dict[str, Any]:
        """Return what a delivery says: ``text`` (HTML) and ``buttons`` (rows of [label, action, reference]), or ``query_id``.

        Raises:
            Unreadable: It was erased with its session or person.
        """
        return json.loads(await self.vault.unseal(tx, delivery.key_id, delivery.payload, about="delivery"))

    async def _owe(  # noqa: PLR0913 — the columns of a delivery
        self,
        tx: Transaction,
        person: Person,
        method: Method,
        payload: dict[str, Any],
        *,
        at: datetime,
        urgency: Urgency = Urgency.SCREEN,
        about: About = NOTHING,
        target: DeliveryId | None = None,
        patience: timedelta | None = None,
    ) -> DeliveryId:
        key_id = about.key_id or person.key_id
        new = NewDelivery(
            person_id=person.id,
            method=method,
            payload=await self.vault.seal(tx, key_id, json.dumps(payload), about="delivery"),
            key_id=key_id,
            urgency=urgency,
            patience_ends_at=at + (patience or _PATIENCE[urgency]),
            target_id=target,
            session_id=about.session_id,
            message_seq=about.message_seq,
            sender_id=about.sender_id,
        )
        delivery_id = await deliveries.add(tx, new, at=at)
        self.made.append(delivery_id)
        del self.made[:-_MADE_REMEMBERED]
        return delivery_id


async def _person(tx: Transaction, person_id: PersonId) -> Person:
    person = await people.find(tx, person_id)
    if person is None:
        raise NotFound(Text("There is no such person."))
    return person


def _screen(text: Text, buttons: Keyboard, translate: Translate) -> dict[str, Any]:
    rows = [[[button.label.render(translate), button.action, button.reference] for button in row] for row in buttons]
    return {"text": text.render(translate), "buttons": rows}
