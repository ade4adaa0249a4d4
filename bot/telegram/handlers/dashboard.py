"""What a counselor presses to steer and see their own work, and to change their profile."""

from __future__ import annotations

from bot.domain.errors import Conflict, InvalidInput
from bot.domain.people import Detail, Profile
from bot.domain.text import Text
from bot.services.profiles import STEP_CONFIRM, STEPS
from bot.telegram.context import Call, Form, Handler
from bot.telegram.screens import dashboard as screens
from bot.texts import applying as to_applicant
from bot.texts import dashboard as to_counselor
from bot.texts import everyone


async def dashboard(call: Call) -> None:
    """*Counselor Dashboard*; a change of the profile that was begun is left."""
    await _dashboard(call, None)


async def go_online(call: Call) -> None:
    """*Go online*."""
    await call.services.serving.go_online(call.actor)
    await _dashboard(call, to_counselor.WENT_ONLINE)


async def go_offline(call: Call) -> None:
    """*Go offline*: says what goes on."""
    await call.services.serving.go_offline(call.actor)
    record = await call.services.serving.record(call.actor)
    await _dashboard(call, to_counselor.WENT_OFFLINE(active=record.active))


async def statistics(call: Call) -> None:
    """*My Statistics*."""
    await call.show(*screens.statistics(await call.services.serving.record(call.actor)))


async def profile(call: Call) -> None:
    """*Edit Profile*, and *Back* from one of its questions."""
    mine = await _mine(call)
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.profile(mine))


async def edit(call: Call) -> None:
    """A part of the profile."""
    if call.press.reference not in set(Detail):
        raise InvalidInput(everyone.FORGED)
    detail = Detail(call.press.reference)
    await call.show(*screens.question(detail, await call.services.profiles.ask(call.actor, detail)))


async def toggle_topic(call: Call) -> None:
    """A topic."""
    await call.show(*screens.topics(await call.services.profiles.toggle_topic(call.actor, call.press.reference)))


async def save_topics(call: Call) -> None:
    """*Save*, under the topics."""
    await call.show(*screens.saved(await call.services.profiles.save_topics(call.actor)))


async def save_gender(call: Call) -> None:
    """A gender."""
    await call.show(*screens.saved(await call.services.profiles.save_gender(call.actor, call.gender)))


async def take_name(call: Call, text: str) -> None:
    """A new display name."""
    await call.show(*screens.confirm(await call.services.profiles.propose(call.actor, Detail.NAME, text)))


async def take_bio(call: Call, text: str) -> None:
    """What they say about themselves from now on."""
    await call.show(*screens.confirm(await call.services.profiles.propose(call.actor, Detail.BIO, text)))


async def save(call: Call) -> None:
    """*Save*, under what was written."""
    await call.show(*screens.saved(await call.services.profiles.save_proposed(call.actor)))


async def press_a_topic(call: Call, text: str) -> None:
    """A text where topics were asked for: the question once more."""
    del text
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.topics(await call.services.profiles.chosen(call.actor)))


async def press_a_gender(call: Call, text: str) -> None:
    """A text where the gender was asked for: the question once more."""
    del text
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.question(Detail.GENDER, await _mine(call)))


async def press_save(call: Call, text: str) -> None:
    """A text where it was asked whether the one before is right: the question once more."""
    del text
    await call.say(everyone.PRESS_A_BUTTON)
    await call.say(*screens.confirm(await call.services.profiles.proposed(call.actor)))


async def _dashboard(call: Call, notice: Text | None) -> None:
    record, mine = await call.services.serving.record(call.actor), await _mine(call)
    await call.services.dialogs.leave(call.actor)
    await call.show(*screens.main(mine, record, capacity=call.services.offering.capacity, notice=notice))


async def _mine(call: Call) -> Profile:
    mine = await call.services.profiles.mine(call.actor)
    if mine is None:
        raise Conflict(to_applicant.NOT_CHANGEABLE)
    return mine


ACTIONS: dict[str, Handler] = {
    "dashboard": dashboard,
    "dashboard.online": go_online,
    "dashboard.offline": go_offline,
    "dashboard.statistics": statistics,
    "profile": profile,
    "profile.edit": edit,
    "profile.topic": toggle_topic,
    "profile.topics": save_topics,
    "profile.gender": save_gender,
    "profile.save": save,
}
FORMS: dict[str, Form] = {
    STEPS[Detail.TOPICS]: press_a_topic,
    STEPS[Detail.GENDER]: press_a_gender,
    STEPS[Detail.NAME]: take_name,
    STEPS[Detail.BIO]: take_bio,
    STEP_CONFIRM: press_save,
}
