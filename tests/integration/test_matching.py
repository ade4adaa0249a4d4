"""Waiting sessions to available counselors, whoever else is at it at the same moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast as typed

import pytest

from bot.app import App
from bot.domain.errors import InvalidInput
from bot.domain.matching import Match, Parts
from bot.domain.people import OPERATOR, Gender
from bot.services.enrolling import Volunteer
from bot.settings import Settings, load
from bot.storage import offers, queue, run_requests
from bot.storage.database import Transaction
from bot.tasks import TASKS
from tests.support import Cast, SteadyClock, change, one, rows

FREE = "SELECT count(*) AS number FROM offer WHERE outcome IS NULL"


async def test_what_waits_is_offered_to_the_best(app: App, cast: Cast, clock: SteadyClock) -> None:
    """One offer, with its score and its deadline, and one message with what the counselor needs to decide."""
    sara, dawit, hana = await cast.sara(), await cast.dawit(), await cast.hana()
    await cast.request(sara, description="<b>&_* 😀")
    (offer,) = await app.matching.match_waiting(limit=10)
    text = (await cast.said(dawit))[-1]

    async with app.db.reading() as tx:
        ((kept, reasons),) = await offers.of_session(tx, offer.session_id)

    assert (dawit.me, 50 + 20 + 12) == (offer.counselor_id, offer.score)
    assert (offer, Parts(specialization=50, load=20, rating=12, experience=0, crisis=0, wishes=0)) == (kept, reasons)
    assert clock() + timedelta(minutes=5) == offer.expires_at
    assert "&lt;b&gt;&amp;_* 😀" in text
    assert "5 min" in text
    assert 1 == len(await cast.owed(hana))
    assert "offered" == await one(app, "SELECT state FROM session")


async def test_an_offer_says_nothing_about_who_asks(app: App, cast: Cast) -> None:
    """No number of the student, neither Telegram's nor ours."""
    sara, dawit = await cast.student(735_190_482_661), await cast.dawit()
    await cast.offer(sara)
    text = (await cast.said(dawit))[-1]

    assert "735" not in text


async def test_a_crisis_has_ninety_seconds(app: App, cast: Cast, clock: SteadyClock) -> None:
    """``CRISIS_OFFER_TIMEOUT_SECONDS``, and the text says so."""
    sara, dawit = await cast.sara(), await cast.dawit()
    offer = await cast.offer(sara, "crisis_substance")

    assert clock() + timedelta(seconds=90) == offer.expires_at
    assert "90 s" in (await cast.said(dawit))[-1]


async def test_nobody_there_is_no_error(app: App, cast: Cast) -> None:
    """The session waits, and the next match looks again."""
    sara = await cast.sara()
    await cast.request(sara)

    assert [] == await app.matching.match_waiting(limit=10)
    assert "waiting" == await one(app, "SELECT state FROM session")


@pytest.mark.parametrize(
    "why",
    [
        "UPDATE counselor SET is_online = (1 = 0)",
        "UPDATE counselor SET status = 'deactivated', is_online = (1 = 0)",
        "UPDATE person SET is_reachable = (1 = 0)",
    ],
)
async def test_who_is_not_available_gets_no_offer(app: App, cast: Cast, why: str) -> None:
    """Offline, deactivated, or with the bot blocked."""
    sara, _ = await cast.sara(), await cast.dawit()
    await cast.request(sara)
    await change(app, why)

    assert [] == await app.matching.match_waiting(limit=10)


async def test_nobody_counsels_themselves(app: App, cast: Cast) -> None:
    """A counselor who asks for help is matched with somebody else, or with nobody; also in a crisis."""
    dawit = await cast.dawit()
    await app.people.consent(dawit)
    await cast.request(await app.people.identify(2001), "crisis_substance")
    alone = await app.matching.match_waiting(limit=10)
    hana = await cast.hana()
    (offer,) = await app.matching.match_waiting(limit=10)

    assert ([], hana.me) == (alone, offer.counselor_id)


async def test_no_more_than_the_limit(app: App, cast: Cast) -> None:
    """A run offers so many sessions, those with the greatest need, and asks for another run."""
    await cast.dawit()
    await cast.request(await cast.student(1001))
    crisis = await cast.request(await cast.student(1002), "crisis_substance")
    await change(app, "DELETE FROM run")
    made = await app.matching.match_waiting(limit=1)

    assert [crisis.id] == [offer.session_id for offer in made]
    assert ["more to match"] == [row["requested_by"] for row in await rows(app, "SELECT requested_by FROM run")]


async def test_what_nobody_can_take_hides_nothing(app: App, cast: Cast) -> None:
    """The limit counts what is offered: needier sessions without a counselor do not stand in the way of one that has one."""
    await cast.counselor(2001, "Dawit", "mental_emotional")
    for number in range(3):
        await cast.request(await cast.student(1001 + number), "academic_career")
    session = await cast.request(await cast.student(1011))
    made = await app.matching.match_waiting(limit=1)

    assert [session.id] == [offer.session_id for offer in made]


async def test_capacity_is_never_exceeded(app: App, cast: Cast) -> None:
    """Eight matches at once over twelve sessions and three counselors with three places each: nine offers, three for each."""
    for number in range(12):
        await cast.request(await cast.student(1001 + number))
    for number in range(3):
        await cast.counselor(2001 + number, f"C{number}", "mental_emotional")
    batches = await asyncio.gather(*(app.matching.match_waiting(limit=50) for _ in range(8)))
    loads = await rows(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL GROUP BY counselor_id")

    assert 9 == sum(len(batch) for batch in batches)
    assert [3, 3, 3] == [row["number"] for row in loads]
    assert 9 == await one(app, "SELECT count(*) AS number FROM session WHERE state = 'offered'")


async def test_one_place_is_given_once(app: App, cast: Cast) -> None:
    """Two processes chose the same counselor, who has one place left, for different sessions: one of them gets it."""
    dawit = await cast.dawit()
    for number in range(2):
        await cast.conversation(await cast.student(1001 + number), dawit)
    waiting = [await cast.request(await cast.student(1011 + number)) for number in range(2)]
    reasons = Parts(specialization=1, load=0, rating=0, experience=0, crisis=0, wishes=0)
    chosen = [Match(session_id=session.id, counselor_id=dawit.me, parts=reasons) for session in waiting]
    async with app.db.reading() as tx:
        known = {one.session_id: one.entries for one in await queue.waiting(tx, refused_since=app.clock())}
    said = await app.matching._describe(chosen)
    pieces = await asyncio.gather(*(app.matching._offer([match], known, said) for match in chosen))

    assert [0, 1] == sorted(len(made) for made in pieces)
    assert 1 == await one(app, FREE)


async def test_what_happened_since_the_choice_counts(app: App, cast: Cast) -> None:
    """Two matches chose Dawit; when the slower one comes to offer, he has declined already, and is not asked once more."""
    dawit = await cast.dawit()
    session = await cast.request(await cast.sara())
    async with app.db.reading() as tx:
        known = {one.session_id: one.entries for one in await queue.waiting(tx, refused_since=app.clock())}
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.decline(dawit, offer.id)
    reasons = Parts(specialization=1, load=0, rating=0, experience=0, crisis=0, wishes=0)
    match = Match(session_id=session.id, counselor_id=dawit.me, parts=reasons)
    made = await app.matching._offer([match], known, await app.matching._describe([match]))

    assert [] == made
    assert 0 == await one(app, FREE)


async def test_two_matches_at_once_are_harmless(app: App, cast: Cast) -> None:
    """Both choose the same counselor for the same session; one offer is made, and neither of them fails."""
    await cast.dawit()
    await cast.request(await cast.sara())
    batches = await asyncio.gather(*(app.matching.match_waiting(limit=50) for _ in range(4)))

    assert 1 == sum(len(batch) for batch in batches)
    assert 1 == await one(app, FREE)


async def test_a_conversation_and_an_offer_count_alike(app: App, cast: Cast) -> None:
    """Who has two conversations gets one offer and no second one."""
    dawit = await cast.dawit()
    for number in range(2):
        await cast.conversation(await cast.student(1001 + number), dawit)
    for number in range(2):
        await cast.request(await cast.student(1011 + number))

    assert [1, 0] == [len(await app.matching.match_waiting(limit=10)) for _ in range(2)]


async def test_a_new_counselor_is_asked_at_once(app: App, cast: Cast) -> None:
    """A match is asked for in the transaction that makes them one."""
    await cast.request(await cast.sara())
    await change(app, "DELETE FROM run")
    await cast.dawit()

    assert ["counselor added"] == [row["requested_by"] for row in await rows(app, "SELECT requested_by FROM run")]


async def test_a_match_does_not_begin_before_it_could_see_the_request(app: App, cast: Cast) -> None:
    """A run that waits already is held by whoever counts on it: it begins behind their commit, or it would miss what they did.

    1. A match is waiting, asked for by somebody else. 2. A request is written and asks for a match: there is one already.
    3. The runner takes the match and finds nothing, because the request is not committed. 4. The request is committed, and nobody
    looks again. Only where several can write at once; SQLite's runner stands in line.
    """
    await cast.dawit()
    sara = await cast.sara()
    assert ["scheduled"] == [row["state"] for row in await rows(app, "SELECT state FROM run")]
    await app.requesting.choose_topic(sara, "other")
    await app.requesting.choose_gender(sara, Gender.MALE)
    async with app.db.transaction():
        await app.requesting.submit(sara, None)
        claiming = asyncio.create_task(app.executor.claim())
        while app.db.writers > 1 and not claiming.done():
            await asyncio.sleep(0)
        is_early = claiming.done() and claiming.result() is not None
    run = await claiming or await app.executor.claim()
    assert run is not None
    finished = await app.executor.execute(run)

    assert (False, 1) == (is_early, (finished.result or {})["matched"])


async def test_a_request_for_an_event_is_one_run_until_it_begins(app: App) -> None:
    """What comes after a match has begun is another match: the first one may have looked already."""
    async with app.db.transaction() as tx:
        first = await _request(tx, app)
        again = await _request(tx, app)
    await app.executor.claim()
    async with app.db.transaction() as tx:
        second = await _request(tx, app)

    assert first == again
    assert first != second


async def _request(tx: Transaction, app: App) -> int:
    return await run_requests.request_for_event(tx, "match", because="test", max_attempts=4, at=app.clock())


@pytest.mark.parametrize(("task", "field"), [("match", "limit"), ("cleanup", "batch")])
@pytest.mark.parametrize("value", [0, -1, "5", 1.5, None, True, 10**9])
async def test_a_payload_that_makes_no_sense_is_refused(task: str, field: str, value: object) -> None:
    """Also a batch of nothing, which would never come to an end."""
    with pytest.raises(InvalidInput, match=field):
        TASKS[task].parse({field: value})


def test_a_payload_with_an_unknown_field_is_refused() -> None:
    """A misspelt name is not taken for the default."""
    with pytest.raises(InvalidInput, match="limits"):
        TASKS["match"].parse({"limits": 5})


@pytest.mark.parametrize(
    ("change_", "word"),
    [
        ({"topics": ()}, "Unknown topic: none"),
        ({"topics": ("other", "nonsense")}, "nonsense"),
        ({"telegram_id": 0}, "positive whole number"),
        ({"telegram_id": -100}, "positive whole number"),
        ({"telegram_id": 2**52}, "positive whole number"),
        ({"name": "x"}, "2 to 50"),
    ],
)
async def test_a_counselor_who_cannot_be_added_is_not(app: App, change_: dict[str, object], word: str) -> None:
    """Each bad value is named, and nothing is left of it."""
    volunteer = Volunteer(**typed("dict[str, object]", {"telegram_id": 2001, "name": "Dawit", "topics": ("other",), **change_}))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=word):
        await app.enrolling.add_counselor(OPERATOR, volunteer)

    assert 0 == await one(app, "SELECT count(*) AS number FROM person")


async def test_a_counselor_who_is_added_again_is_changed(app: App, cast: Cast) -> None:
    """New name, new topics in their order; no second counselor, and repeated topics count once."""
    await cast.counselor(2001, "Dawit", "other", "academic_career")
    dawit = await cast.counselor(2001, "David", "academic_career", "other", "academic_career")
    async with app.db.reading() as tx:
        name = await app.people.display_name(tx, dawit.me)
    topics = await rows(app, "SELECT topic FROM counselor_topic ORDER BY position")

    assert ("David", ["academic_career", "other"]) == (name, [row["topic"] for row in topics])
    assert 1 == await one(app, "SELECT count(*) AS number FROM counselor")


async def test_only_the_operator_and_admins_add_counselors(app: App, cast: Cast) -> None:
    """A student does not make themselves one."""
    sara = await cast.sara()

    with pytest.raises(Exception, match="may not"):
        await app.enrolling.add_counselor(sara, Volunteer(telegram_id=1001, name="Sara", topics=("other",)))


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The settings of a service with Lensa as its admin."""
    return load({**environment, "ADMIN_IDS": "9001"}, None)


async def test_a_crisis_that_nobody_can_take_alarms_once(app: App, cast: Cast) -> None:
    """The admins are told of it and the student is told the truth with the help lines, once however often it is looked at."""
    lensa = await app.people.identify(9001)
    sara = await cast.sara()
    await cast.request(sara, "crisis_substance")
    for _ in range(3):
        await app.matching.match_waiting(limit=10)

    assert 1 == len([text for text in await cast.said(lensa) if "crisis waits" in text])
    assert 1 == len([text for text in await cast.said(sara) if "We keep asking" in text])


async def test_a_request_that_is_no_crisis_waits_quietly(app: App, cast: Cast, clock: SteadyClock) -> None:
    """What can wait wakes nobody while it is young, nor while somebody can take it."""
    lensa = await app.people.identify(9001)
    await cast.request(await cast.sara(), "academic_career")
    clock.move(minutes=4)
    await app.matching.match_waiting(limit=10)
    clock.move(minutes=1)
    await cast.hana()
    await app.matching.match_waiting(limit=10)

    assert [] == await cast.said(lensa)


async def test_requests_that_nobody_can_take_are_named_once(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The admins get one message for all of them, and the next not before half an hour; the students get none."""
    lensa, sara = await app.people.identify(9001), await cast.sara()
    await cast.request(sara, "academic_career")
    await cast.request(await cast.student(1002), "academic_career")
    clock.move(minutes=5)
    told: list[list[str]] = []
    for minutes in (0, 1, 9, 20):
        clock.move(minutes=minutes)
        await app.matching.match_waiting(limit=10)
        if minutes == 1:
            await cast.request(await cast.student(1003))
        told.append([text.split("\n")[1] for text in await cast.said(lensa)])

    assert [["• 📚 Academic: 2"]] * 3 + [["• 📚 Academic: 2", "• 🧠 Psychological: 1"]] == told
    assert [] == await cast.said(sara)
