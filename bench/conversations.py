"""Conversations that are under way when the bot starts, made by the services themselves."""

from __future__ import annotations

from typing import LiteralString

from bench.child import Home
from bot import app as root
from bot.app import App
from bot.domain.ids import OfferId, PersonId
from bot.domain.people import OPERATOR, Gender
from bot.services.enrolling import Volunteer
from bot.settings import load

_STUDENTS, _COUNSELORS = 1_000_000, 2_000_000  #: the first Telegram ids
_WAITING, _FREE = 3_000_000, 4_000_000  #: of those who have nobody yet
_AT_ONCE = 500  #: requests in one transaction
_SILENCE: tuple[LiteralString, ...] = (
    "DELETE FROM delivery WHERE state = 'waiting'",
    "DELETE FROM run WHERE state = 'scheduled'",
)
_TOPIC = "other"


async def make(home: Home, count: int) -> list[tuple[int, int]]:
    """Make as many conversations; return the Telegram ids of student and counselor of each."""
    settings = load(home.variables(), None)
    await root.prepare(settings)
    async with root.opened(settings, kind="bench") as app:
        known = dict([await _counselor(app, _COUNSELORS + number) for number in range(count)])
        for number in range(count):
            person_id, telegram_id = await _request(app, _STUDENTS + number)
            known[person_id] = telegram_id
        return [await _begin(app, known) for _ in range(count)]


async def queue(home: Home, *, waiting: int, free: int) -> list[int]:
    """Make students who wait and counselors who could take them; return the Telegram ids of the counselors. Nobody was told."""
    async with root.opened(load(home.variables(), None), kind="bench") as app:
        for first in range(0, waiting, _AT_ONCE):
            async with app.db.transaction():
                for number in range(first, min(waiting, first + _AT_ONCE)):
                    await _request(app, _WAITING + number)
        async with app.db.transaction() as tx:
            made = [await _counselor(app, _FREE + number) for number in range(free)]
            for sql in _SILENCE:
                await tx.execute(sql)
    return [telegram_id for _, telegram_id in made]


async def _counselor(app: App, telegram_id: int) -> tuple[PersonId, int]:
    volunteer = Volunteer(telegram_id=telegram_id, name=f"Counselor {telegram_id}", topics=[_TOPIC])
    return await app.enrolling.add_counselor(OPERATOR, volunteer), telegram_id


async def _request(app: App, telegram_id: int) -> tuple[PersonId, int]:
    await app.people.consent(await app.people.identify(telegram_id))
    student = await app.people.identify(telegram_id)
    await app.requesting.choose_topic(student, _TOPIC)
    await app.requesting.choose_gender(student, Gender.ANONYMOUS)
    await app.requesting.submit(student, None)
    return student.me, telegram_id


async def _begin(app: App, known: dict[PersonId, int]) -> tuple[int, int]:
    """Have the request that is next in the queue matched and accepted."""
    (offer,) = await app.matching.match_waiting(limit=1)
    counselor_id = known[offer.counselor_id]
    session = await app.offering.accept(await app.people.identify(counselor_id), OfferId(offer.id))
    return known[session.student_id], counselor_id
