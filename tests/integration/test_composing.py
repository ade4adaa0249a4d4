"""How an admin makes a schedule in Telegram, or changes one: questions, refusals, and what is saved in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.people import Actor
from bot.storage.schedules import CatchUp, Plan
from tests.integration.desk import Desk
from tests.support import SteadyClock, change, one

LENSA, MARTHA = 9001, 9002


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Two admins, in Berlin, where the clocks change."""
    return {**environment, "ADMIN_IDS": f"{LENSA},{MARTHA}", "TIMEZONE": "Europe/Berlin"}


@pytest.fixture
async def lensa(app: App) -> Desk:
    """Lensa, with the schedules of a new database."""
    await app.reconciling.reconcile({})
    return Desk(app, LENSA)


@pytest.fixture
async def new(lensa: Desk) -> Desk:
    """Lensa, who is asked when a new schedule for the cleanup shall run."""
    await lensa.opens("admin.draft.new")
    await lensa.presses("cleanup")
    return lensa


@pytest.fixture
async def editing(app: App, lensa: Desk) -> Desk:
    """Lensa, who changes the schedule of the cleanup."""
    await lensa.opens("admin.draft.edit", await number_of(app, "cleanup"))
    return lensa


async def number_of(app: App, name: str) -> str:
    """Return the number of a schedule, as buttons name it."""
    return str(await one(app, "SELECT id FROM schedule WHERE name = :name", name=name))


async def actor(app: App, telegram_id: int = LENSA) -> Actor:
    """Return an admin."""
    return await app.people.identify(telegram_id)


async def plan_of(app: App, name: str) -> Plan:
    """Return what is saved of a schedule."""
    return (await app.control.get(await actor(app), name)).schedule.plan


async def test_a_schedule_in_four_presses(app: App, lensa: Desk) -> None:
    """Task, time, and it can be saved: the sentence, the next five times, a free name and the defaults are shown."""
    asked = await lensa.opens("admin.draft.new")
    when = await lensa.presses("cleanup")
    summary = await lensa.presses("every Sunday at 03:00")
    saved = await lensa.presses("Save")

    assert "cleanup: Erase what was said" in asked
    assert "Times of the day are meant in Europe/Berlin." in when
    assert "every Sunday at 03:00, Europe/Berlin\nIts next times, as the clocks show them in Europe/Berlin:" in summary
    assert [f"• 2026-0{day} 03:00" for day in ("3-08", "3-15", "3-22", "3-29", "4-05")] == [
        line for line in summary.splitlines() if line.startswith("•")
    ]
    assert "Name: cleanup_2\nbatch: 250 (as usual)\n" in summary
    assert "Nothing is saved yet." in summary
    assert saved.startswith("💾 Saved.\n\ncleanup_2\ncleanup: ")
    plan = await plan_of(app, "cleanup_2")
    assert ("cleanup", "0 3 * * sun", {}, 3) == (plan.task, plan.when.spec, plan.payload, plan.max_retries)
    assert (CatchUp.LATEST, 5) == (plan.catch_up, plan.pause_after)


async def test_each_answer_can_be_typed(app: App, new: Desk) -> None:
    """Time, zone, name, payload, retries, failures and address; each leads back to the summary."""
    await new.writes("0 9 * * mon-fri")
    for button, typed in (
        ("Time zone", "africa/addis ababa"),
        ("Name", "workdays"),
        ("batch", "500"),
        ("Retries", "7"),
        ("Pause after", "0"),
        ("Heartbeat", "https://hc-ping.com/abc"),
    ):
        await new.presses(button)
        assert "Nothing is saved yet." in await new.writes(typed)
    await new.presses("Missed times", "they are left out", "Save")
    plan = await plan_of(app, "workdays")

    assert ({"batch": 500}, 7, 0, CatchUp.NONE) == (plan.payload, plan.max_retries, plan.pause_after, plan.catch_up)
    assert ("Africa/Addis_Ababa", "https://hc-ping.com/abc") == (plan.when.zone, plan.heartbeat_url)


async def test_each_answer_can_be_pressed(app: App, new: Desk) -> None:
    """Nobody has to type anything."""
    await new.presses("every day at 03:00", "Time zone", "UTC", "Retries", "5", "Pause after", "never", "Heartbeat", "no address")
    await new.presses("batch", "As usual: 250", "Missed times", "Back", "Save")
    plan = await plan_of(app, "cleanup_2")

    assert ("UTC", 5, 0, None, {}) == (plan.when.zone, plan.max_retries, plan.pause_after, plan.heartbeat_url, plan.payload)


async def test_a_time_that_cannot_be(new: Desk) -> None:
    """One sentence says what is wrong and what would be right; the form is where it was."""
    for typed in ("x" * 5000, "<b>&_*", "0 0 30 2 *", "1.5h", "tomorrow", "2026-02-29 10:00", "0s"):
        with pytest.raises(InvalidInput, match=r"[Ff]or example|Write an interval|Please write it shorter"):
            await new.writes(typed)

    assert "Nothing is saved yet." in await new.writes("1h30m")


async def test_an_answer_that_cannot_be(new: Desk) -> None:
    """It is refused by a sentence, and the question stays."""
    await new.presses("every day at 03:00")
    for button, typed, why in (
        ("Name", "<b>&_*", "2 to 40 small letters"),
        ("Name", "x" * 5000, "That is 5000 characters, and at most 200 fit"),
        ("Name", "backup", "There is a schedule backup already"),
        ("Time zone", "Addis", "There is no time zone"),
        ("Time zone", "x" * 5000, "at most 200 fit"),
        ("Retries", "-1", "no whole number"),
        ("Retries", "21", "from 0 to 20"),
        ("Pause after", "often", "no whole number"),
        ("batch", "0", "from 1 to 10000"),
        ("batch", "<b>", "from 1 to 10000"),
        ("Heartbeat", "ftp://x", "begins with https"),
        ("Missed times", "<b>", "either latest"),
    ):
        await new.presses(button)
        with pytest.raises((InvalidInput, Conflict), match=why):
            await new.writes(typed)
        assert "Nothing is saved yet." in await new.presses("Back")


async def test_a_time_that_comes_twice_is_asked_about(app: App, new: Desk) -> None:
    """Two buttons; what is pressed is what is saved."""
    asked = await new.writes("2026-10-25 02:30")
    labels = [label for label in new.buttons if label.startswith("the ")]
    shown = await new.presses("the second", "Save")

    assert "comes twice in Europe/Berlin" in asked
    assert ["the first: 2026-10-25 02:30+02:00", "the second: 2026-10-25 02:30+01:00"] == labels
    assert "once on Sunday 25 October 2026 at 02:30 (UTC+01:00)" in shown
    assert "2026-10-25T01:30:00+00:00" == (await plan_of(app, "cleanup_2")).when.spec


async def test_a_date_stays_on_the_clock_when_the_zone_changes(app: App, new: Desk) -> None:
    """Six in the evening is six in the evening there; where that comes twice, it is asked about again."""
    await new.writes("2026-12-24 18:00")
    await new.presses("Time zone")
    shown = await new.writes("America/New_York")
    await new.presses("When")
    await new.writes("2026-10-25 02:30")
    await new.presses("Time zone")
    twice = await new.writes("Europe/Berlin")

    assert "once on Thursday 24 December 2026 at 18:00, America/New_York" in shown
    assert "comes twice in Europe/Berlin" in twice


async def test_a_form_survives_a_restart(app: App, new: Desk) -> None:
    """Nothing of it is kept in memory: another process takes the next answer."""
    again = Desk(app, LENSA)
    shown = await again.writes("5m")

    assert "every 5 minutes" in shown
    assert new.telegram_id == again.telegram_id


async def test_a_text_where_a_button_is_asked_for(new: Desk) -> None:
    """The summary comes once more."""
    await new.presses("every hour")

    assert "Nothing is saved yet." in await new.writes("save it please")


async def test_a_form_that_was_left_takes_nothing(new: Desk) -> None:
    """Its buttons of before say so."""
    await new.presses("every hour")
    save = new.buttons["💾 Save"]
    await new.presses("Cancel")

    for action in (save, ("admin.draft.take", "name.0.0"), ("admin.draft.ask", "name"), ("admin.draft.usual", "")):
        with pytest.raises(Conflict):
            await new.opens(*action)


async def test_a_button_of_another_question_is_no_answer(new: Desk) -> None:
    """A number that was offered for the retries does not become the failures."""
    await new.presses("every hour", "Retries")
    three = new.buttons["3"]
    await new.presses("Back", "Pause after")

    with pytest.raises(Conflict):
        await new.opens(*three)
    with pytest.raises(InvalidInput):
        await new.opens("admin.draft.take", "pause_after.0.99")


async def test_a_time_that_passes_while_the_form_lies_there(app: App, clock: SteadyClock, new: Desk) -> None:
    """What could never run is not saved."""
    await new.writes("2026-03-02 18:00")
    clock.move(days=1)
    with pytest.raises(InvalidInput, match="has passed meanwhile"):
        await new.presses("Save")

    assert 0 == await one(app, "SELECT count(*) AS number FROM schedule WHERE name = 'cleanup_2'")


async def test_what_is_not_changed_stays(app: App, clock: SteadyClock, editing: Desk) -> None:
    """A new name leaves the next run where it is; a new time sets it anew."""
    before = await one(app, "SELECT next_run_at FROM schedule WHERE name = 'cleanup'")
    clock.move(minutes=7)
    await editing.presses("Name")
    await editing.writes("tidying")
    await editing.presses("Save")
    same = await one(app, "SELECT next_run_at FROM schedule WHERE name = 'tidying'")
    shown = await editing.presses("Edit", "When", "every 5 minutes", "Save")

    assert before == same
    assert "When: every 5 minutes\nNext run: in 5 min" in shown


async def test_somebody_changed_it_meanwhile(app: App, editing: Desk) -> None:
    """Nothing is saved over it: it is said, and the schedule is shown as it is now."""
    martha = Desk(app, MARTHA)
    await martha.opens("admin.draft.edit", await number_of(app, "cleanup"))
    await martha.presses("Retries", "5", "Save")
    shown = await editing.presses("Retries", "1", "Save")

    assert shown.startswith("⚠️ Somebody has changed this schedule in the meantime, so nothing was saved.")
    assert "Retries after a failure: 5\n" in shown
    assert 5 == (await plan_of(app, "cleanup")).max_retries


async def test_somebody_deleted_it_meanwhile(app: App, editing: Desk) -> None:
    """It is said, and does not come back."""
    await app.control.remove(await actor(app, MARTHA), "cleanup")

    for label in ("Save", "Retries"):
        with pytest.raises(NotFound, match="cleanup"):
            await editing.presses(label)


async def test_an_interval_of_a_variable_cannot_be_changed(app: App, lensa: Desk) -> None:
    """The form says which one it is and has no button for it; everything else can be changed."""
    await app.reconciling.reconcile({"match": timedelta(minutes=7)})
    shown = await lensa.opens("admin.draft.edit", await number_of(app, "match"))
    times = {"⏰ When", "🌍 Time zone"} & set(lensa.buttons)
    with pytest.raises(Conflict, match="MATCH_INTERVAL_MINUTES"):
        await lensa.opens("admin.draft.ask", "when")
    saved = await lensa.presses("Retries", "1", "Save")

    assert "MATCH_INTERVAL_MINUTES sets when this runs." in shown
    assert set() == times
    assert "Retries after a failure: 1" in saved


async def test_the_form_is_sealed(app: App, new: Desk) -> None:
    """A heartbeat address is as good as a password."""
    await new.presses("every hour", "Heartbeat")
    await new.writes("https://hc-ping.com/secret")

    assert b"secret" not in bytes(await one(app, "SELECT data FROM dialog"))


async def test_a_name_is_found_for_the_third_one(app: App, lensa: Desk) -> None:
    """Each suggestion is free."""
    await change(app, "UPDATE schedule SET name = 'cleanup_2' WHERE name = 'match'")
    await lensa.opens("admin.draft.new")

    assert "Name: cleanup_3\n" in await lensa.presses("cleanup", "every hour")
