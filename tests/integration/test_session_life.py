"""The life of a session under people who do anything at any moment: the rules of PRODUCT.md, *Session life*, always hold.

``LIFE_EXAMPLES=500 pytest tests/integration/test_session_life.py --timeout 0`` has them do much more than usual.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bot import app as root
from bot.settings import load
from tests.crowd import ADMIN, APPOINTED, COUNSELORS, NAMES, TOPICS, Attempt, Crowd, succeeds
from tests.rules_of_life import forgotten, miscounted, overheard, passed_over, unalarmed, undone, unserved, untold, violated
from tests.support import Postgres, SteadyClock
from tests.view import OPEN, QUEUE, View, look

Result = TypeVar("Result")
Databases = Callable[[], Any]

EXAMPLES = int(os.environ.get("LIFE_EXAMPLES", "12"))
STEPS = 50

# What can be tried: by whom, about what, and whether there is something to try it on

ANYBODY = st.sampled_from(sorted(NAMES))
SOMEBODY = st.sampled_from([*[None] * 40, *sorted(NAMES)])  #: mostly who has the right to
ADMINS = st.sampled_from([*[ADMIN] * 20, *[APPOINTED] * 10, *sorted(NAMES)])
WHOM = st.sampled_from([*sorted(COUNSELORS) * 3, *sorted(NAMES)])
WHICH = st.integers(0, 5)
TOPIC = st.sampled_from(TOPICS)


@dataclass(frozen=True)
class Deed:
    """A method of ``Crowd``, what it can be called with, when it makes sense, and how often compared to others."""

    choices: Mapping[str, st.SearchStrategy[Any]]
    makes_sense: Callable[[View], object] = bool
    weight: int = 1


def _in(*states: str) -> Callable[[View], bool]:
    return lambda view: any(row["state"] in states for row in view.sessions)


def _of_status(*statuses: str) -> Callable[[View], bool]:
    return lambda view: any(row["status"] in statuses for row in view.people)


def _well_staffed(view: View) -> bool:
    return sum(row["status"] == "approved" for row in view.people) > 2


DEEDS = {
    "ask": Deed({"who": ANYBODY, "topic": TOPIC}, weight=4),
    "cancel": Deed({"who": SOMEBODY, "which": WHICH}, _in(*QUEUE)),
    "rate": Deed({"who": SOMEBODY, "which": WHICH, "stars": st.integers(0, 6)}, _in("ended"), weight=2),
    "comment": Deed({"who": ANYBODY}, lambda view: any(row["step"] == "rating.comment" for row in view.dialogs)),
    "accept": Deed({"who": SOMEBODY, "which": WHICH}, lambda view: view.offers, weight=5),
    "decline": Deed({"who": SOMEBODY, "which": WHICH}, _in("offered"), weight=2),
    "transfer": Deed({"who": SOMEBODY, "which": WHICH}, _in("active"), weight=2),
    "go_online": Deed({"who": WHOM}, weight=2),
    "go_offline": Deed({"who": WHOM}),
    "change_topics": Deed({"who": WHOM, "topic": TOPIC}),
    "end": Deed({"who": SOMEBODY, "which": WHICH, "as_student": st.booleans()}, _in("active"), weight=2),
    "say": Deed({"who": ANYBODY, "reply_to": st.none() | st.integers(1, 40)}, _in("active"), weight=3),
    "say_held": Deed({"who": ANYBODY, "which": WHICH}, _in("active")),
    "change": Deed({"who": ANYBODY, "which": WHICH}, lambda view: view.messages),
    "switch": Deed({"who": ANYBODY, "which": WHICH}, _in("active")),
    "block": Deed({"who": ANYBODY}),
    "come_back": Deed({"who": ANYBODY}),
    "receive": Deed({"who": ANYBODY}, weight=2),
    "apply": Deed({"who": ANYBODY, "topic": TOPIC}),
    "withdraw": Deed({"who": ANYBODY}, _of_status("applied")),
    "approve": Deed({"who": ADMINS, "whom": ANYBODY}, _of_status("applied")),
    "reject": Deed({"who": ADMINS, "whom": ANYBODY}, _of_status("applied")),
    "deactivate": Deed({"who": ADMINS, "whom": WHOM}, _well_staffed),
    "reactivate": Deed({"who": ADMINS, "whom": WHOM}, _of_status("deactivated")),
    "delete": Deed({"who": ADMINS, "whom": WHOM}, _well_staffed),
    "appoint": Deed({"who": ADMINS, "whom": st.sampled_from([APPOINTED, "Dawit"])}),
    "dismiss": Deed({"who": ADMINS, "whom": st.sampled_from([APPOINTED, "Dawit"])}),
    "take": Deed({"who": ADMINS, "which": WHICH}, _in(*QUEUE)),
    "assign": Deed({"who": ADMINS, "which": WHICH, "to": WHOM}, _in(*QUEUE), weight=2),
    "force_end": Deed({"who": ADMINS, "which": WHICH}, _in(*OPEN)),
    "match": Deed({}, lambda view: view.matches, weight=6),
    "match_some": Deed({"limit": st.integers(1, 3)}, _in(*QUEUE)),
    "tick": Deed({}, undone, weight=2),
}
COURSE = st.lists(
    st.one_of([st.tuples(st.just(name), st.fixed_dictionaries(dict(deed.choices))) for name, deed in DEEDS.items()]),
    min_size=1,
    max_size=5,
)
Course = list[tuple[str, dict[str, Any]]]


class Life(RuleBasedStateMachine):
    """One database, from the first request on."""

    def __init__(self, databases: Databases) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._databases = databases
        self._stack = ExitStack()
        self._opened = AsyncExitStack()
        self.steps = 0

    def _do(self, what: Awaitable[Result]) -> Result:
        async def run() -> Result:
            return await what

        return self._runner.run(run())

    @initialize(
        capacity=st.integers(1, 3),
        offline=st.sets(st.sampled_from(sorted(COUNSELORS)), max_size=3),
        requests=st.dictionaries(ANYBODY, TOPIC, max_size=5),
    )
    def begin(self, capacity: int, offline: set[str], requests: dict[str, str]) -> None:
        """Open a fresh database; everybody is known, and some have asked for counseling."""
        variables = self._stack.enter_context(self._databases())
        clock = SteadyClock()
        own = {"ADMIN_IDS": str(NAMES[ADMIN]), "MAX_SESSIONS_PER_COUNSELOR": str(capacity)}
        opened = root.opened(load({**variables, **own}, None), kind="bot", clock=clock)
        app = self._do(self._opened.enter_async_context(opened))
        self.capacity = capacity
        self.crowd = Crowd(app, clock)
        self._do(self.crowd.gather(sorted(offline)))
        self.crowd.view = self._do(look(app, capacity=capacity))
        for who, topic in requests.items():
            self.step("ask", {"who": who, "topic": topic})
        self.step("match", {})

    def teardown(self) -> None:
        """Close it."""
        self._do(self._opened.aclose())
        self._runner.close()
        self._stack.close()

    def attempt(self, name: str, choices: dict[str, Any]) -> Attempt | None:
        """Return what somebody would do."""
        return getattr(self.crowd, name)(**choices)

    def step(self, name: str, choices: dict[str, Any]) -> None:
        """Have somebody do something, and look whether all is as it must be."""
        before, attempt = self.crowd.view, self.attempt(name, choices)
        if attempt is None:
            return
        is_done = self._do(succeeds(attempt))
        after = self._look(before)

        if attempt.is_allowed is not None:
            assert attempt.is_allowed == is_done
        assert [] == miscounted(before, after, [attempt.leaves] if attempt.leaves and is_done else [])
        assert [] == untold(before, after, is_alone=True)
        if name in {"match", "match_some"}:
            admins = [self.crowd.ids[one] for one in NAMES if self.crowd.is_admin(one)]
            assert [] == unalarmed(before, after, admins)
            if name == "match":
                assert [] == unserved(after)
                assert [] == passed_over(before, after)
        if name == "tick":
            assert [] == undone(after)

    @rule(courses=st.lists(COURSE, min_size=2, max_size=5))
    def at_once(self, courses: list[Course]) -> None:
        """Have several people do things at the same moment, each one after another."""
        before = self.crowd.view
        moves = self._do(self._run(courses))
        after = self._look(before)

        assert [] == miscounted(before, after, moves)
        assert [] == untold(before, after, is_alone=False)

    async def _run(self, courses: list[Course]) -> list[tuple[int, str, int]]:
        """Return the moves of sessions that succeeded."""
        return sum(await asyncio.gather(*(self._follow(course) for course in courses)), [])

    async def _follow(self, course: Course) -> list[tuple[int, str, int]]:
        moves: list[tuple[int, str, int]] = []
        for name, choices in course:
            self.crowd.view = await look(self.crowd.app, capacity=self.capacity)
            attempt = self.attempt(name, choices) if DEEDS[name].makes_sense(self.crowd.view) else None
            if attempt is not None and await succeeds(attempt) and attempt.leaves:
                moves.append(attempt.leaves)
        return moves

    @rule(minutes=st.sampled_from([6, 1, 3, 6, 12 * 60 + 1]))
    def wait(self, minutes: int) -> None:
        """Let time pass; nothing happens by itself (see ``tick``)."""
        self.crowd.clock.move(minutes=minutes)
        self.crowd.view.at = self.crowd.clock()

    def _look(self, before: View) -> View:
        """Look at what is committed, and hold the rules against it that hold always."""
        self.steps += 1
        view = self._do(look(self.crowd.app, capacity=self.capacity, known=before.newest_delivery))
        broken = self._do(violated(self.crowd.app, capacity=self.capacity, admin=self.crowd.ids[ADMIN]))
        self.crowd.view = view

        assert [] == broken
        assert [] == overheard(before, view)
        assert [] == forgotten(view)
        return view


def _rule(name: str, deed: Deed) -> Any:
    def run(self: Life, **choices: Any) -> None:
        self.step(name, choices)

    run.__name__ = name
    run.__doc__ = getattr(Crowd, name).__doc__
    return precondition(lambda self: deed.makes_sense(self.crowd.view))(rule(**deed.choices)(run))


for _name, _deed in DEEDS.items():
    for _number in range(_deed.weight):
        setattr(Life, f"{_name}_{_number}" if _number else _name, _rule(_name, _deed))


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """What makes a fresh database, again and again: the variables of a bot for as long as it is needed."""
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

        return sqlite
    server: Postgres = request.getfixturevalue("postgres")
    migrated: str = request.getfixturevalue("migrated")

    @contextmanager
    def postgresql() -> Iterator[dict[str, str]]:
        url = server.new_database(migrated)
        yield {**variables, "DATABASE_URL": url, "PG_BIN_DIR": str(server.programs)}
        server.drop(url)

    return postgresql


@pytest.mark.timeout(600)
def test_whatever_people_do(databases: Databases) -> None:
    """After each step every rule holds, and only who may could do it."""
    steps = 0

    class Counted(Life):
        def teardown(self) -> None:
            nonlocal steps
            steps += self.steps
            super().teardown()

    run_state_machine_as_test(
        lambda: Counted(databases),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{steps} steps")
