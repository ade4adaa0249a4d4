"""The table ``schedule``: when a task runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.errors import InvalidInput
from bot.domain.ids import ScheduleId
from bot.domain.schedules import Kind, Unreadable, When, when_of
from bot.storage.database import Channel, Database, Row, Transaction


class CatchUp(StrEnum):
    """What becomes of the occurrences that were missed while nothing ran."""

    LATEST = "latest"  #: one run makes up for all of them
    NONE = "none"  #: they are noted as missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What people decide about a schedule."""

    name: str
    task: str
    when: When
    payload: dict[str, Any]
    max_retries: int
    catch_up: CatchUp = CatchUp.LATEST
    pause_after: int = 0  #: runs that fail one after the other until it pauses itself; 0 is never
    heartbeat_url: str | None = None  #: told of each run (healthchecks.io protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a task runs, with which payload, and how that stands."""

    id: ScheduleId
    plan: Plan
    failures: int  #: runs that failed since the last one that did not
    is_enabled: bool  #: False while it is paused
    is_paused_by_failures: bool
    is_parked: bool  #: its task is not in this release; it waits for its return
    is_from_environment: bool  #: whether a variable owns the interval
    next_run_at: datetime | None  #: None where it never runs again
    last_scheduled_at: datetime | None
    version: int  #: grows with each change that people make

    @property
    def name(self) -> str:
        """What people call it."""
        return self.plan.name

    @property
    def task(self) -> str:
        """The name of the task that it runs."""
        return self.plan.task

    @property
    def when(self) -> When:
        """When it runs."""
        return self.plan.when

    @property
    def payload(self) -> dict[str, Any]:
        """What each run is given."""
        return self.plan.payload

    @property
    def is_active(self) -> bool:
        """Whether it will run again by itself."""
        return self.is_enabled and not self.is_parked and self.next_run_at is not None

    def upcoming(self, now: datetime) -> Iterator[datetime]:
        """Yield when it will run, as it is asked for; most have no end. What was missed is made up for by the first one."""
        at = self.next_run_at
        while at is not None:
            yield at
            at = self.when.next(at, now=max(at, now))


async def add(
    tx: Transaction, plan: Plan, *, next_run_at: datetime | None, at: datetime, is_enabled: bool = True
) -> ScheduleId | None:
    """Create a schedule; None where there is one of this name."""
    row = await tx.fetch_one(
        """
        INSERT INTO schedule (name, task, kind, spec, zone, payload, max_retries, catch_up, pause_after, heartbeat_url,
                              is_enabled, is_from_environment, next_run_at, created_at, updated_at)
        VALUES (:name, :task, :kind, :spec, :zone, :payload, :max_retries, :catch_up, :pause_after, :heartbeat_url,
                :is_enabled, :is_from_environment, :next_run_at, :at, :at)
        ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
        RETURNING id
        """,
        is_enabled=is_enabled,
        is_from_environment=False,
        next_run_at=next_run_at,
        at=at,
        **_columns(plan),
    )
    tx.notify(Channel.CLOCK)
    return ScheduleId(row["id"]) if row else None


async def was_there(tx: Transaction, task: str) -> bool:
    """Return whether there is, or was, a schedule of a task, or with its name.

    What an admin deleted does not come back by itself, nor does what they only gave another name.
    """
    return await tx.fetch_one("SELECT 1 AS found FROM schedule WHERE name = :task OR task = :task LIMIT 1", task=task) is not None


async def first_of(tx: Transaction, task: str) -> Schedule | None:
    """Return the first schedule that a task ever had, whatever it is called by now; None where that was deleted."""
    row = await tx.fetch_one(
        "SELECT * FROM schedule WHERE id = (SELECT min(id) FROM schedule WHERE task = :task) AND deleted_at IS NULL", task=task
    )
    return _to_schedule(row) if row else None


async def find(tx: Transaction, name: str) -> Schedule | None:
    """Return a schedule; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM schedule WHERE name = :name AND deleted_at IS NULL", name=name)
    return _to_schedule(row) if row else None


async def find_deleted(tx: Transaction, name: str) -> Schedule | None:
    """Return the schedule that was the last one deleted under a name; None where none was, or it is purged."""
    row = await tx.fetch_one(
        "SELECT * FROM schedule WHERE name = :name AND deleted_at IS NOT NULL ORDER BY deleted_at DESC, id DESC LIMIT 1",
        name=name,
    )
    return _to_schedule(row) if row else None


async def get(tx: Transaction, schedule_id: ScheduleId) -> Schedule | None:
    """Return a schedule; None where it was deleted."""
    row = await tx.fetch_one("SELECT * FROM schedule WHERE id = :id AND deleted_at IS NULL", id=schedule_id)
    return _to_schedule(row) if row else None


async def everything(tx: Transaction) -> list[Schedule]:
    """Return all schedules, by name."""
    return [_to_schedule(row) for row in await tx.fetch_all("SELECT * FROM schedule WHERE deleted_at IS NULL ORDER BY name")]


async def count(tx: Transaction) -> int:
    """Return how many schedules there are."""
    row = await tx.fetch_one("SELECT count(*) AS schedules FROM schedule WHERE deleted_at IS NULL")
    return int(row["schedules"]) if row else 0


async def some(tx: Transaction, *, limit: int, offset: int) -> list[Schedule]:
    """Return a part of the schedules, by name."""
    rows = await tx.fetch_all(
        "SELECT * FROM schedule WHERE deleted_at IS NULL ORDER BY name LIMIT :limit OFFSET :offset", limit=limit, offset=offset
    )
    return [_to_schedule(row) for row in rows]


async def change(
    tx: Transaction,
    schedule: Schedule,
    plan: Plan,
    *,
    next_run_at: datetime | None,
    at: datetime,
    is_from_environment: bool = False,
) -> bool:
    """Give a schedule another plan, whose task is there; False where it was changed or deleted since it was read."""
    changed = await tx.execute(
        """
        UPDATE schedule
           SET name = :name, task = :task, kind = :kind, spec = :spec, zone = :zone, payload = :payload,
               max_retries = :max_retries, catch_up = :catch_up, pause_after = :pause_after, heartbeat_url = :heartbeat_url,
               is_from_environment = :is_from_environment, is_parked = :is_parked, next_run_at = :next_run_at,
               version = version + 1, updated_at = :at
         WHERE id = :id AND version = :version AND deleted_at IS NULL
        """,
        id=schedule.id,
        version=schedule.version,
        is_from_environment=is_from_environment,
        is_parked=False,
        next_run_at=next_run_at,
        at=at,
        **_columns(plan),
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def set_enabled(
    tx: Transaction, schedule: Schedule, *, is_enabled: bool, next_run_at: datetime | None, at: datetime
) -> bool:
    """Pause a schedule, or let it go on with a clean record; False where it is so already, or was deleted."""
    changed = await tx.execute(
        """
        UPDATE schedule SET is_enabled = :is_enabled, is_paused_by_failures = :no, failures = 0, next_run_at = :next_run_at,
                            version = version + 1, updated_at = :at
         WHERE id = :id AND deleted_at IS NULL AND is_enabled <> :is_enabled
        """,
        id=schedule.id,
        is_enabled=is_enabled,
        no=False,
        next_run_at=next_run_at,
        at=at,
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def remove(tx: Transaction, schedule: Schedule, *, at: datetime) -> bool:
    """Delete a schedule, and keep its history; False where it was deleted already."""
    changed = await tx.execute(
        "UPDATE schedule SET deleted_at = :at, updated_at = :at WHERE id = :id AND deleted_at IS NULL", id=schedule.id, at=at
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def set_right(tx: Transaction, schedule: Schedule, *, is_parked: bool, next_run_at: datetime | None) -> bool:
    """Park a schedule or take it up again, and set when it runs next; False where it moved on since it was read."""
    changed = await tx.execute(
        """
        UPDATE schedule SET is_parked = :is_parked, next_run_at = :next_run_at
         WHERE id = :id AND version = :version AND deleted_at IS NULL
           AND (next_run_at = :seen OR (next_run_at IS NULL AND CAST(:was_over AS INTEGER) = 1))
        """,
        id=schedule.id,
        version=schedule.version,
        is_parked=is_parked,
        next_run_at=next_run_at,
        seen=schedule.next_run_at,
        was_over=int(schedule.next_run_at is None),
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def due(tx: Transaction, db: Database, *, at: datetime, limit: int) -> list[Schedule]:
    """Return schedules whose time has come, the one that waits longest first; not those that another process begins just now."""
    rows = await tx.fetch_all(
        """
        SELECT * FROM schedule
         WHERE is_enabled AND NOT is_parked AND deleted_at IS NULL AND next_run_at IS NOT NULL AND next_run_at <= :at
         ORDER BY next_run_at, id LIMIT :limit """
        + db.skip_locked,
        at=at,
        limit=limit,
    )
    return [_to_schedule(row) for row in rows]


async def move_on(tx: Transaction, schedule: Schedule, *, next_run_at: datetime | None, scheduled_for: datetime) -> bool:
    """Move a due schedule from its occurrence to its next time; False where another process was faster."""
    return bool(
        await tx.execute(
            """
            UPDATE schedule SET last_scheduled_at = :scheduled_for, next_run_at = :next_run_at
             WHERE id = :id AND next_run_at = :seen AND is_enabled AND NOT is_parked AND deleted_at IS NULL
            """,
            id=schedule.id,
            scheduled_for=scheduled_for,
            next_run_at=next_run_at,
            seen=schedule.next_run_at,
        )
    )


async def note_success(tx: Transaction, schedule_id: ScheduleId) -> None:
    """Note that a run of the schedule succeeded: its failures count from here."""
    await tx.execute("UPDATE schedule SET failures = 0 WHERE id = :id AND failures > 0", id=schedule_id)


async def note_failure(tx: Transaction, schedule_id: ScheduleId, *, at: datetime) -> bool:
    """Note that a run of the schedule failed; return whether that was one too many, and it is paused now."""
    await tx.execute("UPDATE schedule SET failures = failures + 1 WHERE id = :id", id=schedule_id)
    paused = await tx.execute(
        """
        UPDATE schedule SET is_enabled = :no, is_paused_by_failures = :yes, version = version + 1, updated_at = :at
         WHERE id = :id AND is_enabled AND pause_after > 0 AND failures >= pause_after AND deleted_at IS NULL
        """,
        id=schedule_id,
        no=False,
        yes=True,
        at=at,
    )
    return bool(paused)


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "task": plan.task,
        "kind": plan.when.kind,
        "spec": plan.when.spec,
        "zone": plan.when.zone,
        "payload": json.dumps(plan.payload),
        "max_retries": plan.max_retries,
        "catch_up": plan.catch_up,
        "pause_after": plan.pause_after,
        "heartbeat_url": plan.heartbeat_url,
    }


def _when(row: Row) -> When:
    """Return when it runs; one row that cannot be read (a zone that is gone) must not hide all the others."""
    try:
        return when_of(row["kind"], row["spec"], row["zone"])
    except InvalidInput:
        return Unreadable(Kind(row["kind"]), row["spec"], row["zone"])


def _to_schedule(row: Row) -> Schedule:
    plan = Plan(
        name=row["name"],
        task=row["task"],
        when=_when(row),
        payload=json.loads(row["payload"]),
        max_retries=row["max_retries"],
        catch_up=CatchUp(row["catch_up"]),
        pause_after=row["pause_after"],
        heartbeat_url=row["heartbeat_url"],
    )
    return Schedule(
        id=ScheduleId(row["id"]),
        plan=plan,
        failures=row["failures"],
        is_enabled=row["is_enabled"],
        is_paused_by_failures=row["is_paused_by_failures"],
        is_parked=row["is_parked"],
        is_from_environment=row["is_from_environment"],
        next_run_at=row["next_run_at"],
        last_scheduled_at=row["last_scheduled_at"],
        version=row["version"],
    )
