"""Changing what one says of oneself, as a counselor and while an application waits."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.people import Actor, Detail, Gender, Profile
from bot.services.profiles import STEP_CONFIRM, STEPS
from bot.settings import Settings, load
from tests.support import Cast, change, one, rows

LENSA = 9001
BIO = "Nine years of listening, <b>&_*😀, two of them on the telephone, and some in a camp."


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Lensa is an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


async def rename(app: App, actor: Actor, name: str) -> Profile:
    """Have *actor* take another name."""
    await app.profiles.ask(actor, Detail.NAME)
    await app.profiles.propose(actor, Detail.NAME, name)
    return await app.profiles.save_proposed(actor)


async def test_each_part_can_be_changed(app: App, cast: Cast) -> None:
    """It counts at once; each change is told to the admins without its content, and recorded."""
    lensa, dawit = await app.people.identify(LENSA), await cast.dawit()
    await rename(app, dawit, " Dr.\n <D> ")
    await app.profiles.ask(dawit, Detail.BIO)
    await app.profiles.propose(dawit, Detail.BIO, BIO)
    await app.profiles.save_proposed(dawit)
    await app.profiles.ask(dawit, Detail.GENDER)
    await app.profiles.save_gender(dawit, Gender.MALE)
    await app.profiles.ask(dawit, Detail.TOPICS)
    await app.profiles.toggle_topic(dawit, "mental_emotional")
    await app.profiles.toggle_topic(dawit, "crisis_substance")
    mine = await app.profiles.save_topics(dawit)
    told = await cast.said(lensa)
    recorded = await rows(app, "SELECT action, subject, actor_id FROM audit WHERE actor_id = :me ORDER BY id", me=dawit.me)

    assert ("Dr. <D>", BIO, "male", ("other", "crisis_substance")) == (mine.name, mine.bio, mine.gender, mine.topics)
    assert mine == await app.profiles.mine(dawit)
    assert ["change-name", "change-bio", "change-gender", "change-topics"] == [row["action"] for row in recorded]
    assert {f"counselor {dawit.me}"} == {row["subject"] for row in recorded}
    assert ["✏️ A counselor has changed their profile. It counts already; please have a look."] * 4 == told
    assert await app.dialogs.step(dawit) is None


async def test_students_see_the_new_name_from_then_on(app: App, cast: Cast) -> None:
    """Also in a conversation that has begun under the old one."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(dawit, "first")
    await rename(app, dawit, "Abba")
    await cast.say(dawit, "second")

    assert ["<b>Dawit</b>\nfirst", "<b>Abba</b>\nsecond"] == (await cast.said(sara))[-2:]


async def test_nothing_counts_before_it_is_confirmed(app: App, cast: Cast) -> None:
    """What was meant for a student and written into the form becomes nobody's name."""
    dawit = await cast.dawit()
    await app.profiles.ask(dawit, Detail.NAME)
    proposal = await app.profiles.propose(dawit, Detail.NAME, "I am here for you")
    mine = await app.profiles.mine(dawit)

    assert ("I am here for you", Detail.NAME) == (proposal.value, proposal.detail)
    assert proposal == await app.profiles.proposed(dawit)
    assert ("Dawit", STEP_CONFIRM) == (mine.name if mine else "", await app.dialogs.step(dawit))


async def test_new_topics_are_matched_at_once(app: App, cast: Cast) -> None:
    """A request that nobody could take waits for exactly this."""
    sara, dawit = await cast.sara(), await cast.counselor(2001, "Dawit", "academic_career")
    await cast.request(sara, "mental_emotional")
    before = await app.matching.match_waiting(limit=10)
    await change(app, "UPDATE run SET state = 'succeeded', started_at = due_at, finished_at = due_at WHERE task = 'match'")
    await app.profiles.ask(dawit, Detail.TOPICS)
    await app.profiles.toggle_topic(dawit, "mental_emotional")
    await app.profiles.save_topics(dawit)

    assert [] == before
    assert 1 == await one(app, "SELECT count(*) AS number FROM run WHERE task = 'match' AND state = 'scheduled'")
    assert 1 == len(await app.matching.match_waiting(limit=10))


@pytest.mark.parametrize("text", ["", "  ", "x", "x" * 51, "x" * 5000])
async def test_a_name_that_cannot_be_is_refused(app: App, cast: Cast, text: str) -> None:
    """The question stays open, and the old name stays."""
    dawit = await cast.dawit()
    await app.profiles.ask(dawit, Detail.NAME)
    with pytest.raises(InvalidInput):
        await app.profiles.propose(dawit, Detail.NAME, text)
    mine = await app.profiles.mine(dawit)

    assert ("Dawit", STEPS[Detail.NAME]) == (mine.name if mine else "", await app.dialogs.step(dawit))


async def test_topics_are_never_none(app: App, cast: Cast) -> None:
    """A counselor without any would get nothing, and nobody would know why."""
    dawit = await cast.counselor(2001, "Dawit", "other")
    await app.profiles.ask(dawit, Detail.TOPICS)
    await app.profiles.toggle_topic(dawit, "other")
    with pytest.raises(InvalidInput, match="at least one topic"):
        await app.profiles.save_topics(dawit)
    with pytest.raises(InvalidInput):
        await app.profiles.toggle_topic(dawit, "no such topic")
    mine = await app.profiles.mine(dawit)

    assert ("other",) == (mine.topics if mine else ())


async def test_an_application_that_waits_can_be_changed_in_silence(app: App, cast: Cast) -> None:
    """The admins were told of it, and read it as it is when they decide."""
    lensa, dawit = await app.people.identify(LENSA), await cast.dawit()
    await change(app, "UPDATE counselor SET status = 'applied', is_online = :no", no=False)
    mine = await rename(app, dawit, "Abba")

    assert ("applied", "Abba") == (mine.status, mine.name)
    assert [] == await cast.said(lensa)


@pytest.mark.parametrize("status", ["rejected", "deactivated"])
async def test_who_is_neither_counselor_nor_applicant_changes_nothing(app: App, cast: Cast, status: str) -> None:
    """Not even with a form that was open before the admins decided."""
    dawit = await cast.dawit()
    await app.profiles.ask(dawit, Detail.TOPICS)
    await app.profiles.toggle_topic(dawit, "crisis_substance")
    await change(app, "UPDATE counselor SET status = :status, is_online = :no", status=status, no=False)
    for attempt in (app.profiles.save_topics(dawit), app.profiles.ask(dawit, Detail.NAME)):
        with pytest.raises(Conflict, match="cannot be changed right now"):
            await attempt
    mine = await app.profiles.mine(dawit)

    assert ("mental_emotional", "other") == (mine.topics if mine else ())


async def test_a_stranger_has_no_profile(app: App, cast: Cast) -> None:
    """Sara is a student: nothing to change, and no form opens."""
    sara = await cast.sara()
    for detail in Detail:
        with pytest.raises(Conflict):
            await app.profiles.ask(sara, detail)
    for attempt in (app.profiles.save_gender(sara, Gender.MALE), app.profiles.save_proposed(sara), app.profiles.chosen(sara)):
        with pytest.raises(Conflict):
            await attempt

    assert (None, None) == (await app.profiles.mine(sara), await app.dialogs.step(sara))
