"""What follows from a call of the Bot API: it was made, it is to be repeated, or it cannot be made and somebody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.domain.ids import Clock
from bot.domain.outgoing import Method, Place, Urgency
from bot.domain.sessions import Session, SessionState
from bot.domain.text import Text
from bot.services import buttons
from bot.services.outbox import About, Outbox
from bot.services.reaching import Reaching
from bot.storage import deliveries, messages, sessions
from bot.storage.database import Database, Transaction
from bot.storage.deliveries import Delivery
from bot.texts import counselor as to_counselor
from bot.texts import relay
from bot.texts import student as to_student


class Failure(Enum):
    """Why a call was given up."""

    UNREACHABLE = auto()  #: the person blocked the bot, deleted their account, or never wrote to it
    REFUSED = auto()  #: Telegram takes this call from nobody
    TOO_LARGE = auto()  #: a file that Telegram hands to no bot; it had not said how large it is
    LATE = auto()  #: it failed in passing for as long as it was worth repeating


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """The end of deliveries."""

    db: Database
    clock: Clock
    outbox: Outbox
    reaching: Reaching

    async def succeed(self, delivery: Delivery, *, message_id: int | None) -> Delivery | None:
        """Mark a delivery as made; return the next one that waits in the same chat, None behind one that has no order."""
        async with self.db.transaction() as tx:
            await deliveries.succeed(tx, delivery.id, message_id=message_id, at=self.clock())
            return None if delivery.method is Method.ANSWER else await deliveries.first_of_chat(tx, delivery.person_id)

    async def postpone(self, delivery: Delivery, *, error: str, delay: timedelta) -> datetime | None:
        """Try again after *delay*; return when, or None where that would be too late and the delivery was given up."""
        due_at = self.clock() + delay
        if due_at >= delivery.patience_ends_at:
            await self.give_up(delivery, Failure.LATE, error=error)
            return None
        async with self.db.transaction() as tx:
            await deliveries.postpone(tx, delivery.id, error=error, due_at=due_at)
        return due_at

    async def give_up(self, delivery: Delivery, failure: Failure, *, error: str) -> None:
        """Settle a delivery that cannot be made, and tell who sent what it carried."""
        at = self.clock()
        async with self.db.transaction() as tx:
            if not await deliveries.fail(tx, delivery.id, is_final=failure is not Failure.LATE, error=error, at=at):
                return
            is_told = failure is Failure.UNREACHABLE and await self.reaching.lose(tx, delivery.person_id, at=at)
            await self._tell_other_side(tx, delivery, failure, is_told=is_told, at=at)

    async def _tell_other_side(
        self, tx: Transaction, delivery: Delivery, failure: Failure, *, is_told: bool, at: datetime
    ) -> None:
        """Tell who wrote a message that it did not arrive, and whoever waits for somebody who is not there any more."""
        session = await sessions.find(tx, delivery.session_id) if delivery.session_id else None
        if session is None:
            return
        if delivery.sender_id is None:
            if failure is Failure.UNREACHABLE and not is_told and session.state is SessionState.ACTIVE:
                await self.reaching.tell_other(tx, session, delivery.person_id, at=at)
            return
        if await deliveries.has_failed_part(tx, delivery):
            return
        written = await messages.find(tx, session.id, delivery.message_seq) if delivery.message_seq else None
        place = Place(message_id=written.source_message_id) if written else None
        await self.outbox.say(
            tx,
            _notice(session, delivery, failure),
            to=delivery.sender_id,
            at=at,
            urgency=Urgency.CONVERSATION,
            about=About(session_id=session.id),  # a reply to it is meant for that conversation
            reply_to=place,
            buttons=[buttons.SOS],
        )


def _notice(session: Session, delivery: Delivery, failure: Failure) -> Text:
    """Return what the author of a message reads of which this delivery was given up."""
    is_student = delivery.sender_id == session.student_id
    if failure is Failure.TOO_LARGE:
        return relay.TOO_LARGE_AFTER_ALL
    if delivery.method is Method.EDIT:
        return relay.CHANGE_NOT_THROUGH
    if failure is Failure.UNREACHABLE:
        return to_student.NOT_DELIVERED if is_student else to_counselor.NOT_DELIVERED(alias=session.alias)
    if session.state is not SessionState.ACTIVE or not {delivery.person_id, delivery.sender_id} <= {
        session.student_id,
        session.counselor_id,
    }:
        return relay.NOT_THROUGH
    return to_student.NOT_THROUGH if is_student else to_counselor.NOT_THROUGH(alias=session.alias)
