"""How a conversation goes back to the queue, for another counselor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import texts
from bot.domain.errors import Conflict
from bot.domain.ids import Clock, CounselorId
from bot.domain.outgoing import Button, Urgency
from bot.domain.people import Actor, Role
from bot.domain.sessions import Priority, Session, SessionState
from bot.domain.text import Text
from bot.services import buttons
from bot.services.match_requests import request_match
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.storage import people, sessions
from bot.storage.database import Database, Transaction
from bot.texts import ending, everyone

_REASON = "transferred"  #: of the event, where the counselor asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferring:
    """Conversations that their counselor cannot go on with."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People

    async def find(self, actor: Actor, alias: str) -> Session:
        """Return an active session of which the actor is the counselor, or the admin who took it up.

        Raises:
            NotAllowed: The actor is neither counselor nor admin.
            Conflict: It is over, or not theirs.
        """
        actor.require(Role.COUNSELOR, Role.ADMIN)
        async with self.db.transaction() as tx:
            session = await sessions.find_by_alias(tx, alias)
        if session is None or session.state is not SessionState.ACTIVE or session.counselor_id != actor.me:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return session

    async def transfer(self, actor: Actor, alias: str) -> Session:
        """Return a conversation to the queue, at its place by age, for any other counselor; the student is told.

        Raises:
            NotAllowed: The actor is neither counselor nor admin.
            Conflict: It is over, or not theirs.
        """
        actor.require(Role.COUNSELOR, Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await self.find(actor, alias)
            session = await sessions.hand_back(tx, found.id, actor.me, reason=_REASON, actor_id=actor.me, at=at)
            if session is None:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            name = await self.people.display_name(tx, actor.me)
            place = await sessions.place_in_queue(tx, session)
            await self._leave(tx, session, actor.me, ending.TRANSFERRED(name=name, place=place), at=at)
            await request_match(tx, because=_REASON, at=at)
        return session

    async def reconcile(self) -> list[Session]:
        """Take back what somebody has who may have none any more: who was taken out of ``ADMIN_IDS`` while the bot was down.

        Returns:
            The sessions, as they wait now.
        """
        at, returned = self.clock(), list[Session]()
        async with self.db.transaction() as tx:
            for counselor_id in await sessions.counselors_out_of_service(tx, admins=await self.people.fixed_admins(tx)):
                returned += await self.hand_back(tx, counselor_id, reason="out of service", at=at)
        return returned

    async def hand_back(self, tx: Transaction, counselor_id: CounselorId, *, reason: str, at: datetime) -> list[Session]:
        """Return all conversations of a counselor who can have none any more to the queue; both sides are told.

        Call it behind what keeps new ones away from them: first their row, then their offers, then this. An acceptance that
        is under way is then either refused, or found here.

        Args:
            tx: The transaction.
            counselor_id: Who.
            reason: Why, for the record of the session: deactivated, banned, …
            at: Now.

        Returns:
            The sessions, as they wait now.
        """
        mine = sorted(one.id for one in await sessions.active_of(tx, counselor_id) if one.counselor_id == counselor_id)
        moved = [await sessions.hand_back(tx, one, counselor_id, reason=reason, actor_id=None, at=at) for one in mine]
        returned = [session for session in moved if session is not None]
        for session in returned:
            place = await sessions.place_in_queue(tx, session)
            await self._leave(tx, session, counselor_id, ending.TAKEN_BACK(place=place), at=at)
            await self.outbox.say(
                tx,
                ending.TAKEN_FROM_YOU(alias=session.alias),
                to=counselor_id,
                at=at,
                buttons=[buttons.HOME_BELOW],
                urgency=Urgency.CONVERSATION,
                about=About.of(session),
            )
        if returned:
            await request_match(tx, because=reason, at=at)
        return returned

    async def _leave(self, tx: Transaction, session: Session, counselor_id: CounselorId, told: Text, *, at: datetime) -> None:
        """Tell the student what has become of their conversation, in a crisis with the help lines."""
        await people.leave_session(tx, session.id, counselor_id=counselor_id)
        text, urgency = ending.UNTIL_THEN(told=told), Urgency.CONVERSATION
        if session.priority is Priority.CRISIS:
            text, urgency = ending.WITH_HELP_LINES(told=text, help_lines=texts.help_lines()), Urgency.CRISIS
        await self.outbox.say(
            tx,
            text,
            to=session.student_id,
            at=at,
            buttons=[[Button(everyone.CANCEL_REQUEST, "request.cancel", session.alias)], buttons.SOS, buttons.HOME_BELOW],
            urgency=urgency,
            about=About.of(session),
        )
