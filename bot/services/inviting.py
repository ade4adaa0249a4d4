"""What somebody answers whom an admin has invited to become one too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import Conflict
from bot.domain.ids import Clock
from bot.domain.outgoing import Button, Urgency
from bot.domain.people import Actor
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.storage import audit, people
from bot.storage.database import Database
from bot.texts import admin as to_admin
from bot.texts import everyone

_GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviting:
    """Invitations, on the side of who is invited."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People

    async def accept(self, actor: Actor) -> None:
        """Become an admin; who invited them is told.

        Raises:
            Conflict: They are not invited, any more, or by nobody who is an admin still.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            inviter = await people.inviter(tx, actor.me, since=at - _GOOD_FOR)
            if inviter is None or not await self.people.is_admin(tx, inviter):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            if not await people.accept_invitation(tx, actor.me, by=inviter):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            await audit.record(tx, actor, "accept-invitation", f"by person {inviter}", at=at)
            look = [[Button(to_admin.ADMINS, "admin.team")]]
            told = to_admin.INVITATION_ACCEPTED
            await self.outbox.say(tx, told, to=inviter, at=at, buttons=look, urgency=Urgency.CONVERSATION)

    async def decline(self, actor: Actor) -> None:
        """Leave it; nobody is told.

        Raises:
            Conflict: They are not invited, any more.
        """
        async with self.db.transaction() as tx:
            if not await people.decline_invitation(tx, actor.me):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
