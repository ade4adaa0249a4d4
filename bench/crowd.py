"""Students who wait and counselors who are online: a queue as long as you like, sealed as the services seal it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import texts
from bot.app import App
from bot.domain.ids import PersonId
from bot.domain.people import Gender
from bot.domain.sessions import Priority, Session
from bot.services.codes import new_code
from bot.storage import counselors, sessions
from bot.storage.database import Transaction
from bot.storage.keys import Purpose
from bot.storage.sessions import NewSession

_STUDENTS, _COUNSELORS = 3_000_000, 4_000_000  #: the first Telegram ids
_AT_ONCE = 250  #: people in one transaction
_ENDED = 10  #: conversations that a counselor had before
_DESCRIPTION = "I have not slept well for three weeks and cannot think about the exam without my heart racing. What can I do?"
_GENDERS = list(Gender)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many, and how they are."""

    waiting: int
    counselors: int
    crises: float = 0.03  #: share of those who wait
    refused: float = 0.1  #: share of those who wait whose request somebody let lapse

    async def gather(self, app: App, *, seed: int) -> None:
        """Make them known; each counselor is in one conversation, and some requests were refused an hour ago."""
        rng = random.Random(seed)
        at = app.clock() - timedelta(days=1)
        helpers: list[PersonId] = []
        for first in range(0, self.counselors, _AT_ONCE):
            async with app.db.transaction() as tx:
                for number in range(first, min(first + _AT_ONCE, self.counselors)):
                    helper = await self._add_counselor(tx, app, rng, number, at=at)
                    helpers.append(helper)
        for first in range(0, self.waiting, _AT_ONCE):
            async with app.db.transaction() as tx:
                for number in range(first, min(first + _AT_ONCE, self.waiting)):
                    session = await self._add_session(tx, app, rng, number, at=at + timedelta(seconds=number))
                    if rng.random() < self.refused:
                        await _refuse(tx, session, rng.choice(helpers), at=app.clock() - timedelta(hours=1))

    async def _add_counselor(self, tx: Transaction, app: App, rng: random.Random, number: int, *, at: datetime) -> PersonId:
        person = await app.people.find_or_add(tx, _COUNSELORS + number)
        name = await app.vault.seal(tx, person.key_id, f"Counselor {number}", about="name")
        await counselors.put(tx, person.id, name=name, gender=rng.choice(_GENDERS), at=at)
        await counselors.set_topics(tx, person.id, rng.sample(list(texts.topics()), rng.randint(1, 3)))
        active = await self._add_session(tx, app, rng, self.waiting + number, at=at)
        await tx.execute(_BEGIN, id=active.id, counselor_id=person.id, at=at)
        for _ in range(rng.randint(0, 2 * _ENDED)):
            rating = rng.randint(3, 5)
            await tx.execute(_ENDED_SESSION, alias=new_code(10), student_id=active.student_id, me=person.id, rating=rating, at=at)
        return person.id

    async def _add_session(self, tx: Transaction, app: App, rng: random.Random, number: int, *, at: datetime) -> Session:
        person = await app.people.find_or_add(tx, _STUDENTS + number)
        key_id = await app.vault.make(tx, Purpose.SESSION, at=at)
        is_crisis = rng.random() < self.crises
        new = NewSession(
            alias=new_code(10),
            student_id=person.id,
            topic="crisis_substance"
            if is_crisis
            else rng.choice([key for key, one in texts.topics().items() if not one.is_crisis]),
            priority=Priority.CRISIS if is_crisis else Priority.NORMAL,
            student_gender=rng.choice(_GENDERS),
            description=await app.vault.seal(tx, key_id, _DESCRIPTION, about="description"),
            key_id=key_id,
        )
        return await sessions.add(tx, new, at=at)


async def ask_again(app: App) -> None:
    """Take back every offer that is open, and what was said of it, so that the same queue can be matched again."""
    async with app.db.transaction() as tx:
        for sql in (
            "DELETE FROM offer WHERE outcome IS NULL",
            "DELETE FROM delivery",
            "DELETE FROM run",
            "DELETE FROM session_event WHERE to_state = 'offered'",
            "UPDATE session SET state = 'waiting' WHERE state = 'offered'",
        ):
            await tx.execute(sql)


async def _refuse(tx: Transaction, session: Session, counselor_id: PersonId, *, at: datetime) -> None:
    if counselor_id != session.student_id:
        await tx.execute(_LAPSED, session_id=session.id, counselor_id=counselor_id, at=at)


_BEGIN = "UPDATE session SET state = 'active', counselor_id = :counselor_id, activated_at = :at WHERE id = :id"
_ENDED_SESSION = """
    INSERT INTO session (alias, student_id, counselor_id, state, topic, priority, student_gender, key_id, requested_at,
                         activated_at, ended_at, end_reason, rating)
    VALUES (:alias, :student_id, :me, 'ended', 'other', 0, 'anonymous', 1, :at, :at, :at, 'student', :rating)
"""
_LAPSED = """
    INSERT INTO offer (session_id, counselor_id, score, offered_at, expires_at, outcome, answered_at)
    VALUES (:session_id, :counselor_id, 0, :at, :at, 'lapsed', :at)
"""
