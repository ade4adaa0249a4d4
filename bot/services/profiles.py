"""What counselors and applicants say of themselves, and how they change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import texts
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import Clock, PersonId
from bot.domain.outgoing import Button
from bot.domain.people import Actor, CounselorStatus, Detail, Gender, Profile, biography, display_name, toggled
from bot.services.alerting import Alerting
from bot.services.dialogs import Dialogs
from bot.services.match_requests import request_match
from bot.services.vault import Vault
from bot.storage import audit, counselors, people, profiles
from bot.storage.database import Database, Transaction
from bot.texts import applying as to_applicant
from bot.texts import everyone

#: The form in which one detail is changed, and the question whether what was written is right.
STEPS = {detail: f"profile.{detail}" for detail in Detail}
STEP_CONFIRM = "profile.confirm"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new name or bio that waits to be confirmed."""

    detail: Detail
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Profiles: reading and changing them. What is written is confirmed before it counts: it may have been for a student."""

    db: Database
    clock: Clock
    vault: Vault
    dialogs: Dialogs
    alerting: Alerting

    async def find(self, tx: Transaction, person_id: PersonId) -> Profile | None:
        """Return the profile of a person; None where they never applied, or were deleted as a counselor.

        Raises:
            Unreadable: They were forgotten.
        """
        found = await profiles.find(tx, person_id)
        if found is None:
            return None
        return Profile(
            status=found.status,
            is_online=found.is_online,
            name=await self.vault.unseal(tx, found.key_id, found.name, about="name"),
            bio=await self.vault.unseal(tx, found.key_id, found.bio, about="bio") if found.bio else None,
            gender=found.gender,
            topics=tuple(await counselors.topics_of(tx, person_id)),
            review_reason=(
                await self.vault.unseal(tx, found.key_id, found.review_reason, about="review") if found.review_reason else None
            ),
        )

    async def mine(self, actor: Actor) -> Profile | None:
        """Return the actor's own profile; None where they have none."""
        async with self.db.transaction() as tx:
            return await self.find(tx, actor.me)

    async def standing(self, actor: Actor) -> CounselorStatus | None:
        """Return where the actor stands on the way to being a counselor; None where they never set out on it."""
        async with self.db.transaction() as tx:
            found = await profiles.find(tx, actor.me)
            return found.status if found else None

    async def ask(self, actor: Actor, detail: Detail) -> Profile:
        """Go to the question for one detail; return the profile as it is.

        Raises:
            Conflict: The actor has no profile that they may change.
        """
        async with self.db.transaction() as tx:
            profile = await self._changeable(tx, actor)
            answers = {"topics": list(profile.topics)} if detail is Detail.TOPICS else {}
            await self.dialogs.turn_to(tx, actor.me, STEPS[detail], answers, at=self.clock())
        return profile

    async def chosen(self, actor: Actor) -> list[str]:
        """Return the topics that are chosen in the form, not saved yet.

        Raises:
            Conflict: The form is not at this question.
        """
        async with self.db.transaction() as tx:
            return (await self.dialogs.answers(tx, actor.me, STEPS[Detail.TOPICS]))["topics"]

    async def toggle_topic(self, actor: Actor, key: str) -> list[str]:
        """Choose a topic, or no longer; return those that are chosen now, not saved yet.

        Raises:
            InvalidInput: There is no such topic.
            Conflict: The form is not at this question.
        """
        if key not in texts.topics():
            raise InvalidInput(everyone.NO_LONGER_AVAILABLE)
        async with self.db.transaction() as tx:
            topics = toggled(await self.chosen(actor), key)
            await self.dialogs.turn_to(tx, actor.me, STEPS[Detail.TOPICS], {"topics": topics}, at=self.clock())
        return topics

    async def save_topics(self, actor: Actor) -> Profile:
        """Specialize in what is chosen from now on; return the new profile.

        Raises:
            InvalidInput: Nothing is chosen.
            Conflict: The form is not at this question, or the profile may not be changed any more.
        """
        async with self.db.transaction() as tx:
            topics = await self.chosen(actor)
            if not topics:
                raise InvalidInput(to_applicant.NO_TOPIC)
            at = await self._hold(tx, actor)
            await counselors.set_topics(tx, actor.me, topics)
            return await self._changed(tx, actor, Detail.TOPICS, at=at)

    async def save_gender(self, actor: Actor, gender: Gender) -> Profile:
        """Change the gender; return the new profile.

        Raises:
            Conflict: The form is not at this question, or the profile may not be changed any more.
        """
        async with self.db.transaction() as tx:
            await self.dialogs.answers(tx, actor.me, STEPS[Detail.GENDER])
            at = await self._hold(tx, actor)
            await profiles.set_gender(tx, actor.me, gender)
            return await self._changed(tx, actor, Detail.GENDER, at=at)

    async def propose(self, actor: Actor, detail: Detail, text: str) -> Proposal:
        """Take what was written for the name or the bio, and ask whether it is right.

        Raises:
            InvalidInput: It is too short or too long.
            Conflict: The form is not at this question, or the profile may not be changed any more.
        """
        proposal = Proposal(detail, written(detail, text))
        async with self.db.transaction() as tx:
            await self.dialogs.answers(tx, actor.me, STEPS[detail])
            await self._changeable(tx, actor)
            answers = {"detail": detail, "value": proposal.value}
            await self.dialogs.turn_to(tx, actor.me, STEP_CONFIRM, answers, at=self.clock())
        return proposal

    async def proposed(self, actor: Actor) -> Proposal:
        """Return what waits to be confirmed.

        Raises:
            Conflict: Nothing does.
        """
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_CONFIRM)
        return Proposal(Detail(answers["detail"]), answers["value"])

    async def save_proposed(self, actor: Actor) -> Profile:
        """Change the name or the bio to what was confirmed; return the new profile.

        Raises:
            Conflict: Nothing waits to be confirmed, or the profile may not be changed any more.
        """
        async with self.db.transaction() as tx:
            proposal = await self.proposed(actor)
            at = await self._hold(tx, actor)
            if proposal.detail is Detail.NAME:
                await profiles.set_name(tx, actor.me, await self._sealed(tx, actor, proposal.value, about="name"))
            else:
                await profiles.set_bio(tx, actor.me, await self._sealed(tx, actor, proposal.value, about="bio"))
            return await self._changed(tx, actor, proposal.detail, at=at)

    async def _changeable(self, tx: Transaction, actor: Actor) -> Profile:
        profile = await self.find(tx, actor.me)
        if profile is None or profile.status not in {CounselorStatus.APPLIED, CounselorStatus.APPROVED}:
            raise Conflict(to_applicant.NOT_CHANGEABLE)
        return profile

    async def _hold(self, tx: Transaction, actor: Actor) -> datetime:
        at = self.clock()
        if not await profiles.hold(tx, actor.me, at=at):
            raise Conflict(to_applicant.NOT_CHANGEABLE)
        return at

    async def _changed(self, tx: Transaction, actor: Actor, detail: Detail, *, at: datetime) -> Profile:
        """Leave the form; record and tell that a counselor's profile is another one."""
        await people.close_dialog(tx, actor.me)
        profile = await self._changeable(tx, actor)
        if profile.status is CounselorStatus.APPROVED:
            await audit.record(tx, actor, f"change-{detail}", f"counselor {actor.me}", at=at)
            look = [[Button(to_applicant.READ, "admin.counselor", str(actor.me))]]
            await self.alerting.tell_admins(tx, to_applicant.CHANGED_FOR_ADMINS, at=at, buttons=look)
            if detail is Detail.TOPICS:
                await request_match(tx, because="topics changed", at=at)
        return profile

    async def _sealed(self, tx: Transaction, actor: Actor, value: str, *, about: str) -> bytes:
        found = await profiles.find(tx, actor.me)
        if found is None:
            raise Conflict(to_applicant.NOT_CHANGEABLE)
        return await self.vault.seal(tx, found.key_id, value, about=about)


def written(detail: Detail, text: str) -> str:
    """Return what somebody wrote for a detail as it is kept.

    Raises:
        InvalidInput: It is too short or too long.
    """
    return display_name(text) if detail is Detail.NAME else biography(text)
