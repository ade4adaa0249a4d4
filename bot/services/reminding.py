"""What people left unanswered: each of them is reminded once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.ids import Clock, CounselorId, PersonId, SessionId
from bot.domain.outgoing import Button, Keyboard, Place, Urgency
from bot.domain.sessions import Session, Side
from bot.domain.text import Text
from bot.services import buttons
from bot.services.alerting import Alerting
from bot.services.outbox import About, Outbox
from bot.services.pulse import Pulse
from bot.services.vault import Unreadable
from bot.storage import reminders, sessions
from bot.storage.database import Database, Transaction, Turn
from bot.storage.reminders import OpenOffer, Unanswered
from bot.texts import applying, dashboard, ending
from bot.texts import reminders as texts
from bot.texts.times import span

logger = logging.getLogger(__name__)

#: An offer that is open for so long, and for so much longer; where ``OFFER_TIMEOUT_MINUTES`` is short, none ever is.
OFFER_AGE, OFFER_LEFT = timedelta(minutes=15), timedelta(minutes=5)
#: So many offers that lapsed one after the other within this time, with none answered behind them.
LAPSES, LAPSES_WITHIN = 2, timedelta(days=1)
#: For so long somebody in a conversation waits for an answer. The reminder that nobody writes comes much later (at half of
#: ``SESSION_TIMEOUT_HOURS``); where that is due within an hour, it is the only one.
ANSWER_AGE, BEFORE_IDLE = timedelta(hours=2), timedelta(hours=1)
#: When a student is asked for stars once more; later than the second of these nobody remembers, and nobody is asked.
RATING_AGE, RATING_TOO_LATE = timedelta(days=1), timedelta(days=3)
APPLICATION_AGE = APPLICATION_EVERY = timedelta(days=1)

_AT_ONCE = 5  #: reminders in one transaction

Item = TypeVar("Item")
Between = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminding:
    """Reminders; nobody gets one who has blocked the bot."""

    db: Database
    clock: Clock
    outbox: Outbox
    alerting: Alerting
    pulse: Pulse
    timeout: timedelta  #: ``SESSION_TIMEOUT_HOURS``

    async def remind(self, *, limit: int, between: Between) -> dict[str, int]:
        """Remind whoever is due; return how many there were of each kind.

        Args:
            limit: Most reminders of each kind; whoever is left is reminded an hour later.
            between: Awaited after each piece of work; may end it by raising.
        """
        sent: dict[str, int] = {}
        for kind, some in (
            ("offers", self._of_offers),
            ("lapses", self._of_lapses),
            ("sessions", self._of_sessions),
            ("ratings", self._of_ratings),
        ):
            sent[kind] = await some(limit, between)
        return {**sent, "applications": await self._of_applications()}

    async def _of_offers(self, limit: int, between: Between) -> int:
        at = self.clock()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            found = await reminders.open_offers(tx, offered_before=at - OFFER_AGE, expiring_after=at + OFFER_LEFT, limit=limit)
        return await self._each(found, self._of_offer, between)

    async def _of_offer(self, tx: Transaction, offer: OpenOffer, at: datetime) -> bool:
        if not await reminders.remind_of_offer(tx, offer.id, at=at):
            return False
        shown = Place(delivery_id=offer.delivery_id) if offer.delivery_id is not None else None
        text = texts.OFFER(left=span(offer.expires_at - at))
        await self.outbox.say(tx, text, to=offer.counselor_id, at=at, urgency=Urgency.CONVERSATION, reply_to=shown)
        return True

    async def _of_lapses(self, limit: int, between: Between) -> int:
        since = self.clock() - LAPSES_WITHIN
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            found = await reminders.letting_lapse(tx, since=since, fewest=LAPSES, limit=limit)

        async def remind(tx: Transaction, counselor_id: CounselorId, at: datetime) -> bool:
            count = await reminders.remind_of_lapses(tx, counselor_id, since=since, at=at)
            if count:
                below = [[Button(dashboard.GO_OFFLINE, "dashboard.offline")], buttons.HOME_BELOW]
                await self._say(tx, texts.LAPSES(count=count), counselor_id, below, at=at)
            return bool(count)

        return await self._each(found, remind, between)

    async def _of_sessions(self, limit: int, between: Between) -> int:
        """Remind who should answer; as for those in which nobody writes, silence is only what we would have heard of."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            beat = await self.pulse.read(tx)
            if beat is None or beat.caught_up_at is None:
                return 0
            at = min(self.clock(), beat.caught_up_at)
            found = await reminders.unanswered(
                tx, since=at - ANSWER_AGE, silent_after=at - self.timeout / 2 + BEFORE_IDLE, limit=limit
            )
        return await self._each(found, self._of_session, between)

    async def _of_session(self, tx: Transaction, waiting: Unanswered, at: datetime) -> bool:
        if not await reminders.nudge(tx, waiting, at=at):
            return False
        session = await sessions.find(tx, waiting.id)
        if session is not None and session.counselor_id is not None:
            await self._say_nudge(tx, session, session.counselor_id, waiting, at=at)
        return True

    async def _say_nudge(
        self, tx: Transaction, session: Session, counselor_id: CounselorId, waiting: Unanswered, *, at: datetime
    ) -> None:
        alias, about, length = session.alias, About.of(session), span(at - waiting.since)
        if waiting.by is Side.STUDENT:
            name = await self.alerting.people.display_name(tx, counselor_id)
            text = texts.ANSWER_COUNSELOR(name=name, span=length)
            await self._say(tx, text, session.student_id, [buttons.SOS, buttons.HOME_BELOW], at=at, about=about)
            return
        has_begun = session.last_message_at != session.activated_at
        text = texts.ANSWER_STUDENT(alias=alias, span=length) if has_begun else texts.GREET_STUDENT(alias=alias, span=length)
        below = [[Button(ending.TRANSFER(alias=alias), "session.transfer", alias)], buttons.HOME_BELOW]
        await self._say(tx, text, counselor_id, below, at=at, about=about)

    async def _of_ratings(self, limit: int, between: Between) -> int:
        at = self.clock()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            found = await reminders.unrated(tx, ended_after=at - RATING_TOO_LATE, ended_before=at - RATING_AGE, limit=limit)
        return await self._each(found, self._of_rating, between)

    async def _of_rating(self, tx: Transaction, session_id: SessionId, at: datetime) -> bool:
        if not await reminders.ask_for_rating(tx, session_id, at=at):
            return False
        session = await sessions.find(tx, session_id)
        if session is not None:
            below = [*buttons.rating(session.alias), buttons.REQUEST, buttons.SOS, buttons.HOME_BELOW]
            await self._say(tx, texts.RATING, session.student_id, below, at=at, about=About.of(session))
        return True

    async def _of_applications(self) -> int:
        """Remind the admins, at most once a day and in one message, of what has waited for more than a day."""
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            is_due = await reminders.remind_of_applications(
                tx, applied_before=at - APPLICATION_AGE, every=APPLICATION_EVERY, at=at
            )
            waiting = await reminders.applications(tx) if is_due else None
            if waiting is None:
                return 0
            length = span(at - waiting.oldest_at)
            many = texts.APPLICATIONS(count=waiting.count, span=length)
            text = texts.APPLICATION(span=length) if waiting.count == 1 else many
            await self.alerting.tell_admins(tx, text, at=at, buttons=[[Button(applying.READ, "admin.applications")]])
        return 1

    async def _each(
        self,
        found: Sequence[Item],
        remind: Callable[[Transaction, Item, datetime], Awaitable[bool]],
        between: Between,
    ) -> int:
        """Remind of each of these, a few in a transaction; return of how many. One whose key is gone is in nobody's way."""
        sent = 0
        for start in range(0, len(found), _AT_ONCE):
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                at = self.clock()
                for item in found[start : start + _AT_ONCE]:
                    try:
                        async with self.db.transaction():
                            sent += await remind(tx, item, at)
                    except Unreadable:
                        logger.warning("Somebody is not reminded: the key is gone with which it would be said.")
            await between()
        return sent

    async def _say(
        self, tx: Transaction, text: Text, to: PersonId, below: Keyboard, *, at: datetime, about: About | None = None
    ) -> None:
        await self.outbox.say(tx, text, to=to, at=at, buttons=below, urgency=Urgency.CONVERSATION, about=about or About())
