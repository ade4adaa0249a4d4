"""What must never be, made by hand: it is found, set right where it is known what would be, and told once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.services.invariants import RULES, Findings, Invariants
from bot.storage.database import Collided
from bot.storage.invariants import Report
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from bot.texts import watching
from tests.crowd import Attempt, succeeds
from tests.rules_of_life import violated
from tests.support import Cast, SteadyClock, change, one, rows

MATCHES = "SELECT count(*) AS number FROM run WHERE task = 'match' AND state = 'scheduled'"
UNSEEN = "an offer that no message shows"
NO_MATCHES = "UPDATE run SET state = 'succeeded', finished_at = :at WHERE task = 'match'"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def lensa(cast: Cast) -> Actor:
    """Lensa, who is told."""
    return await cast.app.people.identify(9001)


@pytest.fixture
def invariants(app: App) -> Invariants:
    """The service that the task calls."""
    return app.executor.services.watching.invariants


async def check(invariants: Invariants, *, batch: int = 50) -> Findings:
    """Look once."""

    async def go_on() -> None:
        pass

    return await invariants.check(batch=batch, between=go_on)


async def broken(app: App) -> list[str]:
    """Return which rules do not hold, as the tests know them."""
    return await violated(app, capacity=3, admin=0)


Wrong = Callable[[App, Cast], Awaitable[Any]]


async def no_offer(app: App, cast: Cast) -> None:
    """Somebody's request is offered to nobody."""
    await cast.dawit()
    await cast.request(await cast.sara())
    await offer_to_nobody(app)


async def offer_of_an_active_session(app: App, cast: Cast) -> None:
    """Hana is still asked about the conversation that Dawit has."""
    session = await cast.conversation(await cast.sara(), await cast.dawit())
    await add_offer(app, session.id, (await cast.hana()).me)


async def second_offer(app: App, cast: Cast) -> None:
    """Hana is asked beside Dawit, although it is no crisis."""
    await cast.dawit()
    offer = await cast.offer(await cast.sara())
    await add_offer(app, offer.session_id, (await cast.hana()).me)


async def offer_to_one_who_left(app: App, cast: Cast) -> None:
    """Dawit was deactivated, and is asked all the same."""
    await cast.dawit()
    await cast.offer(await cast.sara())
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no", no=False)


async def offer_to_one_who_blocked_us(app: App, cast: Cast) -> None:
    """Dawit cannot be reached."""
    dawit = await cast.dawit()
    await cast.offer(await cast.sara())
    await change(app, "UPDATE person SET is_reachable = :no WHERE id = :id", no=False, id=dawit.me)


async def offer_back(app: App, cast: Cast) -> None:
    """Dawit is asked about what he handed on."""
    dawit = await cast.dawit()
    session = await cast.conversation(await cast.sara(), dawit)
    await app.transferring.transfer(dawit, session.alias)
    await offer_to_nobody(app)
    await add_offer(app, session.id, dawit.me)


async def offer_unseen(app: App, cast: Cast) -> None:
    """The offer was made, and Dawit got no message."""
    await cast.dawit()
    await cast.offer(await cast.sara())
    await change(app, "UPDATE offer SET delivery_id = NULL")


async def offer_overdue(app: App, cast: Cast) -> None:
    """The clock has not let an offer lapse."""
    await cast.dawit()
    offer = await cast.offer(await cast.sara())
    clock: Any = app.clock
    clock.at = offer.expires_at
    clock.move(minutes=2)


async def counselor_out_of_service(app: App, cast: Cast) -> None:
    """Dawit talks with Sara, and is no counselor any more."""
    await cast.conversation(await cast.sara(), await cast.dawit())
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no", no=False)


async def current_elsewhere(app: App, cast: Cast) -> None:
    """Hana means a conversation that is not hers."""
    hana = await cast.hana()
    session = await cast.conversation(await cast.sara(), await cast.dawit())
    await change(app, "UPDATE person SET current_session_id = :session WHERE id = :id", session=session.id, id=hana.me)


async def active_without_time(app: App, cast: Cast) -> None:
    """Nothing says since when nobody has written."""
    await cast.conversation(await cast.sara(), await cast.dawit())
    await change(app, "UPDATE session SET last_message_at = NULL")


async def open_without_key(app: App, cast: Cast) -> None:
    """The key of a request is gone, so that no match could show its description."""
    session = await cast.request(await cast.sara(), description="I cannot sleep.")
    await change(app, "DELETE FROM key WHERE id = :id", id=session.key_id)
    app.vault.forget(session.key_id)


async def match_missing(app: App, cast: Cast) -> None:
    """Sara waits, Dawit is free, and nobody has asked for a match."""
    await cast.dawit()
    await cast.request(await cast.sara())
    await change(app, NO_MATCHES, at=app.clock())
    clock: Any = app.clock
    clock.move(seconds=1)


WRONGS: dict[str, Wrong] = {
    "offered_to_nobody": no_offer,
    "offer_of_what_is_not_offered": offer_of_an_active_session,
    "second_offer": second_offer,
    "offer_to_nobody_there": offer_to_one_who_left,
    "offer_back": offer_back,
    "offer_unseen": offer_unseen,
    "offer_overdue": offer_overdue,
    "counselor_out_of_service": counselor_out_of_service,
    "current_elsewhere": current_elsewhere,
    "active_without_time": active_without_time,
    "open_without_key": open_without_key,
    "match_missing": match_missing,
}


async def offer_to_nobody(app: App) -> None:
    """Move what waits to *offered*, with its event and without an offer."""
    await change(
        app,
        """
        INSERT INTO session_event (session_id, from_state, to_state, reason, at)
        SELECT id, 'waiting', 'offered', 'matched', :at FROM session WHERE state = 'waiting'
        """,
        at=app.clock(),
    )
    await change(app, "UPDATE session SET state = 'offered' WHERE state = 'waiting'")


async def add_offer(app: App, session_id: int, counselor_id: int) -> None:
    """Make an open offer behind everybody's back, shown by some message."""
    await change(
        app,
        """
        INSERT INTO offer (session_id, counselor_id, score, delivery_id, offered_at, expires_at)
        VALUES (:session_id, :counselor_id, 1, (SELECT max(id) FROM delivery), :at, :until)
        """,
        session_id=session_id,
        counselor_id=counselor_id,
        at=app.clock(),
        until=app.clock().replace(year=2027),
    )


def test_each_rule_is_broken_once_here() -> None:
    """And each has a sentence for the admins."""
    assert {str(rule) for rule in RULES} == WRONGS.keys() == watching.REPAIRED.keys()


@pytest.mark.parametrize("rule", WRONGS)
async def test_what_is_wrong_is_set_right(
    app: App, cast: Cast, clock: SteadyClock, lensa: Actor, invariants: Invariants, rule: str
) -> None:
    """In one look, with what follows from it; the next look finds nothing, and the admins hear of it once."""
    await WRONGS[rule](app, cast)
    found = await check(invariants)
    still = await broken(app)
    await app.matching.match_waiting(limit=10)
    await change(app, NO_MATCHES, at=clock())
    clock.move(seconds=1)
    again = await check(invariants)

    assert {rule: 1} == found.repaired
    assert ([UNSEEN] if rule == "offer_unseen" else []) == still  # withdrawn, it was still never shown
    assert {} == again.repaired | again.reported
    assert 1 == len([text for text in await cast.said(lensa) if text.startswith("🔧")])


async def test_an_unreachable_counselor_has_no_offer(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Who blocked the bot cannot answer; the request waits for somebody else, and its story says why."""
    await offer_to_one_who_blocked_us(app, cast)
    found = await check(invariants)

    assert {"offer_to_nobody_there": 1} == found.repaired
    assert ("waiting", "set right") == (
        await one(app, "SELECT state FROM session"),
        (await rows(app, "SELECT reason FROM session_event ORDER BY id"))[-1]["reason"],
    )


async def test_an_admin_may_ask_who_is_offline(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """That is their decision, and no rule is broken."""
    dawit = await cast.dawit()
    await app.serving.go_offline(dawit)
    session = await cast.request(await cast.sara())
    await app.admin.steering.assign(lensa, session.alias, dawit.me)

    assert {} == (await check(invariants)).repaired


async def test_a_service_that_goes_on_breaks_nothing(
    app: App, cast: Cast, clock: SteadyClock, lensa: Actor, invariants: Invariants
) -> None:
    """A request, an offer, a conversation, a transfer, a refusal, an end: after each step all rules hold."""
    sara, dawit = await cast.sara(), await cast.dawit()
    found: list[dict[str, int]] = []

    async def look() -> None:
        seen = await check(invariants)
        found.append(seen.repaired | seen.reported)

    session = await cast.request(sara)
    await look()
    (offer,) = await app.matching.match_waiting(limit=10)
    await look()
    await app.offering.accept(dawit, offer.id)
    await cast.say(sara, "hello")
    await look()
    hana = await cast.hana()
    await app.transferring.transfer(dawit, session.alias)
    await look()
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.decline(hana, offer.id)
    await change(app, NO_MATCHES, at=clock())
    clock.move(minutes=6)
    await look()
    await app.requesting.cancel(sara, session.alias)
    await look()

    assert [{}] * 6 == found
    assert [] == [text for text in await cast.said(lensa) if text.startswith("🔧")]


async def test_what_is_under_way_is_not_wrong(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Six students ask, talk and leave while somebody looks all the time: no look takes half of a move for a fault."""
    counselors = {one.me: one for one in [await cast.counselor(2100 + number, f"Counselor {number}") for number in range(5)]}
    students = [await cast.student(1100 + number) for number in range(6)]

    async def live(student: Actor) -> None:
        for _ in range(2):
            session = await cast.request(student)
            with suppress(Collided):  # the others match too
                for offer in await app.matching.match_waiting(limit=10):
                    await succeeds(Attempt(partial(app.offering.accept, counselors[offer.counselor_id], offer.id)))
            await succeeds(Attempt(partial(app.requesting.cancel, student, session.alias)))
            await succeeds(Attempt(partial(app.closing.end, student, session.alias)))

    living = asyncio.gather(*(live(student) for student in students))
    found: list[dict[str, int]] = []
    while not living.done():
        seen = await check(invariants)
        found.append(seen.repaired | seen.reported)
    await living

    assert found
    assert [] == [one for one in found if one]


async def test_what_breaks_again_and_again_is_told_once(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Until a look finds nothing; then it is news again."""
    session = await cast.conversation(await cast.sara(), await cast.hana())
    dawit = await cast.dawit()
    told: list[int] = []
    for is_wrong in (True, True, False, True):
        if is_wrong:
            await change(app, "UPDATE person SET current_session_id = :session WHERE id = :id", session=session.id, id=dawit.me)
        await check(invariants)
        told.append(len([text for text in await cast.said(lensa) if text.startswith("🔧")]))

    assert [1, 1, 1, 2] == told


async def test_more_than_fit_into_one_piece(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Seven offers that should not be open are withdrawn, three at a time."""
    counselors = [await cast.counselor(2100 + number, f"Counselor {number}") for number in range(7)]
    session = await cast.conversation(await cast.sara(), await cast.dawit())
    for counselor in counselors:
        await add_offer(app, session.id, counselor.me)
    found = await check(invariants, batch=3)

    assert {"offer_of_what_is_not_offered": 7} == found.repaired
    assert 0 == await one(app, "SELECT count(*) AS number FROM offer WHERE outcome IS NULL")
    assert session.alias in (await cast.said(lensa))[-1]


async def test_what_only_a_person_can_decide(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Counselors with too much, states without a story and keys that went too early are counted, and left as they are."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)
    await app.closing.end(sara, session.alias)
    await change(app, "DELETE FROM key WHERE id = :id", id=session.key_id)
    app.vault.forget(session.key_id)
    for number in range(4):
        await cast.request(await cast.student(1100 + number))
    await change(
        app,
        """
        UPDATE session SET state = 'active', counselor_id = :id, activated_at = :at, last_message_at = :at WHERE state = 'waiting'
        """,
        id=dawit.me,
        at=app.clock(),
    )
    found = await check(invariants)

    assert {} == found.repaired
    assert {Report.OVERLOADED: 1, Report.UNRECORDED: 4, Report.ERASED_EARLY: 1} == found.reported


async def test_the_request_without_a_key_can_be_matched_again(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """What was said is lost with the key; what is said from now on is not."""
    await open_without_key(app, cast)
    dawit = await cast.dawit()
    await check(invariants)
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, offer.id)
    sara = await app.people.identify(1001)

    assert await cast.say(sara, "hello") is not None
    assert "hello" in (await cast.said(dawit))[-1]


async def test_a_match_that_waits_is_enough(app: App, cast: Cast, lensa: Actor, invariants: Invariants) -> None:
    """Somebody has asked already."""
    await cast.dawit()
    await cast.request(await cast.sara())
    found = await check(invariants)

    assert {} == found.repaired
    assert 1 == await one(app, MATCHES)


async def test_the_task_says_what_it_found(app: App, cast: Cast, lensa: Actor) -> None:
    """One line, and the counts by rule; nothing that identifies anybody."""
    await no_offer(app, cast)
    task = TASKS["invariant_check"]
    result = await task.run(RunContext(services=app.executor.services), task.parse({"batch": 10}))

    assert "Checked 15 rules: 1 set right, 0 to look at" == result.summary
    assert {"repaired": 1, "offered_to_nobody": 1} == json.loads(json.dumps(result.counts))
