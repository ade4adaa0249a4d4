"""``/health``: what each line says, and who may read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import App
from bot.domain.errors import NotAllowed
from bot.domain.people import Actor, Role
from bot.services.backups import manifest_of
from bot.services.health import _readable
from bot.storage import runs
from bot.storage.runs import NewRun, Outcome, Trigger
from tests.support import Cast, SteadyClock, change

LENSA = Actor(person_id=None, roles=frozenset({Role.ADMIN}))


async def lines(app: App) -> list[str]:
    """Return what an admin reads."""
    return [str(line) for line in await app.health.check(LENSA)]


async def line(app: App, about: str) -> str:
    """Return the line that contains *about*."""
    (found,) = [one for one in await lines(app) if about in one]
    return found


@asynccontextmanager
async def in_order(app: App) -> AsyncIterator[None]:
    """Make everything as it is in a service that runs well."""
    app.pulse.good()
    await app.reconciling.reconcile({})
    await app.executor.services.backups.create()
    yield


async def test_all_is_well(app: App, clock: SteadyClock) -> None:
    """One line for each part, each good."""
    async with in_order(app):
        clock.move(seconds=20)
        found = await lines(app)

    assert 8 == len(found)
    assert [] == [one for one in found if not one.startswith("✓ ")]
    assert {"✓ Telegram answers; last asked 20 s ago.", "✓ Last backup 20 s ago."} <= set(found)


@pytest.mark.parametrize("roles", [set[Role](), {Role.COUNSELOR}, {Role.OPERATOR}, {Role.SYSTEM}])
async def test_only_admins_read_it(app: App, roles: set[Role]) -> None:
    """Everybody else is refused."""
    with pytest.raises(NotAllowed):
        await app.health.check(Actor(person_id=None, roles=frozenset(roles)))


async def test_telegram_that_fails(app: App, clock: SteadyClock) -> None:
    """Since when, with what, and when it answered last; before the first answer that is said too."""
    never = await line(app, "Telegram")
    app.pulse.bad("why")
    clock.move(minutes=2)
    from_the_start = await line(app, "Telegram")
    app.pulse.good()
    clock.move(minutes=1)
    app.pulse.bad("409: somebody")
    clock.move(minutes=4)

    assert "⚠ Telegram has not answered yet." == never
    assert "✗ Telegram gives no updates, for 2 min: why. Last good answer: never." == from_the_start
    assert "✗ Telegram gives no updates, for 4 min: 409: somebody. Last good answer: 5 min ago." == await line(app, "Telegram")


async def test_nobody_polls(app: App, clock: SteadyClock) -> None:
    """A poller that died can say nothing: its silence is noticed."""
    app.pulse.good()
    clock.move(minutes=4)

    assert "⚠ Telegram was last asked 4 min ago: is a bot running that polls?" == await line(app, "Telegram")


async def test_what_waits(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Updates and messages, with the age of the oldest: good for a minute, doubtful for ten."""
    await cast.dawit()
    await change(
        app,
        """
        INSERT INTO "update" (update_id, chat_hash, payload, state, due_at, received_at)
        VALUES (7, NULL, :payload, 'open', :at, :at)
        """,
        payload=b"x",
        at=clock(),
    )
    marks = list[str]()
    for minutes in (0, 2, 20):
        clock.move(minutes=minutes)
        marks += [(await line(app, "updates wait"))[0], (await line(app, "messages wait"))[0]]

    assert ["✓", "✓", "⚠", "⚠", "✗", "✗"] == marks
    assert "✗ 1 updates wait to be handled, the oldest for 22 min." == await line(app, "updates wait")


async def test_what_was_given_up(app: App, cast: Cast, clock: SteadyClock) -> None:
    """It is a worry for a day, then a figure."""
    await cast.dawit()
    await change(app, "UPDATE delivery SET state = 'parked', settled_at = :at", at=clock())
    fresh = await line(app, "Given up")
    clock.move(days=2)

    assert "⚠ Given up: 0 updates and 1 messages, the newest just now; the log says why." == fresh
    assert (await line(app, "Given up")).startswith("✓ Given up: 0 updates and 1 messages, the newest 2 d ago")


async def test_backups(app: App, clock: SteadyClock) -> None:
    """None, a good one, one that was cut off, and one that is too old are told apart."""
    async with in_order(app):
        (made,) = [path for path in app.settings.backup_dir.iterdir() if path.suffix in {".db", ".dump"}]
        good = await line(app, "Last backup")
        clock.move(days=3)
        old = await line(app, "Last backup")
        made.write_bytes(made.read_bytes()[:100])
        cut_off = await line(app, "backups ")
        made.unlink()
        manifest_of(made).unlink()

    assert "✓ Last backup just now." == good
    assert "✗ Last backup 3 d ago, which is too long: run /backup." == old
    assert "✗ The newest file in the folder of the backups is not whole: run /backup." == cut_off
    assert "✗ No backup yet: run /backup." == await line(app, "backup yet")


async def test_tasks(app: App, clock: SteadyClock) -> None:
    """A task that failed last is named until it succeeds, whoever runs it; one that nobody runs is named too."""
    await app.reconciling.reconcile({})
    assert (await line(app, "tasks ended")).startswith("✓ ")
    await a_run(app, Outcome.FAILED)
    failed = await line(app, "Failed")
    clock.move(seconds=1)
    await a_run(app, Outcome.SUCCEEDED)
    again = await lines(app)
    clock.move(minutes=31)

    assert "✗ Failed the last time: cleanup. The log says why; then run it again." == failed
    assert [] == [one for one in again if "Failed" in one]
    assert (await line(app, "Overdue")).startswith("✗ Overdue: backup, idle_sessions, invariant_check, match. ")


async def a_run(app: App, outcome: Outcome) -> None:
    """Have a run of the cleanup end like this."""
    new = NewRun(task="cleanup", trigger=Trigger.CLI, requested_by="test", max_attempts=1, scheduled_for=app.clock())
    run = await app.executor.begin(new)
    async with app.db.transaction() as tx:
        if outcome is Outcome.SUCCEEDED:
            await runs.succeed(tx, run, result={}, at=app.clock())
        else:
            await runs.fail(tx, run, outcome, error="why", retry_at=None, at=app.clock())


async def test_a_disk_without_room(app: App, tmp_path: Path) -> None:
    """The folder of the backups that is gone is no reason to fall silent."""
    there = replace(app.health, backup_dir=tmp_path / "gone")
    found = [str(one) for one in await there.check(LENSA)]

    assert 8 == len(found)
    assert [app.settings.is_postgresql] == ["cannot be read" in one for one in found if "Database" in one]


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (4_200_000, "4.2 MB"), (12 * 10**9, "12.0 GB")]
)
def test_sizes(size: int, expected: str) -> None:
    """As people read them."""
    assert expected == _readable(size)
