"""What one side says, passed on to the other: rebuilt from an allow-list, with replies and changes mapped into the other chat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from math import ceil

from bot.domain.content import CAPTION_LENGTH, MOST_BYTES, Content, Kind
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import Clock, PersonId
from bot.domain.messages import MESSAGE_LENGTH, split, utf16_length
from bot.domain.outgoing import Attachment, Place, Urgency
from bot.domain.people import Actor
from bot.domain.sessions import Priority, Session, Side
from bot.domain.text import Text
from bot.services.outbox import About, Outbox
from bot.services.people import People
from bot.services.vault import Vault
from bot.storage import deliveries, messages, people, sessions
from bot.storage.database import Database, Transaction
from bot.storage.messages import Message, NewMessage
from bot.texts import counselor as to_counselor
from bot.texts import everyone, relay
from bot.texts import student as to_student

_NOTHING = Text("")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One message of those that what was said becomes on the other side."""

    text: Text
    attachment: Attachment | None = None


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

    async def current(self, actor: Actor, active: Sequence[Session]) -> Session | None:
        """Return which of their conversations the actor last chose or wrote to; the only one where there is one."""
        async with self.db.transaction() as tx:
            return (await self._current(tx, actor, active))[0]

    async def meant(self, actor: Actor, active: Sequence[Session], *, reply_to: int | None) -> Session | None:
        """Return the conversation that the actor means; None where they must be asked, because it could be another one.

        What is meant for one student must never reach another. So a counselor's reply means the conversation of the message that
        it answers, and a reply to anything else is asked about. What is no reply means the current one, unless something was said
        in another one since they chose it, or another one has ended.

        Args:
            actor: Who writes.
            active: Their conversations.
            reply_to: The message in their chat that they reply to.

        Raises:
            Conflict: They are in no conversation, or reply to a message of one that has ended.
        """
        if not active:
            raise Conflict(everyone.NO_CONVERSATION)
        is_helping = any(session.side_of(actor.me) is Side.COUNSELOR for session in active)
        async with self.db.transaction() as tx:
            if reply_to is not None:
                named = await self._named(tx, actor, active, reply_to)
                if named is not None or is_helping:
                    return named
            if not is_helping:
                return active[0]
            current, since = await self._current(tx, actor, active)
        others = [session for session in active if session is not current]
        is_clear = since is not None and all(_moved_at(session) <= since for session in others)
        return current if is_clear else None

    async def is_answered(self, actor: Actor, reply_to: int) -> bool:
        """Return whether this message of their chat is one of a conversation of theirs, so that a reply is meant for that."""
        async with self.db.transaction() as tx:
            active = await sessions.active_of(tx, actor.me)
            found = await deliveries.session_of_message(tx, actor.me, reply_to)
            if found is not None:
                return any(session.id == found[0] for session in active)
            return await self._own(tx, actor, active, reply_to) is not None

    async def switch(self, actor: Actor, alias: str) -> Session:
        """Make a conversation the current one.

        Raises:
            Conflict: It is over, or not theirs.
        """
        async with self.db.transaction() as tx:
            session = await self._theirs(tx, actor, alias)
            if not await sessions.hold_active(tx, session.id, by=actor.me):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            await people.set_current(tx, actor.me, session.id, at=self.clock())
        return session

    async def relay(
        self, actor: Actor, session: Session, content: Content, *, message_id: int, reply_to: int | None = None
    ) -> None:
        """Pass something on to the other side of a conversation, which becomes the counselor's current one.

        Args:
            actor: Who says it.
            session: Where, as ``meant`` tells.
            content: What.
            message_id: The message, in their chat.
            reply_to: The message in their chat that it answers.

        Raises:
            Conflict: The conversation has ended.
            InvalidInput: It cannot be passed on; says why.
        """
        _check(content)
        at = self.clock()
        async with self.db.transaction() as tx:
            held = await sessions.speak(tx, session.id, by=actor.me, is_new=True, at=at)
            side, other = (held.side_of(actor.me), held.other(actor.me)) if held else (None, None)
            if held is None or side is None or other is None:
                raise Conflict(everyone.NO_CONVERSATION)
            session, seq = held, held.messages
            body = await self.vault.seal(tx, session.key_id, _kept(content), about="message")
            new = NewMessage(seq=seq, side=side, kind=content.kind, body=body, source_message_id=message_id)
            await messages.add(tx, session.id, new, at=at)
            if side is Side.COUNSELOR:
                await people.set_current(tx, actor.me, session.id, at=at)
            place = await self._place(tx, session, actor.me, reply_to) if reply_to is not None else None
            about = _about(session, seq, actor.me)
            for piece in await self._pieces(tx, session, side, content):
                await self.outbox.say(
                    tx,
                    piece.text,
                    to=other,
                    at=at,
                    urgency=_urgency(session),
                    about=about,
                    attachment=piece.attachment,
                    reply_to=place,
                )
                place = None  # the first one answers, the others follow on it

    async def send_held(self, actor: Actor, alias: str, content: Content, *, message_id: int) -> Session:
        """Pass on what was held back until its author said for whom it is.

        Raises:
            Conflict: The conversation has ended, or it was sent already.
            InvalidInput: It cannot be passed on; says why.
        """
        async with self.db.transaction() as tx:
            if await self._own(tx, actor, await sessions.active_of(tx, actor.me), message_id) is not None:
                raise Conflict(relay.SENT_BEFORE)
            session = await self._theirs(tx, actor, alias)
            await self.relay(actor, session, content, message_id=message_id)
        return session

    async def change(self, actor: Actor, content: Content | None, *, message_id: int) -> None:
        """Pass on that the author of a message changed it; a message that was said to nobody may be changed in silence.

        Raises:
            Conflict: It was said in a conversation that is over.
            InvalidInput: The change is one that cannot be passed on; says why.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await self._own(tx, actor, await sessions.active_of(tx, actor.me), message_id)
            held = await sessions.speak(tx, session.id, by=actor.me, is_new=False, at=at) if session else None
            if held is None:
                await self._regret(tx, actor, message_id)
                return
            written = await self._written(tx, held, actor.me, message_id)
            if written is None or content is None:
                raise InvalidInput(relay.FILE_CHANGED)
            await self._change(tx, actor, held, written, content, at=at)

    async def _regret(self, tx: Transaction, actor: Actor, message_id: int) -> None:
        """Pass where a changed message is none of the conversation that the actor had last.

        Raises:
            Conflict: It is.
        """
        last = await sessions.newest_ended_of(tx, actor.me)
        if last is not None and await self._written(tx, last, actor.me, message_id) is not None:
            raise Conflict(relay.NOT_CHANGED)

    async def _change(
        self, tx: Transaction, actor: Actor, session: Session, written: Message, content: Content, *, at: datetime
    ) -> None:
        before = await self.vault.unseal(tx, session.key_id, written.body, about="message")
        if not _is_same_file(written.kind, before, content):
            raise InvalidInput(relay.FILE_CHANGED)
        _check(content)
        side, other = session.side_of(actor.me), session.other(actor.me)
        if side is None or other is None:
            raise Conflict(everyone.NO_CONVERSATION)
        body = await self.vault.seal(tx, session.key_id, _kept(content), about="message")
        await messages.change(tx, session.id, written.seq, body=body, at=at)
        about, urgency = _about(session, written.seq, actor.me), _urgency(session)
        parts = await deliveries.parts_of_message(tx, session.id, written.seq, to=other)
        for part, piece in zip_longest(parts, await self._pieces(tx, session, side, content)):
            if part is None:
                await self.outbox.say(tx, piece.text, to=other, at=at, urgency=urgency, about=about)
                continue
            text, is_caption = (relay.TAKEN_BACK, False) if piece is None else (piece.text, piece.attachment is not None)
            place = Place(delivery_id=part)
            await self.outbox.edit(tx, text, to=other, place=place, at=at, urgency=urgency, about=about, is_caption=is_caption)

    async def _current(self, tx: Transaction, actor: Actor, active: Sequence[Session]) -> tuple[Session | None, datetime | None]:
        person = await people.find(tx, actor.me)
        current = next((session for session in active if person and session.id == person.current_session_id), None)
        if person is None or current is None:
            return (active[0] if len(active) == 1 else None), None
        return current, person.current_at

    async def _named(self, tx: Transaction, actor: Actor, active: Sequence[Session], reply_to: int) -> Session | None:
        """Return the conversation of the message that is answered; None where it is of none."""
        found = await deliveries.session_of_message(tx, actor.me, reply_to)
        if found is None:
            return await self._own(tx, actor, active, reply_to)
        named = next((session for session in active if session.id == found[0]), None)
        if named is None:
            raise Conflict(everyone.OVER)  # not to whoever is left: it was not said to them
        return named

    async def _own(self, tx: Transaction, actor: Actor, active: Sequence[Session], message_id: int) -> Session | None:
        """Return the conversation in which the actor wrote this message of their chat."""
        for session in active:
            if await self._written(tx, session, actor.me, message_id) is not None:
                return session
        return None

    async def _theirs(self, tx: Transaction, actor: Actor, alias: str) -> Session:
        session = next((one for one in await sessions.active_of(tx, actor.me) if one.alias == alias), None)
        if session is None:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return session

    async def _written(self, tx: Transaction, session: Session, author_id: PersonId, message_id: int) -> Message | None:
        """Return what somebody said as this message of their chat; not what a counselor before them said."""
        side = session.side_of(author_id)
        found = await messages.find_by_source(tx, session.id, side, message_id) if side else None
        return found if found is not None and _is_of_now(session, found) else None

    async def _place(self, tx: Transaction, session: Session, author_id: PersonId, reply_to: int) -> Place | None:
        """Return where the message that is answered stands in the chat of the other side; None where it does not."""
        other = session.other(author_id)
        written = await self._written(tx, session, author_id, reply_to)
        if written is not None and other is not None:
            parts = await deliveries.parts_of_message(tx, session.id, written.seq, to=other)
            return Place(delivery_id=parts[0]) if parts else None
        found = await deliveries.session_of_message(tx, author_id, reply_to)
        if found is None or found[0] != session.id or found[1] is None:
            return None
        answered = await messages.find(tx, session.id, found[1])
        if answered is None or not _is_of_now(session, answered):
            return None
        return Place(message_id=answered.source_message_id)

    async def _pieces(self, tx: Transaction, session: Session, side: Side, content: Content) -> list[_Piece]:
        """Return what the other side gets, under a heading that says from whom it is."""
        if side is Side.STUDENT:
            heading, template = to_counselor.STUDENT(alias=session.alias), to_counselor.FROM_STUDENT
        else:
            name = await self.people.display_name(tx, session.counselor_id or session.student_id)
            heading, template = to_student.COUNSELOR(name=name), to_student.FROM_COUNSELOR
        attachment = Attachment(content.kind, content.media) if content.media else None
        taken = utf16_length(heading.plain()) + 1
        if attachment is None:
            return [_Piece(template(heading=heading, body=part)) for part in split(content.text, limit=MESSAGE_LENGTH - taken)]
        if not content.kind.has_caption:
            # a student knows from whom it is; a counselor must see it, or answers somebody else
            return [*([_Piece(heading)] if side is Side.STUDENT else []), _Piece(_NOTHING, attachment)]
        caption, *rest = split(content.text, limit=CAPTION_LENGTH - taken) or [""]
        shown = template(heading=heading, body=caption) if caption else heading
        words = split("".join(rest), limit=MESSAGE_LENGTH - taken)
        return [_Piece(shown, attachment), *(_Piece(template(heading=heading, body=part)) for part in words)]


def _check(content: Content) -> None:
    """Pass where it can be passed on.

    Raises:
        InvalidInput: It cannot; says why.
    """
    media = content.media
    if media is None:
        if not content.text.strip():
            raise InvalidInput(relay.EMPTY)
        return
    if content.kind is Kind.DOCUMENT and media.is_picture:
        raise InvalidInput(relay.PICTURE_AS_FILE)
    if content.kind is Kind.DOCUMENT and media.is_film:
        raise InvalidInput(relay.FILM_AS_FILE)
    if content.kind.is_made_anew and (media.size or 0) > MOST_BYTES:
        raise InvalidInput(relay.TOO_LARGE(size=f"{ceil((media.size or 0) / 1024**2)}"))


def _kept(content: Content) -> str:
    """Return what is kept of something that was said: words, and of a file which one it was, so that a change is recognised."""
    if content.media is None:
        return content.text
    return json.dumps({"caption": content.text, "file": content.media.unique_id})


def _is_same_file(kind: Kind, kept: str, content: Content) -> bool:
    if kind is not content.kind:
        return False
    return content.media is None or json.loads(kept)["file"] == content.media.unique_id


def _is_of_now(session: Session, message: Message) -> bool:
    """Return whether a message was said since the present counselor is there; before, it stands in somebody else's chat."""
    return session.activated_at is not None and message.sent_at >= session.activated_at


def _moved_at(session: Session) -> datetime:
    return session.last_message_at or session.requested_at


def _about(session: Session, seq: int, sender_id: PersonId) -> About:
    return About(session_id=session.id, key_id=session.key_id, message_seq=seq, sender_id=sender_id)


def _urgency(session: Session) -> Urgency:
    return Urgency.CRISIS if session.priority is Priority.CRISIS else Urgency.CONVERSATION
