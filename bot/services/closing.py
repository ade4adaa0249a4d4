"""How a conversation ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Conflict
from bot.domain.ids import Clock
from bot.domain.outgoing import Keyboard, Urgency
from bot.domain.people import Actor, Role
from bot.domain.sessions import EndReason, Session, SessionState, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.services.match_requests import request_match
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.services.requesting import Requesting
from bot.storage import audit, people, sessions
from bot.storage.database import Database, Transaction
from bot.texts import counselor as to_counselor
from bot.texts import ending, everyone
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Ending conversations."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People
    requesting: Requesting

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
            reason = EndReason.STUDENT if found.side_of(actor.me) is Side.STUDENT else EndReason.COUNSELOR
            session = await sessions.end(tx, found.id, by=actor.me, reason=reason, at=at)
            if session is None:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            await self.follow(tx, [session], at=at)
        return session

    async def force_end(self, actor: Actor, alias: str) -> Session:
        """End a conversation as an admin, or take a request out of the queue; everybody concerned is told.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: It is over, or it moved on at this very moment.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await sessions.find_by_alias(tx, alias)
            if found is None or found.state in {SessionState.ENDED, SessionState.CANCELLED}:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            if found.state is SessionState.ACTIVE:
                session = await sessions.force_end(tx, found.id, by=actor.person_id, at=at)
                if session is None:
                    raise Conflict(ending.MOVED_ON)
                await self.follow(tx, [session], at=at)
            else:
                session = await self.requesting.take_back(tx, found, by=actor.person_id, reason=EndReason.ADMIN, at=at)
                await self._tell_student(tx, session, ending.REQUEST_ENDED_BY_ADMIN, _WAYS_ON, at=at)
            await audit.record(tx, actor, "force-end", f"session {session.id}", at=at)
        return session

    async def follow(self, tx: Transaction, ended: Sequence[Session], *, at: datetime) -> None:
        """Do what follows from ends: who did not end it is told, the student is asked for a rating, others are matched.

        The match is asked for last: where another transaction asks for one too, we wait for it, and it must not wait for us.
        """
        for session in ended:
            await people.leave_session(tx, session.id, counselor_id=session.counselor_id)
        for session in ended:
            await self._tell(tx, session, at=at)
        if ended:
            await request_match(tx, because="ended", at=at)

    async def _tell(self, tx: Transaction, session: Session, *, at: datetime) -> None:
        to_the_student, to_the_counselor = await self._told(tx, session)
        if to_the_student is not None:
            asked = ending.HOW_WAS_IT(told=to_the_student)
            await self._tell_student(tx, session, asked, [*buttons.rating(session.alias), *_WAYS_ON], at=at)
        if to_the_counselor is not None and session.counselor_id is not None:
            await self.outbox.say(
                tx,
                to_the_counselor,
                to=session.counselor_id,
                at=at,
                buttons=[buttons.HOME_BELOW],
                urgency=Urgency.CONVERSATION,
                about=About.of(session),
            )

    async def _told(self, tx: Transaction, session: Session) -> tuple[Text | None, Text | None]:
        """Return what student and counselor are told of an end; None for who ended it, and sees it on the screen."""
        alias = session.alias
        if session.end_reason is EndReason.STUDENT:
            return None, to_counselor.ENDED_BY_STUDENT(alias=alias)
        if session.end_reason is EndReason.COUNSELOR:
            name = await self.people.display_name(tx, session.counselor_id or session.student_id)
            return to_student.ENDED_BY_COUNSELOR(name=name), None
        if session.end_reason is EndReason.TIMEOUT:
            return ending.TIMED_OUT, ending.STUDENT_TIMED_OUT(alias=alias)
        return ending.ENDED_BY_ADMIN, ending.STUDENT_ENDED_BY_ADMIN(alias=alias)

    async def _tell_student(self, tx: Transaction, session: Session, text: Text, below: Keyboard, *, at: datetime) -> None:
        about = About.of(session)
        await self.outbox.say(tx, text, to=session.student_id, at=at, buttons=below, urgency=Urgency.CONVERSATION, about=about)


_WAYS_ON: Keyboard = [buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW]
