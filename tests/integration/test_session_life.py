"""The life of a session under people who do anything at any moment: the rules of PRODUCT.md, *Session life*, always hold.

They do a little of everything here. ``LIFE=40 pytest tests/integration/test_session_life.py`` has them do forty times as much.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bot import app as root
from bot.settings import load
from tests.crowd import ADMIN, APPOINTED, COUNSELORS, NAMES, TOPICS, Crowd, succeeds
from tests.rules_of_life import forgotten, miscounted, overheard, passed_over, unalarmed, undone, unserved, untold, violated
from tests.support import Postgres, SteadyClock
from tests.view import OPEN, QUEUE, View, look

Result = TypeVar("Result")
TIMES = int(os.environ.get("LIFE", "1"))
PAUSES = [1, 3, 6, 12 * 60 + 1]  #: minutes

# What can be tried: by whom, about what, when it makes sense, and how often compared to others

ANYBODY = sorted(NAMES)
SOMEBODY = [*[None] * 40, *ANYBODY]  #: mostly who has the right to
ADMINS = [*[ADMIN] * 20, *[APPOINTED] * 10, *ANYBODY]
WHOM = [*sorted(COUNSELORS) * 3, *ANYBODY]
WHICH = range(6)


@dataclass(frozen=True)
class Deed:
    """A method of ``Crowd``."""

    choices: Mapping[str, Sequence[Any]]
    makes_sense: Callable[[View], object] = bool
    weight: int = 1


def _in(*states: str) -> Callable[[View], bool]:
    return lambda view: any(row["state"] in states for row in view.sessions)


def _with(*statuses: str) -> Callable[[View], bool]:
    return lambda view: any(row["status"] in statuses for row in view.people)


def _is_well_staffed(view: View) -> bool:
    return sum(row["status"] == "approved" for row in view.people) > 2


DEEDS = {
    "ask": Deed({"who": ANYBODY, "topic": TOPICS}, weight=4),
    "cancel": Deed({"who": SOMEBODY, "which": WHICH}, _in(*QUEUE)),
    "rate": Deed({"who": SOMEBODY, "which": WHICH, "stars": range(7)}, _in("ended"), weight=2),
    "comment": Deed({"who": ANYBODY}, lambda view: any(row["step"] == "rating.comment" for row in view.dialogs)),
    "accept": Deed({"who": SOMEBODY, "which": WHICH}, lambda view: view.offers, weight=5),
    "decline": Deed({"who": SOMEBODY, "which": WHICH}, _in("offered"), weight=2),
    "transfer": Deed({"who": SOMEBODY, "which": WHICH}, _in("active"), weight=3),
    "go_online": Deed({"who": WHOM}, weight=2),
    "go_offline": Deed({"who": WHOM}),
    "change_topics": Deed({"who": WHOM, "topic": TOPICS}),
    "end": Deed({"who": SOMEBODY, "which": WHICH, "as_student": [False, True]}, _in("active"), weight=2),
    "say": Deed({"who": ANYBODY, "reply_to": [*[None] * 20, *range(1, 40)]}, _in("active"), weight=3),
    "say_held": Deed({"who": ANYBODY, "which": WHICH}, _in("active")),
    "change": Deed({"who": ANYBODY, "which": WHICH}, lambda view: view.messages),
    "switch": Deed({"who": ANYBODY, "which": WHICH}, _in("active")),
    "block": Deed({"who": ANYBODY}),
    "come_back": Deed({"who": ANYBODY}),
    "receive": Deed({"who": ANYBODY}, weight=2),
    "apply": Deed({"who": ANYBODY, "topic": TOPICS}),
    "withdraw": Deed({"who": ANYBODY}, _with("applied")),
    "approve": Deed({"who": ADMINS, "whom": ANYBODY}, _with("applied")),
    "reject": Deed({"who": ADMINS, "whom": ANYBODY}, _with("applied")),
    "deactivate": Deed({"who": ADMINS, "whom": WHOM}, _is_well_staffed),
    "reactivate": Deed({"who": ADMINS, "whom": WHOM}, _with("deactivated")),
    "delete": Deed({"who": ADMINS, "whom": WHOM}, _is_well_staffed),
    "appoint": Deed({"who": ADMINS, "whom": [APPOINTED, "Dawit"]}),
    "dismiss": Deed({"who": ADMINS, "whom": [APPOINTED, "Dawit"]}),
    "take": Deed({"who": ADMINS, "which": WHICH}, _in(*QUEUE)),
    "assign": Deed({"who": ADMINS, "which": WHICH, "to": WHOM}, _in(*QUEUE), weight=2),
    "force_end": Deed({"who": ADMINS, "which": WHICH}, _in(*OPEN)),
    "match": Deed({}, lambda view: view.matches, weight=6),
    "match_some": Deed({"limit": range(1, 4)}, _in(*QUEUE)),
    "tick": Deed({}, undone, weight=8),
}


@asynccontextmanager
async def opened(variables: Mapping[str, str], *, capacity: int, offline: Sequence[str]) -> AsyncGenerator[Crowd]:
    """Have a crowd in a fresh database; everybody is known, and all counselors are online but those who are *offline*."""
    own = {"ADMIN_IDS": str(NAMES[ADMIN]), "MAX_SESSIONS_PER_COUNSELOR": str(capacity)}
    clock = SteadyClock()
    async with root.opened(load({**variables, **own}, None), kind="bot", clock=clock) as app:
        crowd = Crowd(app, clock, capacity)
        await crowd.gather(offline)
        yield crowd


async def look_again(crowd: Crowd, before: View) -> View:
    """Look at what is committed, and hold the rules against it that hold always, whenever nothing is under way."""
    view = await look(crowd.app, capacity=crowd.capacity, known=before.newest_delivery)
    crowd.view = view

    assert [] == await violated(crowd.app, capacity=crowd.capacity, admin=crowd.ids[ADMIN])
    assert [] == forgotten(view)
    return view


@dataclass(frozen=True)
class Databases:
    """What makes fresh databases, one after another."""

    fresh: Callable[[], AbstractContextManager[dict[str, str]]]  #: the variables of a bot for as long as one is needed
    examples: int  #: that take about twenty seconds


# One after another


class Life(RuleBasedStateMachine):
    """One database, from the first request on; the rules of the machine are the deeds above."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.crowd: Crowd

    def do(self, what: Awaitable[Result]) -> Result:
        """Wait for it."""

        async def run() -> Result:
            return await what

        return self._runner.run(run())

    @initialize(
        capacity=st.integers(1, 3),
        offline=st.sets(st.sampled_from(sorted(COUNSELORS)), max_size=3),
        requests=st.dictionaries(st.sampled_from(ANYBODY), st.sampled_from(TOPICS), max_size=5),
        accepted=st.integers(0, 3),
    )
    def begin(self, capacity: int, offline: set[str], requests: dict[str, str], accepted: int) -> None:
        """Have some students ask for counseling, match them, and have some of that accepted."""
        variables = self._stack.enter_context(self.databases.fresh())
        self.crowd = self.do(self._stack.enter_async_context(opened(variables, capacity=capacity, offline=sorted(offline))))
        for who, topic in requests.items():
            self.step("ask", {"who": who, "topic": topic})
        self.step("match", {})
        for _ in range(accepted):
            self.step("accept", {"who": None, "which": 0})

    def teardown(self) -> None:
        """Close the database."""
        self.do(self._stack.aclose())
        self._runner.close()

    def step(self, name: str, choices: dict[str, Any]) -> None:
        """Have somebody do something, and look whether all is as it must be."""
        before, attempt = self.crowd.view, self.crowd.attempt(name, choices)
        is_done = self.do(succeeds(attempt))
        after = self.do(look_again(self.crowd, before))

        if attempt.is_allowed is not None:
            assert attempt.is_allowed == is_done
        assert [] == miscounted(before, after, [attempt.leaves] if attempt.leaves and is_done else [])
        assert [] == untold(before, after, is_alone=True)
        assert [] == overheard(before, after, is_alone=True)
        if name in {"match", "match_some"}:
            assert [] == unalarmed(before, after, [self.crowd.ids[one] for one in NAMES if self.crowd.is_admin(one)])
        if name == "match":
            assert [] == unserved(after)
            assert [] == passed_over(before, after)
        if name == "tick":
            assert [] == undone(after)

    def wait(self, minutes: int) -> None:
        """Let time pass; what falls due is done by ``tick``, and not before."""
        self.crowd.pause(minutes)


def _rule(name: str, deed: Deed) -> Any:
    def run(self: Life, **choices: Any) -> None:
        self.step(name, choices)

    run.__name__, run.__doc__ = name, getattr(Crowd, name).__doc__
    possible = precondition(lambda self: deed.makes_sense(self.crowd.view))
    return possible(rule(**{key: st.sampled_from(values) for key, values in deed.choices.items()})(run))


for _name, _deed in DEEDS.items():
    for _number in range(_deed.weight):
        setattr(Life, f"{_name}_{_number}", _rule(_name, _deed))
for _number in range(4):
    setattr(Life, f"wait_{_number}", rule(minutes=st.sampled_from(PAUSES))(Life.wait))


@pytest.mark.timeout(TIMES * 600)
def test_whatever_people_do_one_after_another(databases: Databases) -> None:
    """After each step every rule holds, and everybody could do what they may, and nothing else."""
    machine = type("Life", (Life,), {"databases": databases})
    some = settings(
        max_examples=databases.examples * TIMES,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=some)


# At the same moment: that does not go the same way twice, so hypothesis could make nothing of what it finds


async def _act(crowd: Crowd, chance: random.Random, log: list[str]) -> list[tuple[int, str, int]]:
    """Do a few things, one after another; return the moves of sessions that succeeded."""
    moves: list[tuple[int, str, int]] = []
    for _ in range(chance.randint(1, 4)):
        view = crowd.view = await look(crowd.app, capacity=crowd.capacity)
        sensible = {name: deed.weight for name, deed in DEEDS.items() if deed.makes_sense(view)}
        (name,) = chance.choices(list(sensible), list(sensible.values()))
        choices = {key: chance.choice(values) for key, values in DEEDS[name].choices.items()}
        attempt = crowd.attempt(name, choices)
        log.append(f"begins {name} {choices}")
        is_done = await succeeds(attempt)
        log.append(f"  {'done' if is_done else 'refused'} {name} {choices}")
        if is_done and attempt.leaves:
            moves.append(attempt.leaves)
    return moves


async def _live(crowd: Crowd, chance: random.Random, log: list[str], *, rounds: int) -> None:
    for _ in range(rounds):
        before = crowd.view
        several = [random.Random(chance.random()) for _ in range(chance.randint(2, 8))]
        log.append("---")
        moves = await asyncio.gather(*(_act(crowd, one, log) for one in several))
        after = await look_again(crowd, before)

        assert [] == miscounted(before, after, [move for one in moves for move in one])
        assert [] == untold(before, after, is_alone=False)
        assert [] == overheard(before, after, is_alone=False)
        if chance.random() < 0.3:
            crowd.pause(chance.choice(PAUSES))


@pytest.mark.parametrize("seed", range(6 * TIMES))
def test_whatever_people_do_at_the_same_moment(databases: Databases, seed: int) -> None:
    """Up to eight at once: all rules hold whenever nothing is under way, and of two who exclude each other one wins."""
    log: list[str] = []

    async def run() -> None:
        chance = random.Random(seed)
        offline = chance.sample(sorted(COUNSELORS), chance.randint(0, 2))
        with databases.fresh() as variables:
            async with opened(variables, capacity=chance.randint(1, 3), offline=offline) as crowd:
                await _live(crowd, chance, log, rounds=25)

    try:
        asyncio.run(run())
    except BaseException as error:
        error.add_note("\n".join(log[-80:]))
        raise


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """SQLite or PostgreSQL."""
    variables = {"BACKUP_DIR": str(tmp_path / "backups"), "ENCRYPTION_KEY": "A" * 43 + "="}
    if request.param == "sqlite":
        template = tmp_path / "template.db"
        asyncio.run(root.prepare(load({**variables, "DATABASE_URL": f"sqlite:///{template}"}, None)))

        @contextmanager
        def sqlite() -> Iterator[dict[str, str]]:
            path = tmp_path / "life.db"
            shutil.copy(template, path)
            yield {**variables, "DATABASE_URL": f"sqlite:///{path}"}
            for left in tmp_path.glob("life.db*"):
                left.unlink()

        return Databases(sqlite, examples=80)
    server: Postgres = request.getfixturevalue("postgres")
    migrated: str = request.getfixturevalue("migrated")

    @contextmanager
    def postgresql() -> Iterator[dict[str, str]]:
        url = server.new_database(migrated)
        yield {**variables, "DATABASE_URL": url, "PG_BIN_DIR": str(server.programs)}
        server.drop(url)

    return Databases(postgresql, examples=20)
