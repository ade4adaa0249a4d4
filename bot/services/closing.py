"""How a conversation ends."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import Conflict
from bot.domain.ids import Clock
from bot.domain.outgoing import Button, Urgency
from bot.domain.people import Actor
from bot.domain.sessions import EndReason, Session, SessionState, Side
from bot.services import buttons
from bot.services.match_requests import request_match
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.storage import sessions
from bot.storage.database import Database
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Ending conversations."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People

    async def find(self, actor: Actor, alias: str) -> Session:
        """Return an active session that the actor is in.

        Raises:
            Conflict: It is over, or not theirs.
        """
        async with self.db.transaction() as tx:
            session = await sessions.find_by_alias(tx, alias)
        if session is None or session.state is not SessionState.ACTIVE or session.side_of(actor.me) is None:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return session

    async def end(self, actor: Actor, alias: str) -> Session:
        """End a conversation that the actor is in; the other side is told.

        Raises:
            Conflict: It is over, or not theirs.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await self.find(actor, alias)
            side = found.side_of(actor.me)
            reason = EndReason.STUDENT if side is Side.STUDENT else EndReason.COUNSELOR
            session = await sessions.end(tx, found.id, by=actor.me, reason=reason, at=at)
            other = found.other(actor.me)
            if session is None or other is None:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            if side is Side.STUDENT:
                text = to_counselor.ENDED_BY_STUDENT(alias=session.alias)
            else:
                text = to_student.ENDED_BY_COUNSELOR(name=await self.people.display_name(tx, actor.me))
            about = About(session_id=session.id, key_id=session.key_id)
            way_on = _after(is_student=side is Side.COUNSELOR)
            await self.outbox.say(tx, text, to=other, at=at, buttons=way_on, urgency=Urgency.CONVERSATION, about=about)
            await request_match(tx, because="ended", at=at)
        return session


def _after(*, is_student: bool) -> list[list[Button]]:
    """Return the buttons for who was told that a conversation has ended: no dead end."""
    return [buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW] if is_student else [buttons.HOME_BELOW]
