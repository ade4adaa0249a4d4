"""How somebody becomes a counselor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import texts
from bot.domain.errors import InvalidInput
from bot.domain.ids import Clock, PersonId
from bot.domain.outgoing import Urgency
from bot.domain.people import Actor, Gender, Role, display_name
from bot.domain.text import Text
from bot.services.match_requests import request_match
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.vault import Vault
from bot.storage import audit, counselors, people
from bot.storage.database import Database
from bot.texts import counselor as to_counselor

_MOST_TELEGRAM_ID = 2**52  #: an id has at most 52 significant bits (Bot API, User)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteer:
    """Somebody who is to become a counselor."""

    telegram_id: int
    name: str
    topics: Sequence[str]  #: keys, the first one first
    gender: Gender = Gender.ANONYMOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolling:
    """Adding counselors."""

    db: Database
    clock: Clock
    vault: Vault
    outbox: Outbox
    people: People

    async def add_counselor(self, actor: Actor, volunteer: Volunteer) -> PersonId:
        """Make somebody a counselor, approved and online; who is one already gets the new name, topics and gender.

        Raises:
            NotAllowed: Only the operator and admins may.
            InvalidInput: The id, the name or a topic cannot be used.
        """
        actor.require(Role.OPERATOR, Role.ADMIN)
        name, topics = display_name(volunteer.name), _known(volunteer.topics)
        if not 0 < volunteer.telegram_id < _MOST_TELEGRAM_ID:
            raise InvalidInput(Text("A Telegram id is a positive whole number, for example 123456789."))
        at = self.clock()
        async with self.db.transaction() as tx:
            person = await self.people.find_or_add(tx, volunteer.telegram_id)
            await people.set_reachable(tx, person.id, is_reachable=True)
            sealed = await self.vault.seal(tx, person.key_id, name, about="name")
            await counselors.put(tx, person.id, name=sealed, gender=volunteer.gender, at=at)
            await counselors.set_topics(tx, person.id, topics)
            await audit.record(tx, actor, "add-counselor", f"person {person.id}", at=at)
            text = to_counselor.APPROVED(name=name)
            if person.counselor_status == "approved":
                text = to_counselor.CHANGED(name=name, topics=texts.topic_titles(topics))
            await self.outbox.say(tx, text, to=person.id, at=at, urgency=Urgency.CONVERSATION)
            await request_match(tx, because="counselor added", at=at)
        return person.id


def _known(topics: Sequence[str]) -> list[str]:
    """Return *topics* without repetitions.

    Raises:
        InvalidInput: There are none, or one is unknown.
    """
    known = texts.topics()
    unknown = [topic for topic in topics if topic not in known]
    if unknown or not topics:
        keys = ", ".join(known)
        raise InvalidInput(Text("Unknown topic: {unknown}. Choose from: {keys}", unknown=", ".join(unknown) or "none", keys=keys))
    return list(dict.fromkeys(topics))
