"""How a student asks for a counselor, half fills in a form, and takes a request back."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from bot import app as root
from bot.app import App
from bot.domain.errors import Conflict, InvalidInput, NotAllowed
from bot.domain.people import SYSTEM, Gender
from bot.domain.sessions import Priority, SessionState
from bot.settings import Settings
from bot.storage import sessions
from tests.support import Cast, SteadyClock, one, rows


async def test_without_consent_there_is_no_request(app: App) -> None:
    """Not at the first step, and not at the last one either."""
    stranger = await app.people.identify(1001)
    for attempt in (app.requesting.begin(stranger), app.requesting.choose_topic(stranger, "other")):
        with pytest.raises(NotAllowed):
            await attempt
    with pytest.raises(NotAllowed):
        await app.requesting.submit(stranger, None)

    assert 0 == await one(app, "SELECT count(*) AS number FROM session")


async def test_who_is_no_person_cannot_ask(app: App) -> None:
    """The system has no chat and no troubles."""
    with pytest.raises(NotAllowed):
        await app.requesting.choose_topic(SYSTEM, "other")


async def test_a_topic_that_does_not_exist_is_refused(app: App, cast: Cast) -> None:
    """And the form is not opened by it."""
    sara = await cast.sara()
    with pytest.raises(InvalidInput):
        await app.requesting.choose_topic(sara, "nonsense")

    assert await app.dialogs.step(sara) is None


async def test_steps_cannot_be_left_out(app: App, cast: Cast) -> None:
    """A button of a later step, pressed without the ones before, is no longer available."""
    sara = await cast.sara()
    with pytest.raises(Conflict):
        await app.requesting.choose_gender(sara, Gender.FEMALE)
    await app.requesting.choose_topic(sara, "other")
    with pytest.raises(Conflict):
        await app.requesting.submit(sara, None)

    assert 0 == await one(app, "SELECT count(*) AS number FROM session")


async def test_an_answer_can_be_changed_on_the_way(app: App, cast: Cast) -> None:
    """The last press counts: another topic begins again, another gender takes the first one's place."""
    sara = await cast.sara()
    await app.requesting.choose_topic(sara, "other")
    await app.requesting.choose_gender(sara, Gender.MALE)
    await app.requesting.choose_topic(sara, "academic_career")
    await app.requesting.choose_gender(sara, Gender.MALE)
    await app.requesting.choose_gender(sara, Gender.ANONYMOUS)
    session = await app.requesting.submit(sara, None)

    assert ("academic_career", Gender.ANONYMOUS) == (session.topic, session.student_gender)


async def test_a_half_filled_form_survives_a_restart(settings: Settings, clock: SteadyClock) -> None:
    """What was chosen before the process ended counts behind it."""
    await root.prepare(settings)
    async with root.opened(settings, kind="bot", clock=clock) as before:
        sara = await Cast(before).sara()
        await before.requesting.choose_topic(sara, "academic_career")
        await before.requesting.choose_gender(sara, Gender.MALE)
    async with root.opened(settings, kind="bot", clock=clock) as after:
        session = await after.requesting.submit(await after.people.identify(1001), "exam")

    assert ("academic_career", Gender.MALE) == (session.topic, session.student_gender)


async def test_a_form_can_be_left(app: App, cast: Cast) -> None:
    """Then there is nothing to submit, and nothing to leave."""
    sara = await cast.sara()
    await app.requesting.choose_topic(sara, "other")

    assert [True, False] == [await app.dialogs.leave(sara), await app.dialogs.leave(sara)]


async def test_a_description_has_a_thousand_characters(app: App, cast: Cast) -> None:
    """One more is refused with a word, and the form waits for a shorter one."""
    sara = await cast.sara()
    with pytest.raises(InvalidInput, match="1001"):
        await cast.request(sara, description="x" * 1001)
    session = await app.requesting.submit(sara, "😀" * 1000)
    async with app.db.reading() as tx:
        sealed = await sessions.description(tx, session.id)
        assert sealed is not None

        assert "😀" * 1000 == await app.vault.unseal(tx, session.key_id, sealed, about="description")


async def test_one_open_session_for_each_student(app: App, cast: Cast) -> None:
    """A second request is refused while one waits, is offered or is active; afterwards it is welcome."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.request(sara)
    with pytest.raises(Conflict):
        await app.requesting.choose_topic(sara, "other")
    (offer,) = await app.matching.match_waiting(limit=10)
    with pytest.raises(Conflict):
        await app.requesting.begin(sara)
    await app.offering.accept(dawit, offer.id)
    with pytest.raises(Conflict):
        await app.requesting.begin(sara)
    await app.closing.end(sara, session.alias)

    assert SessionState.WAITING is (await cast.request(sara)).state


async def test_two_submits_at_once_are_one_request(app: App, cast: Cast) -> None:
    """Whoever presses twice has one session; the other press is told that there is one."""
    sara = await cast.sara()
    await app.requesting.choose_topic(sara, "other")
    await app.requesting.choose_gender(sara, Gender.MALE)
    outcomes = await asyncio.gather(*(app.requesting.submit(sara, None) for _ in range(6)), return_exceptions=True)

    assert 5 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert 1 == await one(app, "SELECT count(*) AS number FROM session")


async def test_the_crisis_topic_goes_first(app: App, cast: Cast) -> None:
    """It has priority 10, and the first place in the queue however late it comes."""
    first = await cast.request(await cast.student(1001), "other")
    crisis = await cast.request(await cast.student(1002), "crisis_substance")

    assert [Priority.NORMAL, Priority.CRISIS] == [first.priority, crisis.priority]
    assert [2, 1] == [await app.requesting.place(session) for session in (first, crisis)]


async def test_the_place_in_the_queue_is_by_age(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Who came earlier stands before who came later, also within one instant; who left stands nowhere."""
    session = await cast.request(await cast.student(1000))
    later = [await cast.request(await cast.student(1001 + number)) for number in range(2)]
    clock.move(seconds=1)
    last = await cast.request(await cast.student(1009))
    places = [await app.requesting.place(one_of_them) for one_of_them in (session, *later, last)]
    await app.requesting.cancel(await app.people.identify(1000), session.alias)

    assert [1, 2, 3, 4] == places
    assert 3 == await app.requesting.place(last)


async def test_a_request_asks_for_a_match_at_once(app: App, cast: Cast) -> None:
    """One run for all that comes before it begins."""
    await cast.request(await cast.student(1001))
    await cast.request(await cast.student(1002))
    found = await rows(app, "SELECT task, trigger, requested_by, state FROM run")

    assert [{"task": "match", "trigger": "event", "requested_by": "requested", "state": "scheduled"}] == [
        dict(row) for row in found
    ]


async def test_only_the_student_takes_a_request_back(app: App, cast: Cast) -> None:
    """Nobody else, and not twice; the answer is the same as for a request that does not exist."""
    sara, hana = await cast.sara(), await cast.hana()
    session = await cast.request(sara)
    for actor, alias in ((hana, session.alias), (sara, "NOSUCH")):
        with pytest.raises(Conflict, match="no longer available"):
            await app.requesting.cancel(actor, alias)
    await app.requesting.cancel(sara, session.alias)
    with pytest.raises(Conflict, match="no longer available"):
        await app.requesting.cancel(sara, session.alias)

    assert "cancelled" == await one(app, "SELECT state FROM session")


async def test_cancelling_withdraws_the_offer(app: App, cast: Cast) -> None:
    """The counselor's message says so, and their place is free again."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara)
    await app.requesting.cancel(sara, await one(app, "SELECT alias FROM session"))
    owed = await cast.owed(dawit)

    assert "withdrawn" == await one(app, "SELECT outcome FROM offer")
    assert "This request is no longer available." == (await cast.said(dawit))[-1]
    assert owed[-1].target_id == await one(app, "SELECT delivery_id FROM offer WHERE id = :id", id=offer.id)


async def test_an_active_session_cannot_be_cancelled(app: App, cast: Cast) -> None:
    """It is ended, which asks first."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)

    with pytest.raises(Conflict):
        await app.requesting.cancel(sara, session.alias)


@pytest.mark.parametrize("round_", range(6))
async def test_a_cancel_and_a_match_at_once_leave_no_loose_end(app: App, cast: Cast, round_: int) -> None:
    """Whoever is faster: the session is cancelled, no offer of it stays open, and its events follow from one another."""
    sara = await cast.sara()
    await cast.dawit()
    session = await cast.request(sara)
    matching = [app.matching.match_waiting(limit=10) for _ in range(2)]
    first = [*matching, app.requesting.cancel(sara, session.alias)]
    await asyncio.gather(*(first if round_ % 2 else first[::-1]))
    moves = await rows(app, "SELECT from_state, to_state FROM session_event ORDER BY id")

    assert ("cancelled", 0) == (
        await one(app, "SELECT state FROM session"),
        await one(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL"),
    )
    assert [None, *[row["to_state"] for row in moves[:-1]]] == [row["from_state"] for row in moves]


@pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
async def test_a_match_in_the_middle_of_a_cancel(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer that is made behind the first look and before the cancel is withdrawn too; the event tells what was cancelled."""
    sara = await cast.sara()
    await cast.dawit()
    session = await cast.request(sara)
    cancel = sessions.cancel

    async def match_and_cancel(*arguments: Any, **named: Any) -> object:
        await asyncio.create_task(app.matching.match_waiting(limit=10))
        return await cancel(*arguments, **named)

    monkeypatch.setattr(sessions, "cancel", match_and_cancel)
    await app.requesting.cancel(sara, session.alias)

    assert ["withdrawn"] == [row["outcome"] for row in await rows(app, "SELECT outcome FROM offer")]
    assert "offered" == await one(app, "SELECT from_state FROM session_event WHERE to_state = 'cancelled'")


async def test_an_alias_that_somebody_has_is_not_theirs(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chance gives the same one twice: the second student gets another one, and is not told that they have a request."""
    thrown = iter("A" * 12 + "B" * 6)
    monkeypatch.setattr(secrets, "choice", lambda _: next(thrown))
    first, second = await cast.request(await cast.sara()), await cast.request(await cast.student(1002))

    assert ("AAAAAA", "BBBBBB") == (first.alias, second.alias)
