"""What is to be said to people: rows in the transaction in which it came about, sent by the one sender."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bot import texts
from bot.domain.content import Media
from bot.domain.errors import NotFound
from bot.domain.ids import DeliveryId, KeyId, PersonId, SessionId
from bot.domain.outgoing import (
    ANSWER_PATIENCE,
    PATIENCE,
    SCREEN_PATIENCE,
    Attachment,
    Keyboard,
    Method,
    OwnFile,
    Place,
    Urgency,
)
from bot.domain.sessions import Session
from bot.domain.text import Text, Translate
from bot.services.vault import Vault
from bot.storage import deliveries, people
from bot.storage.database import Transaction
from bot.storage.deliveries import Delivery, NewDelivery
from bot.storage.people import Address, Person

_MADE_REMEMBERED = 5000
_NOTICE_LENGTH = 200  #: characters (Bot API, answerCallbackQuery)
_PATIENCE = dict.fromkeys(Urgency, PATIENCE) | {Urgency.SCREEN: SCREEN_PATIENCE}


class About(NamedTuple):
    """What a delivery belongs to."""

    session_id: SessionId | None = None
    key_id: KeyId | None = None  #: the session's key, where there is a session; what is said of it dies with it
    message_seq: int | None = None
    sender_id: PersonId | None = None  #: who is told where it cannot be delivered

    @classmethod
    def of(cls, session: Session) -> About:
        """Return that something is said about a session, and dies with it."""
        return cls(session_id=session.id, key_id=session.key_id)


NOTHING = About()


class Message(NamedTuple):
    """One of several that are owed together; see ``Outbox.say``."""

    text: Text
    to: PersonId
    buttons: Keyboard = ()
    urgency: Urgency = Urgency.SCREEN
    about: About = NOTHING


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
        attachment: Attachment | None = None,
        reply_to: Place | None = None,
    ) -> DeliveryId:
        """Owe a person a new message in their language.

        Args:
            tx: The transaction.
            text: What it says; under an attachment its caption.
            to: In whose chat.
            at: Now.
            buttons: What stands below it.
            urgency: Which chat goes first, and for how long it is worth repeating.
            about: What it belongs to.
            attachment: A file that it shows.
            reply_to: A message in the same chat that it answers; where that is gone, it answers none.
        """
        person = await _person(tx, to)
        payload = _screen(text, buttons, texts.translator(person.language))
        if attachment is not None:
            payload["attachment"] = {"kind": attachment.kind, **_described(attachment.media)}
        return await self._owe(tx, person, Method.SAY, payload, at=at, urgency=urgency, about=about, place=reply_to)

    async def edit(  # noqa: PLR0913 — what, where, how
        self,
        tx: Transaction,
        text: Text,
        *,
        to: PersonId,
        place: Place,
        at: datetime,
        buttons: Keyboard = (),
        urgency: Urgency = Urgency.SCREEN,
        about: About = NOTHING,
        is_caption: bool = False,
    ) -> DeliveryId:
        """Owe a person the change of a message.

        Args:
            tx: The transaction.
            text: What it says from then on.
            to: In whose chat it stands.
            place: Which one.
            at: Now.
            buttons: Its buttons from then on.
            urgency: As for ``say``.
            about: As for ``say``.
            is_caption: Whether it is a file, so that the text stands under it.
        """
        person = await _person(tx, to)
        payload = _screen(text, buttons, texts.translator(person.language))
        if is_caption:
            payload["is_caption"] = True
        return await self._owe(tx, person, Method.EDIT, payload, at=at, urgency=urgency, about=about, place=place)

    async def answer(self, tx: Transaction, query_id: str, text: Text | None = None, *, to: PersonId, at: datetime) -> DeliveryId:
        """Owe a person the end of their press, with a short notice where there is one."""
        person = await _person(tx, to)
        notice = text.plain(texts.translator(person.language))[:_NOTICE_LENGTH] if text else None
        payload = {"query_id": query_id, "text": notice}
        return await self._owe(tx, person, Method.ANSWER, payload, at=at, patience=ANSWER_PATIENCE)

    async def open(self, tx: Transaction, delivery: Delivery) -> dict[str, Any]:
        """Return what a delivery says: ``text`` (HTML) and ``buttons`` (rows of [label, action, reference]), or ``query_id``.

        Beside them, where there is one: ``message_id`` of the message to be changed or answered, ``attachment`` (kind and the
        fields of ``Media``, or ``name`` and ``content`` in base64), ``is_caption``.

        Raises:
            Unreadable: It was erased with its session or person.
        """
        return json.loads(await self.vault.unseal(tx, delivery.key_id, delivery.payload, about="delivery"))

    async def say_all(self, tx: Transaction, messages: Sequence[Message], *, at: datetime) -> list[DeliveryId]:
        """Owe each of these messages, as ``say`` does; return the deliveries in the same order.

        As many statements as for one: what one run of the matching says to hundreds must not keep a conversation waiting.
        """
        known = await people.addresses(tx, sorted({message.to for message in messages}))
        addressed = [(message, known[message.to]) for message in messages if message.to in known]
        if len(addressed) < len(messages):
            raise _nobody()
        await self.vault.load(tx, {message.about.key_id or person.key_id for message, person in addressed})
        new = [
            await self._sealed(
                tx,
                person,
                Method.SAY,
                _screen(message.text, message.buttons, texts.translator(person.language)),
                at=at,
                urgency=message.urgency,
                about=message.about,
            )
            for message, person in addressed
        ]
        return self._remember(await deliveries.add_all(tx, new, at=at))

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
        place: Place | None = None,
        patience: timedelta | None = None,
    ) -> DeliveryId:
        new = await self._sealed(tx, person, method, payload, at=at, urgency=urgency, about=about, place=place, patience=patience)
        return self._remember([await deliveries.add(tx, new, at=at)])[0]

    async def _sealed(  # noqa: PLR0913 — the columns of a delivery
        self,
        tx: Transaction,
        person: Person | Address,
        method: Method,
        payload: dict[str, Any],
        *,
        at: datetime,
        urgency: Urgency = Urgency.SCREEN,
        about: About = NOTHING,
        place: Place | None = None,
        patience: timedelta | None = None,
    ) -> NewDelivery:
        key_id = about.key_id or person.key_id
        if place is not None and place.message_id is not None:
            payload["message_id"] = place.message_id
        return NewDelivery(
            person_id=person.id,
            method=method,
            payload=await self.vault.seal(tx, key_id, json.dumps(payload), about="delivery"),
            key_id=key_id,
            urgency=urgency,
            patience_ends_at=at + (patience or _PATIENCE[urgency]),
            target_id=place.delivery_id if place else None,
            session_id=about.session_id,
            message_seq=about.message_seq,
            sender_id=about.sender_id,
        )

    def _remember(self, made: list[DeliveryId]) -> list[DeliveryId]:
        self.made.extend(made)
        del self.made[:-_MADE_REMEMBERED]
        return made


async def _person(tx: Transaction, person_id: PersonId) -> Person:
    person = await people.find(tx, person_id)
    if person is None:
        raise _nobody()
    return person


def _nobody() -> NotFound:
    return NotFound(Text("There is no such person."))


def _screen(text: Text, buttons: Keyboard, translate: Translate) -> dict[str, Any]:
    rows = [[[button.label.plain(translate), button.action, button.reference] for button in row] for row in buttons]
    return {"text": text.render(translate), "buttons": rows}


def _described(media: Media | OwnFile) -> dict[str, Any]:
    """Return a file as a payload holds it: where it is at Telegram, or, where it is ours, what is in it."""
    if isinstance(media, OwnFile):
        return {"name": media.name, "content": base64.b64encode(media.content).decode()}
    return asdict(media)
