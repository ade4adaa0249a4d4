"""What one side says, passed on to the other."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import Clock
from bot.domain.messages import MESSAGE_LENGTH, split, utf16_length
from bot.domain.outgoing import Urgency
from bot.domain.people import Actor
from bot.domain.sessions import Priority, Session, Side
from bot.domain.text import Text
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.services.vault import Vault
from bot.storage import deliveries, messages, sessions
from bot.storage.database import Database, Transaction
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaying:
    """Conversations: which one somebody means, and passing on what they say there."""

    db: Database
    clock: Clock
    vault: Vault
    outbox: Outbox
    people: People

    async def conversations(self, actor: Actor) -> list[Session]:
        """Return the active sessions that the actor is in, on either side, oldest first."""
        async with self.db.transaction() as tx:
            return await sessions.active_of(tx, actor.me)

    async def relay(self, actor: Actor, text: str, *, message_id: int, reply_to: int | None) -> Session:
        """Pass *text* on to the other side of the conversation that the actor means.

        Args:
            actor: Who writes.
            text: What they wrote, as they typed it.
            message_id: The message, in their chat.
            reply_to: The message in their chat that it replies to; it tells which of several conversations is meant.

        Raises:
            Conflict: They are in no conversation, or reply to a message of one that has ended.
            InvalidInput: They are in several and did not say which they mean: better not sent than sent to the wrong one.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await self._meant(tx, actor, reply_to)
            seq = await messages.next_seq(tx, session.id, by=actor.me)
            side, other = session.side_of(actor.me), session.other(actor.me)
            if seq is None or side is None or other is None:
                raise Conflict(everyone.NO_CONVERSATION)
            body = await self.vault.seal(tx, session.key_id, text, about="message")
            await messages.add(tx, session.id, seq, side, body=body, source_message_id=message_id, at=at)
            about = About(session_id=session.id, key_id=session.key_id, message_seq=seq, sender_id=actor.me)
            urgency = Urgency.CRISIS if session.priority is Priority.CRISIS else Urgency.CONVERSATION
            for part in await self._parts(tx, session, side, text):
                await self.outbox.say(tx, part, to=other, at=at, urgency=urgency, about=about)
        return session

    async def _meant(self, tx: Transaction, actor: Actor, reply_to: int | None) -> Session:
        active = await sessions.active_of(tx, actor.me)
        if not active:
            raise Conflict(everyone.NO_CONVERSATION)
        named = await deliveries.session_of_message(tx, actor.me, reply_to) if reply_to is not None else None
        if named is not None:
            meant = next((session for session in active if session.id == named), None)
            if meant is None:
                raise Conflict(everyone.OVER)  # not to whoever is left: it was not said to them
            return meant
        if len(active) > 1:
            raise InvalidInput(to_counselor.WHICH(count=len(active)))
        return active[0]

    async def _parts(self, tx: Transaction, session: Session, side: Side, text: str) -> list[Text]:
        """Return the text under its heading, in as many messages as Telegram needs for it."""
        if side is Side.STUDENT:
            template, heading = to_counselor.FROM_STUDENT, {"alias": session.alias}
        else:
            template, heading = (
                to_student.FROM_COUNSELOR,
                {"name": await self.people.display_name(tx, session.counselor_id or session.student_id)},
            )
        room = MESSAGE_LENGTH - utf16_length(template.template) - sum(utf16_length(value) for value in heading.values())
        return [template(**heading, body=part) for part in split(text, limit=room)]
