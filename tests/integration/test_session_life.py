"""The life of a session under people who do anything at any moment: the rules of PRODUCT.md, *Session life*, always hold."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from bot.app import App
from bot.domain.errors import BotError
from bot.domain.ids import OfferId
from bot.domain.people import Actor, Gender, Role
from bot.services.delivering import Failure
from tests.support import Cast, SteadyClock, rows

CAPACITY = 3

#: Each finds what must never be.
INVARIANTS = {
    "more than one open session of a student": """
        SELECT student_id FROM session WHERE state IN ('waiting', 'offered', 'active') GROUP BY student_id HAVING count(*) > 1
    """,
    "somebody with themselves": """
        SELECT session.id FROM session LEFT JOIN offer ON offer.session_id = session.id
         WHERE session.counselor_id = session.student_id OR offer.counselor_id = session.student_id
    """,
    "a counselor beyond their capacity": f"""
        SELECT id FROM counselor
         WHERE (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
             + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) > {CAPACITY}
    """,
    "an active session without a counselor": "SELECT id FROM session WHERE state = 'active' AND counselor_id IS NULL",
    "offered without an open offer": """
        SELECT id FROM session WHERE state = 'offered'
           AND NOT EXISTS (SELECT 1 FROM offer WHERE session_id = session.id AND outcome IS NULL)
    """,
    "an open offer of what is not offered": """
        SELECT offer.id FROM offer JOIN session ON session.id = offer.session_id
         WHERE offer.outcome IS NULL AND session.state <> 'offered'
    """,
    "active without an accepted offer": """
        SELECT id FROM session WHERE state = 'active'
           AND 1 <> (SELECT count(*) FROM offer
                      WHERE session_id = session.id AND offer.counselor_id = session.counselor_id AND outcome = 'accepted')
    """,
    "back with somebody who had it before": """
        SELECT session_id FROM offer WHERE outcome = 'accepted' GROUP BY session_id, counselor_id HAVING count(*) > 1
    """,
    "rated before its end": "SELECT id FROM session WHERE rating IS NOT NULL AND state <> 'ended'",
    "silent since never": "SELECT id FROM session WHERE (state = 'active') <> (last_message_at IS NOT NULL) AND state <> 'ended'",
    "somebody means a conversation that they are not in": """
        SELECT person.id FROM person JOIN session ON session.id = person.current_session_id
         WHERE state <> 'active' OR person.id NOT IN (session.counselor_id, session.student_id)
    """,
    "a state that no event led to": """
        SELECT session.id FROM session
         WHERE state <> (SELECT to_state FROM session_event AS last WHERE last.session_id = session.id ORDER BY id DESC LIMIT 1)
    """,
    "an event that does not follow from the one before": """
        SELECT later.id FROM session_event AS later
         WHERE coalesce(later.from_state, '') <> coalesce((
               SELECT earlier.to_state FROM session_event AS earlier
                WHERE earlier.session_id = later.session_id AND earlier.id < later.id ORDER BY earlier.id DESC LIMIT 1), '')
    """,
    "a message that belongs to no number": """
        SELECT session.id FROM session WHERE messages <> (SELECT count(*) FROM message WHERE session_id = session.id)
    """,
    "more than one match that waits": "SELECT task FROM run WHERE state = 'scheduled' GROUP BY task HAVING count(*) > 1",
}


@dataclass
class Crowd:
    """Students, counselors, one who is both, and what they may do."""

    app: App
    cast: Cast
    clock: SteadyClock
    chance: random.Random
    people: list[Actor] = field(default_factory=list)

    async def gather(self) -> None:
        """Make everybody known."""
        for number in range(3):
            await self.cast.counselor(2001 + number, f"C{number}", "mental_emotional", "other")
        both = await self.app.people.identify(2001)
        await self.app.people.consent(both)
        self.people = [await self.cast.student(1001 + number) for number in range(6)]
        self.people += [await self.app.people.identify(2001 + number) for number in range(3)]

    def somebody(self) -> Actor:
        """Return anybody, student or counselor."""
        return self.chance.choice(self.people)

    async def act(self) -> None:
        """Do anything; a refusal is as good as a deed."""
        deeds: list[Callable[[], Awaitable[object]]] = [
            *[self.ask] * 4, *[self.match] * 5, *[self.accept] * 6, *[self.say] * 2, *[self.end] * 2, self.decline, self.cancel,
            self.let_time_pass, self.block, self.come_back, self.transfer, self.rate, self.force_end, self.fall_silent,
        ]  # fmt: skip
        try:
            await self.chance.choice(deeds)()
        except BotError:
            return

    async def ask(self) -> None:
        """Ask for counseling."""
        student = self.somebody()
        await self.app.requesting.choose_topic(
            student, self.chance.choice(["mental_emotional", "crisis_substance", "academic_career"])
        )
        await self.app.requesting.choose_gender(student, Gender.ANONYMOUS)
        await self.app.requesting.submit(student, None)

    async def match(self) -> None:
        """Match what waits."""
        await self.app.matching.match_waiting(limit=10)

    async def accept(self) -> None:
        """Press *Accept* on any offer, mostly one's own."""
        await self.app.offering.accept(*await self.offer())

    async def decline(self) -> None:
        """Press *Decline* on any offer, mostly one's own."""
        await self.app.offering.decline(*await self.offer())

    async def offer(self) -> tuple[Actor, OfferId]:
        """Return an offer and somebody to answer it."""
        found = await rows(self.app, "SELECT id, counselor_id FROM offer ORDER BY outcome IS NULL DESC, id DESC LIMIT 4")
        if not found:
            return self.somebody(), OfferId(0)
        row = self.chance.choice(found)
        addressee = next(actor for actor in self.people if actor.me == row["counselor_id"])
        return (addressee if self.chance.random() < 0.9 else self.somebody()), OfferId(row["id"])

    async def session(self, *states: str) -> tuple[Actor, str]:
        """Return a session in one of *states*, and somebody who mostly has to do with it."""
        found = await rows(self.app, "SELECT alias, state, student_id, counselor_id FROM session ORDER BY id DESC")
        fitting = [row for row in found if row["state"] in states]
        if not fitting:
            return self.somebody(), "NOSUCH"
        row = self.chance.choice(fitting)
        involved = [actor for actor in self.people if actor.me in {row["student_id"], row["counselor_id"]}]
        return (self.chance.choice(involved) if self.chance.random() < 0.8 else self.somebody()), row["alias"]

    async def cancel(self) -> None:
        """Take a request back, mostly one's own."""
        await self.app.requesting.cancel(*await self.session("waiting", "offered", "active"))

    async def end(self) -> None:
        """End a conversation, mostly one's own."""
        await self.app.closing.end(*await self.session("active", "active", "ended"))

    async def say(self) -> None:
        """Say something."""
        await self.cast.say(self.somebody(), "hello", message_id=1, reply_to=None)

    async def transfer(self) -> None:
        """Hand a conversation on, mostly one's own; now and then all of them."""
        actor, alias = await self.session("active", "active", "waiting")
        if self.chance.random() < 0.9:
            await self.app.transferring.transfer(actor, alias)
            return
        async with self.app.db.transaction() as tx:
            await self.app.transferring.hand_back(tx, actor.me, reason="test", at=self.clock())

    async def rate(self) -> None:
        """Rate a conversation, mostly one's own."""
        await self.app.rating.rate(*await self.session("ended", "active"), self.chance.choice([0, 1, 5, 6]))

    async def force_end(self) -> None:
        """End anything as an admin, now and then."""
        actor, alias = await self.session("waiting", "offered", "active", "ended")
        if self.chance.random() < 0.3:
            actor = replace(actor, roles=actor.roles | {Role.ADMIN})
        await self.app.closing.force_end(actor, alias)

    async def fall_silent(self) -> None:
        """Let half a day pass without a word, now and then."""
        if self.chance.random() < 0.2:
            self.clock.move(hours=12)
        self.app.pulse.good()
        await self.app.idling.attend()

    async def let_time_pass(self) -> None:
        """Let offers lapse."""
        self.clock.move(minutes=self.chance.choice([1, 3, 6]))
        await self.app.offering.lapse_due()

    async def block(self) -> None:
        """Block the bot: a delivery cannot be made."""
        owed = await self.cast.owed(self.somebody())
        if owed:
            await self.app.delivering.give_up(owed[-1], Failure.UNREACHABLE, error="Forbidden")

    async def come_back(self) -> None:
        """Write to the bot again."""
        await self.app.people.identify(self.chance.choice([1001, 2001, 2002, 2003]))


async def violated(app: App) -> list[str]:
    """Return which invariants do not hold."""
    return [name for name, sql in INVARIANTS.items() if await rows(app, sql)]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_people_do_one_after_another(app: App, cast: Cast, clock: SteadyClock, seed: int) -> None:
    """After each step every rule holds."""
    crowd = Crowd(app, cast, clock, random.Random(seed))
    await crowd.gather()
    for step in range(200):
        await crowd.act()

        assert [] == await violated(app), f"step {step}"
    states = {row["to_state"] for row in await rows(app, "SELECT to_state FROM session_event")}

    assert {"ended", "cancelled"} <= states


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_people_do_at_the_same_moment(app: App, cast: Cast, clock: SteadyClock, seed: int) -> None:
    """Eight at once, again and again: every rule holds whenever nothing is under way."""
    crowd = Crowd(app, cast, clock, random.Random(seed))
    await crowd.gather()
    for step in range(40):
        await asyncio.gather(*(crowd.act() for _ in range(8)))

        assert [] == await violated(app), f"step {step}"
    assert await rows(app, "SELECT id FROM session_event WHERE to_state = 'active'")
