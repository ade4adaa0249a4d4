"""What a counselor who accepts gives up, and when they cannot accept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.ids import OfferId
from bot.domain.people import Actor, Gender
from bot.services.requesting import STEP_DESCRIPTION
from tests.support import Cast, change, one


async def test_a_counselor_at_capacity_accepts_no_more(app: App, cast: Cast) -> None:
    """The setting was lowered while an offer was open: it is refused and stays as it was, and the conversation too."""
    liya, sara, dawit = await cast.student(1002), await cast.sara(), await cast.dawit()
    first, second = await cast.offer(liya), await cast.offer(sara)
    lowered = replace(app.offering, capacity=1)
    await lowered.accept(dawit, OfferId(first.id))
    with pytest.raises(Conflict, match="no longer available"):
        await lowered.accept(dawit, OfferId(second.id))
    state = await one(app, "SELECT state FROM session WHERE id = :id", id=second.session_id)

    assert ("offered", 1) == (state, await one(app, "SELECT count(*) AS number FROM session WHERE state = 'active'"))
    assert second.session_id == (await app.offering.accept(dawit, OfferId(second.id))).id


async def agreed(app: App, actor: Actor) -> Actor:
    """Have a counselor agree to the consent text, as a student does."""
    await app.people.consent(actor)
    return replace(actor, has_consented=True)


async def test_who_accepts_leaves_a_form_that_is_half_filled(app: App, cast: Cast) -> None:
    """Dawit was about to ask for somebody himself: what he writes next is for Sara, and no request is made of it."""
    sara, dawit = await cast.sara(), await agreed(app, await cast.dawit())
    await app.requesting.choose_topic(dawit, "other")
    await app.requesting.choose_gender(dawit, Gender.MALE)
    before = await app.dialogs.step(dawit)
    session = await cast.conversation(sara, dawit)
    with pytest.raises(Conflict):
        await app.requesting.submit(dawit, "how are you?")

    assert [STEP_DESCRIPTION, None] == [before, await app.dialogs.step(dawit)]
    assert session.id == (await cast.say(dawit, "how are you?", message_id=1, reply_to=None)).id
    assert 1 == await one(app, "SELECT count(*) AS number FROM session")


async def test_an_offer_that_is_gone_leaves_the_form_alone(app: App, cast: Cast) -> None:
    """A refusal changes nothing: the form goes on where it was."""
    sara, dawit = await cast.sara(), await agreed(app, await cast.dawit())
    offer = await cast.offer(sara)
    await app.requesting.choose_topic(dawit, "other")
    await app.requesting.choose_gender(dawit, Gender.MALE)
    await change(app, "UPDATE offer SET outcome = 'withdrawn', answered_at = offered_at")
    with pytest.raises(Conflict):
        await app.offering.accept(dawit, OfferId(offer.id))

    assert STEP_DESCRIPTION == await app.dialogs.step(dawit)


async def test_a_counselor_in_a_conversation_cannot_ask_for_one(app: App, cast: Cast) -> None:
    """At no step of the form, not even at one that was open before; what Dawit writes goes on to Sara, and nothing is lost."""
    sara, dawit = await cast.sara(), await agreed(app, await cast.dawit())
    session = await cast.conversation(sara, dawit)
    for attempt in (
        app.requesting.begin(dawit),
        app.requesting.choose_topic(dawit, "other"),
        app.requesting.choose_gender(dawit, Gender.MALE),
        app.requesting.submit(dawit, "a word for sara"),
    ):
        with pytest.raises(Conflict):
            await attempt
    await cast.say(dawit, "a word for sara", message_id=1, reply_to=None)

    assert await app.dialogs.step(dawit) is None
    assert ("active", session.id) == (await one(app, "SELECT state FROM session"), await one(app, "SELECT id FROM session"))
    assert "a word for sara" in (await cast.said(sara))[-1]
