"""Who is writing: the person behind a Telegram id, what they may do, and what they agreed to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.errors import NotAllowed, NotFound
from bot.domain.ids import Clock, CounselorId, PersonId
from bot.domain.people import CONSENT_VERSION, Actor, Role
from bot.domain.text import Text
from bot.services.match_requests import request_match
from bot.services.vault import Vault
from bot.storage import counselors, people
from bot.storage.database import Database, Transaction
from bot.storage.keys import Purpose
from bot.storage.people import Person
from bot.texts import everyone


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The people whom the bot knows."""

    db: Database
    vault: Vault
    clock: Clock
    admin_ids: Collection[int]  #: Telegram ids (``ADMIN_IDS``)

    async def identify(self, telegram_id: int) -> Actor:
        """Return who has this Telegram id, as the database knows them now; a stranger becomes known by it."""
        async with self.db.transaction() as tx:
            return _actor(await self.find_or_add(tx, telegram_id), is_admin=telegram_id in self.admin_ids)

    async def came_back(self, actor: Actor) -> None:
        """Record that the actor can be written to again, since they wrote; last in a transaction, because it asks for a match."""
        async with self.db.transaction() as tx:
            is_news = await people.set_reachable(tx, actor.me, is_reachable=True)
            if is_news and Role.COUNSELOR in actor.roles:
                await request_match(tx, because="counselor reachable", at=self.clock())

    async def telegram_id(self, tx: Transaction, person_id: PersonId) -> int:
        """Return the Telegram id of a person; only who makes calls of the Bot API may ask, and who shows the end of an admin's.

        Raises:
            NotFound: There is no such person.
            Unreadable: The person was forgotten.
        """
        person = await people.find(tx, person_id)
        if person is None:
            raise NotFound(Text("There is no such person."))
        return int(await self.vault.unseal(tx, person.key_id, person.telegram_id, about="telegram id"))

    async def consent(self, actor: Actor) -> None:
        """Record that the actor agreed to the current consent text."""
        async with self.db.transaction() as tx:
            await people.consent(tx, actor.me, version=CONSENT_VERSION, at=self.clock())

    async def display_name(self, tx: Transaction, counselor_id: CounselorId) -> str:
        """Return the name under which a counselor appears; an admin who is none, and helps all the same, is the team.

        Raises:
            NotFound: There is no such person.
            Unreadable: They were forgotten.
        """
        person = await people.find(tx, counselor_id)
        if person is None:
            raise NotFound(Text("There is no such counselor."))
        if person.counselor_name is None:
            return str(everyone.TEAM)
        return await self.vault.unseal(tx, person.key_id, person.counselor_name, about="name")

    async def topics(self, tx: Transaction, counselor_id: CounselorId) -> list[str]:
        """Return the keys of a counselor's topics, the first one first."""
        return await counselors.topics_of(tx, counselor_id)

    async def admins(self, tx: Transaction) -> list[PersonId]:
        """Return the admins who have ever written to the bot, those who were appointed too: only to them it can write."""
        appointed = [person.id for person in await people.appointed(tx)]
        return list(dict.fromkeys([*await self.fixed_admins(tx), *appointed]))

    async def fixed_admins(self, tx: Transaction) -> list[PersonId]:
        """Return the admins of ``ADMIN_IDS`` who have ever written to the bot; nobody can dismiss them."""
        return await people.with_hashes(tx, [self.vault.lookup(telegram_id) for telegram_id in self.admin_ids])

    async def hold_admin(self, tx: Transaction, actor: Actor) -> None:
        """Pass where the actor is an admin still, and stays one until the transaction ends.

        Raises:
            NotAllowed: They were dismissed after we had read who they are.
        """
        if not await self.is_admin(tx, actor.me):
            raise NotAllowed(Text("You may not do that."))

    async def is_admin(self, tx: Transaction, person_id: PersonId) -> bool:
        """Return whether a person is an admin, and hold them, so that it stays so until the transaction ends."""
        return await people.hold(tx, person_id) or person_id in await self.fixed_admins(tx)

    async def find_or_add(self, tx: Transaction, telegram_id: int) -> Person:
        """Return the person with this Telegram id; a stranger becomes known by it."""
        telegram_hash = self.vault.lookup(telegram_id)
        person = await people.find_by_hash(tx, telegram_hash)
        if person is not None:
            return person
        at = self.clock()
        key_id = await self.vault.make(tx, Purpose.PERSON, at=at)
        sealed = await self.vault.seal(tx, key_id, str(telegram_id), about="telegram id")
        return await people.add(tx, telegram_hash=telegram_hash, telegram_id=sealed, key_id=key_id, at=at)


def _actor(person: Person, *, is_admin: bool) -> Actor:
    roles = {Role.ADMIN} if is_admin or person.is_admin else set[Role]()
    if person.counselor_status == "approved":
        roles.add(Role.COUNSELOR)
    return Actor(
        person_id=person.id,
        roles=frozenset(roles),
        language=person.language,
        has_consented=person.consent_version == CONSENT_VERSION,
        was_away=not person.is_reachable,
    )
