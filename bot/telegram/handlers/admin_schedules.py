"""What admins press and write to make a schedule, and to change one."""

from __future__ import annotations

from bot.domain.errors import InvalidInput
from bot.domain.ids import ScheduleId
from bot.scheduler.composing import Form as Draft
from bot.scheduler.questions import STEP_SUMMARY, STEPS, Question
from bot.telegram.context import Call, Form, Handler
from bot.telegram.handlers import admin_tasks
from bot.telegram.screens import admin_schedules as screens
from bot.telegram.screens import paging
from bot.texts import admin_tasks as texts_
from bot.texts import everyone, scheduling


async def new(call: Call) -> None:
    """*New schedule*."""
    await _show(call, await call.services.composing.begin(call.actor))


async def edit(call: Call) -> None:
    """*Edit*."""
    await _show(call, await call.services.composing.change(call.actor, ScheduleId(call.number)))


async def ask(call: Call) -> None:
    """*Back*, a part of the summary, and ◀ and ▶ in the list of tasks."""
    about, _, number = call.press.reference.partition(".")
    if about == screens.SUMMARY:
        await _show(call, await call.services.composing.ask(call.actor, None))
        return
    question, at = _question(about), paging.number_in(number) if number else 0
    form = await call.services.composing.ask(call.actor, question, at)
    await call.show(*screens.form(form, at=call.at, page=at or 1))


async def pick(call: Call) -> None:
    """An answer that is offered."""
    question, _, numbers = call.press.reference.partition(".")
    field, _, number = numbers.partition(".")
    if not field or not number:
        raise InvalidInput(everyone.FORGED)
    form = await call.services.composing.pick(call.actor, _question(question), paging.number_in(field), paging.number_in(number))
    await _show(call, form)


async def usual(call: Call) -> None:
    """*As usual*, below a field of the payload."""
    await _show(call, await call.services.composing.take_usual(call.actor))


async def save(call: Call) -> None:
    """*Save*; where somebody changed the schedule meanwhile it is shown as it is now."""
    saved = await call.services.composing.save(call.actor)
    await admin_tasks.show(call, saved.schedule_id, scheduling.NOT_SAVED if saved.is_stale else texts_.SAVED)


async def press_a_button(call: Call, text: str) -> None:
    """A text where a button was asked for: the summary once more."""
    del text
    form = await call.services.composing.form(call.actor)
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.form(form, at=call.at))


def _taking(question: Question) -> Form:
    """Return what takes the answer to a question."""

    async def take(call: Call, text: str) -> None:
        form = await call.services.composing.take(call.actor, question, text)
        await call.say(*screens.form(form, at=call.at))

    return take


async def _show(call: Call, form: Draft) -> None:
    await call.show(*screens.form(form, at=call.at))


def _question(name: str) -> Question:
    if name not in set(Question):
        raise InvalidInput(everyone.FORGED)
    return Question(name)


ACTIONS: dict[str, Handler] = {
    "admin.draft.new": new,
    "admin.draft.edit": edit,
    "admin.draft.ask": ask,
    "admin.draft.take": pick,
    "admin.draft.usual": usual,
    "admin.draft.save": save,
}
FORMS: dict[str, Form] = {**{step: _taking(question) for question, step in STEPS.items()}, STEP_SUMMARY: press_a_button}
