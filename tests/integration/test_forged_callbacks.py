"""What is forged, somebody else's, stale or replayed changes nothing; and the list of what does change something is short."""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import product
from typing import Any

import pytest
from telegram import CallbackQuery, Chat, Message, Update, User

from bot import lifecycle
from bot.app import App
from bot.domain.errors import BotError, InvalidInput
from bot.domain.ids import DeliveryId
from bot.domain.outgoing import Method
from bot.domain.people import Actor
from bot.playground import BotApiServer
from bot.storage import deliveries, updates
from bot.storage.database import Transaction
from bot.storage.updates import Incoming
from bot.tasks import TASKS
from bot.telegram import callbacks, routes
from bot.telegram.callbacks import Press
from bot.telegram.context import Call, Services
from bot.telegram.worker import Worker
from tests.forging import forged
from tests.integration.transport import under_way, worker_of
from tests.support import SteadyClock, one, rows, wait_until
from tests.world import EVERYBODY, World

#: Presses in one run on SQLite; PostgreSQL, where each costs ten times as much, gets a part of those that reach it.
PRESSES = int(os.environ.get("FORGED_PRESSES", "100000"))
_GENUINE_SHARE = {"sqlite": 0.3, "postgresql": 0.03}
_PAIRS = {"sqlite": 1.0, "postgresql": 0.4}  #: of a person and an action
_FORGED_SHARE = {"sqlite": 0.71, "postgresql": 0.2}
_STORED = 400  #: made-up ones that go through the worker, each as an update of its own

#: Nobody gave this press a reference that matters.
ANY = None


class _Undo(Exception):
    """What a press has done is not to be kept."""


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def world(app: App, clock: SteadyClock) -> World:
    """A service in the middle of its life."""
    made = World(app, clock, lambda name: 9001 if name == "Lensa" else 100 + EVERYBODY.index(name))
    await made.begin()
    return made


@pytest.fixture
def kind(app: App) -> str:
    """Which database it is."""
    return "postgresql" if app.settings.is_postgresql else "sqlite"


@pytest.fixture
def chance() -> random.Random:
    """Another choice in each run; pytest-randomly prints and takes the seed."""
    return random.Random(random.random())


def live(world: World) -> dict[tuple[str, str], Sequence[str] | None]:
    """Return every press that is still to change something, by person and action: the references, or that it needs none."""
    alias, number = world.alias, {name: str(actor.me) for name, actor in world.people.items()}
    waiting, active = [alias(name) for name in ("Noah", "Saron", "Rahel")], [alias("Sara"), alias("Liya")]
    serving = [number[name] for name in ("Dawit", "Hana", "Abel")]
    rahels = [str(world.offers["Rahel"])]
    found: dict[tuple[str, str], Sequence[str] | None] = {
        ("Hana", "offer.accept"): rahels,
        ("Hana", "offer.decline"): rahels,
        ("Hana", "dashboard.offline"): ANY,
        ("Dawit", "dashboard.offline"): ANY,
        ("Abel", "dashboard.online"): ANY,
        ("Dawit", "session.transfer.yes"): active,
        ("Kidus", "apply.withdraw.yes"): ANY,
        ("Naomi", "apply.send"): ANY,
        ("Elias", "request.skip"): ANY,
        ("Eve", "invitation.accept"): ANY,
        ("Eve", "invitation.decline"): ANY,
        **{(name, "consent.yes"): ANY for name in EVERYBODY if not world.people[name].has_consented and name != "Dawit"},
        **{(name, "request.cancel"): [alias(name)] for name in ("Noah", "Saron", "Rahel")},
        **{(name, "rating.stars"): [f"{alias(name)}-{stars}" for stars in range(1, 6)] for name in ("Bethel", "Feven")},
    }
    for action in ("session.end.yes", "session.switch.yes"):
        found |= {("Sara", action): active[:1], ("Liya", action): active[1:], ("Dawit", action): active}
    for admin in ("Lensa", "Martha"):
        found |= {
            (admin, "admin.approve"): [f"{number['Kidus']}.{world.version}"],
            (admin, "admin.reject.bare"): [number["Kidus"]],
            (admin, "admin.deactivate.yes"): serving,
            (admin, "admin.reactivate"): [number["Selam"]],
            (admin, "admin.delete.yes"): [*serving, number["Selam"]],
            (admin, "admin.promote.yes"): [*serving, number["Selam"]],
            (admin, "admin.dismiss.yes"): [number["Martha"]],
            (admin, "admin.take.yes"): waiting,
            (admin, "admin.end.yes"): [*waiting, *active],
            (admin, "admin.assign.to"): [
                f"{one}.{who}" for one in waiting for who in serving if (one, who) != (alias("Rahel"), number["Hana"])
            ],
            (admin, "admin.task.run"): [str(one.id) for one in world.schedules.values() if one.task != "match"],  # one waits
            (admin, "admin.task.try"): [str(one.id) for one in world.schedules.values() if TASKS[one.task].deletes],
            (admin, "admin.task.pause"): [str(one.id) for one in world.schedules.values() if one.is_enabled],
            (admin, "admin.task.resume"): [str(one.id) for one in world.schedules.values() if not one.is_enabled],
            (admin, "admin.task.delete.yes"): [str(one.id) for one in world.schedules.values()],
            (admin, "admin.run.cancel.yes"): [str(one) for one in world.runs],
        }
    return found


def call_of(services: Services, actor: Actor, tx: Transaction, data: str | None, world: World) -> Call:
    """Return a press of somebody, as a handler gets it."""
    user = User(5001, "X", is_bot=False)
    message = Message(7, world.clock(), Chat(5001, "private"), text="-")
    query = CallbackQuery("1", user, "1", message=message, data=data)
    return Call(update=Update(1, callback_query=query), actor=actor, tx=tx, at=world.clock(), services=services)


async def pressed(world: World, services: Services, tx: Transaction, actor: Actor, data: str | None) -> BotError | None:
    """Press as the worker does; return the refusal, None where there is none. Any other error is a defect, and raised."""
    try:
        async with world.app.db.transaction():
            await routes.press(call_of(services, actor, tx, data, world))
    except BotError as refusal:
        return refusal
    return None


async def changed(world: World, name: str, presses: Iterable[str]) -> bool:
    """Return whether these presses of somebody change anything beyond their own form and chat; nothing of it is kept."""
    services, actor, has_changed = lifecycle._services(world.app), world.people[name], False
    with pytest.raises(_Undo):
        async with world.app.db.transaction() as tx:
            before = await world.digest(tx, actor)
            for data in presses:
                await pressed(world, services, tx, actor, data)
            has_changed = before != await world.digest(tx, actor)
            raise _Undo
    return has_changed


def written(world: World, name: str, action: str, reference: str) -> str:
    """Return the data of a button of ours for somebody."""
    return callbacks.write(world.app.vault, Press(action, reference), world.people[name].me)


async def test_what_was_never_written_is_refused(world: World, kind: str, chance: random.Random) -> None:
    """Data that is made up, damaged, moved or another's: each is refused as no button of ours, and nothing is changed."""
    services, people = lifecycle._services(world.app), list(world.people.values())
    ids = [actor.me for actor in people]
    offers = {action: world.references(action) for action in routes.ACTIONS}
    actions = list(routes.ACTIONS)
    refused = Counter[object]()
    async with world.app.db.transaction() as tx:
        before = await world.digest(tx)
        for _ in range(int(PRESSES * _FORGED_SHARE[kind])):
            actor, action = chance.choice(people), chance.choice(actions)
            data = forged(world.app.vault, Press(action, chance.choice(offers[action])), actor.me, ids, chance)
            refusal = await pressed(world, services, tx, actor, data)
            refused[type(refusal)] += 1
        after = await world.digest(tx)

    assert {InvalidInput: int(PRESSES * _FORGED_SHARE[kind])} == refused
    assert before == after


async def test_what_is_over_or_not_theirs_changes_nothing(world: World, kind: str, chance: random.Random) -> None:
    """Genuine presses, each action by each person about anything, but for those that are live: nothing is changed by any of them.

    Each is answered by a screen or a refusal, and no other error comes up, whatever number or name it is about.
    """
    allowed, wrong = live(world), list[str]()
    pairs = [one for one in product(EVERYBODY, routes.ACTIONS) if one not in allowed or allowed[one] is not ANY]
    pairs = chance.sample(pairs, int(len(pairs) * _PAIRS[kind]))
    each = math.ceil(PRESSES * _GENUINE_SHARE[kind] / len(pairs))
    for name, action in pairs:
        stale = sorted(set(world.references(action)) - set(allowed.get((name, action)) or ()))
        presses = [written(world, name, action, one) for one in chance.sample(stale, min(each, len(stale)))]
        if await changed(world, name, presses):
            wrong += [f"{name} {data}" for data in presses if await changed(world, name, [data])]

    assert [] == wrong


async def test_what_is_live_does_change_something(world: World) -> None:
    """Each press on the list above is there for a reason: so nothing stale hides on it, and the comparison would have noticed."""
    idle = [
        f"{name} {action} {reference}"
        for (name, action), references in live(world).items()
        for reference in references or ("anything",)
        if not await changed(world, name, [written(world, name, action, reference)])
    ]

    assert [] == idle


async def test_each_live_press_counts_once(world: World) -> None:
    """Pressed again, by the same person, what has just been done is over; a switch only says once more whom they mean."""
    services, twice = lifecycle._services(world.app), list[str]()
    presses = {one: references for one, references in live(world).items() if one[1] != "session.switch.yes"}
    for (name, action), references in presses.items():
        actor = world.people[name]
        data = written(world, name, action, (references or ("anything",))[-1])
        with pytest.raises(_Undo):
            async with world.app.db.transaction() as tx:
                await pressed(world, services, tx, actor, data)
                actor = await world.app.people.identify(world.ids(name))
                before = await world.digest(tx, actor)
                world.clock.move(seconds=1)
                await pressed(world, services, tx, actor, data)
                if before != await world.digest(tx, actor):
                    twice.append(f"{name} {action}")
                raise _Undo

    assert [] == twice


@pytest.fixture
async def worker(app: App) -> AsyncIterator[Worker]:
    """A worker; the Telegram of our own only says who the bot is."""
    async with BotApiServer() as server, worker_of(app, server) as lent:
        yield lent


def update_of(number: int, telegram_id: int, data: str | None) -> dict[str, Any]:
    """Return a press as Telegram gives it."""
    user = {"id": telegram_id, "is_bot": False, "first_name": "X"}
    message = {"message_id": 7, "date": 1_700_000_000, "chat": {"id": telegram_id, "type": "private"}, "text": "-"}
    query: dict[str, Any] = {"id": str(number), "from": user, "chat_instance": "1", "message": message}
    return {"update_id": number, "callback_query": query if data is None else {**query, "data": data}}


async def test_each_is_answered_once_and_nothing_else_is_said(world: World, worker: Worker, chance: random.Random) -> None:
    """Stored as they came, and handled by the worker: a sentence for each press, no retry, no change, no other message."""
    app, ids = world.app, [actor.me for actor in world.people.values()]
    presses: list[tuple[str, str | None]] = [
        (name, written(world, name, action, reference)) for name, action, reference in world.over()
    ]
    for _ in range(_STORED):
        name, action = chance.choice(EVERYBODY), chance.choice(list(routes.ACTIONS))
        press = Press(action, chance.choice(world.references(action)))
        presses.append((name, forged(app.vault, press, world.people[name].me, ids, chance)))
    chance.shuffle(presses)
    raw = [update_of(number, world.ids(name), data) for number, (name, data) in enumerate(presses, start=1)]
    last = await one(app, "SELECT max(id) FROM delivery")
    async with app.db.transaction() as tx:
        before = await world.digest(tx)
        await updates.store(tx, [incoming(app, update) for update in raw], at=world.clock())
    async with under_way(worker.run()):
        await wait_until(lambda: none_open(app), "every press is handled", seconds=60)
    async with app.db.transaction() as tx:
        after = await world.digest(tx)
    owed = await answers(app, last)

    assert before == after
    assert sorted(map(str, range(1, len(raw) + 1))) == sorted(payload["query_id"] for payload in owed)
    assert [] == [payload for payload in owed if not payload["text"]]
    assert [("done", 0)] == [tuple(row.values()) for row in await rows(app, 'SELECT DISTINCT state, attempts FROM "update"')]


def incoming(app: App, update: dict[str, Any]) -> Incoming:
    """Return an update as the intake keeps it."""
    chat_hash = app.vault.lookup(update["callback_query"]["from"]["id"])
    payload = app.vault.seal_update(json.dumps(update).encode())
    return Incoming(update_id=update["update_id"], chat_hash=chat_hash, payload=payload)


async def none_open(app: App) -> bool:
    """Return whether every update is handled."""
    async with app.db.reading() as tx:
        return not await updates.has_open(tx)


async def answers(app: App, behind: int) -> list[dict[str, Any]]:
    """Return what is owed since, opened; all of it must be answers to presses."""
    found = await rows(app, "SELECT id, method FROM delivery WHERE id > :behind ORDER BY id", behind=behind)
    if wrong := {row["method"] for row in found} - {Method.ANSWER}:
        raise AssertionError(f"something else was said: {wrong}")
    async with app.db.reading() as tx:
        owed = [await deliveries.find_waiting(tx, DeliveryId(row["id"])) for row in found]
        return [await app.outbox.open(tx, delivery) for delivery in owed if delivery is not None]
