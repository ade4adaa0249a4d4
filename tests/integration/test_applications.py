"""Becoming a counselor: the form, the application while it waits, and what it leads to."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.people import Actor, Detail, Gender, Profile
from bot.services.applying import STEP_SUMMARY, STEPS, Draft
from bot.settings import Settings, load
from tests.support import Cast, change, one, rows

LENSA, DAWIT = 9001, 2001
BIO = "I study psychology in my fourth year, <b>&_*😀,\n\nand I have time in the evening."


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Lensa is an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


async def fill_in(app: App, actor: Actor, name: str = "Dr. <D> & Co") -> Draft:
    """Answer every question of the form."""
    await app.applying.begin(actor)
    await app.applying.toggle_topic(actor, "other")
    await app.applying.toggle_topic(actor, "academic_career")
    await app.applying.take_topics(actor)
    await app.applying.take_gender(actor, Gender.MALE)
    await app.applying.take_text(actor, Detail.NAME, name)
    return await app.applying.take_text(actor, Detail.BIO, BIO)


async def apply(app: App) -> Actor:
    """Have Dawit apply."""
    dawit = await app.people.identify(DAWIT)
    await fill_in(app, dawit)
    await app.applying.submit(dawit)
    return dawit


async def profile(app: App, actor: Actor) -> Profile:
    """Return a profile that is there."""
    found = await app.profiles.mine(actor)
    assert found is not None
    return found


async def reject(app: App, actor: Actor, reason: str) -> None:
    """Reject an application as an admin does."""
    async with app.db.transaction() as tx:
        key_id = (await tx.fetch_one("SELECT key_id FROM person WHERE id = :id", id=actor.me) or {})["key_id"]
        sealed = await app.vault.seal(tx, key_id, reason, about="review")
        await tx.execute(
            "UPDATE counselor SET status = 'rejected', review_reason = :reason WHERE id = :id", reason=sealed, id=actor.me
        )


async def test_an_application_is_kept_sealed_and_the_admins_are_told(app: App, cast: Cast) -> None:
    """Everything as typed; the message to the admins names nobody and has a button to the application."""
    lensa = await app.people.identify(LENSA)
    dawit = await apply(app)
    mine = await profile(app, dawit)
    ((told),) = await cast.owed(lensa)
    async with app.db.reading() as tx:
        message = await app.outbox.open(tx, told)
    (row,) = await rows(app, "SELECT * FROM counselor")

    assert ("applied", False, "Dr. <D> & Co", BIO, "male", ("other", "academic_career")) == (
        mine.status,
        mine.is_online,
        mine.name,
        mine.bio,
        mine.gender,
        mine.topics,
    )
    assert b"psychology" not in bytes(row["bio"])
    assert b"Dr." not in bytes(row["name"])
    assert app.clock() == row["applied_at"]
    assert "would like to become a counselor" in message["text"]
    assert [[["📄 Read it", "admin.application", str(dawit.me)]]] == message["buttons"]
    assert await app.dialogs.step(dawit) is None


async def test_applying_twice_at_once_is_one_application(app: App, cast: Cast) -> None:
    """Whoever comes second is refused; the admins are told once."""
    lensa, dawit = await app.people.identify(LENSA), await app.people.identify(DAWIT)
    await fill_in(app, dawit)
    results = await asyncio.gather(*(app.applying.submit(dawit) for _ in range(5)), return_exceptions=True)

    assert [None] == [one for one in results if not isinstance(one, Conflict)]
    assert 1 == await one(app, "SELECT count(*) AS number FROM counselor WHERE status = 'applied'")
    assert 2 == await one(app, "SELECT count(*) AS number FROM counselor_topic")
    assert 1 == len(await cast.said(lensa))


async def test_who_is_on_the_way_does_not_begin_again(app: App, cast: Cast) -> None:
    """The refusal says where they stand: applied, approved or deactivated."""
    dawit = await apply(app)
    with pytest.raises(Conflict, match="applied already"):
        await app.applying.begin(dawit)
    await cast.counselor(DAWIT, "Dawit")
    with pytest.raises(Conflict, match="counselor already"):
        await app.applying.begin(dawit)
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no", no=False)
    with pytest.raises(Conflict, match="have deactivated you"):
        await app.applying.begin(dawit)


async def test_who_asks_for_help_applies_later(app: App, cast: Cast) -> None:
    """With a request or a conversation open, what somebody writes is for that, and no form takes it."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.request(sara)
    with pytest.raises(Conflict, match="request or a conversation open"):
        await app.applying.begin(sara)
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, offer.id)
    with pytest.raises(Conflict, match="request or a conversation open"):
        await app.applying.begin(sara)
    await app.closing.end(sara, session.alias)

    assert Detail.TOPICS is (await app.applying.begin(sara)).question


async def test_after_a_rejection_the_old_answers_are_there(app: App, cast: Cast) -> None:
    """The form begins at its end; sent again, it waits like the first, and the reason is gone."""
    lensa = await app.people.identify(LENSA)
    dawit = await apply(app)
    await reject(app, dawit, "Please say <more>.")
    rejected = await profile(app, dawit)
    again = await app.applying.begin(dawit)
    await app.applying.ask(dawit, Detail.NAME)
    await app.applying.take_text(dawit, Detail.NAME, "Dawit")
    await app.applying.submit(dawit)
    mine = await profile(app, dawit)

    assert ("rejected", "Please say <more>.") == (rejected.status, rejected.review_reason)
    assert (None, ["other", "academic_career"], BIO) == (again.question, again.topics, again.answers["bio"])
    assert ("applied", "Dawit", BIO, None) == (mine.status, mine.name, mine.bio, mine.review_reason)
    assert 2 == len(await cast.said(lensa))


async def test_who_was_deleted_may_apply_anew(app: App, cast: Cast) -> None:
    """With an empty form; what they were is no longer held against them."""
    dawit = await cast.counselor(DAWIT, "Dawit", "crisis_substance")
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no, deleted_at = :at", no=False, at=app.clock())
    standing = await app.profiles.standing(dawit)
    begun = await app.applying.begin(dawit)
    await apply(app)

    assert (None, {}, Detail.TOPICS) == (standing, begun.answers, begun.question)
    assert ("applied", ("other", "academic_career")) == ((await profile(app, dawit)).status, (await profile(app, dawit)).topics)
    assert await one(app, "SELECT deleted_at FROM counselor") is None


async def test_what_is_withdrawn_is_erased(app: App, cast: Cast) -> None:
    """Nothing of it stays, it cannot be withdrawn twice, and one can apply again."""
    dawit = await apply(app)
    await app.applying.withdraw(dawit)
    left = await one(app, "SELECT (SELECT count(*) FROM counselor) + (SELECT count(*) FROM counselor_topic) AS number")
    with pytest.raises(Conflict):
        await app.applying.withdraw(dawit)
    await apply(app)

    assert (0, "applied") == (left, await app.profiles.standing(dawit))


async def test_who_was_a_counselor_leaves_what_they_did(app: App, cast: Cast) -> None:
    """Deleted as a counselor, applied again and withdrawn: the offers of then are on record, and nothing of the application."""
    sara, dawit, lensa = await cast.sara(), await cast.dawit(), await app.people.identify(LENSA)
    session = await cast.conversation(sara, dawit)
    await app.closing.end(sara, session.alias)
    await app.admin.moderating.delete(lensa, dawit.me)
    await apply(app)
    await app.applying.withdraw(dawit)
    details = await app.admin.steering.session(lensa, session.alias)
    (row,) = await rows(app, "SELECT status, bio, applied_at, deleted_at IS NULL AS is_there FROM counselor")

    assert (1, "deactivated", None, None, False) == (len(details.offers), *(row[key] for key in row))
    assert await app.profiles.standing(dawit) is None
    assert await apply(app)


@pytest.mark.parametrize("status", ["approved", "rejected", "deactivated"])
async def test_what_was_decided_on_cannot_be_withdrawn(app: App, status: str) -> None:
    """A counselor does not vanish by an old button."""
    dawit = await apply(app)
    await change(app, "UPDATE counselor SET status = :status", status=status)
    with pytest.raises(Conflict):
        await app.applying.withdraw(dawit)

    assert status == await app.profiles.standing(dawit)


async def test_who_was_made_a_counselor_meanwhile_stays_one(app: App, cast: Cast) -> None:
    """The form was open while the operator added them: sending it changes nothing."""
    dawit = await app.people.identify(DAWIT)
    await fill_in(app, dawit, "Somebody else")
    dawit = await cast.counselor(DAWIT, "Dawit")
    with pytest.raises(Conflict, match="applied already"):
        await app.applying.submit(dawit)

    assert ("approved", "Dawit") == ((await profile(app, dawit)).status, (await profile(app, dawit)).name)


async def test_each_answer_belongs_to_its_question(app: App) -> None:
    """An old button, or a text out of turn, moves nothing; the form stays where it is."""
    dawit = await app.people.identify(DAWIT)
    with pytest.raises(Conflict):
        await app.applying.toggle_topic(dawit, "other")
    await app.applying.begin(dawit)
    for attempt in (
        app.applying.take_gender(dawit, Gender.MALE),
        app.applying.take_text(dawit, Detail.NAME, "Dawit"),
        app.applying.take_text(dawit, Detail.BIO, BIO),
        app.applying.submit(dawit),
        app.profiles.save_topics(dawit),
    ):
        with pytest.raises(Conflict):
            await attempt
    for refused in (app.applying.take_topics(dawit), app.applying.toggle_topic(dawit, "no such topic")):
        with pytest.raises(InvalidInput):
            await refused

    assert STEPS[Detail.TOPICS] == await app.dialogs.step(dawit)


async def test_a_part_can_be_gone_back_to(app: App) -> None:
    """From the summary each question is asked once more, with the other answers kept; a refused answer changes nothing."""
    dawit = await app.people.identify(DAWIT)
    await fill_in(app, dawit)
    await app.applying.ask(dawit, Detail.TOPICS)
    await app.applying.toggle_topic(dawit, "other")
    emptied = await app.applying.toggle_topic(dawit, "academic_career")
    back = await app.applying.ask(dawit, None)
    await app.applying.toggle_topic(dawit, "crisis_substance")
    await app.applying.take_topics(dawit)
    await app.applying.ask(dawit, Detail.NAME)
    with pytest.raises(InvalidInput):
        await app.applying.take_text(dawit, Detail.NAME, "x" * 5000)
    asked = await app.applying.draft(dawit)
    summary = await app.applying.ask(dawit, None)

    assert ([], Detail.TOPICS) == (emptied.topics, back.question)
    assert (Detail.NAME, "Dr. <D> & Co") == (asked.question, asked.answers["name"])
    assert (None, ["crisis_substance"], BIO) == (summary.question, summary.topics, summary.answers["bio"])
    assert STEP_SUMMARY == await app.dialogs.step(dawit)
