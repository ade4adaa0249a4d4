"""How an admin makes a schedule, or changes one, question by question; what they said so far survives a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.domain import schedules as rules
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.ids import Clock, ScheduleId
from bot.domain.people import Actor, Role
from bot.domain.schedules import AmbiguousTime, Cron, Kind, Once, When
from bot.domain.zones import zone_name, zone_of
from bot.scheduler import questions
from bot.scheduler.control import SHOWN_TIMES, Control
from bot.scheduler.drafts import PAUSE_AFTER, variable_of
from bot.scheduler.questions import STEP_SUMMARY, STEPS, Option, Question
from bot.services.dialogs import Answers, Dialogs
from bot.storage import people, schedules
from bot.storage.database import Database, Transaction
from bot.storage.schedules import CatchUp, Plan, Schedule
from bot.tasks import TASKS
from bot.tasks.payloads import PayloadField
from bot.texts import composing as texts
from bot.texts import everyone
from bot.texts import scheduling as to_admin

_ALL_STEPS = (*STEPS.values(), STEP_SUMMARY)
_TIMES = {Question.WHEN, Question.ZONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A schedule that is being made or changed."""

    question: Question | None  #: None where everything is answered, and it can be saved
    answers: Answers
    schedule: Schedule | None  #: that is changed; None where it is a new one
    plan: Plan | None = None  #: what it comes to, where everything is answered
    upcoming: Sequence[datetime] = ()  #: its next times, likewise

    @property
    def is_complete(self) -> bool:
        """Whether every question is answered that must be."""
        return questions.unanswered(self.answers) is None

    @property
    def fields(self) -> tuple[PayloadField, ...]:
        """What the payload of its task may hold."""
        return questions.fields(self.answers)

    @property
    def field(self) -> PayloadField:
        """The field that is asked for."""
        return questions.field(self.answers)

    @property
    def options(self) -> Sequence[Option]:
        """Answers to the question that need no typing."""
        return questions.options(self.question, self.answers) if self.question else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a form."""

    schedule_id: ScheduleId
    is_stale: bool  #: somebody changed the schedule meanwhile, and nothing was saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """The form of a schedule."""

    db: Database
    clock: Clock
    dialogs: Dialogs
    control: Control

    async def begin(self, actor: Actor) -> Form:
        """Begin a new schedule."""
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return await self._go_on(tx, actor, {"zone": self.control.rules.zone})

    async def change(self, actor: Actor, schedule_id: ScheduleId) -> Form:
        """Begin to change a schedule.

        Raises:
            Conflict: Its task is not in this release.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            schedule = (await self.control.numbered(actor, schedule_id)).schedule
            if schedule.task not in TASKS:
                raise Conflict(to_admin.IS_PARKED(task=schedule.task, name=schedule.name))
            return await self._go_on(tx, actor, self._said(schedule))

    async def form(self, actor: Actor) -> Form:
        """Return the form as it stands.

        Raises:
            Conflict: There is none under way.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers, step = await self.dialogs.answers(tx, actor.me, *_ALL_STEPS), await self.dialogs.step(actor)
            return await self._form(tx, actor, next((one for one, name in STEPS.items() if name == step), None), answers)

    async def ask(self, actor: Actor, question: Question | None, field: int = 0) -> Form:
        """Go to a question, or to the summary.

        Raises:
            Conflict: There is no such form under way, or a variable owns the interval.
            InvalidInput: The payload has no such field.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, *_ALL_STEPS)
            if question is None or question is Question.TWICE:
                return await self._go_on(tx, actor, answers)
            if question is Question.TASK and "schedule_id" in answers:
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            if question is not Question.TASK and ("task" not in answers or (question not in _TIMES and "spec" not in answers)):
                raise Conflict(everyone.NO_LONGER_AVAILABLE)
            if question is Question.FIELD and field >= len(questions.fields(answers)):
                raise InvalidInput(everyone.FORGED)
            form = await self._turn_to(tx, actor, question, {**answers, "field": field})
            if question in _TIMES and form.schedule is not None and form.schedule.is_from_environment:
                raise Conflict(to_admin.IS_OWNED(variable=variable_of(form.schedule.task)))
            return form

    async def pick(self, actor: Actor, question: Question, field: int, number: int) -> Form:
        """Give one of the answers that are offered.

        Raises:
            InvalidInput: There is no such answer, or it cannot be.
            Conflict: The form is not at this question.
        """
        actor.require(Role.ADMIN)
        form = await self.form(actor)
        is_asked = form.question is question and (question is not Question.FIELD or form.answers["field"] == field)
        if not is_asked:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        if number >= len(form.options):
            raise InvalidInput(everyone.FORGED)
        return await self.take(actor, question, form.options[number].typed)

    async def take(self, actor: Actor, question: Question, typed: str) -> Form:
        """Take what was written, and go on.

        Raises:
            InvalidInput: It cannot be; the sentence says what would be right.
            Conflict: The form is not at this question, or the name is taken.
        """
        actor.require(Role.ADMIN)
        if len(typed) > (most := questions.most_characters(question)):
            raise InvalidInput(texts.TOO_LONG(length=len(typed), most=most))
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEPS[question])
            if question is Question.TASK:
                return await self._go_on(tx, actor, await self._begun(tx, answers, typed.strip()))
            if question in {Question.WHEN, Question.TWICE, Question.ZONE}:
                return await self._take_time(tx, actor, question, answers, typed.strip())
            if question is Question.NAME:
                await _must_be_free(tx, typed.strip(), answers.get("schedule_id"))
            return await self._go_on(tx, actor, {**answers, **questions.read(question, typed, answers)})

    async def take_usual(self, actor: Actor) -> Form:
        """Leave the field of the payload that is asked for out, so that it is as usual.

        Raises:
            Conflict: The form is not at such a question.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEPS[Question.FIELD])
            name = questions.field(answers).name
            kept = {key: value for key, value in answers["payload"].items() if key != name}
            return await self._go_on(tx, actor, {**answers, "payload": kept})

    async def save(self, actor: Actor) -> Saved:
        """Create the schedule, or change it; where somebody else changed it meanwhile nothing is saved, and the form is left.

        Raises:
            InvalidInput: Something in it cannot be, or its time has passed.
            Conflict: The form is not complete, or there is a schedule of this name by now.
            NotFound: The schedule was deleted meanwhile.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_SUMMARY)
            form = await self._form(tx, actor, None, answers)
            await people.close_dialog(tx, actor.me)
            before, draft = form.schedule, questions.draft(answers)
            if before is None:
                if not form.upcoming:
                    raise InvalidInput(texts.PASSED)
                return Saved(schedule_id=(await self.control.add(actor, draft)).id, is_stale=False)
            if before.version != answers["version"]:
                return Saved(schedule_id=before.id, is_stale=True)
            if draft.when != before.when and not form.upcoming:
                raise InvalidInput(texts.PASSED)
            await self.control.edit(actor, before.name, draft, version=before.version)
            return Saved(schedule_id=before.id, is_stale=False)

    def _said(self, schedule: Schedule) -> Answers:
        """Return what a schedule answers to the questions."""
        plan, when = schedule.plan, schedule.when
        return {
            "schedule_id": schedule.id,
            "version": schedule.version,
            "task": plan.task,
            "kind": when.kind,
            "spec": when.spec,
            "zone": self.control.rules.zone if when.kind == Kind.INTERVAL else when.zone,
            "name": plan.name,
            "payload": plan.payload,
            "max_retries": plan.max_retries,
            "catch_up": plan.catch_up,
            "pause_after": plan.pause_after,
            "heartbeat_url": plan.heartbeat_url,
        }

    async def _begun(self, tx: Transaction, answers: Answers, task: str) -> Answers:
        """Return the answers of a form that is about *task*, with everything else as usual."""
        if task not in TASKS:
            raise InvalidInput(to_admin.NO_TASK(task=task, tasks=", ".join(TASKS)))
        taken = {one.name for one in await schedules.everything(tx)}
        return {
            "zone": answers["zone"],
            "task": task,
            "name": questions.free_name(task, taken),
            "payload": {},
            "max_retries": self.control.rules.max_retries,
            "catch_up": CatchUp.LATEST,
            "pause_after": PAUSE_AFTER,
            "heartbeat_url": None,
        }

    async def _take_time(self, tx: Transaction, actor: Actor, question: Question, answers: Answers, typed: str) -> Form:
        """Take when it runs, or in which zone; ask which one is meant where a local time comes twice."""
        is_zone = question is Question.ZONE
        zone = zone_name(typed) if is_zone else answers["zone"]
        said = {**answers, "zone": zone}
        if is_zone and "spec" not in answers:
            return await self._go_on(tx, actor, said)
        now = self.clock()
        try:
            when = _moved(questions.when(answers), zone, now) if is_zone else rules.parse(typed, zone, now=now)
        except AmbiguousTime as twice:
            local = [choice.astimezone(zone_of(zone)).isoformat(" ") for choice in twice.choices]
            return await self._turn_to(tx, actor, Question.TWICE, {**said, "choices": local})
        return await self._go_on(tx, actor, {**said, "kind": when.kind, "spec": when.spec})

    async def _go_on(self, tx: Transaction, actor: Actor, answers: Answers) -> Form:
        """Go to the first question that must be answered and is not, or to the summary."""
        missing = questions.unanswered(answers)
        if missing is Question.FIELD:
            answers = {**answers, "field": questions.first_missing(answers)}
        return await self._turn_to(tx, actor, missing, answers)

    async def _turn_to(self, tx: Transaction, actor: Actor, question: Question | None, answers: Answers) -> Form:
        form = await self._form(tx, actor, question, answers)
        step = STEPS[question] if question else STEP_SUMMARY
        await self.dialogs.turn_to(tx, actor.me, step, answers, at=self.clock())
        return form

    async def _form(self, tx: Transaction, actor: Actor, question: Question | None, answers: Answers) -> Form:
        schedule = None
        if "schedule_id" in answers:
            schedule = await schedules.get(tx, ScheduleId(answers["schedule_id"]))
            if schedule is None:
                raise NotFound(to_admin.NO_SCHEDULE(name=answers["name"]))
        if question is not None:
            return Form(question=question, answers=answers, schedule=schedule)
        preview = self.control.preview(actor, questions.draft(answers))
        upcoming = preview.upcoming
        if schedule is not None and schedule.when == preview.plan.when:
            upcoming = list(islice(schedule.upcoming(self.clock()), SHOWN_TIMES))
        return Form(question=None, answers=answers, schedule=schedule, plan=preview.plan, upcoming=upcoming)


def _moved(when: When, zone: str, now: datetime) -> When:
    """Return the same time in another zone: what the clocks show stays as it is."""
    if when.kind is Kind.INTERVAL:
        return when
    if not isinstance(when, Once):
        return Cron(when.spec, zone)
    wall = when.at.astimezone(zone_of(when.zone)).replace(tzinfo=None)
    return rules.parse(wall.isoformat(" ", "seconds"), zone, now=now)


async def _must_be_free(tx: Transaction, name: str, own: int | None) -> None:
    """Refuse the name of another schedule."""
    found = await schedules.find(tx, name)
    if found is not None and found.id != own:
        raise Conflict(to_admin.NAME_TAKEN(name=name))
