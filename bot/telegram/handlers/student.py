"""What a student presses."""

from __future__ import annotations

from dataclasses import replace

from bot.services import buttons
from bot.services.requesting import STEP_DESCRIPTION, STEP_GENDER
from bot.telegram.context import Call, Form, Handler
from bot.telegram.screens import student as screens
from bot.texts import everyone
from bot.texts import student as to_student


async def request(call: Call) -> None:
    """*Request Counseling*: consent where it is missing, then the topic."""
    await call.services.dialogs.leave(call.actor)  # what they write instead of a press is no answer to another form
    if not call.actor.has_consented:
        await call.show(*screens.consent(call.services.retention_days))
        return
    await call.services.requesting.begin(call.actor)
    await call.show(*screens.topics())


async def agree(call: Call) -> None:
    """*I agree*; another form that they were in meanwhile is left."""
    await call.services.dialogs.leave(call.actor)
    await call.services.people.consent(call.actor)
    await call.services.requesting.begin(replace(call.actor, has_consented=True))
    await call.show(*screens.topics())


async def choose_topic(call: Call) -> None:
    """A topic."""
    await call.services.requesting.choose_topic(call.actor, call.press.reference)
    await call.show(*screens.genders())


async def choose_gender(call: Call) -> None:
    """A gender."""
    topic = await call.services.requesting.choose_gender(call.actor, call.gender)
    await call.show(*screens.description(topic))


async def skip(call: Call) -> None:
    """*Skip*: no description."""
    await submit(call, None)


async def submit(call: Call, description: str | None) -> None:
    """Make the request."""
    session = await call.services.requesting.submit(call.actor, description)
    await call.show(*screens.requested(session, await call.services.requesting.place(session)))


async def cancel_request(call: Call) -> None:
    """*Cancel Request*."""
    await call.services.requesting.cancel(call.actor, call.press.reference)
    await call.show(to_student.REQUEST_CANCELLED, buttons.SOS_AND_HOME)


async def press_a_gender(call: Call, text: str) -> None:
    """A text where a button was asked for: the question once more."""
    del text
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.genders())


ACTIONS: dict[str, Handler] = {
    "request": request,
    "consent.yes": agree,
    "request.topic": choose_topic,
    "request.gender": choose_gender,
    "request.skip": skip,
    "request.cancel": cancel_request,
}
FORMS: dict[str, Form] = {STEP_GENDER: press_a_gender, STEP_DESCRIPTION: submit}
