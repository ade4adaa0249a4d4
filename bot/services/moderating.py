"""What admins decide about applicants and counselors."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.ids import Clock, CounselorId, PersonId
from bot.domain.outgoing import Button, Keyboard, Urgency
from bot.domain.pages import Page
from bot.domain.people import Actor, CounselorStatus, Gender, Role
from bot.domain.records import Record
from bot.domain.text import Text
from bot.services import buttons
from bot.services.dialogs import Dialogs
from bot.services.match_requests import request_match
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.transferring import Transferring
from bot.services.vault import Vault
from bot.storage import audit, counselor_pages, counselor_status, counselors, people, records
from bot.storage.counselor_pages import CounselorRow
from bot.storage.database import Database, Transaction
from bot.texts import admin as to_admin
from bot.texts import applying as to_applicant
from bot.texts import counselor as to_counselor
from bot.texts import everyone

STEP_REJECT = "admin.reject"
REASON_LENGTH = 500  #: most characters of the reason for a rejection
_VERSION_BYTES = 9  #: as many as sign a button, which carries it


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A counselor or an applicant, as admins see them."""

    id: CounselorId
    status: CounselorStatus
    is_online: bool
    is_reachable: bool
    is_admin: bool  #: appointed
    name: str
    bio: str | None
    gender: Gender
    topics: tuple[str, ...]  #: keys, the first one first
    applied_at: datetime | None
    load: int  #: conversations and open offers
    version: str  #: another one as soon as they say anything else of themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderating:
    """Applications, and counselors in and out of service."""

    db: Database
    clock: Clock
    vault: Vault
    outbox: Outbox
    dialogs: Dialogs
    offering: Offering
    transferring: Transferring

    async def applications(self, actor: Actor, page: int) -> Page[Card]:
        """Return a page of those who wait for a decision, the oldest first.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            where, rows = await counselor_pages.applications(tx, page)
            return Page(where, [await self._card(tx, row) for row in rows])

    async def application(self, actor: Actor, person_id: PersonId) -> Card:
        """Return an application that waits for a decision.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: Somebody has decided, or it was taken back.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            row = await counselor_pages.find(tx, person_id)
            if row is None or row.status is not CounselorStatus.APPLIED:
                raise Conflict(to_admin.DECIDED)
            return await self._card(tx, row)

    async def approve(self, actor: Actor, person_id: PersonId, version: str) -> Card | None:
        """Make an applicant a counselor, online at once; they are told, and whoever waits is matched.

        Args:
            actor: The admin.
            person_id: The applicant.
            version: Of the card that the admin has read: nobody is approved for what was not seen.

        Returns:
            The card; None where they have changed what they say of themselves since, and nothing was decided.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: Somebody else has decided, or it was taken back.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            await counselors.hold(tx, [person_id])
            card = await self.application(actor, person_id)
            if card.version != version:
                return None
            if not await counselor_status.approve(tx, person_id, by=actor.me, at=at):
                raise Conflict(to_admin.DECIDED)
            await audit.record(tx, actor, "approve-application", f"person {person_id}", at=at)
            await self._tell(tx, person_id, to_counselor.APPROVED(name=card.name), at=at)
            await request_match(tx, because="counselor approved", at=at)
        return card

    async def begin_rejection(self, actor: Actor, person_id: PersonId) -> Card:
        """Ask for the reason of a rejection.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: Somebody has decided, or it was taken back.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            card = await self.application(actor, person_id)
            await self.dialogs.turn_to(tx, actor.me, STEP_REJECT, {"person_id": person_id}, at=self.clock())
        return card

    async def keep_reason(self, actor: Actor, reason: str) -> Card:
        """Keep the reason of a rejection until the actor has seen it once more: it could have been meant for a student.

        Raises:
            NotAllowed: The actor is no admin.
            InvalidInput: The reason is too long.
            Conflict: Somebody else has decided, it was taken back, or the form is not at this question.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_REJECT)
            if len(reason) > REASON_LENGTH:
                raise InvalidInput(to_admin.REASON_TOO_LONG(length=len(reason), most=REASON_LENGTH))
            card = await self.application(actor, PersonId(answers["person_id"]))
            await self.dialogs.turn_to(tx, actor.me, STEP_REJECT, {**answers, "reason": reason}, at=self.clock())
        return card

    async def reject_with_reason(self, actor: Actor) -> Card:
        """Reject the applicant whom the form is about; they are told the reason that was kept, and how to apply again.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: Somebody else has decided, it was taken back, or no reason was written.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_REJECT)
            if "reason" not in answers:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            return await self._reject(tx, actor, PersonId(answers["person_id"]), answers["reason"])

    async def reject(self, actor: Actor, person_id: PersonId) -> Card:
        """Reject an applicant without a reason; they are told, and how to apply again.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: Somebody else has decided, or it was taken back.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return await self._reject(tx, actor, person_id, None)

    async def counselors(self, actor: Actor, page: int) -> Page[Card]:
        """Return a page of those who are, or were, in service.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            where, rows = await counselor_pages.counselors(tx, page)
            return Page(where, [await self._card(tx, row) for row in rows])

    async def counselor(self, actor: Actor, counselor_id: CounselorId) -> tuple[Card, Record]:
        """Return a counselor and their figures.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such counselor, any more.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            row = await counselor_pages.find(tx, counselor_id)
            if row is None or row.status not in {CounselorStatus.APPROVED, CounselorStatus.DEACTIVATED}:
                raise NotFound(to_admin.NO_COUNSELOR)
            return await self._card(tx, row), await records.of_counselor(tx, counselor_id, at=self.clock())

    async def deactivate(self, actor: Actor, counselor_id: CounselorId) -> None:
        """Take a counselor out of service: offers and conversations of theirs go back to the queue, and all concerned are told.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: They are not in service.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            if not await counselor_status.deactivate(tx, counselor_id):
                raise Conflict(to_admin.NOT_IN_SERVICE)
            await audit.record(tx, actor, "deactivate-counselor", f"person {counselor_id}", at=at)
            await self._free(tx, counselor_id, reason="deactivated", at=at)
            await self._tell(tx, counselor_id, to_admin.YOU_ARE_DEACTIVATED, at=at)

    async def reactivate(self, actor: Actor, counselor_id: CounselorId) -> None:
        """Put a counselor back into service, online at once; they are told.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: They are not deactivated.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            if not await counselor_status.reactivate(tx, counselor_id):
                raise Conflict(to_admin.NOT_DEACTIVATED)
            await audit.record(tx, actor, "reactivate-counselor", f"person {counselor_id}", at=at)
            await self._tell(tx, counselor_id, to_admin.YOU_ARE_REACTIVATED, at=at)
            await request_match(tx, because="counselor reactivated", at=at)

    async def delete(self, actor: Actor, counselor_id: CounselorId) -> None:
        """Take a counselor out of service and out of the lists; what they did stays on record.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: They are no counselor, any more.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            if not await counselor_status.delete(tx, counselor_id, at=at):
                raise Conflict(to_admin.NO_COUNSELOR)
            await audit.record(tx, actor, "delete-counselor", f"person {counselor_id}", at=at)
            await self._free(tx, counselor_id, reason="deactivated", at=at)
            await self._tell(tx, counselor_id, to_admin.YOU_ARE_DELETED, at=at)

    async def _reject(self, tx: Transaction, actor: Actor, person_id: PersonId, reason: str | None) -> Card:
        at = self.clock()
        card = await self.application(actor, person_id)
        person = await people.find(tx, person_id)
        if person is None:
            raise Conflict(to_admin.DECIDED)
        sealed = await self.vault.seal(tx, person.key_id, reason, about="review") if reason is not None else None
        if not await counselor_status.reject(tx, person_id, reason=sealed, by=actor.me, at=at):
            raise Conflict(to_admin.DECIDED)
        await people.close_dialog(tx, actor.me)
        await audit.record(tx, actor, "reject-application", f"person {person_id}", at=at)
        said = to_applicant.REASON(reason=reason) if reason is not None else to_applicant.NO_REASON
        again = [[Button(to_applicant.AGAIN, "apply.again")], buttons.HOME_BELOW]
        await self._tell(tx, person_id, to_applicant.REJECTED(reason=said), at=at, keyboard=again)
        return card

    async def _free(self, tx: Transaction, counselor_id: CounselorId, *, reason: str, at: datetime) -> None:
        """Return what a counselor has on their hands to the queue; their row is held."""
        withdrawn = await self.offering.withdraw(tx, counselor_id, at=at)
        await self.offering.gone(tx, withdrawn, at=at)
        await self.transferring.hand_back(tx, counselor_id, reason=reason, at=at)
        if withdrawn:
            await request_match(tx, because=reason, at=at)

    async def _tell(
        self, tx: Transaction, person_id: PersonId, text: Text, *, at: datetime, keyboard: Keyboard = (buttons.HOME_BELOW,)
    ) -> None:
        await self.outbox.say(tx, text, to=person_id, at=at, buttons=keyboard, urgency=Urgency.CONVERSATION)

    async def _card(self, tx: Transaction, row: CounselorRow) -> Card:
        name = await self.vault.unseal(tx, row.key_id, row.name, about="name")
        bio = await self.vault.unseal(tx, row.key_id, row.bio, about="bio") if row.bio is not None else None
        topics = tuple(await counselors.topics_of(tx, row.id))
        return Card(
            id=row.id,
            status=row.status,
            is_online=row.is_online,
            is_reachable=row.is_reachable,
            is_admin=row.is_admin,
            name=name,
            bio=bio,
            gender=row.gender,
            topics=topics,
            applied_at=row.applied_at,
            load=row.load,
            version=self._version(name, bio or "", row.gender, *topics),
        )

    def _version(self, *said: str) -> str:
        """Return a mark of what somebody says of themselves; keyed, so that nobody can look for two things with one mark."""
        mac = self.vault.callback_mac(json.dumps(["profile", *said]), length=_VERSION_BYTES)
        return base64.urlsafe_b64encode(mac).decode()
