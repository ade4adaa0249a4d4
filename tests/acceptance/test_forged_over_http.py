"""A thousand presses that must not count, over HTTP, against the program as it runs: each answered, nothing changed."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot import app as root
from bot.app import App
from bot.playground import BotApiServer, Person
from bot.settings import load
from bot.telegram import callbacks, routes
from bot.telegram.callbacks import Press
from tests.acceptance.program import UNLIMITED, Programs
from tests.forging import forged
from tests.support import SteadyClock, one, wait_until
from tests.world import EVERYBODY, Digest, World

PRESSES = 1000
_AT_ONCE = 125  #: Telegram takes no answer after 15 s
_OFFER_MINUTES = 30


@pytest.fixture
def crowd(server: BotApiServer) -> dict[str, Person]:
    """Everybody, by name."""
    return {name: server.person(name) for name in EVERYBODY}


@pytest.fixture
def environment(environment: dict[str, str], crowd: dict[str, Person]) -> dict[str, str]:
    """Lensa is an admin; offers wait for long enough."""
    return {**environment, "ADMIN_IDS": str(crowd["Lensa"].id), "OFFER_TIMEOUT_MINUTES": str(_OFFER_MINUTES)}


@pytest.fixture
async def world(environment: dict[str, str], crowd: dict[str, Person]) -> AsyncIterator[World]:
    """A service in the middle of its life, which began an offer ago; everybody has the bot open."""
    settings = load(environment, None)
    root.check(settings)
    await root.prepare(settings)
    clock = SteadyClock(root.utc_now() - timedelta(minutes=_OFFER_MINUTES + 10))
    async with root.opened(settings, kind="cli", clock=clock, is_guest=True) as app:
        made = World(app, clock, lambda name: crowd[name].id)
        await made.begin()
        for person in crowd.values():
            await person.open()
        yield made


async def digest(world: World) -> Digest:
    """Return the state of the service as it is committed."""
    async with world.app.db.transaction() as tx:
        return await world.digest(tx)


async def is_settled(app: App) -> bool:
    """Return whether nothing is to be run or sent."""
    unfinished = await one(app, "SELECT count(*) FROM run WHERE state IN ('scheduled', 'running', 'retrying')")
    return not unfinished + await one(app, "SELECT count(*) FROM delivery WHERE state = 'waiting'")


def presses(world: World, chance: random.Random) -> list[tuple[str, str]]:
    """Return who presses what: all that is over or another's, and made-up data up to the number."""
    vault, people = world.app.vault, world.people
    made = [(name, callbacks.write(vault, Press(action, about), people[name].me)) for name, action, about in world.over()]
    while len(made) < PRESSES:
        name, action = chance.choice(EVERYBODY), chance.choice(list(routes.ACTIONS))
        press = Press(action, chance.choice(world.references(action)))
        data = forged(vault, press, people[name].me, [actor.me for actor in people.values()], chance)
        made.append((name, data or ""))
    chance.shuffle(made)
    return made


async def test_a_thousand_presses_change_nothing(crowd: dict[str, Person], programs: Programs, world: World) -> None:
    """Everybody presses what is made up, damaged, another's or over: a sentence for each, and the service goes on as before."""
    bot = await programs.start(**UNLIMITED)
    await crowd["Sara"].see("You are talking with")
    await wait_until(lambda: is_settled(world.app), "everything that follows from the beginning is done", seconds=30)
    before, said = await digest(world), {name: len(crowd[name].bot_messages) for name in EVERYBODY}
    waiting = presses(world, random.Random(random.random()))
    answers: list[str | None] = []
    while waiting:
        some, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        sent = [await crowd[name].press_data(data) for name, data in some]
        answers += [await press.answered() for press in sent]

    assert (PRESSES, 0) == (len(answers), answers.count(None))
    assert before == await digest(world)
    assert said == {name: len(crowd[name].bot_messages) for name in EVERYBODY}
    assert "ERROR" not in bot.log
    await crowd["Sara"].send("still there?")
    await crowd["Dawit"].see("still there?")
    await crowd["Hana"].press("Accept Session")
    await crowd["Hana"].see("You are talking with student")
