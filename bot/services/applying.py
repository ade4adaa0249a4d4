"""How somebody applies to become a counselor, and takes the application back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import texts
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import Clock
from bot.domain.outgoing import Button
from bot.domain.people import Actor, CounselorStatus, Detail, Gender, Profile, toggled
from bot.services.alerting import Alerting
from bot.services.dialogs import Answers, Dialogs
from bot.services.profiles import Profiles, written
from bot.services.vault import Vault
from bot.storage import counselors, people, profiles, sessions
from bot.storage.database import Database, Transaction
from bot.storage.profiles import NewApplication
from bot.texts import applying as to_applicant
from bot.texts import everyone

STEPS = {detail: f"apply.{detail}" for detail in Detail}
STEP_SUMMARY = "apply.summary"
_ALL_STEPS = (*STEPS.values(), STEP_SUMMARY)
_REFUSED = {
    CounselorStatus.APPLIED: to_applicant.APPLIED_ALREADY,
    CounselorStatus.APPROVED: to_applicant.COUNSELOR_ALREADY,
    CounselorStatus.DEACTIVATED: to_applicant.DEACTIVATED,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An application that is being filled in."""

    question: Detail | None  #: what is asked now; None where everything is answered, and it can be sent
    answers: Answers  #: by detail

    @property
    def topics(self) -> list[str]:
        """The chosen topics, the first one first."""
        return self.answers.get(Detail.TOPICS, [])

    @property
    def is_complete(self) -> bool:
        """Whether everything is answered."""
        return all(self.answers.get(detail) for detail in Detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """The application form, and the application while it waits."""

    db: Database
    clock: Clock
    vault: Vault
    dialogs: Dialogs
    alerting: Alerting
    profiles: Profiles

    async def begin(self, actor: Actor) -> Draft:
        """Begin an application; after a rejection with what was said in the last one.

        Raises:
            Conflict: The actor has applied already, is a counselor or was one, or has an open session: what they wrote could be
                for that.
        """
        async with self.db.transaction() as tx:
            if await sessions.open_of_student(tx, actor.me) or await sessions.active_of(tx, actor.me):
                raise Conflict(to_applicant.TALK_FIRST)
            profile = await self.profiles.find(tx, actor.me)
            if profile is not None and profile.status in _REFUSED:
                raise Conflict(_REFUSED[profile.status])
            return await self._go_on(tx, actor, _said(profile) if profile else {})

    async def ask(self, actor: Actor, detail: Detail | None) -> Draft:
        """Go to a question of the form, or to the first one that is not answered.

        Raises:
            Conflict: There is no such form under way.
        """
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, *_ALL_STEPS)
            return await self._turn_to(tx, actor, detail, answers) if detail else await self._go_on(tx, actor, answers)

    async def draft(self, actor: Actor) -> Draft:
        """Return the form as it stands.

        Raises:
            Conflict: There is none under way.
        """
        async with self.db.transaction() as tx:
            answers, step = await self.dialogs.answers(tx, actor.me, *_ALL_STEPS), await self.dialogs.step(actor)
        return Draft(next((detail for detail, name in STEPS.items() if name == step), None), answers)

    async def toggle_topic(self, actor: Actor, key: str) -> Draft:
        """Choose a topic, or no longer.

        Raises:
            InvalidInput: There is no such topic.
            Conflict: The form is not at this question.
        """
        if key not in texts.topics():
            raise InvalidInput(everyone.NO_LONGER_AVAILABLE)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEPS[Detail.TOPICS])
            topics = toggled(answers.get(Detail.TOPICS, []), key)
            return await self._turn_to(tx, actor, Detail.TOPICS, {**answers, Detail.TOPICS: topics})

    async def take_topics(self, actor: Actor) -> Draft:
        """Go on with the topics that are chosen.

        Raises:
            InvalidInput: None is.
            Conflict: The form is not at this question.
        """
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEPS[Detail.TOPICS])
            if not answers.get(Detail.TOPICS):
                raise InvalidInput(to_applicant.NO_TOPIC)
            return await self._go_on(tx, actor, answers)

    async def take_gender(self, actor: Actor, gender: Gender) -> Draft:
        """Take the gender and go on.

        Raises:
            Conflict: The form is not at this question.
        """
        return await self._take(actor, Detail.GENDER, gender)

    async def take_text(self, actor: Actor, detail: Detail, text: str) -> Draft:
        """Take what was written for the name or the bio, and go on.

        Raises:
            InvalidInput: It is too short or too long.
            Conflict: The form is not at this question.
        """
        return await self._take(actor, detail, written(detail, text))

    async def submit(self, actor: Actor) -> None:
        """Hand the application to the admins, who are told.

        Raises:
            Conflict: The form is not complete, or an application of the actor waits or was decided on meanwhile.
        """
        at = self.clock()
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_SUMMARY)
            person = await people.find(tx, actor.me)
            if person is None:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            new = NewApplication(
                person_id=actor.me,
                name=await self.vault.seal(tx, person.key_id, answers[Detail.NAME], about="name"),
                bio=await self.vault.seal(tx, person.key_id, answers[Detail.BIO], about="bio"),
                gender=Gender(answers[Detail.GENDER]),
            )
            if not await profiles.apply(tx, new, at=at):
                raise Conflict(to_applicant.APPLIED_ALREADY)
            await counselors.set_topics(tx, actor.me, answers[Detail.TOPICS])
            await people.close_dialog(tx, actor.me)
            read = [[Button(to_applicant.READ, "admin.application", str(actor.me))]]
            await self.alerting.tell_admins(tx, to_applicant.APPLICATION_FOR_ADMINS, at=at, buttons=read)

    async def withdraw(self, actor: Actor) -> None:
        """Erase the application that waits.

        Raises:
            Conflict: None does: it was decided on meanwhile.
        """
        async with self.db.transaction() as tx:
            if not await profiles.withdraw(tx, actor.me, at=self.clock()):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            await people.close_dialog(tx, actor.me)

    async def _take(self, actor: Actor, detail: Detail, value: str) -> Draft:
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEPS[detail])
            return await self._go_on(tx, actor, {**answers, detail: value})

    async def _go_on(self, tx: Transaction, actor: Actor, answers: Mapping[str, Any]) -> Draft:
        """Go to the first question that is not answered, or to the summary."""
        return await self._turn_to(tx, actor, next((one for one in Detail if not answers.get(one)), None), answers)

    async def _turn_to(self, tx: Transaction, actor: Actor, question: Detail | None, answers: Mapping[str, Any]) -> Draft:
        step = STEPS[question] if question else STEP_SUMMARY
        await self.dialogs.turn_to(tx, actor.me, step, answers, at=self.clock())
        return Draft(question, dict(answers))


def _said(profile: Profile) -> Answers:
    """Return what a profile answers to the questions of the form."""
    return {
        Detail.TOPICS: list(profile.topics),
        Detail.GENDER: profile.gender,
        Detail.NAME: profile.name,
        Detail.BIO: profile.bio,
    }
