"""People who do anything at any moment: what each of them tries, and whether they may."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from bot.app import App
from bot.domain.content import Content, Kind
from bot.domain.errors import BotError
from bot.domain.ids import OfferId, PersonId
from bot.domain.people import Actor, Detail, Gender
from bot.services.delivering import Failure
from bot.storage.database import Collided, Row
from tests.support import Cast, SteadyClock
from tests.view import BY_ADMIN, OPEN, QUEUE, View, look

STUDENTS = {"Sara": 1001, "Marta": 1002, "Yonas": 1003}
#: By name: Telegram id and topics. They can be students too, as everybody has consented; Hana and Tigist are generalists.
COUNSELORS: dict[str, tuple[int, tuple[str, ...]]] = {
    "Dawit": (2001, ("mental_emotional",)),
    "Hana": (2002, ("academic_career", "other")),
    "Bekele": (2003, ("crisis_substance", "mental_emotional")),
    "Tigist": (2004, ("mental_emotional", "other", "crisis_substance")),
    "Lensa": (2005, ("academic_career", "mental_emotional")),
}
NAMES = {**STUDENTS, **{name: telegram_id for name, (telegram_id, _) in COUNSELORS.items()}, "Selam": 3001}
ADMIN = "Lensa"  #: of ``ADMIN_IDS``, and a counselor; Selam is an admin whom she appointed, and none
APPOINTED = "Selam"
TOPICS = ("mental_emotional", "academic_career", "crisis_substance", "life_skills_growth", "other")


Handler = Callable[[Actor], Awaitable[object]]


@dataclass(frozen=True)
class Attempt:
    """What somebody is about to do."""

    do: Callable[[], Awaitable[object]]
    is_allowed: bool | None = None  #: None where it depends on more than the state of sessions
    leaves: tuple[int, str, int] | None = None  #: of which session it is a move, to where, by whom


async def succeeds(attempt: Attempt) -> bool:
    """Do it; return whether it was not refused.

    Where two transactions waited for each other, it is done again, as the worker and the clock do.
    """
    while True:
        try:
            await attempt.do()
        except Collided:
            continue
        except BotError:
            return False
        return True


async def _nothing(*_: object) -> None:
    """Do nothing."""


class Crowd:
    """Everybody; each method but the first few makes an attempt out of what is so now (``view``), None where there is nothing.

    *who* is the name of who tries; None is whoever has the right to. *which* chooses among what there is, the fitting first.
    """

    def __init__(self, app: App, clock: SteadyClock, capacity: int) -> None:
        self.app = app
        self.clock = clock
        self.capacity = capacity
        self.cast = Cast(app)
        self.ids: dict[str, PersonId] = {}
        self.messages = count(1)  #: ids in every chat; the playground tells them apart, we need not
        self.chats: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.blocking: set[str] = set()
        self.view: View

    async def gather(self, offline: Sequence[str]) -> None:
        """Make everybody known; some counselors are offline."""
        for name, (telegram_id, topics) in COUNSELORS.items():
            await self.cast.counselor(telegram_id, name, *topics)
        for name, telegram_id in NAMES.items():
            self.ids[name] = (await self.cast.student(telegram_id)).me
        await self.app.admin.appointing.appoint(await self.me(ADMIN), self.ids[APPOINTED])
        for name in offline:
            await self.app.serving.go_offline(await self.me(name))
        self.view = await look(self.app, capacity=self.capacity)

    def attempt(self, name: str, choices: dict[str, Any]) -> Attempt:
        """Return what somebody would do by the method *name*; where there is nothing to do it with, nothing."""
        return getattr(self, name)(**choices) or Attempt(_nothing)

    def pause(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.move(minutes=minutes)
        self.view.at = self.clock()

    def by(self, name: str, *handlers: Handler) -> Callable[[], Awaitable[None]]:
        """Return what handles updates of somebody, one after another until one is refused."""

        async def do() -> None:
            for handle in handlers:
                await self._handle(name, handle)

        return do

    async def _handle(self, name: str, handle: Handler) -> None:
        """Handle an update as the worker does: one at a time of each chat, in one transaction, in which a refusal undoes little.

        Raises:
            BotError: It was refused.
        """
        refusal = None
        async with self.chats[name], self.app.db.transaction():
            actor = await self.me(name)
            try:
                async with self.app.db.transaction():
                    await handle(actor)
            except BotError as error:
                refusal = error
            await self.app.people.came_back(actor)
        if refusal is not None:
            raise refusal

    async def me(self, name: str) -> Actor:
        """Return somebody as the database knows them now; who does something has not blocked the bot, any more."""
        self.blocking.discard(name)
        return await self.app.people.identify(NAMES[name])

    def is_admin(self, name: str) -> bool:
        """Return whether somebody is an admin now."""
        return name == ADMIN or bool(self.view.person(self.ids[name])["is_admin"])

    def name_of(self, person_id: int) -> str:
        """Return whose id this is."""
        return next(name for name, known in self.ids.items() if known == person_id)

    def session(self, which: int, *states: str) -> Row | None:
        """Return a session, those in one of *states* first, the newest of each first."""
        found = sorted(self.view.sessions, key=lambda row: (row["state"] not in states, -row["id"]))
        return found[which % len(found)] if found else None

    def is_busy(self, me: int) -> bool:
        """Return whether somebody has an open request, or a conversation on either side."""
        mine = [row for row in self.view.sessions if row["student_id"] == me and row["state"] in OPEN]
        return bool(mine or self.view.active_of(me))

    # What students do

    def ask(self, who: str, topic: str) -> Attempt:
        """Ask for counseling."""
        form, words = self.app.requesting, "I cannot sleep." if topic == TOPICS[0] else None
        do = self.by(
            who,
            lambda actor: form.choose_topic(actor, topic),
            lambda actor: form.choose_gender(actor, Gender.ANONYMOUS),
            lambda actor: form.submit(actor, words),
        )
        return Attempt(do, not self.is_busy(self.ids[who]))

    def cancel(self, who: str | None, which: int) -> Attempt | None:
        """Take a request back."""
        found = self.session(which, *QUEUE)
        if found is None:
            return None
        name = who or self.name_of(found["student_id"])
        me = self.ids[name]
        may = me == found["student_id"] and found["state"] in QUEUE
        do = self.by(name, lambda actor: self.app.requesting.cancel(actor, found["alias"]))
        return Attempt(do, may, (found["id"], "cancelled", me))

    def rate(self, who: str | None, which: int, stars: int) -> Attempt | None:
        """Rate a conversation."""
        found = self.session(which, "ended")
        if found is None:
            return None
        name = who or self.name_of(found["student_id"])
        is_mine = self.ids[name] == found["student_id"] and found["state"] == "ended"
        do = self.by(name, lambda actor: self.app.rating.rate(actor, found["alias"], stars))
        return Attempt(do, is_mine and found["rating"] is None and 1 <= stars <= 5)

    def comment(self, who: str) -> Attempt:
        """Say a word with the stars."""
        return Attempt(self.by(who, lambda actor: self.app.rating.comment(actor, "thank you")))

    # What counselors do

    def accept(self, who: str | None, which: int) -> Attempt | None:
        """Press *Accept* under an offer, whosever and however old it is."""
        found = self._offer(which)
        if found is None:
            return None
        name = who or self.name_of(found["counselor_id"])
        me = self.ids[name]
        may = self._may_answer(me, found) and len(self.view.active_of(me)) < self.capacity
        do = self.by(name, lambda actor: self.app.offering.accept(actor, OfferId(found["id"])))
        return Attempt(do, may, (found["session_id"], "active", me))

    def decline(self, who: str | None, which: int) -> Attempt | None:
        """Press *Decline* under an offer, whosever and however old it is."""
        found = self._offer(which)
        if found is None:
            return None
        name = who or self.name_of(found["counselor_id"])
        do = self.by(name, lambda actor: self.app.offering.decline(actor, OfferId(found["id"])))
        return Attempt(do, self._may_answer(self.ids[name], found))

    def _offer(self, which: int) -> Row | None:
        found = sorted(self.view.offers, key=lambda row: (row["outcome"] is not None, -row["id"]))
        return found[which % len(found)] if found else None

    def _may_answer(self, me: int, offer: Row) -> bool:
        is_open = offer["outcome"] is None and offer["expires_at"] > self.view.at
        return is_open and offer["counselor_id"] == me and self.view.is_counselor(me)

    def transfer(self, who: str | None, which: int) -> Attempt | None:
        """Hand a conversation on."""
        found = self.session(which, "active")
        if found is None:
            return None
        name = who or (self.name_of(found["counselor_id"]) if found["counselor_id"] else ADMIN)
        me = self.ids[name]
        may = found["state"] == "active" and found["counselor_id"] == me and (self.view.is_counselor(me) or self.is_admin(name))
        do = self.by(name, lambda actor: self.app.transferring.transfer(actor, found["alias"]))
        return Attempt(do, may, (found["id"], "waiting", me))

    def go_online(self, who: str) -> Attempt:
        """Be there."""
        return Attempt(self.by(who, self.app.serving.go_online), self.view.is_counselor(self.ids[who]))

    def go_offline(self, who: str) -> Attempt:
        """Be there no more."""
        return Attempt(self.by(who, self.app.serving.go_offline), self.view.is_counselor(self.ids[who]))

    def change_topics(self, who: str, topic: str) -> Attempt:
        """Choose a topic or no longer, in the own profile."""
        form = self.app.profiles
        do = self.by(
            who,
            lambda actor: form.ask(actor, Detail.TOPICS),
            lambda actor: form.toggle_topic(actor, topic),
            form.save_topics,
        )
        return Attempt(do)

    # What both sides do

    def end(self, who: str | None, which: int, as_student: bool) -> Attempt | None:
        """End a conversation."""
        found = self.session(which, "active")
        if found is None:
            return None
        side = found["student_id"] if as_student else found["counselor_id"] or found["student_id"]
        name = who or self.name_of(side)
        do = self.by(name, lambda actor: self.app.closing.end(actor, found["alias"]))
        return Attempt(do, self._takes_part(name, found), (found["id"], "ended", self.ids[name]))

    def say(self, who: str, reply_to: int | None) -> Attempt:
        """Write something, also as the answer to some message of the chat."""
        number = next(self.messages)
        return Attempt(self.by(who, lambda actor: self.cast.say(actor, "hello", message_id=number, reply_to=reply_to)))

    def say_held(self, who: str, which: int) -> Attempt | None:
        """Say for whom a message is that was held back."""
        found = self.session(which, "active")
        if found is None:
            return None
        held, number = Content(kind=Kind.TEXT, text="for you"), next(self.messages)
        do = self.by(who, lambda actor: self.app.relaying.send_held(actor, found["alias"], held, message_id=number))
        return Attempt(do, self._takes_part(who, found))

    def change(self, who: str, which: int) -> Attempt | None:
        """Change a message, one's own or not."""
        if not self.view.messages:
            return None
        message = self.view.messages[-1 - which % len(self.view.messages)]

        said, number = Content(kind=Kind.TEXT, text="better so"), message["source_message_id"]
        return Attempt(self.by(who, lambda actor: self.app.relaying.change(actor, said, message_id=number)))

    def switch(self, who: str, which: int) -> Attempt | None:
        """Make a conversation the current one."""
        found = self.session(which, "active")
        if found is None:
            return None
        do = self.by(who, lambda actor: self.app.relaying.switch(actor, found["alias"]))
        return Attempt(do, self._takes_part(who, found))

    def _takes_part(self, name: str, session: Row) -> bool:
        return session["state"] == "active" and self.ids[name] in {session["student_id"], session["counselor_id"]}

    # How they can be reached

    def block(self, who: str) -> Attempt:
        """Block the bot; Telegram says so."""

        async def do() -> None:
            self.blocking.add(who)
            async with self.app.db.transaction():
                await self.app.reaching.left(await self.app.people.identify(NAMES[who]))

        return Attempt(do, is_allowed=True)

    def come_back(self, who: str) -> Attempt:
        """Write to the bot, after having blocked it or not."""
        return Attempt(self.by(who, _nothing), is_allowed=True)

    def receive(self, who: str) -> Attempt:
        """Have everything delivered that waits, or, for who blocks the bot, the news that it cannot be."""

        async def do() -> None:
            for delivery in await self.cast.owed(await self.app.people.identify(NAMES[who])):
                if who in self.blocking:
                    await self.app.delivering.give_up(delivery, Failure.UNREACHABLE, error="Forbidden")
                else:
                    await self.app.delivering.succeed(delivery, message_id=next(self.messages))

        return Attempt(do, is_allowed=True)

    # What applicants do

    def apply(self, who: str, topic: str) -> Attempt:
        """Apply as a counselor, who was rejected before with what they said then."""
        row, form = self.view.person(self.ids[who]), self.app.applying
        is_first = row["status"] is None or row["deleted_at"] is not None
        answers: list[Handler] = [
            lambda actor: form.toggle_topic(actor, topic),
            form.take_topics,
            lambda actor: form.take_gender(actor, Gender.ANONYMOUS),
            lambda actor: form.take_text(actor, Detail.NAME, who),
            lambda actor: form.take_text(actor, Detail.BIO, "I study psychology, and I would like to be there for others."),
        ]
        do = self.by(who, form.begin, *(answers if is_first else []), form.submit)
        return Attempt(do, (is_first or row["status"] == "rejected") and not self.is_busy(self.ids[who]))

    def withdraw(self, who: str) -> Attempt:
        """Take an application back."""
        return Attempt(self.by(who, self.app.applying.withdraw), self.view.person(self.ids[who])["status"] == "applied")

    # What admins do

    def approve(self, who: str, whom: str) -> Attempt:
        """Approve an application."""
        is_open = self.view.person(self.ids[whom])["status"] == "applied"
        do = self.by(who, lambda actor: self.cast.approve(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and is_open)

    def reject(self, who: str, whom: str) -> Attempt:
        """Reject an application."""
        is_open = self.view.person(self.ids[whom])["status"] == "applied"
        do = self.by(who, lambda actor: self.app.admin.moderating.reject(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and is_open)

    def deactivate(self, who: str, whom: str) -> Attempt:
        """Take a counselor out of service."""
        do = self.by(who, lambda actor: self.app.admin.moderating.deactivate(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and self.view.is_counselor(self.ids[whom]))

    def reactivate(self, who: str, whom: str) -> Attempt:
        """Put a counselor back into service."""
        row = self.view.person(self.ids[whom])
        do = self.by(who, lambda actor: self.app.admin.moderating.reactivate(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and row["status"] == "deactivated" and row["deleted_at"] is None)

    def delete(self, who: str, whom: str) -> Attempt:
        """Delete a counselor."""
        row = self.view.person(self.ids[whom])
        is_there = row["status"] in {"approved", "deactivated"} and row["deleted_at"] is None
        do = self.by(who, lambda actor: self.app.admin.moderating.delete(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and is_there)

    def appoint(self, who: str, whom: str) -> Attempt:
        """Make somebody an admin."""
        do = self.by(who, lambda actor: self.app.admin.appointing.appoint(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and not self.is_admin(whom))

    def dismiss(self, who: str, whom: str) -> Attempt:
        """Make somebody an admin no more."""
        do = self.by(who, lambda actor: self.app.admin.appointing.dismiss(actor, self.ids[whom]))
        return Attempt(do, self.is_admin(who) and self.is_admin(whom) and whom != ADMIN)

    def take(self, who: str, which: int) -> Attempt | None:
        """Take a session up as an admin."""
        found = self.session(which, *QUEUE)
        if found is None:
            return None
        me = self.ids[who]
        has_room = self.view.load(me, without=found["id"]) < self.capacity
        may = self.is_admin(who) and found["state"] in QUEUE and found["student_id"] != me and has_room
        do = self.by(who, lambda actor: self.app.admin.steering.take(actor, found["alias"]))
        return Attempt(do, may, (found["id"], "active", me))

    def assign(self, who: str, which: int, to: str) -> Attempt | None:
        """Offer a session to one counselor as an admin."""
        found = self.session(which, *QUEUE)
        if found is None:
            return None
        you = self.ids[to]
        is_asked = you in {row["counselor_id"] for row in self.view.offers_of(found["id"], None)}
        is_there = self.view.is_counselor(you) and bool(self.view.person(you)["is_reachable"])
        is_new = not is_asked and you != found["student_id"] and you not in self.view.had(found["id"])
        can_be_given = found["state"] in QUEUE and is_there and is_new and self.view.load(you) < self.capacity
        do = self.by(who, lambda actor: self.app.admin.steering.assign(actor, found["alias"], you))
        return Attempt(do, self.is_admin(who) and can_be_given)

    def force_end(self, who: str, which: int) -> Attempt | None:
        """End anything as an admin."""
        found = self.session(which, *OPEN)
        if found is None:
            return None
        do = self.by(who, lambda actor: self.app.closing.force_end(actor, found["alias"]))
        return Attempt(do, self.is_admin(who) and found["state"] in OPEN, (found["id"], BY_ADMIN, self.ids[who]))

    # What happens by itself

    def match(self) -> Attempt:
        """Carry out the match that was asked for, if one was."""

        async def do() -> None:
            run = await self.app.executor.claim()
            if run is not None:
                await self.app.executor.execute(run)

        return Attempt(do, is_allowed=True)

    def match_some(self, limit: int) -> Attempt:
        """Match without having been asked, as the task does every few minutes."""

        async def do() -> None:
            await self.app.matching.match_waiting(limit=limit)

        return Attempt(do, is_allowed=True)

    def tick(self) -> Attempt:
        """Do what is due: offers lapse, silent conversations are reminded and ended."""

        async def do() -> None:
            self.app.pulse.good(caught_up_at=self.app.clock())
            await self.app.offering.lapse_due()
            await self.app.idling.attend()

        return Attempt(do, is_allowed=True)
