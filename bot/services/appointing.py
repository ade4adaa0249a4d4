"""Who is an admin: those of ``ADMIN_IDS``, and those whom they appoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.ids import Clock, PersonId
from bot.domain.outgoing import Button, Urgency
from bot.domain.pages import Page, cut
from bot.domain.people import Actor, CounselorStatus, Role
from bot.services import buttons
from bot.services.dialogs import Dialogs
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.transferring import Transferring
from bot.storage import audit, people
from bot.storage.database import Database, Transaction
from bot.storage.people import Person
from bot.texts import admin as to_admin

STEP_APPOINT = "admin.appoint"
_DIGITS_SHOWN = 3  #: of a Telegram id: enough to know a colleague by, too few to find anybody
_MOST_DIGITS = 16  #: an id has at most 52 significant bits (Bot API, User)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed:
    """An admin who was appointed."""

    id: PersonId
    name: str  #: their display name as a counselor, else the end of their Telegram id


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The admins."""

    fixed: int  #: how many ``ADMIN_IDS`` names
    total: int  #: how many were appointed
    appointed: Page[Appointed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointing:
    """Appointing and dismissing admins."""

    db: Database
    clock: Clock
    outbox: Outbox
    people: People
    dialogs: Dialogs
    transferring: Transferring

    async def team(self, actor: Actor, page: int) -> Team:
        """Return who the admins are, a page of them.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            fixed = await self.people.fixed_admins(tx)
            everybody = [person for person in await people.appointed(tx) if person.id not in fixed]
            shown = cut(everybody, page)
            appointed = [await self._appointed(tx, person) for person in shown.items]
        return Team(fixed=len(self.people.admin_ids), total=len(everybody), appointed=Page(shown.position, appointed))

    async def find(self, actor: Actor, person_id: PersonId) -> Appointed:
        """Return an appointed admin.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: The person is none, any more.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            person = await people.find(tx, person_id)
            if person is None or not person.is_admin:
                raise Conflict(to_admin.NO_ADMIN)
            return await self._appointed(tx, person)

    async def begin(self, actor: Actor) -> None:
        """Ask for the Telegram id of somebody who is to become an admin.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            await self.dialogs.turn_to(tx, actor.me, STEP_APPOINT, {}, at=self.clock())

    async def invite(self, actor: Actor, text: str) -> None:
        """Invite the person with a Telegram id to become an admin; the form ends.

        A digit that is wrong makes nobody an admin who did not expect it. Nor does the answer say whether somebody uses the
        service: it is the same for an id that nobody here has.

        Raises:
            NotAllowed: The actor is no admin.
            InvalidInput: *text* is no Telegram id.
            Conflict: They are an admin already.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        telegram_id = _telegram_id(text)
        async with self.db.transaction() as tx:
            person = await people.find_by_hash(tx, self.people.vault.lookup(telegram_id))
            await people.close_dialog(tx, actor.me)
            if person is None:
                return
            if await self.people.is_admin(tx, person.id):
                raise Conflict(to_admin.ADMIN_ALREADY)
            await people.invite(tx, person.id, by=actor.me, at=at)
            await audit.record(tx, actor, "invite-admin", f"person {person.id}", at=at)
            answers = [
                [Button(to_admin.ACCEPT_INVITATION, "invitation.accept")],
                [Button(to_admin.DECLINE_INVITATION, "invitation.decline")],
            ]
            await self.outbox.say(tx, to_admin.INVITATION, to=person.id, at=at, buttons=answers, urgency=Urgency.CONVERSATION)

    async def appoint_by_telegram_id(self, actor: Actor, text: str) -> Appointed:
        """Make the person with a Telegram id an admin at once, for whoever sits at a terminal; they are told.

        Raises:
            NotAllowed: Only admins and the operator may.
            InvalidInput: *text* is no Telegram id.
            NotFound: Nobody with this id has ever written to the bot, so that it could not write to them.
            Conflict: They are an admin already.
        """
        actor.require(Role.ADMIN, Role.OPERATOR)
        async with self.db.transaction() as tx:
            person = await self._with_telegram_id(tx, text)
            return await self._appoint(tx, actor, person, at=self.clock())

    async def appoint(self, actor: Actor, person_id: PersonId) -> Appointed:
        """Make a person an admin; they are told.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such person.
            Conflict: They are an admin already.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            person = await people.find(tx, person_id)
            if person is None:
                raise NotFound(to_admin.NO_PERSON)
            return await self._appoint(tx, actor, person, at=self.clock())

    async def dismiss(self, actor: Actor, person_id: PersonId) -> None:
        """Take the role of an admin away from a person; they are told, and what they took up as an admin goes to others.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: The person is no appointed admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            person = await people.find(tx, person_id)
            if person is None:
                raise Conflict(to_admin.NO_ADMIN)
            await self._dismiss(tx, actor, person, at=self.clock())

    async def dismiss_by_telegram_id(self, actor: Actor, text: str) -> None:
        """Take the role of an admin away from the person with a Telegram id; see ``dismiss``.

        Raises:
            NotAllowed: Only admins and the operator may.
            InvalidInput: *text* is no Telegram id.
            NotFound: Nobody with this id has ever written to the bot.
            Conflict: The person is no appointed admin.
        """
        actor.require(Role.ADMIN, Role.OPERATOR)
        async with self.db.transaction() as tx:
            await self._dismiss(tx, actor, await self._with_telegram_id(tx, text), at=self.clock())

    async def _appoint(self, tx: Transaction, actor: Actor, person: Person, *, at: datetime) -> Appointed:
        if person.id in await self.people.fixed_admins(tx) or not await people.set_admin(tx, person.id, is_admin=True):
            raise Conflict(to_admin.ADMIN_ALREADY)
        await audit.record(tx, actor, "appoint-admin", f"person {person.id}", at=at)
        panel = [[Button(to_admin.PANEL, "admin")]]
        await self.outbox.say(tx, to_admin.YOU_ARE_ADMIN, to=person.id, at=at, buttons=panel, urgency=Urgency.CONVERSATION)
        return await self._appointed(tx, person)

    async def _dismiss(self, tx: Transaction, actor: Actor, person: Person, *, at: datetime) -> None:
        if person.id in await self.people.fixed_admins(tx):
            raise Conflict(to_admin.FIXED_ADMIN)
        if not await people.set_admin(tx, person.id, is_admin=False):
            raise Conflict(to_admin.NO_ADMIN)
        await audit.record(tx, actor, "dismiss-admin", f"person {person.id}", at=at)
        dialog = await people.dialog(tx, person.id)
        if dialog is not None and dialog.step.startswith("admin."):
            await people.close_dialog(tx, person.id)
        if person.counselor_status != CounselorStatus.APPROVED:
            await self.transferring.hand_back(tx, person.id, reason="dismissed", at=at)
        told = [buttons.HOME_BELOW]
        await self.outbox.say(tx, to_admin.YOU_ARE_DISMISSED, to=person.id, at=at, buttons=told, urgency=Urgency.CONVERSATION)

    async def _with_telegram_id(self, tx: Transaction, text: str) -> Person:
        person = await people.find_by_hash(tx, self.people.vault.lookup(_telegram_id(text)))
        if person is None:
            raise NotFound(to_admin.NEVER_WROTE)
        return person

    async def _appointed(self, tx: Transaction, person: Person) -> Appointed:
        if person.counselor_name is not None:
            return Appointed(id=person.id, name=await self.people.display_name(tx, person.id))
        telegram_id = str(await self.people.telegram_id(tx, person.id))
        return Appointed(id=person.id, name=f"…{telegram_id[-_DIGITS_SHOWN:]}")


def _telegram_id(text: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS and int(digits)):
        raise InvalidInput(to_admin.NO_TELEGRAM_ID)
    return int(digits)
