"""Waiting sessions to available counselors: solved outside any transaction, each offer then one guarded transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import texts
from bot.domain.errors import Conflict
from bot.domain.ids import Clock, SessionId
from bot.domain.matching import REST_AFTER_REFUSAL, Match, assign
from bot.domain.outgoing import Button, Urgency
from bot.domain.sessions import Offer, Priority, Session, SessionState
from bot.domain.text import Text
from bot.services.alerting import Alerting
from bot.services.outbox import About, Outbox
from bot.storage import counselors, offers, sessions
from bot.storage.database import Database, Transaction, Turn
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Offers to be made: which, to whom, until when."""

    db: Database
    clock: Clock
    outbox: Outbox
    alerting: Alerting
    capacity: int  #: conversations and open offers that one counselor can have (``MAX_SESSIONS_PER_COUNSELOR``)
    offer_timeout: timedelta
    crisis_offer_timeout: timedelta

    async def match_waiting(self, *, limit: int) -> list[Offer]:
        """Offer what waits, at most *limit* sessions, to who is free; return the offers that were made.

        Two at once are harmless: each offer is made only where the session still waits and the counselor still has room.
        """
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            waiting = await sessions.waiting(tx, limit=limit, refused_since=self.clock() - REST_AFTER_REFUSAL)
            candidates = await counselors.available(tx, capacity=self.capacity) if waiting else []
        matches = await asyncio.to_thread(assign, waiting, candidates)
        made = [await self._offer(match) for match in matches]
        offers_made = [offer for offer in made if offer is not None]
        taken = {offer.session_id for offer in offers_made}
        for session in waiting:
            if session.priority is Priority.CRISIS and session.session_id not in taken:
                await self._alarm(session.session_id)
        return offers_made

    async def _alarm(self, session_id: SessionId) -> None:
        """Tell the admins, once, that nobody can take a crisis, and the student that we keep asking."""
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await sessions.alarm(tx, session_id, at=at)
            if session is None:
                return
            text = everyone.CRISIS_FOR_ADMINS(topic=texts.topic_title(session.topic), alias=session.alias)
            await self.alerting.tell_admins(tx, text, at=at)
            told = to_student.NOBODY_FREE(help_lines=texts.help_lines())
            about = About(key_id=session.key_id)
            await self.outbox.say(tx, told, to=session.student_id, at=at, urgency=Urgency.CRISIS, about=about)

    async def _offer(self, match: Match) -> Offer | None:
        """Make one offer; None where the session or the counselor is no longer free for it."""
        try:
            async with self.db.transaction() as tx:
                return await self._make(tx, match, at=self.clock())
        except Conflict:
            return None

    async def _make(self, tx: Transaction, match: Match, *, at: datetime) -> Offer:
        # Counselor, offer, session: whoever writes more than one of these does so in this order, so that none wait in a ring.
        gone = Conflict(to_counselor.GONE)
        if not await counselors.lock(tx, match.counselor_id, at=at):
            raise gone
        waiting = await sessions.find(tx, match.session_id)
        if waiting is None or waiting.state is not SessionState.WAITING:
            raise gone
        offer = await offers.add(tx, match, capacity=self.capacity, at=at, expires_at=at + self._patience(waiting))
        session = await sessions.offer(tx, match.session_id, at=at)
        if offer is None or session is None:
            raise gone
        delivery_id = await self.outbox.say(
            tx,
            await self._text(tx, session),
            to=offer.counselor_id,
            at=at,
            buttons=offer_buttons(offer),
            urgency=Urgency.CRISIS if session.priority is Priority.CRISIS else Urgency.CONVERSATION,
            about=About(key_id=session.key_id),
        )
        await offers.shown_by(tx, offer.id, delivery_id)
        return offer

    def _patience(self, session: Session) -> timedelta:
        return self.crisis_offer_timeout if session.priority is Priority.CRISIS else self.offer_timeout

    async def _text(self, tx: Transaction, session: Session) -> Text:
        sealed = await sessions.description(tx, session.id)
        description = to_counselor.NO_DESCRIPTION
        if sealed is not None:
            written = await self.outbox.vault.unseal(tx, session.key_id, sealed, about="description")
            description = to_counselor.OFFER_DESCRIPTION(description=written)
        patience = self._patience(session)
        minutes, seconds = divmod(int(patience.total_seconds()), 60)
        return to_counselor.OFFER(
            topic=texts.topic_title(session.topic),
            gender=to_student.GENDERS[session.student_gender],
            description=description,
            minutes=to_counselor.MINUTES(minutes=minutes)
            if not seconds
            else to_counselor.SECONDS(seconds=minutes * 60 + seconds),
        )


def offer_buttons(offer: Offer) -> list[list[Button]]:
    """Return the buttons under an offer."""
    reference = str(offer.id)
    return [[Button(to_counselor.ACCEPT, "offer.accept", reference), Button(to_counselor.DECLINE, "offer.decline", reference)]]
