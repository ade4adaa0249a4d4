"""What tests share: a clock that stands still, a PostgreSQL of our own, and the people of our stories."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg

from bot.app import App
from bot.domain.ids import OfferId
from bot.domain.people import OPERATOR, Actor, Gender
from bot.domain.sessions import Session
from bot.services.enrolling import Volunteer

_NUMBERS = count()


@dataclass
class SteadyClock:
    """A clock that stands still until a test moves it."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        """Return the instant it stands at."""
        return self.at

    def move(self, **by: float) -> None:
        """Move it, by ``timedelta``'s arguments."""
        self.at += timedelta(**by)


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    uri: str
    programs: Path  #: the folder of its pg_dump

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.uri.replace("/postgres?", f"/{name}?")


@dataclass(frozen=True)
class Cast:
    """The people of our stories, made known to one database."""

    app: App

    async def student(self, telegram_id: int) -> Actor:
        """Return a student who has agreed to the consent text."""
        actor = await self.app.people.identify(telegram_id)
        await self.app.people.consent(actor)
        return await self.app.people.identify(telegram_id)

    async def counselor(self, telegram_id: int, name: str, *topics: str) -> Actor:
        """Return a counselor, approved and online."""
        volunteer = Volunteer(telegram_id=telegram_id, name=name, topics=topics or ("other",), gender=Gender.ANONYMOUS)
        await self.app.enrolling.add_counselor(OPERATOR, volunteer)
        return await self.app.people.identify(telegram_id)

    async def sara(self) -> Actor:
        """Return Sara, a student."""
        return await self.student(1001)

    async def dawit(self) -> Actor:
        """Return Dawit, a counselor."""
        return await self.counselor(2001, "Dawit", "mental_emotional", "other")

    async def hana(self) -> Actor:
        """Return Hana, another counselor, who must see nothing that is not hers."""
        return await self.counselor(2002, "Hana", "academic_career", "other")

    async def request(self, student: Actor, topic: str = "mental_emotional", description: str | None = None) -> Session:
        """Have *student* make a request."""
        await self.app.requesting.choose_topic(student, topic)
        await self.app.requesting.choose_gender(student, Gender.FEMALE)
        return await self.app.requesting.submit(student, description)

    async def conversation(self, student: Actor, counselor: Actor) -> Session:
        """Have *student* and *counselor* talk; nobody else may be free."""
        await self.request(student)
        (offer,) = await self.app.matching.match_waiting(limit=10)
        return await self.app.offering.accept(counselor, OfferId(offer.id))
