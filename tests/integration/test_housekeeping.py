"""Housekeeping: one part after the other, with a way back, in pieces that keep nobody waiting."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.retention import Data
from bot.services.analytics import Analytics
from bot.services.backups import made_at
from bot.services.retention import Retention
from bot.storage import free_pages, retention
from bot.storage.database import Turn, spread
from bot.storage.holding import alone_in
from bot.storage.retention import ROWS
from tests.keeping import ROW, delivered, do, ended_session, handled, ran, schedule
from tests.support import Cast, SteadyClock, change, one, rows


def by_hand(app: App, sql: str) -> None:
    """Do what somebody does in the shell of SQLite, which looks at no foreign key."""
    with closing(sqlite3.connect(str(app.settings.sqlite_path))) as connection, connection:
        connection.execute(sql)


def ages(app: App) -> list[timedelta]:
    """Return how old the backups are, the newest last."""
    made = [path for path in app.settings.backup_dir.glob("hu_counseling_backup_*") if path.suffix in {".db", ".dump"}]
    return sorted((app.clock() - made_at(path) for path in made), reverse=True)


async def go_on() -> None:
    """Nothing stops the work."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let one class fail with an error that holds what somebody wrote."""
    real = Retention.delete

    async def delete(self: Retention, terms: Any, *classes: Data) -> Any:
        if Data.PEOPLE in classes:
            raise ValueError("my-own-message")
        return await real(self, terms, *classes)

    monkeypatch.setattr(Retention, "delete", delete)
    return "inactive_users"


async def test_the_night(app: App, cast: Cast, clock: SteadyClock, caplog: pytest.LogCaptureFixture) -> None:
    """Days are counted before the sessions of which they tell are deleted; at the end stands one line of counts."""
    caplog.set_level("INFO")
    await ended_session(app, cast)
    await ROW[Data.KEYS](app, cast)
    await handled(app)
    clock.move(days=91)
    result = await do(app, "daily_housekeeping")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "bot.tasks.daily_housekeeping"]

    assert f"Housekeeping: {result.summary}" == line
    assert ["old_sessions", "orphaned_keys", "updates", "deliveries"] == list(result.counts)
    assert 3 == await one(app, "SELECT sum(number) AS number FROM analytics_figure WHERE name = 'messages'")
    assert 0 == await one(app, "SELECT count(*) AS number FROM session")


async def test_one_part_that_fails_stops_no_other(
    app: App, cast: Cast, clock: SteadyClock, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The run fails and names the part; what the error saw is not in its sentence."""
    await ended_session(app, cast)
    await handled(app)
    clock.move(days=91)
    with pytest.raises(Conflict, match=broken) as caught:
        await do(app, "daily_housekeeping")

    assert "1 old sessions" in str(caught.value)
    assert "my-own-message" not in str(caught.value)
    assert [0, 0] == [await one(app, f"SELECT count(*) AS number FROM {table}") for table in ("session", '"update"')]


async def test_what_was_not_counted_is_not_deleted(
    app: App, cast: Cast, clock: SteadyClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the days cannot be counted the records stay; what was said is erased all the same, as people were promised."""

    async def roll_up(self: Analytics, *, between: Any) -> int:
        raise Conflict("The figures are broken.")

    monkeypatch.setattr(Analytics, "roll_up", roll_up)
    await ended_session(app, cast)
    clock.move(days=91)
    with pytest.raises(Conflict, match="the roll-up of days, old_sessions;"):
        await do(app, "daily_housekeeping")
    erased = await do(app, "cleanup")

    assert {"sessions": 1, "messages": 3} == erased.counts
    assert 1 == await one(app, "SELECT count(*) AS number FROM session")


async def test_a_run_that_is_to_stop_stops(app: App, cast: Cast, clock: SteadyClock) -> None:
    """What ends the work between two pieces is no failure of a part: nothing goes on behind it."""
    await ended_session(app, cast)
    await handled(app)
    clock.move(days=91)

    async def stop() -> None:
        if await one(app, "SELECT count(*) AS number FROM session") == 0:
            raise Conflict("stopped")

    with pytest.raises(Conflict, match="stopped"):
        await do(app, "daily_housekeeping", checkpoint=stop)

    assert 1 == await one(app, """SELECT count(*) AS number FROM "update" """)


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_what_was_deleted_by_hand(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The shell of SQLite looks at no foreign key: what it leaves behind of a person, a session and a run is found."""
    session = await ended_session(app, cast)
    await ran(app)
    await change(app, "INSERT INTO run_attempt (run_id, number, started_at) SELECT max(id), 1, 0 FROM run")
    await change(app, "INSERT INTO run_log (run_id, number, level, line, said_at) SELECT max(id), 1, 'INFO', 'x', 0 FROM run")
    await delivered(app, await app.people.identify(3001))
    keys = await one(app, "SELECT count(*) AS number FROM key")
    by_hand(app, f"DELETE FROM session WHERE id = {session.id}")
    by_hand(app, "DELETE FROM person WHERE id = (SELECT max(id) FROM person)")
    by_hand(app, "DELETE FROM run")
    clock.move(days=2)
    counts = (await do(app, "orphans", batch=2)).counts

    assert {
        "message_without_session": 3,
        "session_event_without_session": 4,
        "offer_without_session": 1,
        "delivery_without_person": 1,
        "run_log_without_run": 1,
        "run_attempt_without_run": 1,
        "orphaned_keys": 2,
    } == counts
    assert keys - 2 == await one(app, "SELECT count(*) AS number FROM key")
    assert {} == (await do(app, "orphans")).counts


async def test_the_keys_of_the_service_are_no_orphans(app: App, cast: Cast, clock: SteadyClock) -> None:
    """They belong to nobody, and all would be lost with them; nor is a key that a person or a session has."""
    await cast.request(await cast.sara(), description="my trouble")
    clock.move(days=400)
    await do(app, "orphans")

    assert {"lookup": 1, "callback": 1, "intake": 1, "person": 1, "session": 1} == {
        row["purpose"]: row["number"] for row in await rows(app, "SELECT purpose, count(*) AS number FROM key GROUP BY purpose")
    }


async def test_the_week(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Figures of more than a year ago go; their sum stays."""
    await ended_session(app, cast)
    clock.move(days=1)
    analytics = app.executor.services.analytics
    await analytics.roll_up(between=go_on)
    clock.move(days=364)
    await analytics.roll_up(between=go_on)
    early = await do(app, "weekly_cleanup", is_dry_run=True)
    clock.move(days=1)
    said = await do(app, "weekly_cleanup", is_dry_run=True)
    done = await do(app, "weekly_cleanup")

    assert [0, 1, 1] == [result.counts.get("days_of_analytics", 0) for result in (early, said, done)]
    assert 3 == await one(app, "SELECT sum(number) AS number FROM analytics_figure WHERE name = 'messages'")


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_free_pages_are_given_back(app: App, clock: SteadyClock) -> None:
    """The file gets shorter by what is free in it, a few pages at a time; a dry run only counts them."""
    await change(
        app,
        """
        INSERT INTO "update" (update_id, payload, state, due_at, received_at, handled_at)
        WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 300)
        SELECT number, zeroblob(3000), 'parked', 0, 0, 0 FROM numbers
        """,
    )
    await do(app, "activity_log")
    async with app.db.reading() as tx:
        free = await free_pages.count(tx)
    size = await one(app, "PRAGMA page_count")
    said = await do(app, "weekly_cleanup", is_dry_run=True)
    done = await do(app, "weekly_cleanup")

    assert free >= 200
    assert [free, free] == [result.counts["free_pages"] for result in (said, done)]
    assert (0, size - free) == (await one(app, "PRAGMA freelist_count"), await one(app, "PRAGMA page_count"))


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
@pytest.mark.parametrize("data", ROWS)
async def test_nothing_is_deleted_by_going_through_a_table(app: App, data: Data) -> None:
    """What is found is held and deleted by its key, and all that refers to it is found by an index (SQLite's own plan)."""
    rows_ = ROWS[data]
    statements = [f"DELETE FROM {rows_.table} WHERE {rows_.key} IN (1, 2)"]
    statements += [f"SELECT 1 FROM {rows_.table} WHERE {rows_.where} AND {rows_.key} IN (1, 2)"]
    statements += [f"SELECT {part.key} FROM {part.table} WHERE {part.of} IN (1, 2) AND {part.where}" for part in rows_.parts]
    found: list[str] = []
    for statement in statements:
        sql, values = spread(statement, admins=[-1])  # type: ignore[arg-type]
        async with app.db.transaction() as tx:
            plan = await tx.fetch_all(f"EXPLAIN QUERY PLAN {sql}", before=app.clock(), **values)
        found += [row["detail"] for row in plan]

    assert found
    assert [] == [line for line in found if re.match("SCAN", line) and line != "SCAN offer USING INDEX offer_deadline"]


@pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
async def test_who_is_busy_is_left_for_the_next_time(app: App, clock: SteadyClock) -> None:
    """A person whom another transaction deals with is passed over, and not waited for."""
    person = await app.people.identify(1001)
    clock.move(days=8)
    async with app.db.transaction() as tx:
        await tx.execute("UPDATE person SET language = 'am' WHERE id = :id", id=person.me)
        busy = await asyncio.create_task(do(app, "inactive_users"))

    assert {} == busy.counts
    assert {"inactive_people": 1} == (await do(app, "inactive_users")).counts


@pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
async def test_who_came_back_meanwhile_stays(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Who was found to be inactive and has consented since is not held any more."""
    person = await app.people.identify(1001)
    clock.move(days=8)
    before = clock() - timedelta(days=7)
    async with app.db.reading() as tx:
        found = await retention.find(tx, Data.PEOPLE, before=before, admins=[], after=-1, limit=10)
    await cast.student(1001)
    async with app.db.transaction(Turn.MAINTENANCE) as tx:
        held = await retention.hold(tx, app.db, Data.PEOPLE, found, before=before, admins=[])

    assert [person.me] == found
    assert [] == held.ids


@pytest.mark.parametrize(("task", "row"), [("activity_log", Data.UPDATES), ("cleanup", Data.SESSIONS)])
async def test_a_backup_is_made_first(app: App, cast: Cast, clock: SteadyClock, task: str, row: Data) -> None:
    """Where there is something to delete and no backup is there, and the run wants one; otherwise none is made."""
    await do(app, task, backs_up_first=True)
    nothing = ages(app)
    await ROW[row](app, cast)
    clock.move(days=91)
    await do(app, task, backs_up_first=True)
    made = ages(app)
    copied = {path.name for path in app.settings.backup_dir.iterdir()}
    await do(app, task, backs_up_first=True)

    assert ([], [timedelta(0)]) == (nothing, made)
    assert copied == {path.name for path in app.settings.backup_dir.iterdir()}


async def test_no_backup_where_the_run_wants_none(app: App, clock: SteadyClock) -> None:
    """``--no-backup``."""
    await handled(app)
    clock.move(days=91)

    assert {"updates": 1} == (await do(app, "activity_log", backs_up_first=False)).counts
    assert [] == ages(app)


async def test_a_backup_is_fresh_for_two_intervals(app: App, clock: SteadyClock) -> None:
    """Of the schedule, whatever it says: at two hours for every hour, at two days where there is no schedule."""
    safeguard = app.executor.services.housekeeping.retention.safeguard
    made: list[timedelta] = []
    for hours in (0, 47, 1):
        clock.move(hours=hours)
        await safeguard.ensure_backup()
        made += ages(app)[-1:]
    await schedule(app, "backup", "backup", is_deleted=False)
    for minutes in (119, 1):
        clock.move(minutes=minutes)
        await safeguard.ensure_backup()
        made += ages(app)[-1:]

    assert [0, 47 * 60, 0, 119, 0] == [age / timedelta(minutes=1) for age in made]


async def test_a_broken_backup_is_none(app: App, clock: SteadyClock) -> None:
    """One whose file was cut short is no way back."""
    safeguard = app.executor.services.housekeeping.retention.safeguard
    path = await app.executor.services.backups.create()
    path.write_bytes(path.read_bytes()[:-1])
    clock.move(seconds=1)
    await safeguard.ensure_backup()

    assert timedelta(0) in ages(app)


async def test_two_backups_wait_for_each_other(app: App) -> None:
    """What one process is writing would pass for left over to another, and be deleted under its hands."""
    folder = app.settings.backup_dir
    unfinished = folder / ".hu_counseling_backup_20260302_080000.db.tmp"
    unfinished.write_bytes(b"half")
    async with alone_in(folder):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await app.executor.services.backups.create()
        is_there = unfinished.exists()
    await app.executor.services.backups.create()

    assert [True, False] == [is_there, unfinished.exists()]


async def test_a_dry_cleanup_says_what_it_would_do(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Sessions and messages, and every word is there."""
    await ended_session(app, cast)
    clock.move(days=31)
    result = await do(app, "cleanup", is_dry_run=True)

    assert "Would clean up 1 old sessions and 3 messages" == result.summary
    assert 3 == await one(app, "SELECT count(*) AS number FROM message")
