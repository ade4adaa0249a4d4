"""A clock that is set back by an hour: what waits is taken up, and a backup is kept; see test_sending.py for deliveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.retention import Generations
from bot.domain.schedules import Interval
from bot.scheduler.dispatching import Dispatching
from bot.services.backups import manifest_of
from bot.storage import run_requests, updates
from bot.storage.runs import NewRun, RunState, Trigger
from bot.storage.updates import Incoming
from tests.made_up import MadeUp
from tests.support import SteadyClock, change, one, rows


async def stored(app: App, *update_ids: int) -> None:
    """Have updates of one chat come in."""
    incoming = [Incoming(update_id=update_id, chat_hash=b"chat", payload=b"sealed") for update_id in update_ids]
    async with app.db.transaction() as tx:
        await updates.store(tx, incoming, at=app.clock())


async def claimed(app: App) -> int | None:
    """Return which update would be handled now."""
    async with app.db.transaction() as tx:
        found = await updates.claim(tx, app.db, at=app.clock())
    return found.update_id if found else None


async def test_updates_are_handled(app: App, clock: SteadyClock) -> None:
    """What came in an hour ahead of now is claimed, in its order."""
    await stored(app, 7, 8)
    clock.move(hours=-1)
    first = await claimed(app)
    async with app.db.transaction() as tx:
        await updates.finish(tx, 7, at=clock())

    assert (7, 8) == (first, await claimed(app))


@pytest.mark.parametrize(("back", "expected"), [(timedelta(0), None), (timedelta(hours=1), 7), (timedelta(days=400), 7)])
async def test_an_update_that_failed_is_tried_again(app: App, clock: SteadyClock, back: timedelta, expected: int | None) -> None:
    """Its next try is seconds away: one that seems to be an hour away is due, and the chat does not wait for it."""
    await stored(app, 7, 8)
    async with app.db.transaction() as tx:
        await updates.postpone(tx, 7, error="ValueError", due_at=clock() + timedelta(seconds=5))
    clock.at -= back

    assert expected == await claimed(app)


async def test_runs_are_executed(app: App, clock: SteadyClock) -> None:
    """What was asked for an hour ahead of now is claimed and done."""
    new = NewRun(task="match", trigger=Trigger.MANUAL, requested_by="test", max_attempts=1, scheduled_for=clock())
    async with app.db.transaction() as tx:
        await run_requests.request(tx, new, at=clock())
    clock.move(hours=-1)
    run = await app.executor.claim()
    assert run is not None

    assert RunState.SUCCEEDED is (await app.executor.execute(run)).state


async def test_a_backup_behind_an_earlier_one_is_kept(app: App, clock: SteadyClock) -> None:
    """By its name it is not the newest of its day, but it was just made: it stays, and the run succeeds."""
    keep = Generations(daily=1, weekly=0, monthly=0)
    backups = replace(app.executor.services.backups, generations=keep)
    executor = replace(app.executor, services=replace(app.executor.services, backups=backups))
    clock.move(hours=4)
    before = await backups.create()
    clock.move(hours=-1)
    new = NewRun(task="backup", trigger=Trigger.MANUAL, requested_by="test", max_attempts=1, scheduled_for=clock())
    finished = await executor.execute(await executor.begin(new))
    made = {path for path in backups.folder.glob("hu_counseling_backup_*") if path.suffix in {".db", ".dump"}}
    later = made - {before}

    assert (RunState.SUCCEEDED, None) == (finished.state, await one(app, "SELECT error FROM run"))
    assert 1 == len(later)
    assert all(manifest_of(path).exists() for path in made)


async def test_what_was_missed_after_it_has_run(app: App, made_up: MadeUp, clock: SteadyClock) -> None:
    """An occurrence that comes again, behind a later one that was missed, is neither run again nor missed, and breaks nothing."""
    made_up.task("work")
    schedule = await made_up.schedule("work", Interval(timedelta(minutes=5)), first=clock())
    dispatching = Dispatching(db=app.db)
    await dispatching.begin_some(at=clock())
    clock.move(minutes=5)
    await dispatching.begin_some(at=clock())
    before = await rows(app, "SELECT state, scheduled_for_at, missed FROM run ORDER BY id")
    clock.move(minutes=-5)
    await change(app, "UPDATE schedule SET next_run_at = :at WHERE id = :id", at=clock(), id=schedule.id)
    await dispatching.begin_some(at=clock())

    assert ["scheduled", "missed"] == [row["state"] for row in before]
    assert before == await rows(app, "SELECT state, scheduled_for_at, missed FROM run ORDER BY id")
    assert set() == dispatching.broken
