"""What the admins must hear at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import PersonId
from bot.domain.outgoing import Keyboard, Urgency
from bot.domain.text import Text, joined
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.storage import alerts
from bot.storage.alerts import AlertKind
from bot.storage.database import Transaction
from bot.texts import alerts as texts

_SHOWN = 10  #: of several things that come together


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong for a while, or is right again."""

    kind: AlertKind
    subject: str
    text: Text  #: what the admins read; holds nothing that anybody said, and nobody's name or id
    detail: str = ""  #: what is kept of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """Messages to every admin whom the bot can write to."""

    outbox: Outbox
    people: People

    async def tell_admins(self, tx: Transaction, text: Text, *, at: datetime, buttons: Keyboard = ()) -> set[PersonId]:
        """Owe the admins a message, and return who they are; *text* holds nothing that anybody said, and nobody's name or id."""
        admins = await self.people.admins(tx)
        for person_id in admins:
            await self.outbox.say(tx, text, to=person_id, at=at, buttons=buttons, urgency=Urgency.CONVERSATION)
        return set(admins)

    async def alarm(self, tx: Transaction, problems: Sequence[Problem], *, at: datetime) -> set[PersonId]:
        """Owe the admins a message of what is wrong, each thing once until it is right again; return who is told.

        While no admin has written to the bot nobody can be told; the first one who has hears of it when it happens again.
        """
        if not problems or not await self.people.admins(tx):
            return set()
        new = [one for one in problems if await alerts.raise_once(tx, one.kind, one.subject, detail=one.detail, at=at)]
        return await self.tell_admins(tx, _together(new), at=at) if new else set()

    async def relieve(self, tx: Transaction, problems: Sequence[Problem], *, at: datetime) -> None:
        """Owe the admins a message that these are right again, as far as they know that they were wrong."""
        over = [one for one in problems if await alerts.clear(tx, one.kind, one.subject)]
        if over:
            await self.tell_admins(tx, _together(over), at=at)

    async def tell(self, tx: Transaction, person_id: PersonId, text: Text, *, at: datetime, buttons: Keyboard = ()) -> None:
        """Owe one person a message about the running of the service."""
        await self.outbox.say(tx, text, to=person_id, at=at, buttons=buttons, urgency=Urgency.SCREEN)


def _together(problems: Sequence[Problem]) -> Text:
    shown = [one.text for one in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(texts.AND_MORE(count=len(problems) - _SHOWN))
    return joined(shown, "\n\n")
