"""What admins see of sessions and do with them: taking one up, giving one to a counselor, and never a word of what was said."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.domain.errors import BotError, Conflict, NotFound
from bot.domain.ids import PersonId
from bot.domain.pages import PAGE_SIZE
from bot.domain.people import Actor
from bot.domain.sessions import SessionState
from bot.storage.session_pages import Shown
from bot.telegram.screens import admin_sessions as screens
from bot.texts import everyone
from tests.support import Cast, change, one, rows


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """One admin; counselors who can have two conversations."""
    return {**environment, "ADMIN_IDS": "9001", "MAX_SESSIONS_PER_COUNSELOR": "2"}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin who is no counselor."""
    return await app.people.identify(9001)


async def state_of(app: App, alias: str) -> tuple[str, int | None]:
    """Return the state of a session, and its counselor."""
    (row,) = await rows(app, "SELECT state, counselor_id FROM session WHERE alias = :alias", alias=alias)
    return row["state"], row["counselor_id"]


async def open_offers(app: App) -> list[int]:
    """Return to whom something is offered right now."""
    return [row["counselor_id"] for row in await rows(app, "SELECT counselor_id FROM offer WHERE outcome IS NULL ORDER BY id")]


async def only_online(app: App, counselor: Actor) -> None:
    """Have one counselor be online, and nobody else."""
    await change(app, "UPDATE counselor SET is_online = (id = :id) WHERE status = 'approved'", id=counselor.me)


async def test_an_admin_takes_up_what_waits(app: App, cast: Cast, lensa: Actor) -> None:
    """The student sees the team, the admin an alias, and both can write; it is on record."""
    sara = await cast.sara()
    session = await cast.request(sara)
    taken = await app.admin.steering.take(lensa, session.alias)
    await cast.say(lensa, "I am here")
    await cast.say(sara, "thank you")
    (event,) = [row for row in await rows(app, "SELECT * FROM session_event") if row["to_state"] == "active"]

    assert (SessionState.ACTIVE, lensa.me) == (taken.state, taken.counselor_id)
    assert [f"🤝 <b>{everyone.TEAM} is here for you.</b>"] == [text.split("\n")[0] for text in (await cast.said(sara))[:1]]
    assert f"<b>{everyone.TEAM}</b>\nI am here" == (await cast.said(sara))[-1]
    assert f"<b>Student {session.alias}</b>\nthank you" == (await cast.said(lensa))[-1]
    assert ("waiting", "taken by an admin", lensa.me) == (event["from_state"], event["reason"], event["actor_id"])
    assert [("take-session", f"session {session.id}")] == [
        (row["action"], row["subject"]) for row in await rows(app, "SELECT * FROM audit WHERE role = 'admin'")
    ]


async def test_an_admin_takes_up_what_is_offered(app: App, cast: Cast, lensa: Actor) -> None:
    """The counselor's offer is withdrawn, and its message edited; they cannot accept it any more."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    alias = await one(app, "SELECT alias FROM session")
    await app.admin.steering.take(lensa, alias)

    assert ("active", lensa.me) == await state_of(app, alias)
    assert "no longer available" in (await cast.said(dawit))[-1]
    with pytest.raises(Conflict, match="no longer available"):
        await app.offering.accept(dawit, offer.id)


async def test_what_an_admin_cannot_take_up(app: App, cast: Cast, lensa: Actor) -> None:
    """Their own request, what is active or over, what there is not, and one more than fits."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await app.people.consent(lensa)
    own = await cast.request(await app.people.identify(9001))
    with pytest.raises(Conflict, match="your own request"):
        await app.admin.steering.take(lensa, own.alias)
    await app.requesting.cancel(lensa, own.alias)
    over = await cast.conversation(sara, dawit)
    await app.closing.end(sara, over.alias)
    active = await cast.conversation(sara, dawit)
    for alias in (active.alias, over.alias):
        with pytest.raises(Conflict, match="does not wait any more"):
            await app.admin.steering.take(lensa, alias)
    with pytest.raises(NotFound):
        await app.admin.steering.take(lensa, "NOSUCH")
    for number in range(2):
        await app.admin.steering.take(lensa, (await cast.request(await cast.student(1100 + number))).alias)
    third = await cast.request(await cast.student(1102))
    with pytest.raises(Conflict, match="as many conversations"):
        await app.admin.steering.take(lensa, third.alias)

    assert ("waiting", None) == await state_of(app, third.alias)
    assert ("active", dawit.me) == await state_of(app, active.alias)


async def test_two_take_it_up_at_once(app: App, cast: Cast, lensa: Actor) -> None:
    """The counselor to whom it is offered and an admin, several times: one wins, the others are told."""
    for number in range(4):
        student, dawit = await cast.student(1200 + number), await cast.dawit()
        offer = await cast.offer(student)
        alias = await one(app, "SELECT alias FROM session WHERE student_id = :id", id=student.me)
        presses = [
            app.offering.accept(dawit, offer.id) if press % 2 else app.admin.steering.take(lensa, alias) for press in range(4)
        ]
        outcomes = await asyncio.gather(*(presses if number % 2 else presses[::-1]), return_exceptions=True)
        state, counselor_id = await state_of(app, alias)

        assert 3 == len([outcome for outcome in outcomes if isinstance(outcome, BotError)])
        assert "active" == state
        assert counselor_id in {dawit.me, lensa.me}
        assert 1 == len([text for text in await cast.said(student) if "is here for you" in text])
        await app.closing.end(student, alias)


async def test_a_session_is_given_to_one_counselor(app: App, cast: Cast, lensa: Actor) -> None:
    """Also where they are offline: the offer before is withdrawn and edited, the new one has a deadline and a score."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    await app.serving.go_offline(hana)
    await cast.offer(sara)
    alias = await one(app, "SELECT alias FROM session")
    _, offer = await app.admin.steering.assign(lensa, alias, hana.me)
    details = await app.admin.steering.session(lensa, alias)

    assert [hana.me] == await open_offers(app)
    assert ("offered", None) == await state_of(app, alias)
    assert "no longer available" in (await cast.said(dawit))[-1]
    assert "A student asks for help." in (await cast.said(hana))[-1]
    assert [("Dawit", "withdrawn"), ("Hana", None)] == [(shown.name, shown.offer.outcome) for shown in details.offers]
    assert all(shown.parts is not None and shown.parts.score == shown.offer.score for shown in details.offers)
    assert "active" == (await app.offering.accept(hana, offer.id)).state
    assert ["assign-session"] == [row["action"] for row in await rows(app, "SELECT * FROM audit WHERE role = 'admin'")]


async def test_a_crisis_is_given_to_one_more(app: App, cast: Cast, lensa: Actor) -> None:
    """Those who can take it already keep it: the first one to accept wins."""
    sara, hana = await cast.sara(), await cast.counselor(2002, "Hana", "academic_career")
    trained = await cast.counselor(2003, "Abel", "crisis_substance")
    await cast.request(sara, "crisis_substance")
    await app.matching.match_waiting(limit=10)
    alias = await one(app, "SELECT alias FROM session")
    before = await open_offers(app)
    await app.admin.steering.assign(lensa, alias, hana.me)

    assert ([trained.me], [trained.me, hana.me]) == (before, await open_offers(app))
    with pytest.raises(Conflict, match="offered to this counselor already"):
        await app.admin.steering.assign(lensa, alias, hana.me)


async def test_to_whom_a_session_cannot_be_given(app: App, cast: Cast, lensa: Actor) -> None:
    """The student themself, who had it, who is full, deactivated, blocked the bot, or is no counselor; and nothing is changed."""
    sara = await cast.counselor(2001, "Sara", "other")
    await app.people.consent(sara)
    had, full, out, gone = [await cast.counselor(2100 + number, "Abel") for number in range(4)]
    await only_online(app, full)
    for number in range(2):
        await cast.offer(await cast.student(1300 + number))
    await only_online(app, had)
    session = await cast.conversation(await app.people.identify(2001), had)
    await app.transferring.transfer(had, session.alias)
    await app.admin.moderating.deactivate(lensa, out.me)
    await change(app, "UPDATE person SET is_reachable = :no WHERE id = :id", no=False, id=gone.me)
    before = (await state_of(app, session.alias), await open_offers(app))
    for counselor_id in (sara.me, had.me, full.me, out.me, gone.me, lensa.me, PersonId(2**63 - 1)):
        with pytest.raises(Conflict):
            await app.admin.steering.assign(lensa, session.alias, counselor_id)

    assert before == (await state_of(app, session.alias), await open_offers(app))
    assert [] == list((await app.admin.steering.choices(lensa, session.alias, 1)).items)


async def test_the_choices_are_sorted_by_how_well_they_fit(app: App, cast: Cast, lensa: Actor) -> None:
    """Specialists before generalists, those with less to do first, whether they are online or not; a page at a time."""
    for number in range(PAGE_SIZE):
        await cast.counselor(2200 + number, f"Generalist {number}", "other")
    specialist = await cast.counselor(2300, "Specialist", "mental_emotional")
    await app.serving.go_offline(specialist)
    await app.matching.match_waiting(limit=10)
    session = await cast.request(await cast.sara())
    first, second = [await app.admin.steering.choices(lensa, session.alias, page) for page in (1, 2)]

    assert ["Specialist", *(f"Generalist {number}" for number in range(PAGE_SIZE))] == [
        choice.name for page in (first, second) for choice in page.items
    ]
    assert [False, True] == [choice.is_online for choice in first.items[:2]]
    assert (2, 2) == (second.position.number, second.position.of)


async def test_what_is_active_or_over_cannot_be_given(app: App, cast: Cast, lensa: Actor) -> None:
    """There is nothing to choose, and nothing to do."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    session = await cast.conversation(sara, dawit)
    for _ in range(2):
        for attempt in (
            app.admin.steering.choices(lensa, session.alias, 1),
            app.admin.steering.assign(lensa, session.alias, hana.me),
        ):
            with pytest.raises(Conflict, match="does not wait"):
                await attempt
        if (await state_of(app, session.alias))[0] == "active":
            await app.closing.end(sara, session.alias)

    assert ("ended", dawit.me) == await state_of(app, session.alias)


async def test_many_assignments_at_once(app: App, cast: Cast, lensa: Actor) -> None:
    """Nobody gets more than they can have, and no session is offered twice."""
    counselors = [await cast.counselor(2400 + number, "Abel") for number in range(2)]
    aliases = [(await cast.request(await cast.student(1400 + number))).alias for number in range(6)]
    attempts = [app.admin.steering.assign(lensa, alias, counselor.me) for alias in aliases for counselor in counselors]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    loads = [
        row["number"]
        for row in await rows(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL GROUP BY counselor_id")
    ]
    per_session = await rows(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL GROUP BY session_id")

    assert [] == [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, BotError)]
    assert max(loads) <= 2
    assert {1} == {row["number"] for row in per_session}


async def test_the_lists_show_what_they_say(app: App, cast: Cast, lensa: Actor) -> None:
    """Each session stands in the list of its state and in the list of all."""
    sara, dawit, liya, other = await cast.sara(), await cast.dawit(), await cast.student(1002), await cast.student(1003)
    ended = await cast.conversation(sara, dawit)
    await app.closing.end(sara, ended.alias)
    active = await cast.conversation(sara, dawit)
    offered = await app.requesting.current(liya) or await cast.request(liya)
    await app.matching.match_waiting(limit=10)
    await app.serving.go_offline(await cast.hana())
    waiting = await cast.request(other)
    cancelled = await cast.request(await cast.student(1004))
    await app.requesting.cancel(await app.people.identify(1004), cancelled.alias)
    pages = {shown: await app.admin.steering.sessions(lensa, shown, 1) for shown in Shown}

    assert {
        Shown.WAITING: {waiting.alias},
        Shown.OFFERED: {offered.alias},
        Shown.ACTIVE: {active.alias},
        Shown.ENDED: {ended.alias, cancelled.alias},
        Shown.ALL: {one.alias for one in (waiting, offered, active, ended, cancelled)},
    } == {shown: {row.alias for row in page.items} for shown, page in pages.items()}


async def test_the_page_of_a_session_says_nothing_of_what_was_said(app: App, cast: Cast, lensa: Actor) -> None:
    """Times, states, offers and their reasons; no description, no message, no Telegram id."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.request(sara, description="my secret <b>&_*")
    (offer,) = await app.matching.match_waiting(limit=10)
    session = await app.offering.accept(dawit, offer.id)
    await cast.say(sara, "another secret")
    details = await app.admin.steering.session(lensa, session.alias)
    text = str(screens.session(details)[0])

    assert all(word in text for word in (session.alias, "Psychological", "active", "Dawit", "Messages: 1", "score", "topic 50"))
    assert not [word for word in ("secret", "1001", "2001") if word in text]
    with pytest.raises(NotFound):
        await app.admin.steering.session(lensa, "NOSUCH")


async def test_a_session_with_a_long_story_fits_into_a_message(app: App, cast: Cast, lensa: Actor) -> None:
    """The newest events and offers are shown, and how many were before."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.request(sara)
    for _ in range(60):
        _, offer = await app.admin.steering.assign(lensa, session.alias, dawit.me)
        await app.offering.decline(dawit, offer.id)
    text = screens.session(await app.admin.steering.session(lensa, session.alias))[0].render()

    assert len(text) < 4096
    assert "… and 48 before that" in text
