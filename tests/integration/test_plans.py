"""How SQLite goes about the statements that are made all the time: by an index, however many rows there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString

import pytest

from bot.app import App
from bot.domain.ids import DeliveryId, RunId, ScheduleId
from bot.domain.retention import Data
from bot.domain.sessions import Session
from bot.storage import (
    deliveries,
    idle,
    moments,
    offers,
    overdue,
    people,
    queue,
    records,
    retention,
    run_history,
    run_requests,
    runs,
    schedules,
    sessions,
    updates,
)
from bot.storage.database import Channel, Row, Transaction, Value
from bot.storage.runs import NewRun, Trigger
from tests.support import Cast

pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


@dataclass
class Recorder:
    """A transaction whose statements are carried out, and remembered."""

    tx: Transaction
    statements: list[tuple[Any, dict[str, Value]]] = field(default_factory=list[tuple[Any, dict[str, Value]]])

    @property
    def holding(self) -> LiteralString:
        """As the database has it."""
        return self.tx.holding

    async def execute(self, sql: LiteralString, /, **values: Value) -> int:
        """Run a statement."""
        self.statements.append((sql, values))
        return await self.tx.execute(sql, **values)

    async def fetch_one(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """Run a statement."""
        self.statements.append((sql, values))
        return await self.tx.fetch_one(sql, **values)

    async def fetch_all(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        """Run a statement."""
        self.statements.append((sql, values))
        return await self.tx.fetch_all(sql, **values)

    def carry(self, run_id: RunId) -> None:
        """As the database does it."""
        self.tx.carry(run_id)

    def notify(self, channel: Channel) -> None:
        """Pass it on."""
        self.tx.notify(channel)

    async def steps(self) -> list[str]:
        """Return each step of how SQLite carries the statements out."""
        return [
            row["detail"]
            for sql, values in self.statements
            for row in await self.tx.fetch_all("EXPLAIN QUERY PLAN " + sql, **values)
        ]


@dataclass(frozen=True)
class Query:
    """What a function of the storage is asked for."""

    app: App
    session: Session
    tx: Recorder

    async def active_of(self) -> None:
        """Which conversations somebody is in: at each message."""
        await sessions.active_of(self.tx, self.session.student_id)

    async def open_of_student(self) -> None:
        """Whether a student has a session: at each menu."""
        await sessions.open_of_student(self.tx, self.session.student_id)

    async def place_in_queue(self) -> None:
        """How many stand before a session."""
        await sessions.place_in_queue(self.tx, self.session)

    async def request_by_hand(self) -> None:
        """A run that belongs to no schedule."""
        await run_requests.request(self.tx, self._new(None), at=self.app.clock())

    async def request_of_schedule(self) -> None:
        """A run of a schedule, where the last one may not be over."""
        await self._schedule()
        await run_requests.request(self.tx, self._new(ScheduleId(9)), at=self.app.clock())

    async def missed(self) -> None:
        """An occurrence that is left out."""
        await self._schedule()
        await run_requests.miss(self.tx, self._new(ScheduleId(9)), at=self.app.clock())

    async def _schedule(self) -> None:
        await self.tx.tx.execute(
            """
            INSERT INTO schedule (id, name, task, kind, spec, zone, payload, max_retries, catch_up, pause_after, is_enabled,
                                  is_from_environment, next_run_at, created_at, updated_at)
            VALUES (9, 'x', 'match', 'interval', '60s', 'UTC', '{}', 1, 'latest', 0, TRUE, FALSE, :at, :at, :at)
            """,
            at=self.app.clock(),
        )

    async def request_now(self) -> None:
        """A run that an admin wants now, and how the last one went."""
        await run_requests.request_by_hand(self.tx, self._new(None), at=self.app.clock())
        await run_history.unfinished(self.tx)
        await run_history.last_of(self.tx, "match")

    async def admins(self) -> None:
        """Whom an alert reaches."""
        await people.appointed(self.tx)

    async def claim_run(self) -> None:
        """The next run: whenever something wakes the runner."""
        at = self.app.clock()
        await runs.claim(self.tx, self.app.db, owner="test", at=at, lease_until=at + timedelta(minutes=1))

    async def claim_update(self) -> None:
        """The next update."""
        await updates.claim(self.tx, self.app.db, at=self.app.clock())

    async def first_of_chat(self) -> None:
        """The next message of a chat."""
        await deliveries.first_of_chat(self.tx, self.session.student_id)

    async def owed(self) -> None:
        """What there is to send."""
        await deliveries.owed(self.tx, after=DeliveryId(0), limit=100)

    async def session_of_message(self) -> None:
        """Which conversation a reply means."""
        await deliveries.session_of_message(self.tx, self.session.student_id, 1)

    async def lapse(self) -> None:
        """Offers whose time is over."""
        await offers.lapse(self.tx, at=self.app.clock())

    async def waiting(self) -> None:
        """What waits, and what became of it before: at each match."""
        await queue.waiting(self.tx, refused_since=self.app.clock())

    async def is_alarmed(self) -> None:
        """Whether the admins were told of the queue."""
        await queue.is_alarmed(self.tx, since=self.app.clock())

    async def next_moments(self) -> None:
        """When the next thing is due: whenever the clock wakes."""
        await moments.read(self.tx, at=self.app.clock())

    async def due_schedules(self) -> None:
        """Which schedules are due."""
        await schedules.due(self.tx, self.app.db, at=self.app.clock(), limit=20)

    async def overdue(self) -> None:
        """What is late or stuck: every few seconds."""
        await overdue.not_begun(self.tx, since=self.app.clock(), limit=20)
        await overdue.under_way(self.tx)

    async def orphaned(self) -> None:
        """Whose process is dead."""
        await runs.orphaned(self.tx, at=self.app.clock())

    async def next_silence(self) -> None:
        """When the next conversation is to be reminded or ended: at each tick of the clock."""
        await idle.next_moment(self.tx, patience=timedelta(hours=12))

    async def silent(self) -> None:
        """Conversations in which nobody writes."""
        await idle.to_remind(self.tx, silent_since=self.app.clock(), limit=10)
        await idle.to_end(self.tx, reminded_before=self.app.clock(), limit=10)
        await idle.forget_the_future(self.tx, at=self.app.clock())

    async def leave_session(self) -> None:
        """Who has a conversation as the current one that is over."""
        await people.leave_session(self.tx, self.session.id, counselor_id=self.session.counselor_id)

    async def record(self) -> None:
        """The figures of a counselor: at each look at the dashboard."""
        await records.of_counselor(self.tx, self.session.student_id, at=self.app.clock())

    def _new(self, schedule_id: ScheduleId | None) -> NewRun:
        at = self.app.clock()
        return NewRun(
            task="match", trigger=Trigger.SCHEDULE, requested_by="test", max_attempts=1, scheduled_for=at, schedule_id=schedule_id
        )


_QUERIES: tuple[Callable[[Query], Awaitable[None]], ...] = (
    Query.active_of,
    Query.open_of_student,
    Query.place_in_queue,
    Query.request_by_hand,
    Query.request_of_schedule,
    Query.request_now,
    Query.admins,
    Query.claim_run,
    Query.claim_update,
    Query.first_of_chat,
    Query.owed,
    Query.session_of_message,
    Query.lapse,
    Query.waiting,
    Query.is_alarmed,
    Query.next_moments,
    Query.due_schedules,
    Query.missed,
    Query.overdue,
    Query.orphaned,
    Query.next_silence,
    Query.silent,
    Query.leave_session,
    Query.record,
)


_TASKS_THAT_WAIT = "SCAN waiting"  #: a common table of a claim, with a row for each


def is_walk(step: str) -> bool:
    """Return whether a step goes through a table itself, from end to end or from some id on."""
    is_scan = step.startswith("SCAN ") and " INDEX " not in step and "CONSTANT ROW" not in step and step != _TASKS_THAT_WAIT
    return is_scan or "PRIMARY KEY (rowid>" in step


@pytest.mark.parametrize("query", _QUERIES, ids=lambda query: query.__name__)
async def test_no_table_is_read_from_end_to_end(app: App, cast: Cast, query: Callable[[Query], Awaitable[None]]) -> None:
    """Each step that walks through rows does so along an index, which holds what is open and not what ever was."""
    session = await cast.request(await cast.sara())
    async with app.db.transaction() as tx:
        recorder = Recorder(tx)
        await query(Query(app, session, recorder))
        steps = await recorder.steps()
    walks = [step for step in steps if is_walk(step)]

    assert steps
    assert [] == walks


@pytest.mark.parametrize("query", [Query.request_by_hand, Query.request_of_schedule])
async def test_a_run_is_asked_for_beside_any_number_that_are_over(
    app: App, cast: Cast, query: Callable[[Query], Awaitable[None]]
) -> None:
    """Whether the last one is over is looked up among those that are not, and not among all that a schedule ever had."""
    session = await cast.request(await cast.sara())
    async with app.db.transaction() as tx:
        recorder = Recorder(tx)
        await query(Query(app, session, recorder))

        assert "SEARCH unfinished USING INDEX run_unfinished (schedule_id=?)" in await recorder.steps()


async def test_old_runs_are_found_beside_any_number_that_a_schedule_had(app: App) -> None:
    """Whether a run is the last of its schedule, or the last of its task that succeeded, takes one look for each."""
    async with app.db.transaction() as tx:
        recorder = Recorder(tx)
        await retention.count(recorder, Data.RUNS, before=app.clock(), admins=[])
        steps = await recorder.steps()

    assert "SEARCH later USING COVERING INDEX run_of_schedule (schedule_id=? AND scheduled_for_at>?)" in steps
    assert "SEARCH later USING INDEX run_newest_of_task (task=? AND id>?)" in [step.replace("rowid", "id") for step in steps]


async def test_a_walk_through_a_table_is_seen(app: App) -> None:
    """A statement without an index is told by this test: otherwise it would prove nothing."""
    async with app.db.transaction() as tx:
        recorder = Recorder(tx)
        await recorder.fetch_all("SELECT * FROM session WHERE topic = :topic", topic="other")

        assert ["SCAN session"] == await recorder.steps()
