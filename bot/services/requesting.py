"""How a student asks for a counselor: topic, gender, a description or none; and how they take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import texts
from bot.domain.errors import Conflict, InvalidInput, NotAllowed
from bot.domain.ids import Clock, PersonId
from bot.domain.people import Actor, Gender
from bot.domain.sessions import DESCRIPTION_LENGTH, Priority, Session, SessionState
from bot.domain.topics import Topic
from bot.services.codes import new_code
from bot.services.dialogs import Dialogs
from bot.services.match_requests import request_match
from bot.services.offering import Offering
from bot.services.vault import Vault
from bot.storage import offers, people, sessions
from bot.storage.database import Database, Transaction, UniqueViolation
from bot.storage.keys import Purpose
from bot.storage.sessions import NewSession
from bot.texts import everyone
from bot.texts import student as to_student

STEP_GENDER, STEP_DESCRIPTION = "request.gender", "request.description"
_ALIAS_LENGTH = 6  #: 30 bits: enough to be told apart, and a name that a counselor can keep in mind


@dataclass(frozen=True, slots=True, kw_only=True)
class Requesting:
    """The request form, and the request while it waits."""

    db: Database
    clock: Clock
    vault: Vault
    dialogs: Dialogs
    offering: Offering

    async def current(self, actor: Actor) -> Session | None:
        """Return the session that the actor has open as a student; None where there is none."""
        async with self.db.transaction() as tx:
            return await sessions.open_of_student(tx, actor.me)

    async def place(self, session: Session) -> int:
        """Return the place of a waiting session in the queue; 1 is next."""
        async with self.db.transaction() as tx:
            return await sessions.place_in_queue(tx, session)

    async def begin(self, actor: Actor) -> None:
        """Pass where the actor may make a request.

        Raises:
            NotAllowed: They have not agreed to the consent text.
            Conflict: They have an open session.
        """
        if not actor.has_consented:
            raise NotAllowed(everyone.CONSENT_NEEDED)
        async with self.db.transaction() as tx:
            # also as a counselor: what they then wrote would be taken for their own description
            if await sessions.open_of_student(tx, actor.me) or await sessions.active_of(tx, actor.me):
                raise Conflict(to_student.ALREADY_OPEN)

    async def choose_topic(self, actor: Actor, key: str) -> Topic:
        """Take the topic and go on to the gender.

        Raises:
            InvalidInput: There is no such topic.
            NotAllowed: See ``begin``.
            Conflict: See ``begin``.
        """
        await self.begin(actor)
        topic = texts.topics().get(key)
        if topic is None:
            raise InvalidInput(everyone.NO_LONGER_AVAILABLE)
        async with self.db.transaction() as tx:
            await self.dialogs.turn_to(tx, actor.me, STEP_GENDER, {"topic": key}, at=self.clock())
        return topic

    async def choose_gender(self, actor: Actor, gender: Gender) -> str:
        """Take the gender and go on to the description; return the key of the topic.

        Raises:
            Conflict: The form is not at this question.
        """
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_GENDER, STEP_DESCRIPTION)
            await self.dialogs.turn_to(tx, actor.me, STEP_DESCRIPTION, {**answers, "gender": gender}, at=self.clock())
        return answers["topic"]

    async def submit(self, actor: Actor, description: str | None) -> Session:
        """Make the request and have it matched at once.

        Raises:
            InvalidInput: The description is too long.
            Conflict: The form is not at this question, or there is an open session.
        """
        await self.begin(actor)
        if description is not None and len(description) > DESCRIPTION_LENGTH:
            raise InvalidInput(to_student.DESCRIPTION_TOO_LONG(length=len(description), most=DESCRIPTION_LENGTH))
        try:
            return await self._submit(actor, description)
        except UniqueViolation as error:
            if await self.current(actor) is not None:
                raise Conflict(to_student.ALREADY_OPEN) from error
        return await self._submit(actor, description)  # somebody else has that alias: with another one

    async def _submit(self, actor: Actor, description: str | None) -> Session:
        at = self.clock()
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_DESCRIPTION)
            session = await self._add(tx, actor.me, answers, description, at=at)
            await people.close_dialog(tx, actor.me)
            await request_match(tx, because="requested", at=at)
        return session

    async def cancel(self, actor: Actor, alias: str) -> None:
        """Take a request back that waits or is offered.

        Raises:
            Conflict: It is active, over, or not the actor's.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await sessions.find_by_alias(tx, alias)
            if session is None or session.student_id != actor.me or session.state is SessionState.ACTIVE:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            await self.take_back(tx, session, by=actor.me, reason="student", at=at)

    async def take_back(self, tx: Transaction, session: Session, *, by: PersonId | None, reason: str, at: datetime) -> Session:
        """Cancel a request that waits or is offered, for whoever may: what was offered of it is withdrawn.

        Raises:
            Conflict: It is active, or over.
        """
        await self._withdraw(tx, session, at=at)
        cancelled = await sessions.cancel(tx, session.id, by=by, reason=reason, at=at)
        if cancelled is None:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        await self._withdraw(tx, session, at=at)  # what a match that was faster than the cancel has offered in between
        await request_match(tx, because="cancelled", at=at)
        return cancelled

    async def description(self, actor: Actor, session: Session) -> str | None:
        """Return how the student described a session that the actor takes part in; None where they did not.

        Raises:
            Conflict: The actor takes no part in it.
        """
        if session.side_of(actor.me) is None:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        async with self.db.transaction() as tx:
            sealed = await sessions.description(tx, session.id)
            return await self.vault.unseal(tx, session.key_id, sealed, about="description") if sealed is not None else None

    async def _withdraw(self, tx: Transaction, session: Session, *, at: datetime) -> None:
        await self.offering.gone(tx, await offers.withdraw_of_session(tx, session.id, at=at), at=at)

    async def _add(
        self, tx: Transaction, student_id: PersonId, answers: dict[str, str], description: str | None, *, at: datetime
    ) -> Session:
        key_id = await self.vault.make(tx, Purpose.SESSION, at=at)
        sealed = await self.vault.seal(tx, key_id, description, about="description") if description else None
        new = NewSession(
            alias=new_code(_ALIAS_LENGTH),
            student_id=student_id,
            topic=answers["topic"],
            priority=Priority.CRISIS if texts.topics()[answers["topic"]].is_crisis else Priority.NORMAL,
            student_gender=Gender(answers["gender"]),
            description=sealed,
            key_id=key_id,
        )
        return await sessions.add(tx, new, at=at)
