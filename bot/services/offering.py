"""What becomes of an offer: accepted, declined, lapsed, withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot import texts
from bot.domain.errors import Conflict
from bot.domain.ids import Clock, CounselorId, OfferId, PersonId
from bot.domain.outgoing import Button, Place, Urgency
from bot.domain.people import Actor
from bot.domain.sessions import Offer, Session
from bot.domain.text import Text
from bot.services import buttons
from bot.services.match_requests import request_match
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.storage import offers, people, sessions
from bot.storage.database import Database, Transaction
from bot.texts import counselor as to_counselor
from bot.texts import ending
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """Offers: accepting, declining, letting them lapse, withdrawing them."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People
    capacity: int  #: conversations that one counselor can have (``MAX_SESSIONS_PER_COUNSELOR``)

    async def accept(self, actor: Actor, offer_id: OfferId) -> Session:
        """Start the session that was offered to *actor*.

        Raises:
            NotAllowed: The actor is no counselor.
            Conflict: The offer lapsed, was withdrawn, is not theirs or would be one too many: the same answer for all.
        """
        counselor_id, at = actor.counselor_id, self.clock()
        async with self.db.transaction() as tx:
            await offers.hold_like(tx, offer_id)
            offer = await offers.accept(tx, offer_id, counselor_id, capacity=self.capacity, at=at)
            session = await sessions.activate(tx, offer.session_id, counselor_id, at=at) if offer else None
            if offer is None or session is None:
                raise Conflict(to_counselor.GONE)
            topic = texts.topic_title(session.topic)
            await self._edit(tx, offer, to_counselor.ACCEPTED(alias=session.alias, topic=topic), at=at)
            await self.follow_start(tx, session, counselor_id, at=at)
        return session

    async def follow_start(self, tx: Transaction, session: Session, counselor_id: CounselorId, *, at: datetime) -> None:
        """Do what follows where a session has become active: its open offers are withdrawn, and both sides are told."""
        withdrawn = await offers.withdraw_of_session(tx, session.id, at=at)
        await self._gone(tx, withdrawn, at=at)
        await people.set_current(tx, counselor_id, session.id, at=at)
        for side in (session.student_id, counselor_id):  # what they write next is for the other, and not for a form
            await people.close_dialog(tx, side)
        await self._say_started(tx, session, at=at)
        if withdrawn:
            await request_match(tx, because="others have room again", at=at)

    async def decline(self, actor: Actor, offer_id: OfferId) -> None:
        """Return the session that was offered to *actor* to the queue, for somebody else.

        Raises:
            NotAllowed: The actor is no counselor.
            Conflict: The offer lapsed, was withdrawn, or is not theirs.
        """
        counselor_id, at = actor.counselor_id, self.clock()
        async with self.db.transaction() as tx:
            offer = await offers.decline(tx, offer_id, counselor_id, at=at)
            if offer is None:
                raise Conflict(to_counselor.GONE)
            await self._edit(tx, offer, to_counselor.DECLINED, at=at)
            await self._return(tx, [offer], reason="declined", actor_id=counselor_id, at=at)
            await request_match(tx, because="declined", at=at)

    async def lapse_due(self) -> list[Offer]:
        """Return to the queue what was offered and not answered by its deadline; return the offers that lapsed."""
        at = self.clock()
        async with self.db.transaction() as tx:
            lapsed = await offers.lapse(tx, at=at)
            for offer in lapsed:
                await self._edit(tx, offer, to_counselor.LAPSED, at=at)
            await self._return(tx, lapsed, reason="lapsed", actor_id=None, at=at)
            if lapsed:
                await request_match(tx, because="lapsed", at=at)
        return lapsed

    async def withdraw(self, tx: Transaction, counselor_id: CounselorId, *, at: datetime) -> list[Offer]:
        """Return to the queue what was offered to a counselor who cannot be reached, or went; return the offers that it was.

        Where there were some, the caller asks for a match when nothing else is left to do.
        """
        withdrawn = await offers.withdraw_of_counselor(tx, counselor_id, at=at)
        await self._return(tx, withdrawn, reason="withdrawn", actor_id=None, at=at)
        return withdrawn

    async def gone(self, tx: Transaction, withdrawn: Iterable[Offer], *, at: datetime) -> None:
        """Say on the messages of these offers that they are no longer available."""
        await self._gone(tx, withdrawn, at=at)

    async def _return(
        self, tx: Transaction, closed: Iterable[Offer], *, reason: str, actor_id: PersonId | None, at: datetime
    ) -> None:
        session_ids = sorted({offer.session_id for offer in closed})
        for session_id in session_ids:
            await sessions.wait_again(tx, session_id, reason=reason, actor_id=actor_id, at=at)

    async def _say_started(self, tx: Transaction, session: Session, *, at: datetime) -> None:
        about = About.of(session)
        counselor_id = session.counselor_id or session.student_id
        started = to_counselor.STARTED(alias=session.alias, topic=texts.topic_title(session.topic))
        info = Button(ending.SESSION_INFO, "session.info.below", session.alias)
        rows = [[info], [Button(to_counselor.END(alias=session.alias), "session.end", session.alias)]]
        await self.outbox.say(tx, started, to=counselor_id, at=at, buttons=rows, urgency=Urgency.CONVERSATION, about=about)
        name = await self.people.display_name(tx, counselor_id)
        await self.outbox.say(
            tx,
            to_student.STARTED(name=name),
            to=session.student_id,
            at=at,
            buttons=[[info], buttons.SOS, buttons.HOME_BELOW],
            urgency=Urgency.CONVERSATION,
            about=about,
        )

    async def _gone(self, tx: Transaction, closed: Iterable[Offer], *, at: datetime) -> None:
        for offer in closed:
            await self._edit(tx, offer, to_counselor.GONE, at=at)

    async def _edit(self, tx: Transaction, offer: Offer, text: Text, *, at: datetime) -> None:
        message = await offers.message_of(tx, offer.id)
        if message is not None:
            place = Place(delivery_id=message)
            await self.outbox.edit(tx, text, to=offer.counselor_id, place=place, at=at, urgency=Urgency.CONVERSATION)
