"""What admins do with schedules and runs in Telegram: they read a screen, and press what stands below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import Conflict, NotFound
from bot.domain.ids import RunId
from bot.domain.people import Actor
from bot.storage.run_history import Line, say
from bot.storage.run_requests import request_for_event
from bot.storage.runs import RunState
from tests.integration.desk import Desk
from tests.support import SteadyClock, change

LENSA, MARTHA = 9001, 9002


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Two admins, in Addis Ababa."""
    return {**environment, "ADMIN_IDS": f"{LENSA},{MARTHA}", "TIMEZONE": "Africa/Addis_Ababa"}


@pytest.fixture
async def lensa(app: App) -> Desk:
    """Lensa, before the list of schedules."""
    await app.reconciling.reconcile({})
    desk = Desk(app, LENSA)
    await desk.opens("admin.tasks")
    return desk


async def actor(app: App) -> Actor:
    """Return Lensa."""
    return await app.people.identify(LENSA)


async def set_right(app: App, name: str, **columns: object) -> None:
    """Change columns of a schedule."""
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    await change(app, f"UPDATE schedule SET {assignments} WHERE name = :name", name=name, **columns)


async def finish(app: App) -> RunState:
    """Execute the run that is due."""
    run = await app.executor.claim()
    assert run is not None
    return (await app.executor.execute(run)).state


async def test_the_list_marks_what_needs_a_look(app: App, lensa: Desk) -> None:
    """Paused by somebody, paused by its failures, without its task, failed last, and well: each can be told apart."""
    await app.control.trigger(await actor(app), "cleanup")
    await finish(app)
    await change(app, "UPDATE run SET state = 'failed', error = :error", error="no <b>room</b> & more")
    await set_right(app, "backup", is_enabled=False, is_paused_by_failures=True, failures=5)
    await set_right(app, "cleanup_cache", is_parked=True)
    shown = await lensa.opens("admin.tasks")

    assert "🛑 backup: paused by itself, after 5 failures in a row" in shown
    assert "⏸ archive_logs: paused\n" in shown
    assert "📦 cleanup_cache: waits until the task cleanup_cache is back" in shown
    assert "❗️ cleanup: in 30 min (2026-03-02 08:30 UTC)\n   ❌ 2026-03-02 08:00 UTC: no <b>room</b> & more" in shown
    assert "\ndaily_summary: in 22 h (2026-03-03 09:00 Africa/Addis_Ababa)\n" in shown
    assert ["▶"] == [label for label in lensa.buttons if label in "◀▶"]
    assert "page 2 of 3" in await lensa.presses("▶")


async def test_the_page_of_a_schedule_says_everything(app: App, lensa: Desk) -> None:
    """What the task does, when in words, next run in its zone, payload, retries, what becomes of missed times, failures."""
    await set_right(app, "daily_summary", failures=2, pause_after=5, catch_up="none", heartbeat_url="https://hc-ping.com/secret")
    shown = await lensa.presses("daily_summary")
    cleanup = await lensa.presses("Back", "cleanup")

    assert [
        "daily_summary",
        "Tell the admins what waits, what lacks cover, and what to do about it.",
        "",
        "When: every day at 09:00, Africa/Addis_Ababa",
        "Next run: in 22 h (2026-03-03 09:00 Africa/Addis_Ababa)",
        "Last run: never ran",
        "",
        "Retries after a failure: 3",
        "Missed while the bot is down: noted, not made up for",
        "Pauses itself after 5 failures in a row",
        "Failures in a row: 2",
        "Heartbeat: hc-ping.com",
    ] == shown.splitlines()
    assert "Payload: batch = 250 (as usual)\n" in cleanup


async def test_a_schedule_whose_task_is_gone_cannot_be_run(app: App, lensa: Desk) -> None:
    """It can be looked at and deleted; the rest needs the task, and says so."""
    await set_right(app, "cleanup", task="of_an_older_release", is_parked=True)
    shown = await lensa.presses("cleanup")
    number = lensa.buttons["📜 History"][1]

    assert "The task of_an_older_release is not part of this release." in shown
    assert set() == {"▶️ Run now", "🔍 Try out", "✏️ Edit"} & set(lensa.buttons)
    for action in ("admin.task.run", "admin.draft.edit"):
        with pytest.raises(Conflict, match="not part of this release"):
            await lensa.opens(action, number)
    assert "is deleted" in await lensa.presses("Delete", "Yes, delete it")


async def test_trying_out_deletes_nothing(app: App, lensa: Desk) -> None:
    """Offered where the task deletes; what it says is told to who asked, and stands in the history as tried out."""
    await lensa.presses("cleanup", "Try out")
    await finish(app)
    shown = await lensa.opens("admin.run", "1")
    await lensa.opens("admin.tasks")
    await lensa.presses("backup")

    assert "Tried out: nothing is deleted" in shown
    assert "🔍 Try out" not in lensa.buttons


async def test_pausing_and_resuming_show_how_it_stands(lensa: Desk) -> None:
    """The page comes again, with the other button; a press of the old one is refused."""
    paused = await lensa.presses("cleanup", "Pause")
    number = lensa.buttons["⏯ Resume"][1]
    with pytest.raises(Conflict, match="is paused already"):
        await lensa.opens("admin.task.pause", number)
    resumed = await lensa.presses("Resume")

    assert "⏸ cleanup\n" in paused
    assert "Next run: in 30 min" in resumed


async def test_a_deleted_schedule_is_gone_and_its_runs_stay(app: App, lensa: Desk) -> None:
    """Asked for first; afterwards its buttons say so, and all runs still show what it did."""
    await lensa.presses("cleanup", "Run now")
    await finish(app)
    await lensa.opens("admin.tasks")
    asked = await lensa.presses("cleanup", "Delete")
    number = lensa.buttons["No, leave it"][1]
    deleted = await lensa.presses("Yes, delete it")
    with pytest.raises(NotFound, match="somebody has deleted it"):
        await lensa.opens("admin.task", number)
    runs = await lensa.presses("Tasks", "All runs")

    assert "Delete the schedule cleanup?" in asked
    assert "The schedule cleanup is deleted." == deleted
    assert "cleanup, 2026-03-02 08:00 UTC" in runs
    assert "✅ cleanup, run 1" in await lensa.presses("✅ 1")


async def test_the_history_is_paged(app: App, clock: SteadyClock, lensa: Desk) -> None:
    """The newest first, back to the oldest, and forward again; who asked, how long it took, what was missed."""
    await change(app, "DELETE FROM run")
    schedule = await app.control.get(await actor(app), "cleanup")
    for number in range(10):
        await change(
            app,
            """
            INSERT INTO run (schedule_id, task, payload, trigger, requested_by, state, concurrency_key, max_attempts, missed,
                             scheduled_for_at, due_at, started_at, finished_at)
            VALUES (:schedule_id, 'cleanup', '{}', :trigger, :by, 'succeeded', 'cleanup', 1, :missed, :at, :at, :at, :end_at)
            """,
            schedule_id=schedule.schedule.id,
            trigger=["schedule", "catch-up", "manual", "cli"][number % 4],
            by=["clock", "clock", f"person:{(await app.people.identify(MARTHA)).me}", "cli"][number % 4],
            missed=3 if number % 4 == 1 else 0,
            at=clock() + timedelta(minutes=number),
            end_at=clock() + timedelta(minutes=number, seconds=95),
        )
    newest = await lensa.presses("cleanup", "History")
    oldest = await lensa.presses("Older")

    assert newest.startswith("History of cleanup\n\n")
    assert "2026-03-02 08:09 UTC, 1 min 35 s\n   late, made up for, by the clock, and for 3 missed before" in newest
    assert "\n   by hand, by an admin\n" in newest
    assert "\n   at the command line, by the operator" in newest
    assert [8, 2] == [text.count("✅") for text in (newest, oldest)]
    assert newest == await lensa.presses("Newest")
    assert "When: every 30 minutes" in await lensa.presses("Back")


async def test_a_run_can_be_watched_cancelled_and_repeated(app: App, clock: SteadyClock, lensa: Desk) -> None:
    """Its progress with *Refresh*, *Cancel* after a question; what was cancelled can be repeated, what is done cannot."""
    await lensa.presses("cleanup", "Run now")
    waits = await lensa.presses("Watch")
    await app.executor.claim()
    await change(app, "UPDATE run SET progress_done = 30, progress_total = 120")
    clock.move(seconds=5)
    runs = await lensa.presses("Refresh")
    stopping = await lensa.presses("Cancel", "Yes, cancel it")
    await change(
        app, "UPDATE run SET state = 'cancelled', finished_at = :at, lease_owner = NULL, lease_expires_at = NULL", at=clock()
    )
    over = await lensa.presses("Refresh")
    with pytest.raises(Conflict, match="over already"):
        await lensa.opens("admin.run.cancel.yes", "1")
    repeated = await lensa.presses("Repeat")

    assert "waits for its turn" in waits
    assert "So far: 30 of 120 (25 %)" in runs
    assert "Took: 5 s" in runs
    assert "running, and asked to stop" in stopping
    assert "✖️ cleanup, run 1\ncancelled" in over
    assert "🕒 cleanup, run 2\nwaits for its turn" in repeated
    await finish(app)
    await lensa.presses("Refresh")
    assert set() == {"✖️ Cancel", "🔁 Repeat", "🔄 Refresh"} & set(lensa.buttons)


def lines(clock: SteadyClock) -> Sequence[Line]:
    """Return more than a message holds."""
    return [Line(number=number, level="WARNING", line="w&" * 250, said_at=clock()) for number in range(1, 40)]


async def test_the_longest_run_fits_in_a_message(app: App, clock: SteadyClock, lensa: Desk) -> None:
    """Errors, attempts, payload and log lines are cut to what Telegram takes."""
    await app.control.trigger(await actor(app), "cleanup")
    run = await app.executor.claim()
    assert run is not None
    await change(
        app,
        """
        UPDATE run SET state = 'failed', error = :error, result = :result, payload = :payload, finished_at = :at,
                       lease_owner = NULL, lease_expires_at = NULL
        """,
        error="<e>" * 900,
        result='{"summary": "' + "s" * 3000 + '", "' + "c" * 3000 + '": 1}',
        payload="{" + ", ".join(f'"{"p" * 100}{number}": "{"v" * 900}"' for number in range(15)) + "}",
        at=clock(),
    )
    await change(app, "DELETE FROM run_attempt")
    for number in range(1, 9):
        values = {"run_id": run.id, "number": number, "at": clock(), "error": "x" * 2000}
        await change(
            app,
            "INSERT INTO run_attempt (run_id, number, outcome, error, started_at, finished_at)"
            " VALUES (:run_id, :number, 'failed', :error, :at, :at)",
            **values,
        )
    async with app.db.transaction() as tx:
        await say(tx, RunId(run.id), list(lines(clock)))
    shown = await lensa.opens("admin.run", str(run.id))

    assert 4096 >= len(shown)
    assert "8. 2026-03-02 08:00 UTC, failed: xxx" in shown
    assert "08:00:00 WARNING: w&w&" in shown


async def test_an_event_is_named(app: App, lensa: Desk) -> None:
    """A match that followed from a request says of what it came; no person is named."""
    await change(app, "DELETE FROM run")
    async with app.db.transaction() as tx:
        await request_for_event(tx, "match", because="requested", max_attempts=1, at=app.clock())

    assert "   after an event: requested" in await lensa.opens("admin.history")
