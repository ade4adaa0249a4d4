"""What tests share: a clock that stands still, a PostgreSQL of our own, and the people of our stories."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from inspect import isawaitable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bot.app import App, utc_now
from bot.domain.content import Content, Kind
from bot.domain.ids import DeliveryId, OfferId, PersonId
from bot.domain.people import OPERATOR, Actor, Detail, Gender
from bot.domain.sessions import Offer, Session
from bot.services.enrolling import Volunteer
from bot.services.moderating import Card
from bot.storage import deliveries
from bot.storage.database import Row
from bot.storage.deliveries import Delivery

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


def change_of_clocks(month: int) -> date:
    """Return the day of next year on which Berlin sets its clocks: the last Sunday of March or of October."""
    last = date(utc_now().year + 1, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    uri: str
    programs: Path  #: the folder of its pg_dump

    def new_database(self, like: str | None = None) -> str:
        """Create a database, empty or a copy of the one with the URL *like*, and return its URL."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        template = "template1" if like is None else _name_in(like)
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.uri.replace("/postgres?", f"/{name}?")

    def drop(self, url: str) -> None:
        """Delete a database of ``new_database``."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {_name_in(url)} WITH (FORCE)".encode())


def _name_in(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


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

    async def applicant(self, telegram_id: int, name: str, *topics: str) -> Actor:
        """Return somebody whose application waits for the admins."""
        actor = await self.app.people.identify(telegram_id)
        await self.app.applying.begin(actor)
        for topic in topics or ("other",):
            await self.app.applying.toggle_topic(actor, topic)
        await self.app.applying.take_topics(actor)
        await self.app.applying.take_gender(actor, Gender.ANONYMOUS)
        await self.app.applying.take_text(actor, Detail.NAME, name)
        await self.app.applying.take_text(actor, Detail.BIO, "I study psychology, and I would like to be there for others.")
        await self.app.applying.submit(actor)
        return actor

    async def approve(self, admin: Actor, applicant: PersonId) -> Card | None:
        """Have *admin* read an application and approve it."""
        async with self.app.db.transaction():
            card = await self.app.admin.moderating.application(admin, applicant)
            return await self.app.admin.moderating.approve(admin, applicant, card.version)

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

    async def offer(self, student: Actor, topic: str = "mental_emotional") -> Offer:
        """Have *student* make a request, and return the one offer that follows from it."""
        await self.request(student, topic)
        (offer,) = await self.app.matching.match_waiting(limit=10)
        return offer

    async def say(self, actor: Actor, text: str, *, message_id: int = 1, reply_to: int | None = None) -> Session | None:
        """Have *actor* write *text*; return the conversation that it went to, None where they are asked which one."""
        active = await self.app.relaying.conversations(actor)
        session = await self.app.relaying.meant(actor, active, reply_to=reply_to)
        if session is not None:
            content = Content(kind=Kind.TEXT, text=text)
            await self.app.relaying.relay(actor, session, content, message_id=message_id, reply_to=reply_to)
        return session

    async def owed(self, actor: Actor) -> list[Delivery]:
        """Return what waits to be delivered to *actor*, in its order."""
        sql = "SELECT id FROM delivery WHERE state = 'waiting' AND person_id = :me ORDER BY id"
        found = await rows(self.app, sql, me=actor.me)
        async with self.app.db.reading() as tx:
            waiting = [await deliveries.find_waiting(tx, DeliveryId(row["id"])) for row in found]
        return [delivery for delivery in waiting if delivery is not None]

    async def said(self, actor: Actor) -> list[str]:
        """Return the texts that wait to be delivered to *actor*."""
        owed = await self.owed(actor)
        async with self.app.db.reading() as tx:
            return [(await self.app.outbox.open(tx, delivery))["text"] for delivery in owed]


async def rows(app: App, sql: Any, **values: Any) -> list[Row]:
    """Return what a query finds among what is committed."""
    async with app.db.reading() as tx:
        return await tx.fetch_all(sql, **values)


async def one(app: App, sql: Any, **values: Any) -> Any:
    """Return the one value that a query finds."""
    ((value,),) = [tuple(row.values()) for row in await rows(app, sql, **values)]
    return value


async def change(app: App, sql: Any, **values: Any) -> int:
    """Run a statement; return how many rows it changed."""
    async with app.db.transaction() as tx:
        return await tx.execute(sql, **values)


async def wait_until(predicate: Callable[[], bool | Awaitable[bool]], description: str, *, seconds: float = 15.0) -> None:
    """Return as soon as *predicate* is true.

    Raises:
        AssertionError: It is not after *seconds*; the error says what did not happen.
    """
    try:
        async with asyncio.timeout(seconds):
            while not (await found if isawaitable(found := predicate()) else found):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"Not within {seconds} s: {description}") from None
