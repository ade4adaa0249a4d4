"""The table ``schedule``: when a task runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.ids import ScheduleId
from bot.domain.schedules import Interval
from bot.storage.database import Channel, Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a task runs, and with which payload."""

    id: ScheduleId
    name: str
    task: str
    interval: Interval
    payload: dict[str, Any]
    max_retries: int
    is_enabled: bool  #: False while it is paused
    is_from_environment: bool  #: whether a variable owns the interval
    next_run_at: datetime
    last_scheduled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule that is to be created."""

    name: str
    task: str
    every: timedelta
    max_retries: int
    is_from_environment: bool
    next_run_at: datetime


async def add_if_missing(tx: Transaction, new: NewSchedule, *, at: datetime) -> bool:
    """Create a schedule unless there is, or was, one of this name; return whether it was created."""
    changed = await tx.execute(
        """
        INSERT INTO schedule (name, task, every_seconds, payload, max_retries, is_enabled, is_from_environment, next_run_at,
                              created_at)
        VALUES (:name, :task, :every_seconds, '{}', :max_retries, :is_enabled, :is_from_environment, :next_run_at, :at)
        ON CONFLICT (name) DO NOTHING
        """,
        name=new.name,
        task=new.task,
        every_seconds=int(new.every.total_seconds()),
        max_retries=new.max_retries,
        is_enabled=True,
        is_from_environment=new.is_from_environment,
        next_run_at=new.next_run_at,
        at=at,
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def find(tx: Transaction, name: str) -> Schedule | None:
    """Return a schedule; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM schedule WHERE name = :name AND deleted_at IS NULL", name=name)
    return _to_schedule(row) if row else None


async def everything(tx: Transaction) -> list[Schedule]:
    """Return all schedules, by name."""
    return [_to_schedule(row) for row in await tx.fetch_all("SELECT * FROM schedule WHERE deleted_at IS NULL ORDER BY name")]


async def set_enabled(tx: Transaction, name: str, *, is_enabled: bool) -> bool:
    """Pause a schedule, or let it go on; False where it is so already, or there is none."""
    changed = await tx.execute(
        "UPDATE schedule SET is_enabled = :is_enabled WHERE name = :name AND deleted_at IS NULL AND is_enabled <> :is_enabled",
        name=name,
        is_enabled=is_enabled,
    )
    tx.notify(Channel.CLOCK)
    return bool(changed)


async def set_interval(
    tx: Transaction, schedule: Schedule, every: timedelta, *, is_from_environment: bool, next_run_at: datetime
) -> None:
    """Change how often a schedule runs and who says so, and with that when it runs next."""
    await tx.execute(
        """
        UPDATE schedule
           SET every_seconds = :every_seconds, is_from_environment = :is_from_environment, next_run_at = :next_run_at
         WHERE id = :id
        """,
        id=schedule.id,
        every_seconds=int(every.total_seconds()),
        is_from_environment=is_from_environment,
        next_run_at=next_run_at,
    )
    tx.notify(Channel.CLOCK)


async def due(tx: Transaction, *, at: datetime) -> list[Schedule]:
    """Return the schedules whose time has come, the one that waits longest first."""
    rows = await tx.fetch_all(
        "SELECT * FROM schedule WHERE is_enabled AND deleted_at IS NULL AND next_run_at <= :at ORDER BY next_run_at, id", at=at
    )
    return [_to_schedule(row) for row in rows]


async def move_on(tx: Transaction, schedule: Schedule, *, next_run_at: datetime) -> bool:
    """Move a due schedule to its next time; False where another process was faster."""
    return bool(
        await tx.execute(
            """
            UPDATE schedule SET last_scheduled_at = next_run_at, next_run_at = :next_run_at
             WHERE id = :id AND next_run_at = :seen AND is_enabled AND deleted_at IS NULL
            """,
            id=schedule.id,
            next_run_at=next_run_at,
            seen=schedule.next_run_at,
        )
    )


async def next_due(tx: Transaction) -> datetime | None:
    """Return the earliest next run of all schedules; None where there is none."""
    row = await tx.fetch_one("SELECT min(next_run_at) AS next_run_at FROM schedule WHERE is_enabled AND deleted_at IS NULL")
    return row["next_run_at"] if row else None


def _to_schedule(row: Row) -> Schedule:
    return Schedule(
        id=ScheduleId(row["id"]),
        name=row["name"],
        task=row["task"],
        interval=Interval(timedelta(seconds=row["every_seconds"])),
        payload=json.loads(row["payload"]),
        max_retries=row["max_retries"],
        is_enabled=row["is_enabled"],
        is_from_environment=row["is_from_environment"],
        next_run_at=row["next_run_at"],
        last_scheduled_at=row["last_scheduled_at"],
    )
