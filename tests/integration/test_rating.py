"""Stars and a word: by the student, once, when it is over; kept sealed, and shown to no counselor."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.people import Actor
from bot.domain.sessions import Session
from bot.services.requesting import STEP_GENDER
from bot.storage import deliveries
from tests.support import Cast, SteadyClock, one, rows


async def ended(app: App, cast: Cast, *, by_student: bool = True) -> tuple[Actor, Actor, Session]:
    """Return Sara, Dawit and a conversation of theirs that is over."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    return sara, dawit, await app.closing.end(sara if by_student else dawit, session.alias)


async def comment_of(app: App, session: Session) -> str | None:
    """Return the comment on a session, opened."""
    sealed = await one(app, "SELECT rating_comment FROM session WHERE id = :id", id=session.id)
    async with app.db.reading() as tx:
        return await app.vault.unseal(tx, session.key_id, bytes(sealed), about="rating comment") if sealed else None


async def erase(app: App, clock: SteadyClock) -> None:
    """Have the content of everything that is over erased, as soon as it is old enough."""

    async def go_on() -> None:
        return

    ended_at: datetime = await one(app, "SELECT ended_at FROM session")
    clock.at = ended_at + app.settings.session_retention + timedelta(seconds=1)
    await app.executor.services.erasing.erase_old(batch=500, between=go_on)


@pytest.mark.parametrize("stars", [1, 5])
async def test_stars_and_a_word(app: App, cast: Cast, clock: SteadyClock, stars: int) -> None:
    """Kept with their moment; the word as it was typed, and sealed."""
    sara, _, session = await ended(app, cast)
    clock.move(minutes=3)
    typed = "<b>&_* 😀 ሰላም</b>"
    assert await app.rating.rate(sara, session.alias, stars)
    assert await app.rating.comment(sara, typed)
    (row,) = await rows(app, "SELECT rating, rated_at, rating_comment FROM session")

    assert (stars, clock()) == (row["rating"], row["rated_at"])
    assert typed.encode() not in bytes(row["rating_comment"])
    assert typed == await comment_of(app, session)
    assert await app.dialogs.step(sara) is None


async def test_it_is_rated_once(app: App, cast: Cast) -> None:
    """Eight presses at once, on different stars: one counts, and the others are told."""
    sara, _, session = await ended(app, cast)
    presses = [app.rating.rate(sara, session.alias, number % 5 + 1) for number in range(8)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)
    kept = await one(app, "SELECT rating FROM session")
    with pytest.raises(Conflict, match="already"):
        await app.rating.find(sara, session.alias)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict) and "already" in str(outcome)])
    assert [kept] == [number % 5 + 1 for number, outcome in enumerate(outcomes) if outcome is True]


async def test_only_the_student_and_only_behind_the_end(app: App, cast: Cast) -> None:
    """Not the counselor, not Hana, not another student; not while it waits, is active, or was cancelled."""
    sara, dawit, session = await ended(app, cast)
    hana, liya = await cast.hana(), await cast.student(1002)
    for actor, alias in ((dawit, session.alias), (hana, session.alias), (liya, session.alias), (sara, "NOSUCH")):
        with pytest.raises(Conflict, match="no longer available"):
            await app.rating.rate(actor, alias, 1)
    waiting = await cast.request(liya)
    with pytest.raises(Conflict):
        await app.rating.rate(liya, waiting.alias, 5)
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(await app.people.identify(2001), offer.id)
    with pytest.raises(Conflict):
        await app.rating.rate(liya, waiting.alias, 5)

    assert {None} == {row["rating"] for row in await rows(app, "SELECT rating FROM session")}


@pytest.mark.parametrize("stars", [-1, 0, 6, 10**20])
async def test_forged_stars(app: App, cast: Cast, stars: int) -> None:
    """There are one to five."""
    sara, _, session = await ended(app, cast)

    with pytest.raises(InvalidInput):
        await app.rating.rate(sara, session.alias, stars)


async def test_a_comment_is_short(app: App, cast: Cast) -> None:
    """5,000 characters are refused with the number that fits, and the question stays; a thousand are kept."""
    sara, _, session = await ended(app, cast)
    await app.rating.rate(sara, session.alias, 4)
    with pytest.raises(InvalidInput, match="5000 characters, and at most 1000"):
        await app.rating.comment(sara, "<b>&_*" * 833 + "ab")
    await app.rating.comment(sara, "😀" * 1000)

    assert "😀" * 1000 == await comment_of(app, session)


async def test_one_comment(app: App, cast: Cast) -> None:
    """Whoever was not asked, skipped, or has said it, cannot say one."""
    sara, _, session = await ended(app, cast)
    with pytest.raises(Conflict):
        await app.rating.comment(sara, "before the stars")
    await app.rating.rate(sara, session.alias, 4)
    outcomes = await asyncio.gather(*(app.rating.comment(sara, f"word {n}") for n in range(4)), return_exceptions=True)
    with pytest.raises(Conflict):
        await app.rating.comment(sara, "another one")

    assert 1 == len([outcome for outcome in outcomes if outcome is True])
    assert (await comment_of(app, session) or "").startswith("word ")


async def test_skipped(app: App, cast: Cast) -> None:
    """No word; and another form than this one is not left by it."""
    sara, _, session = await ended(app, cast)
    await app.rating.rate(sara, session.alias, 4)
    await app.rating.skip(sara)
    with pytest.raises(Conflict):
        await app.rating.comment(sara, "too late")
    await app.requesting.choose_topic(sara, "other")
    await app.rating.skip(sara)

    assert STEP_GENDER == await app.dialogs.step(sara)
    assert await comment_of(app, session) is None


async def test_what_they_are_doing_is_not_interrupted(app: App, cast: Cast) -> None:
    """In a new request, or talking with somebody: the stars count, and the next words are not taken as a comment."""
    sara, dawit, session = await ended(app, cast)
    await app.requesting.choose_topic(sara, "mental_emotional")
    assert not await app.rating.rate(sara, session.alias, 4)
    assert STEP_GENDER == await app.dialogs.step(sara)
    await app.dialogs.leave(sara)
    second = await cast.conversation(sara, dawit)
    second = await app.closing.end(dawit, second.alias)
    await cast.conversation(sara, dawit)
    assert not await app.rating.rate(sara, second.alias, 5)
    await cast.say(sara, "this is for Dawit")

    assert "this is for Dawit" in (await cast.said(dawit))[-1]
    assert [4, 5, None] == [row["rating"] for row in await rows(app, "SELECT rating FROM session ORDER BY id")]


async def test_a_new_conversation_ends_the_question(app: App, cast: Cast) -> None:
    """She was asked for a word, made a request all the same, and it is accepted: what she writes next is for the counselor."""
    sara, dawit, session = await ended(app, cast)
    await cast.request(sara)
    assert await app.rating.rate(sara, session.alias, 3)
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, offer.id)

    assert await app.dialogs.step(sara) is None


async def test_when_the_words_were_erased(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A month later the stars still count, and there is no question for a word: its key is gone."""
    sara, _, session = await ended(app, cast)
    await erase(app, clock)

    assert not await app.rating.rate(sara, session.alias, 2)
    assert 2 == await one(app, "SELECT rating FROM session")


async def test_erased_between_the_stars_and_the_word(app: App, cast: Cast, clock: SteadyClock) -> None:
    """She rated it a month later. The word is not kept, and she is out of the form; the stars stay."""
    sara, _, session = await ended(app, cast)
    clock.at += app.settings.session_retention
    await app.rating.rate(sara, session.alias, 2)
    await erase(app, clock)

    assert not await app.rating.comment(sara, "a word")
    assert (None, 2, None) == (
        await app.dialogs.step(sara),
        await one(app, "SELECT rating FROM session"),
        await one(app, "SELECT rating_comment FROM session"),
    )


async def test_a_comment_is_erased_with_its_session(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The stars stay, as in the bare record."""
    sara, _, session = await ended(app, cast)
    await app.rating.rate(sara, session.alias, 2)
    await app.rating.comment(sara, "a word")
    await erase(app, clock)

    assert (2, None) == tuple((await rows(app, "SELECT rating, rating_comment FROM session"))[0].values())


async def test_the_counselor_hears_nothing(app: App, cast: Cast) -> None:
    """No message, no change of one."""
    sara, dawit, session = await ended(app, cast)
    before = await cast.owed(dawit)
    await app.rating.rate(sara, session.alias, 1)
    await app.rating.comment(sara, "it was awful")

    assert before == await cast.owed(dawit)


async def test_the_question_stands_under_the_end(app: App, cast: Cast) -> None:
    """Told of the end by the other side, she finds five stars there, and a way to put it off."""
    sara, _, session = await ended(app, cast, by_student=False)
    payload = await opened(app, cast, sara)
    buttons = [button[1:] for row in payload["buttons"] for button in row]

    assert "has ended the conversation" in payload["text"]
    assert "How was it?" in payload["text"]
    assert [["rating.stars", f"{session.alias}-{stars}"] for stars in range(1, 6)] == buttons[:5]
    assert ["rating.later", session.alias] == buttons[5]


async def opened(app: App, cast: Cast, actor: Actor) -> dict[str, list[list[list[str]]]]:
    """Return the newest message that waits for *actor*."""
    newest = (await cast.owed(actor))[-1]
    async with app.db.reading() as tx:
        delivery = await deliveries.find_waiting(tx, newest.id)
        assert delivery is not None
        return await app.outbox.open(tx, delivery)


async def test_of_two_conversations_each_has_its_own_stars(app: App, cast: Cast) -> None:
    """A second one with the same counselor is rated for itself."""
    sara, dawit, first = await ended(app, cast)
    second = await cast.conversation(sara, dawit)
    await app.closing.end(sara, second.alias)
    await app.rating.rate(sara, second.alias, 5)
    await app.rating.rate(replace(sara), first.alias, 1)

    assert [1, 5] == [row["rating"] for row in await rows(app, "SELECT rating FROM session ORDER BY id")]
