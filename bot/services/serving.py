"""A counselor's own work: whether they take requests right now, what they have on their hands, and what they have done."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.ids import Clock
from bot.domain.people import Actor
from bot.domain.records import Record
from bot.services.match_requests import request_match
from bot.services.offering import Offering
from bot.storage import counselors, records
from bot.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Going online and offline, and the figures of one's own work."""

    db: Database
    clock: Clock
    offering: Offering

    async def go_online(self, actor: Actor) -> None:
        """Be offered requests from now on; who is online already stays so.

        Raises:
            NotAllowed: The actor is no counselor.
        """
        counselor_id, at = actor.counselor_id, self.clock()
        async with self.db.transaction() as tx:
            if await counselors.set_online(tx, counselor_id, is_online=True):
                await request_match(tx, because="counselor online", at=at)

    async def go_offline(self, actor: Actor) -> None:
        """Be offered nothing from now on; what was offered and not answered goes to somebody else, conversations go on.

        Raises:
            NotAllowed: The actor is no counselor.
        """
        counselor_id, at = actor.counselor_id, self.clock()
        async with self.db.transaction() as tx:
            if await counselors.set_online(tx, counselor_id, is_online=False):
                withdrawn = await self.offering.withdraw(tx, counselor_id, at=at)
                await self.offering.gone(tx, withdrawn, at=at)
                if withdrawn:
                    await request_match(tx, because="withdrawn", at=at)

    async def record(self, actor: Actor) -> Record:
        """Return the figures of the actor's own work.

        Raises:
            NotAllowed: The actor is no counselor.
        """
        async with self.db.transaction() as tx:
            return await records.of_counselor(tx, actor.counselor_id, at=self.clock())
