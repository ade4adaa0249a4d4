"""Somebody whom the bot cannot write to any more: they blocked it, or deleted their account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import Clock, PersonId
from bot.domain.outgoing import Button, Urgency
from bot.domain.people import Actor
from bot.domain.sessions import Session
from bot.services import buttons
from bot.services.match_requests import request_match
from bot.services.offering import Offering
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.storage import counselors, people, sessions
from bot.storage.database import Database, Transaction
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Who cannot be reached gets no offers, and those who talk with them are told, once."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People
    offering: Offering

    async def left(self, actor: Actor) -> None:
        """Record that the actor has blocked the bot, as Telegram says."""
        async with self.db.transaction() as tx:
            await self.lose(tx, actor.me, at=self.clock())

    async def lose(self, tx: Transaction, person_id: PersonId, *, at: datetime) -> bool:
        """Record that somebody cannot be reached; return whether that was news, and so told to those who talk with them."""
        await counselors.hold(tx, [person_id])  # a match that is under way has made its offers then, or makes none any more
        withdrawn = await self.offering.withdraw(tx, person_id, at=at)  # offers before people, as who accepts one does
        is_news = await people.set_reachable(tx, person_id, is_reachable=False)
        for session in await sessions.active_of(tx, person_id) if is_news else []:
            await self.tell_other(tx, session, person_id, at=at)
        if withdrawn:
            await request_match(tx, because="withdrawn", at=at)
        return is_news

    async def tell_other(self, tx: Transaction, session: Session, lost_id: PersonId, *, at: datetime) -> None:
        """Tell the other side of a conversation that *lost_id* cannot be reached, and what they can do."""
        other = session.other(lost_id)
        if other is None:
            return
        if lost_id == session.student_id:
            text = to_counselor.UNREACHABLE(alias=session.alias)
        else:
            text = to_student.UNREACHABLE(name=await self.people.display_name(tx, lost_id))
        rows = [[Button(everyone.END, "session.end", session.alias)], buttons.SOS, buttons.HOME_BELOW]
        about = About.of(session)
        await self.outbox.say(tx, text, to=other, at=at, buttons=rows, urgency=Urgency.CONVERSATION, about=about)
