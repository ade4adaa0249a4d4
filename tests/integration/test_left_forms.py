"""What somebody writes goes into no form that they have turned away from: it may be a cry for help."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.people import Actor, Detail, Gender
from tests.integration.chats import press, write
from tests.support import Cast, SteadyClock, one

SARA = 1001
CRY = "Is anybody there? I cannot go on any more, and I do not know whom else I could ask."


async def rated(app: App, cast: Cast) -> Actor:
    """Have Sara give stars, and be asked for a word; return her."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(dawit, session.alias)
    await press(app, SARA, "rating.stars", f"{session.alias}-5")
    return sara


async def test_long_after_the_stars_a_word_is_no_comment(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Nobody would read it there: half an hour later she is told so, and how somebody does."""
    sara = await rated(app, cast)
    clock.move(minutes=30, seconds=1)
    await write(app, SARA, CRY)
    told, keyboard = await last_of(app, cast, sara)

    assert "nobody has read this" in told
    assert {"request", "sos"} <= keyboard
    assert await one(app, "SELECT rating_comment FROM session") is None


async def test_soon_after_them_it_is_one_and_says_that_nobody_answers(app: App, cast: Cast, clock: SteadyClock) -> None:
    """With the ways to somebody who does."""
    sara = await rated(app, cast)
    clock.move(minutes=30)
    await write(app, SARA, CRY)
    told, keyboard = await last_of(app, cast, sara)

    assert "Nobody answers what you write here" in told
    assert {"request", "sos"} <= keyboard
    assert await one(app, "SELECT rating_comment FROM session") is not None


async def test_a_question_that_lapsed_does_not_stand_in_the_way_of_another(app: App, cast: Cast, clock: SteadyClock) -> None:
    """She never answered the first one; after the next conversation she is asked again."""
    sara = await rated(app, cast)
    clock.move(days=1)
    session = await cast.conversation(sara, await app.people.identify(2001))
    await app.closing.end(sara, session.alias)

    assert await app.rating.rate(sara, session.alias, 4)


@pytest.mark.parametrize("has_consented", [True, False])
async def test_who_asks_for_a_counselor_has_left_the_application(app: App, cast: Cast, has_consented: bool) -> None:
    """What they write while a topic is asked for becomes nobody's biography."""
    sara = await (cast.student(SARA) if has_consented else app.people.identify(SARA))
    await app.applying.begin(sara)
    await app.applying.toggle_topic(sara, "other")
    await app.applying.take_topics(sara)
    await app.applying.take_gender(sara, Gender.ANONYMOUS)
    await app.applying.take_text(sara, Detail.NAME, "Sara")
    await press(app, SARA, "request")
    before = await app.dialogs.step(sara)
    if not has_consented:
        await app.applying.begin(sara)  # by an older button, between the two
        await press(app, SARA, "consent.yes")
    await write(app, SARA, CRY)

    assert (None, None) == (before, await app.dialogs.step(sara))
    assert "nobody has read this" in (await cast.said(sara))[-1]


async def last_of(app: App, cast: Cast, actor: Actor) -> tuple[str, set[str]]:
    """Return what somebody was told last, and what the buttons below it do."""
    async with app.db.reading() as tx:
        payload = await app.outbox.open(tx, (await cast.owed(actor))[-1])
    return payload["text"], {action for row in payload["buttons"] for _, action, _ in row}
