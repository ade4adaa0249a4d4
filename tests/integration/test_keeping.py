"""What is kept, and for how long: each class just before and just after its age, and what must never go."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.retention import RULES, Data
from bot.services.vault import Unreadable
from bot.settings import Settings, load
from bot.tasks.base import RunContext
from tests.keeping import ROW, delivered, dialog, do, ended_session, handled, ran, schedule, settle
from tests.support import Cast, SteadyClock, change, one, rows

LENSA = 9001
TABLES = ("person", "key", "counselor", "session", "message", "session_event", "offer", "delivery", "dialog", "run", "schedule")


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same as everywhere, with Lensa as an admin."""
    return load({**environment, "ADMIN_IDS": str(LENSA)}, None)


async def everything(app: App) -> dict[str, int]:
    """Count the rows of all tables that something is deleted from."""
    return {table: await one(app, f"SELECT count(*) AS number FROM {table}") for table in TABLES}


@pytest.mark.parametrize("data", ROW)
async def test_just_before_and_just_after_its_age(app: App, cast: Cast, clock: SteadyClock, data: Data) -> None:
    """Exactly its age is not *more than* its age; a microsecond later one row goes, and none is left to go."""
    await ROW[data](app, cast)
    clock.move(microseconds=RULES[data].age / timedelta(microseconds=1))
    on_the_dot = await do(app, RULES[data].task)
    clock.move(microseconds=1)
    late = await do(app, RULES[data].task)
    again = await do(app, RULES[data].task)

    assert [0, 1, 0] == [result.counts.get(data, 0) for result in (on_the_dot, late, again)]
    assert f"1 {data.replace('_', ' ')}" in late.summary


@pytest.mark.parametrize(
    ("task", "classes"),
    [
        ("daily_housekeeping", (Data.SESSIONS, Data.UPDATES, Data.RUNS, Data.KEYS)),
        ("purge_deleted", (Data.COUNSELORS, Data.SCHEDULES)),
        ("cleanup_cache", (Data.FORMS,)),
    ],
)
async def test_a_dry_run_changes_nothing(app: App, cast: Cast, clock: SteadyClock, task: str, classes: tuple[Data, ...]) -> None:
    """It says of each class what it would delete, makes no backup and counts no day, and every row is there."""
    for data in classes:
        await ROW[data](app, cast)
    clock.move(days=400)
    before = await everything(app)
    result = await do(app, task, is_dry_run=True, backs_up_first=True)

    assert dict.fromkeys(classes, 1) == {data: result.counts[data] for data in classes}
    assert result.summary.startswith("Would delete ")
    assert before == await everything(app)
    assert 0 == await one(app, "SELECT count(*) AS number FROM analytics_day")
    assert not list(app.settings.backup_dir.iterdir())


async def test_the_record_of_a_session_goes_with_all_that_hangs_on_it(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Offers, moves, deliveries, messages and the key; where the cleanup was paused too, what was said is erased in the end."""
    session = await ended_session(app, cast, messages=3)
    clock.move(days=91)
    await do(app, "old_sessions")
    left = await everything(app)

    assert [0, 0, 0, 0] == [left[table] for table in ("session", "session_event", "offer", "message")]
    assert 0 == await one(app, "SELECT count(*) AS number FROM delivery WHERE message_seq IS NOT NULL")
    with pytest.raises(Unreadable):
        async with app.db.reading() as tx:
            await app.vault.seal(tx, session.key_id, "x", about="message")


async def test_a_longer_retention_keeps_the_record_as_long(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Where ``SESSION_RETENTION_DAYS`` is 100, nothing of a session goes before."""
    await ended_session(app, cast)
    terms = RunContext(services=app.executor.services, backs_up_first=False).terms(250)
    patient = replace(app.executor.services.housekeeping.retention, session_retention=timedelta(days=100))
    clock.move(days=100)
    early = await patient.delete(terms, Data.SESSIONS)
    clock.move(microseconds=1)

    assert ({}, {"old_sessions": 1}) == (early, await patient.delete(terms, Data.SESSIONS))


async def test_what_a_counselor_did_stays_counted(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The sessions and stars of a counselor count on in matching, on their card and in their own figures."""
    await ended_session(app, cast, 1001, stars=5)
    await ended_session(app, cast, 1002, stars=2)
    dawit = await app.people.identify(2001)
    before = await app.serving.record(dawit)
    clock.move(days=91)
    await do(app, "old_sessions", batch=1)
    after = await app.serving.record(dawit)
    card = await rows(app, "SELECT past_sessions, past_ratings, past_ratings_total FROM counselor")

    assert (2, 2, 7) == (before.ended, before.ratings, before.ratings_total)
    assert (2, 2, 7) == (after.ended, after.ratings, after.ratings_total)
    assert [(2, 2, 7)] == [tuple(row.values()) for row in card]


@pytest.mark.parametrize("task", ["old_sessions", "activity_log", "inactive_users", "orphans", "cleanup_cache", "purge_deleted"])
async def test_a_conversation_in_progress_is_untouched(app: App, cast: Cast, clock: SteadyClock, task: str) -> None:
    """However long it lasts: the conversation, a request that waits, and all that was ever delivered about them."""
    await cast.conversation(await cast.sara(), await cast.dawit())
    await cast.say(await app.people.identify(1001), "hello")
    await cast.request(await cast.student(1002), description="waiting")
    await settle(app)
    await delivered(app, await app.people.identify(1002))
    before = await everything(app)
    deliveries = "SELECT id FROM delivery WHERE session_id IS NOT NULL OR person_id <> :counselor ORDER BY id"
    dawit = await app.people.identify(2001)
    of_students = await rows(app, deliveries, counselor=dawit.me)
    clock.move(days=400)
    await do(app, task)
    after = await everything(app)

    assert of_students == await rows(app, deliveries, counselor=dawit.me)
    assert {**before, "delivery": 0} == {**after, "delivery": 0}


async def test_a_delivery_that_waits_is_never_deleted(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Nor the session that it is about, nor the message that it changes, nor the person whom it is for."""
    await ended_session(app, cast)
    stranger = await app.people.identify(3001)
    target = await delivered(app, await cast.hana())
    await change(app, "UPDATE delivery SET state = 'waiting', payload = :x WHERE message_seq = 1", x=b"x")
    async with app.db.transaction() as tx:
        await app.outbox.answer(tx, "a press", to=stranger.me, at=clock())
    await change(
        app,
        "UPDATE delivery SET target_id = :target WHERE state = 'waiting' AND person_id = :stranger",
        target=target,
        stranger=stranger.me,
    )
    clock.move(days=400)
    for task in ("old_sessions", "inactive_users", "activity_log"):
        await do(app, task)

    assert 1 == await one(app, "SELECT count(*) AS number FROM session")
    assert 1 == await one(app, "SELECT count(*) AS number FROM person WHERE id = :id", id=stranger.me)
    assert 1 == await one(app, "SELECT count(*) AS number FROM delivery WHERE id = :id", id=target)
    assert 2 <= await one(app, "SELECT count(*) AS number FROM delivery WHERE state = 'waiting'")


async def test_an_update_that_is_open_is_never_deleted(app: App, clock: SteadyClock) -> None:
    """One that was handled or parked long ago is."""
    for number, state in enumerate(("done", "parked"), 1):
        await handled(app, number, state=state)
    await handled(app, 3, state="open")
    await change(app, """UPDATE "update" SET handled_at = NULL WHERE state = 'open'""")
    clock.move(days=400)

    assert {"updates": 2} == (await do(app, "activity_log")).counts
    assert "open" == await one(app, """SELECT state FROM "update" """)


async def test_the_last_run_of_each_schedule_stays(app: App, clock: SteadyClock) -> None:
    """And of each task the last that succeeded, however long ago; what is not over is not touched either."""
    await schedule(app, "nightly", "backup", is_deleted=False)
    for state in ("succeeded", "failed", "failed"):
        await ran(app, "backup", state=state, schedule="nightly")
        clock.move(seconds=1)
    await ran(app, "cleanup", state="retrying")
    clock.move(days=400)

    assert {"runs": 1} == (await do(app, "activity_log")).counts
    assert ["succeeded", "failed", "retrying"] == [row["state"] for row in await rows(app, "SELECT state FROM run ORDER BY id")]


async def test_who_is_something_to_us_is_never_inactive(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A student, an applicant, an admin of either kind, and who consented and went away; of the others nothing is left."""
    kept = [await app.people.identify(LENSA), await cast.student(1001), await cast.applicant(1002, "Marta")]
    appointed, stranger = await app.people.identify(1003), await app.people.identify(1004)
    await change(app, "UPDATE person SET is_admin = :yes WHERE id = :id", yes=True, id=appointed.me)
    await delivered(app, stranger)
    await dialog(app, stranger.me, "request.topic")
    await settle(app)
    key_id = await one(app, "SELECT key_id FROM person WHERE id = :id", id=stranger.me)
    clock.move(days=8)
    result = await do(app, "inactive_users")

    assert {"inactive_people": 1} == result.counts
    assert {actor.me for actor in (*kept, appointed)} == {row["id"] for row in await rows(app, "SELECT id FROM person")}
    assert 0 == await one(app, "SELECT count(*) AS number FROM key WHERE id = :id", id=key_id)
    assert stranger.me != (await app.people.identify(1004)).me


async def test_who_was_heard_lately_is_not_inactive(app: App, clock: SteadyClock) -> None:
    """What the bot said to them a week ago or later tells that they wrote; so does an update that waits to be handled."""
    silent, heard, writing = [await app.people.identify(number) for number in (1001, 1002, 1003)]
    clock.move(days=1)
    await delivered(app, heard)
    clock.move(days=7)
    await handled(app, 7, state="open")
    await change(
        app,
        """UPDATE "update" SET chat_hash = (SELECT telegram_hash FROM person WHERE id = :id), handled_at = NULL""",
        id=writing.me,
    )
    await do(app, "inactive_users")

    assert silent.me not in {row["id"] for row in await rows(app, "SELECT id FROM person")}
    assert [heard.me, writing.me] == [row["id"] for row in await rows(app, "SELECT id FROM person ORDER BY id")]


async def test_an_application_that_lapses_is_erased_and_told(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Who waited in vain learns it, and can apply again; a change of it within the half year keeps it."""
    marta, abel = await cast.applicant(1001, "Marta"), await cast.applicant(1002, "Abel")
    clock.move(days=100)
    await change(app, "UPDATE counselor SET locked_at = :at WHERE id = :id", at=clock(), id=abel.me)
    clock.move(days=81)
    result = await do(app, "lapsed_applications")
    (told,) = await cast.said(marta)

    assert {"lapsed_applications": 1} == result.counts
    assert "Nobody has decided on your application" in told
    assert [abel.me] == [row["id"] for row in await rows(app, "SELECT id FROM counselor")]
    assert [] == await cast.said(abel)
    await cast.applicant(1001, "Marta")


async def test_a_deleted_counselor_goes_with_their_key(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Profile, topics, person and key: all at once where they are nothing else to us; a student stays a student."""
    await ROW[Data.COUNSELORS](app, cast)
    student = await cast.student(2001)
    await ROW[Data.PEOPLE](app, cast)
    await cast.counselor(2002, "Hana", "other")
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no, deleted_at = :at", no=False, at=clock())
    await settle(app)
    clock.move(days=91)
    result = await do(app, "purge_deleted")

    assert {"deleted_counselors": 2, "inactive_people": 2} == result.counts
    assert [student.me] == [row["id"] for row in await rows(app, "SELECT id FROM person")]
    assert 1 == await one(app, "SELECT count(*) AS number FROM key WHERE purpose = 'person'")
    assert 0 == await one(app, "SELECT count(*) AS number FROM counselor_topic")


async def test_a_default_under_another_name_is_no_second_one(app: App, clock: SteadyClock) -> None:
    """Who renames a default schedule has it once after the next start too; a variable still owns it; deleted, it stays so."""
    await app.reconciling.reconcile({})
    await change(app, "UPDATE schedule SET name = 'my match' WHERE name = 'match'")
    await app.reconciling.reconcile({"match": timedelta(minutes=7)})
    renamed = await rows(app, "SELECT name, spec FROM schedule WHERE task = 'match'")
    await change(app, "UPDATE schedule SET deleted_at = :at WHERE name = 'my match'", at=clock())
    await change(app, "UPDATE schedule SET deleted_at = :at WHERE name = 'cleanup'", at=clock())
    clock.move(days=400)
    await do(app, "purge_deleted")
    await app.reconciling.reconcile({})

    assert [("my match", "7m")] == [(row["name"], row["spec"]) for row in renamed]
    assert {"my match", "cleanup"} == {
        row["name"] for row in await rows(app, "SELECT name FROM schedule WHERE deleted_at IS NOT NULL")
    }
    assert 0 == await one(app, "SELECT count(*) FROM schedule WHERE task IN ('match', 'cleanup') AND deleted_at IS NULL")


async def test_a_deleted_default_does_not_come_back(app: App, clock: SteadyClock) -> None:
    """The row of a deleted schedule with the name of its task is what tells a start not to create it again."""
    await schedule(app, "match", "match")
    await schedule(app, "my own", "match")
    clock.move(days=91)

    assert {"deleted_schedules": 1} == (await do(app, "purge_deleted")).counts
    assert "match" == await one(app, "SELECT name FROM schedule")


@pytest.mark.parametrize("batch", [1, 2, 250])
async def test_whatever_the_size_of_the_batches(app: App, cast: Cast, clock: SteadyClock, batch: int) -> None:
    """All goes and is counted once; no transaction deletes more than the batch of what goes with a row."""
    for number in range(3):
        await ended_session(app, cast, 1001 + number)
    clock.move(days=91)
    pieces = 0

    async def count() -> None:
        nonlocal pieces
        pieces += 1

    seen: list[tuple[int, int | None]] = []
    result = await do(
        app, "old_sessions", batch=batch, checkpoint=count, progress=lambda done, total=None: seen.append((done, total))
    )

    assert {"old_sessions": 3} == result.counts
    assert (3, 3) == seen[-1]
    assert pieces >= 3 / batch
    assert 0 == (await everything(app))["session_event"]


async def test_a_run_that_dies_in_between_is_taken_up(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Stopped after any transaction, within a session too: the next run finds the rest, and counts nothing twice."""
    for number in range(2):
        await ended_session(app, cast, 1001 + number, stars=4)
    clock.move(days=91)
    deleted: Counter[str] = Counter()

    async def stop() -> None:
        raise Conflict("stopped")

    for _ in range(3):
        with pytest.raises(Conflict):
            await do(app, "old_sessions", batch=4, checkpoint=stop)
    gone = 2 - (await everything(app))["session"]
    deleted.update((await do(app, "old_sessions", batch=4)).counts)

    assert 2 == deleted["old_sessions"] + gone
    assert (2, 8) == tuple((await rows(app, "SELECT past_ratings, past_ratings_total FROM counselor"))[0].values())
    assert {"session": 0, "message": 0} == {table: (await everything(app))[table] for table in ("session", "message")}


async def test_a_question_that_lapsed_and_a_form(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The question for a word lapses after half an hour; a half-filled form stays a week, and each further answer keeps it."""
    sara, abel = await cast.sara(), await cast.student(1002)
    await dialog(app, sara.me, "rating.comment")
    await dialog(app, abel.me, "request.description")
    clock.move(hours=1)
    early = await do(app, "cleanup_cache")
    await dialog(app, abel.me, "request.description")
    clock.move(days=7)
    kept = await do(app, "cleanup_cache")

    assert ({"lapsed_questions": 1}, {}) == (early.counts, kept.counts)
    assert abel.me == await one(app, "SELECT person_id FROM dialog")
