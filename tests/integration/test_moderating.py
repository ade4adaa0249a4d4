"""What admins decide about applicants and counselors: once, with all that follows, and told to whom it concerns."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.ids import PersonId
from bot.domain.pages import PAGE_SIZE
from bot.domain.people import OPERATOR, Actor, CounselorStatus, Detail, Gender, Role
from bot.services.moderating import REASON_LENGTH
from bot.storage.database import UniqueViolation
from tests.integration.chats import press
from tests.support import Cast, change, one, rows

ADMIN = {"ADMIN_IDS": "9001,9002"}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Two admins."""
    return {**environment, **ADMIN}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin."""
    return await app.people.identify(9001)


async def status(app: App, actor: Actor) -> tuple[str, bool]:
    """Return where a counselor stands, and whether they are online."""
    (row,) = await rows(app, "SELECT status, is_online FROM counselor WHERE id = :id", id=actor.me)
    return row["status"], row["is_online"]


async def audited(app: App) -> list[tuple[str, str, int | None]]:
    """Return what stands in the audit of admins, by actor."""
    found = await rows(app, "SELECT action, subject, actor_id FROM audit WHERE role = 'admin' ORDER BY id")
    return [(row["action"], row["subject"], row["actor_id"]) for row in found]


async def test_an_approved_applicant_is_a_counselor_and_online(app: App, cast: Cast, lensa: Actor) -> None:
    """They are told, whoever waits is matched, and it is on record."""
    hana, sara = await cast.applicant(2002, "Hana"), await cast.sara()
    await cast.request(sara)
    await change(app, "DELETE FROM run")
    card = await cast.approve(lensa, hana.me)
    assert card is not None

    assert ("Hana", ("approved", True)) == (card.name, await status(app, hana))
    assert "Welcome, Hana." in (await cast.said(hana))[-1]
    assert ["match"] == [row["task"] for row in await rows(app, "SELECT task FROM run")]
    assert [("approve-application", f"person {hana.me}", lensa.me)] == await audited(app)
    assert Role.COUNSELOR in (await app.people.identify(2002)).roles
    assert [hana.me] == [offer.counselor_id for offer in await app.matching.match_waiting(limit=10)]


@pytest.mark.parametrize("reason", ["<b>&_*", "x" * REASON_LENGTH, "two\nlines 😀"])
async def test_a_rejected_applicant_reads_the_reason_as_it_was_typed(app: App, cast: Cast, lensa: Actor, reason: str) -> None:
    """They can apply again, and it is sealed in the database."""
    hana = await cast.applicant(2002, "Hana")
    await app.admin.moderating.begin_rejection(lensa, hana.me)
    await app.admin.moderating.keep_reason(lensa, reason)
    await app.admin.moderating.reject_with_reason(lensa)
    profile = await app.profiles.mine(hana)
    stored = bytes(await one(app, "SELECT review_reason FROM counselor"))

    assert profile is not None
    assert (CounselorStatus.REJECTED, reason) == (profile.status, profile.review_reason)
    assert reason.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in (await cast.said(hana))[-1]
    assert reason.encode() not in stored
    assert [("reject-application", f"person {hana.me}", lensa.me)] == await audited(app)
    assert await app.applying.begin(hana)


async def test_a_reason_that_is_too_long_is_refused_and_the_form_stays(app: App, cast: Cast, lensa: Actor) -> None:
    """5,000 characters: a clear sentence, nothing decided, and the next try counts."""
    hana = await cast.applicant(2002, "Hana")
    await app.admin.moderating.begin_rejection(lensa, hana.me)
    with pytest.raises(InvalidInput, match="That is 5000 characters, and at most 500 fit"):
        await app.admin.moderating.keep_reason(lensa, "x" * 5000)

    assert ("applied", False) == await status(app, hana)
    assert "Hana" == (await app.admin.moderating.keep_reason(lensa, "shorter")).name


async def test_a_rejection_without_a_reason(app: App, cast: Cast, lensa: Actor) -> None:
    """Says none."""
    hana = await cast.applicant(2002, "Hana")
    await app.admin.moderating.begin_rejection(lensa, hana.me)
    await app.admin.moderating.reject(lensa, hana.me)

    assert "reason" not in (await cast.said(hana))[-1]
    assert await app.dialogs.step(lensa) is None
    with pytest.raises(Conflict):
        await app.admin.moderating.keep_reason(lensa, "too late")


async def test_two_admins_decide_at_once(app: App, cast: Cast, lensa: Actor) -> None:
    """One of eight decisions counts, the others are told, and the applicant hears of one."""
    hana, other = await cast.applicant(2002, "Hana"), await app.people.identify(9002)
    before = len(await cast.said(hana))
    decisions = [
        (cast.approve if number % 2 else app.admin.moderating.reject)((lensa, other)[number // 4], hana.me) for number in range(8)
    ]
    outcomes = await asyncio.gather(*decisions, return_exceptions=True)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict) and "already" in str(outcome)])
    assert before + 1 == len(await cast.said(hana))
    assert 1 == len(await audited(app))


async def test_what_was_decided_or_taken_back_cannot_be_decided(app: App, cast: Cast, lensa: Actor) -> None:
    """Approved, rejected, withdrawn, a person who never applied, a number that nobody has."""
    approved, rejected = await cast.applicant(2002, "Hana"), await cast.applicant(2003, "Abel")
    gone, sara = await cast.applicant(2004, "Liya"), await cast.sara()
    await cast.approve(lensa, approved.me)
    await app.admin.moderating.reject(lensa, rejected.me)
    await app.applying.withdraw(gone)
    for person_id in (approved.me, rejected.me, gone.me, sara.me, PersonId(2**63 - 1)):
        for attempt in (
            app.admin.moderating.application(lensa, person_id),
            cast.approve(lensa, person_id),
            app.admin.moderating.reject(lensa, person_id),
            app.admin.moderating.begin_rejection(lensa, person_id),
        ):
            with pytest.raises(Conflict, match="already been decided"):
                await attempt

    assert ("approved", True) == await status(app, approved)
    assert ("rejected", False) == await status(app, rejected)


async def test_applications_are_paged_oldest_first(app: App, cast: Cast, lensa: Actor) -> None:
    """A page that has become empty shows the last one; no page is before the first."""
    names = [f"Applicant {number:02}" for number in range(PAGE_SIZE + 3)]
    applicants = [await cast.applicant(3000 + number, name) for number, name in enumerate(names)]
    first, second = [await app.admin.moderating.applications(lensa, page) for page in (1, 2)]
    assert names == [card.name for page in (first, second) for card in page.items]
    assert [(1, 2), (2, 2)] == [(page.position.number, page.position.of) for page in (first, second)]

    for applicant in applicants[:4]:
        await app.admin.moderating.reject(lensa, applicant.me)
    shown = await app.admin.moderating.applications(lensa, 2)

    assert ((1, 1), names[4:]) == ((shown.position.number, shown.position.of), [card.name for card in shown.items])
    assert (1, 1) == ((await app.admin.moderating.applications(lensa, -5)).position.number, shown.position.of)


async def test_an_empty_list(app: App, lensa: Actor) -> None:
    """Is one page with nothing on it."""
    pages = [await app.admin.moderating.applications(lensa, 1), await app.admin.moderating.counselors(lensa, 7)]

    assert [(1, 1, 0)] * 2 == [(page.position.number, page.position.of, len(page.items)) for page in pages]


async def test_a_deactivated_counselor_hands_everything_back(app: App, cast: Cast, lensa: Actor) -> None:
    """An offer is withdrawn, a conversation waits again, the students are told the truth, and nobody is offered to them."""
    sara, liya, dawit = await cast.sara(), await cast.student(1002), await cast.dawit()
    talk = await cast.conversation(sara, dawit)
    await cast.request(liya)
    await app.matching.match_waiting(limit=10)
    await app.admin.moderating.deactivate(lensa, dawit.me)
    states = await rows(app, "SELECT state, counselor_id FROM session ORDER BY id")
    told = await cast.said(dawit)

    assert [("waiting", None), ("waiting", None)] == [(row["state"], row["counselor_id"]) for row in states]
    assert 0 == await one(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL")
    assert ("deactivated", False) == await status(app, dawit)
    assert "cannot go on with this conversation" in (await cast.said(sara))[-1]
    assert any(talk.alias in text and "taken back" in text for text in told)
    assert "deactivated you" in told[-1]
    assert any("no longer available" in text for text in told)
    assert [] == await app.matching.match_waiting(limit=10)
    assert Role.COUNSELOR not in (await app.people.identify(2001)).roles
    with pytest.raises(Conflict):
        await app.admin.moderating.deactivate(lensa, dawit.me)


async def test_a_reactivated_counselor_is_asked_again(app: App, cast: Cast, lensa: Actor) -> None:
    """Online at once; who is in service cannot be reactivated."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await app.admin.moderating.deactivate(lensa, dawit.me)
    await app.admin.moderating.reactivate(lensa, dawit.me)

    assert ("approved", True) == await status(app, dawit)
    assert "a counselor again" in (await cast.said(dawit))[-1]
    assert dawit.me == (await cast.offer(sara)).counselor_id
    with pytest.raises(Conflict):
        await app.admin.moderating.reactivate(lensa, dawit.me)


async def test_a_deleted_counselor_is_in_no_list_and_breaks_no_screen(app: App, cast: Cast, lensa: Actor) -> None:
    """What they did stays with their name; nothing more can be done with them; they may apply again, or be added again."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(sara, session.alias)
    await app.admin.moderating.delete(lensa, dawit.me)
    details = await app.admin.steering.session(lensa, session.alias)

    assert [] == list((await app.admin.moderating.counselors(lensa, 1)).items)
    assert ("Dawit", "Dawit") == (details.counselor, details.offers[0].name)
    for attempt in (app.admin.moderating.reactivate, app.admin.moderating.deactivate, app.admin.moderating.delete):
        with pytest.raises(Conflict):
            await attempt(lensa, dawit.me)
    with pytest.raises(NotFound):
        await app.admin.moderating.counselor(lensa, dawit.me)
    assert await app.applying.begin(dawit)
    again = await cast.dawit()
    assert ["Dawit"] == [card.name for card in (await app.admin.moderating.counselors(lensa, 1)).items]
    assert dawit.me == again.me


async def test_a_counselor_who_is_deleted_in_a_conversation(app: App, cast: Cast, lensa: Actor) -> None:
    """The student is told and waits again, for somebody else."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await app.admin.moderating.delete(lensa, dawit.me)
    hana = await cast.hana()
    (offer,) = await app.matching.match_waiting(limit=10)

    assert hana.me == offer.counselor_id
    assert "cannot go on" in (await cast.said(sara))[-1]


async def test_a_counselors_page_has_their_figures(app: App, cast: Cast, lensa: Actor) -> None:
    """Load, ended conversations and state; students and applicants have no such page."""
    sara, liya, dawit = await cast.sara(), await cast.student(1002), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(sara, session.alias)
    await cast.conversation(liya, dawit)
    card, record = await app.admin.moderating.counselor(lensa, dawit.me)
    (listed,) = (await app.admin.moderating.counselors(lensa, 1)).items

    assert ("Dawit", 1, True, False) == (card.name, card.load, card.is_online, card.is_admin)
    assert (1, 1, 2) == (record.active, record.ended, record.accepted)
    assert card == listed
    for person_id in (sara.me, PersonId(999_999)):
        with pytest.raises(NotFound):
            await app.admin.moderating.counselor(lensa, person_id)


async def test_accepting_and_deactivating_at_once(app: App, cast: Cast, lensa: Actor) -> None:
    """Whichever is first, no conversation is left with somebody who is out of service."""
    for number in range(4):
        student, counselor = await cast.student(1100 + number), await cast.counselor(2100 + number, "Abel")
        offer = await cast.offer(student)
        both = [app.offering.accept(counselor, offer.id), app.admin.moderating.deactivate(lensa, counselor.me)]
        outcomes = await asyncio.gather(*(both if number % 2 else both[::-1]), return_exceptions=True)
        row = (await rows(app, "SELECT state, counselor_id FROM session WHERE student_id = :id", id=student.me))[0]

        assert [] == [outcome for outcome in outcomes if isinstance(outcome, UniqueViolation)]
        assert ("waiting", None) == (row["state"], row["counselor_id"])
        await change(app, "UPDATE session SET state = 'cancelled', ended_at = requested_at WHERE student_id = :id", id=student.me)


async def test_the_operator_is_no_admin_here(app: App, cast: Cast) -> None:
    """Decisions about people are an admin's; the terminal has none of these."""
    hana = await cast.applicant(2002, "Hana")
    with pytest.raises(NotAllowed):
        await cast.approve(OPERATOR, hana.me)

    assert ("applied", False) == await status(app, hana)


@pytest.mark.parametrize("detail", [Detail.NAME, Detail.BIO])
async def test_nobody_is_approved_for_what_was_not_read(app: App, cast: Cast, lensa: Actor, detail: Detail) -> None:
    """The applicant changes a word behind the card: it is shown once more as it is now, and only that can be approved."""
    hana = await cast.applicant(2002, "Hana")
    card = await app.admin.moderating.application(lensa, hana.me)
    await app.profiles.ask(hana, detail)
    await app.profiles.propose(hana, detail, "Call me: I am there for you on my number, 09110000")
    await app.profiles.save_proposed(hana)
    await press(app, 9001, "admin.approve", f"{hana.me}.{card.version}")
    told, now = (await cast.said(lensa))[-1], await app.admin.moderating.application(lensa, hana.me)
    before = await status(app, hana)
    await press(app, 9001, "admin.approve", f"{hana.me}.{now.version}")

    assert "changed something since you read it" in told
    assert "on my number" in told
    assert [("applied", False), ("approved", True)] == [before, await status(app, hana)]


async def test_topics_and_gender_are_read_too(app: App, cast: Cast, lensa: Actor) -> None:
    """Each of them is a reason to look again; to change nothing is none."""
    hana = await cast.applicant(2002, "Hana")
    card = await app.admin.moderating.application(lensa, hana.me)
    await app.profiles.ask(hana, Detail.GENDER)
    await app.profiles.save_gender(hana, Gender.FEMALE)
    assert await app.admin.moderating.approve(lensa, hana.me, card.version) is None
    await app.profiles.ask(hana, Detail.GENDER)
    await app.profiles.save_gender(hana, Gender.ANONYMOUS)
    assert card == await app.admin.moderating.application(lensa, hana.me)
    await app.profiles.ask(hana, Detail.TOPICS)
    await app.profiles.toggle_topic(hana, "crisis_substance")
    await app.profiles.save_topics(hana)

    assert await app.admin.moderating.approve(lensa, hana.me, card.version) is None
