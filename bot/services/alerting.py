"""What the admins must hear at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import PersonId
from bot.domain.outgoing import Keyboard, Urgency
from bot.domain.text import Text
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """Messages to every admin whom the bot can write to."""

    outbox: Outbox
    people: People

    async def tell_admins(self, tx: Transaction, text: Text, *, at: datetime, buttons: Keyboard = ()) -> None:
        """Owe the admins a message; *text* holds nothing that anybody said, and nobody's name or id."""
        for person_id in await self.people.admins(tx):
            await self.outbox.say(tx, text, to=person_id, at=at, buttons=buttons, urgency=Urgency.CONVERSATION)

    async def tell(self, tx: Transaction, person_id: PersonId, text: Text, *, at: datetime, buttons: Keyboard = ()) -> None:
        """Owe one person a message about the running of the service."""
        await self.outbox.say(tx, text, to=person_id, at=at, buttons=buttons, urgency=Urgency.SCREEN)
