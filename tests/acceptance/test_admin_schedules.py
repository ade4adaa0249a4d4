"""Schedules and runs by buttons and words, over HTTP, on both databases: every button is pressed, and every press is answered."""

from __future__ import annotations

from bot.playground import BotApiServer, Person
from bot.telegram.routes import ACTIONS
from tests.acceptance.pressing import is_of_schedules, unpressed
from tests.acceptance.program import UNLIMITED, Programs

TYPED = "<b>&_* 😀"
#: What stands in lists, or is offered as an answer: each has a label of its own, so that only one of a kind is pressed.
ENTRIES = {"admin.task", "admin.run", "admin.draft.take"}


async def go(lensa: Person, *steps: tuple[str, str]) -> None:
    """Press one button after the other, and see what each leads to."""
    for label, part in steps:
        await lensa.press(label)
        await lensa.see(part)


async def say(lensa: Person, text: str, part: str) -> None:
    """Write something, and see what it leads to."""
    await lensa.send(text)
    await lensa.see(part)


async def make(lensa: Person) -> None:
    """Make a schedule: every question by a button or in words, with what is refused on the way."""
    await go(lensa, ("New schedule", "page 1 of 3"), ("▶", "page 2 of 3"), ("◀", "page 1 of 3"), ("Cancel", "Scheduled tasks"))
    await go(lensa, ("New schedule", "What shall it do?"), ("cleanup", "When shall it run?"), ("Back", "What shall it do?"))
    await go(lensa, ("cleanup", "When shall it run?"))
    for typed, part in (
        (TYPED, "A cron line has five fields"),
        ("x" * 4096, "That is 4096 characters, and at most 200 fit."),
        ("0 0 30 2 *", "no month in"),
    ):
        await say(lensa, typed, part)
    await go(lensa, ("every 6 hours", "Nothing is saved yet."), ("When", "Now: 6h"), ("Time zone", "In which time zone?"))
    await say(lensa, "europe/berlin", "every 6 hours")
    await go(lensa, ("When", "meant in Europe/Berlin"))
    await say(lensa, "2031-10-26 02:30", "comes twice in Europe/Berlin")
    await go(lensa, ("the second", "at 02:30 (UTC+01:00), Europe/Berlin"), ("Time zone", "Now: Europe/Berlin"), ("Back", "saved"))
    await go(lensa, ("Name", "Under which name?"))
    await say(lensa, TYPED, "A schedule's name has 2 to 40")
    await say(lensa, "nightly", "Name: nightly")
    await go(lensa, ("batch", "from 1 to 10000"))
    await say(lensa, "500", "batch: 500")
    await go(lensa, ("batch", "Now: 500"), ("As usual", "batch: 250 (as usual)"))
    await go(lensa, ("Retries", "tried again"), ("5", "after a failure: 5"), ("Pause after", "in a row"), ("never", "row: never"))
    await go(lensa, ("Missed times", "What becomes"), ("they are left out", "down: they are left out"))
    await go(lensa, ("Heartbeat", "Which address"), ("no address", "Heartbeat: no address"), ("Save", "💾 Saved."))


async def run_it(lensa: Person) -> None:
    """Run it, try it out, look at its history, pause it, change it, delete it."""
    await go(lensa, ("Run now", "nightly is started."))
    await lensa.see("cleanup, which you asked for, is done: Cleaned up 0 old sessions and 0 messages.")
    await go(lensa, ("Watch", "by hand, by you"), ("Back", "History of nightly"), ("Back", "cleanup: Erase"))
    await go(lensa, ("Try out", "nightly is tried out"))
    await lensa.see("cleanup, which you asked for, is done:")
    await go(
        lensa, ("⏰ Tasks", "page 1 of 3"), ("▶", "page 2 of 3"), ("nightly", "Last run: ✅"), ("History", "History of nightly")
    )
    await go(lensa, ("✅", "Result: "), ("Back", "History of nightly"), ("Back", "cleanup: Erase"))
    assert await (await lensa.press("Refresh")).answered() is None
    await go(lensa, ("Pause", "⏸ nightly"), ("Resume", "Next run: in "), ("Edit", "Change nightly"), ("Cancel", "Next run: in "))
    await go(lensa, ("Edit", "Change nightly"), ("Retries", "Now: 5"), ("1", "after a failure: 1"), ("Save", "💾 Saved."))
    await go(lensa, ("Delete", "Delete the schedule nightly?"), ("No, leave it", "Next run: in "))
    await go(lensa, ("Delete", "Delete the schedule nightly?"), ("Yes, delete it", "nightly is deleted."))


async def fail(lensa: Person) -> None:
    """Have a task fail again and again, cancel the run that waits for its next attempt, and repeat it."""
    await go(lensa, ("⏰ Tasks", "page 1 of 3"), ("New schedule", "What shall it do?"), ("archive_logs", "When shall it run?"))
    await say(lensa, "1s", "every second")
    await go(lensa, ("Save", "💾 Saved."), ("History", "History of archive_logs_2"))
    while not any("🔁" in label for label in lensa.visible_buttons):
        assert await (await lensa.press("Refresh")).answered() is None
    await go(lensa, ("Back", "archive_logs: "), ("Pause", "⏸ archive_logs_2"), ("History", "History of"))
    await go(lensa, ("🔁", "failed, and is tried again at"), ("Cancel", "Cancel this run"), ("No, leave it", "is tried again"))
    await go(lensa, ("Cancel", "Cancel this run"), ("Yes, cancel it", "\ncancelled"), ("Repeat", "by hand, by you"))
    assert await (await lensa.press("Refresh")).answered() is None
    await go(lensa, ("⏰ Tasks", "page 1 of 3"), ("All runs", "All runs\n"))
    assert await (await lensa.press("Refresh")).answered() is None
    await go(lensa, ("Back", "page 1 of 3"), ("▶", "page 2 of 3"), ("◀", "page 1 of 3"))
    assert await (await lensa.press("Refresh")).answered() is None


async def test_every_button_of_the_schedules_leads_somewhere(server: BotApiServer, programs: Programs) -> None:
    """A schedule from its first question to its end, and runs that succeed, fail and are cancelled."""
    lensa = server.person("Lensa")
    await programs.start(ADMIN_IDS=str(lensa.id), **UNLIMITED)
    await say(lensa, "/tasks", "Scheduled tasks")
    await make(lensa)
    await run_it(lensa)
    await fail(lensa)

    queries = server.world.queries.values()
    await server.wait_for(lambda: all(query.is_answered for query in queries))
    actions = {action for action in ACTIONS if is_of_schedules(action)}
    assert set() == unpressed(server, actions - ENTRIES)
    assert set() == unpressed(server, ENTRIES) & ENTRIES
