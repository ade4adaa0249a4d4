"""What somebody presses and writes who would like to become a counselor."""

from __future__ import annotations

from bot.domain.errors import InvalidInput
from bot.domain.people import CounselorStatus, Detail
from bot.services import buttons
from bot.services.applying import STEP_SUMMARY, STEPS
from bot.telegram.context import Call, Form, Handler
from bot.telegram.handlers import dashboard
from bot.telegram.screens import applying as screens
from bot.texts import applying as to_applicant
from bot.texts import everyone


async def apply(call: Call) -> None:
    """*Become a Counselor* and *My application*: the form, or where the application stands."""
    profile = await call.services.profiles.mine(call.actor)
    if profile is None:
        await again(call)
    elif profile.status is CounselorStatus.APPROVED:
        await dashboard.dashboard(call)
    else:
        await call.services.dialogs.leave(call.actor)
        await call.show(*screens.mine(profile))


async def again(call: Call) -> None:
    """*Apply again*: the form, with what was said the last time."""
    await call.show(*screens.draft(await call.services.applying.begin(call.actor)))


async def toggle_topic(call: Call) -> None:
    """A topic."""
    await call.show(*screens.draft(await call.services.applying.toggle_topic(call.actor, call.press.reference)))


async def take_topics(call: Call) -> None:
    """*Next*, under the topics."""
    await call.show(*screens.draft(await call.services.applying.take_topics(call.actor)))


async def take_gender(call: Call) -> None:
    """A gender."""
    await call.show(*screens.draft(await call.services.applying.take_gender(call.actor, call.gender)))


async def take_name(call: Call, text: str) -> None:
    """The display name."""
    await call.show(*screens.draft(await call.services.applying.take_text(call.actor, Detail.NAME, text)))


async def take_bio(call: Call, text: str) -> None:
    """What they say about themselves."""
    await call.show(*screens.draft(await call.services.applying.take_text(call.actor, Detail.BIO, text)))


async def edit(call: Call) -> None:
    """*Back*, and one of the parts of the summary."""
    reference = call.press.reference
    if reference not in {screens.SUMMARY, *Detail}:
        raise InvalidInput(everyone.FORGED)
    detail = None if reference == screens.SUMMARY else Detail(reference)
    await call.show(*screens.draft(await call.services.applying.ask(call.actor, detail)))


async def send(call: Call) -> None:
    """*Send application*."""
    await call.services.applying.submit(call.actor)
    await call.show(*screens.sent())


async def ask_withdraw(call: Call) -> None:
    """*Withdraw*: asks first."""
    await call.show(*screens.confirm_withdraw())


async def withdraw(call: Call) -> None:
    """*Yes, withdraw it*."""
    await call.services.applying.withdraw(call.actor)
    await call.show(to_applicant.WITHDRAWN, [buttons.HOME])


async def press_a_button(call: Call, text: str) -> None:
    """A text where a button was asked for: the question once more."""
    del text
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.draft(await call.services.applying.draft(call.actor)))


ACTIONS: dict[str, Handler] = {
    "apply": apply,
    "apply.again": again,
    "apply.topic": toggle_topic,
    "apply.next": take_topics,
    "apply.gender": take_gender,
    "apply.edit": edit,
    "apply.send": send,
    "apply.withdraw": ask_withdraw,
    "apply.withdraw.yes": withdraw,
}
FORMS: dict[str, Form] = {
    STEPS[Detail.TOPICS]: press_a_button,
    STEPS[Detail.GENDER]: press_a_button,
    STEPS[Detail.NAME]: take_name,
    STEPS[Detail.BIO]: take_bio,
    STEP_SUMMARY: press_a_button,
}
