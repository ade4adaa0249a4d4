"""The restore drill: the newest backup really comes back, or it is known that it does not; nothing of it is left behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from bot.app import App
from bot.domain.errors import BotError
from bot.domain.people import Actor, Role
from bot.services.backup_keys import NAME as KEY_FILE
from bot.services.backups import Backups, manifest_of
from bot.services.drilling import Drilling
from bot.services.vault import WrongKey
from bot.settings import Settings
from bot.storage import migrations, proofs, restores
from bot.storage.copies import CopyFailed
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from tests.support import Cast, Postgres, SteadyClock, one

LENSA = Actor(person_id=None, roles=frozenset({Role.ADMIN}))
only_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)


@pytest.fixture
def drilling(app: App) -> Drilling:
    """The service that the task calls."""
    return app.executor.services.watching.drilling


@pytest.fixture
def backups(app: App) -> Backups:
    """What makes them."""
    return app.executor.services.backups


@pytest.fixture
def leftovers(settings: Settings, postgres: Postgres, drilling: Drilling) -> Callable[[], list[str]]:
    """What is there of scratch folders and scratch databases."""

    def find() -> list[str]:
        folders = [drilling._scratch_in(folder) for folder in (drilling.folder, drilling.spare)]
        with psycopg.connect(postgres.uri, autocommit=True) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'hu_counseling_drill%'").fetchall()
        return [str(folder) for folder in folders if folder.exists()] + [name for (name,) in found]

    return find


async def converse(app: App, cast: Cast) -> None:
    """Leave people, a session and a message behind."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "my-own-message")


async def last(app: App) -> proofs.Proof | None:
    """Return the newest proof."""
    async with app.db.reading() as tx:
        return await proofs.last(tx)


async def test_a_backup_comes_back(
    app: App, cast: Cast, clock: SteadyClock, drilling: Drilling, backups: Backups, leftovers: Callable[[], list[str]]
) -> None:
    """Its rows are counted, what is sealed is opened, the proof is kept and shown, and nothing is left behind."""
    await converse(app, cast)
    made = await backups.create()
    before = sorted(drilling.folder.iterdir())
    proof = await drilling.prove()
    clock.move(minutes=3)
    shown = [str(line) for line in await app.health.check(LENSA)]

    counts = json.loads(manifest_of(made).read_bytes())["counts"]
    assert (made.name, True, {**counts, "opened": 3}) == (proof.file, proof.is_good, proof.counts)
    assert proof == await last(app)
    assert "✓ The backup of 2026-03-02 08:00 UTC was restored for a test 3 min ago: all as it was." in shown
    assert before == sorted(drilling.folder.iterdir())
    assert [] == leftovers()


async def test_the_task_says_which(app: App, cast: Cast, drilling: Drilling, backups: Backups) -> None:
    """One line with the name of the file, and the counts."""
    await converse(app, cast)
    made = await backups.create()
    task = TASKS["restore_drill"]
    result = await task.run(RunContext(services=app.executor.services), task.parse({}))

    assert f"Restored {made.name} for a test: all as it was" == result.summary
    assert (1, 1) == (result.counts["session"], result.counts["message"])


async def test_an_empty_service_comes_back(drilling: Drilling, backups: Backups) -> None:
    """Where there is nobody there is nothing to open."""
    await backups.create()

    assert 0 == (await drilling.prove()).counts["opened"]


async def test_whoever_was_forgotten_since_is_no_failure(
    app: App, cast: Cast, clock: SteadyClock, drilling: Drilling, backups: Backups
) -> None:
    """Their key is in the key file no more; those of the others are."""
    await converse(app, cast)
    made = await backups.create()
    key = await one(app, "SELECT min(key_id) AS key_id FROM session")
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM key WHERE id = :id", id=key)
    clock.move(days=1)
    newer = await backups.create()
    newer.unlink()
    manifest_of(newer).unlink()

    assert (made.name, 2) == ((proof := await drilling.prove()).file, proof.counts["opened"])


def spoil(made: Path) -> None:
    """Change a bit in the middle of it."""
    content = bytearray(made.read_bytes())
    content[len(content) // 2] ^= 1
    made.write_bytes(content)


def cut_off(made: Path) -> None:
    """Lose its end."""
    made.write_bytes(made.read_bytes()[:1000])


def lose_the_manifest(made: Path) -> None:
    """Lose what it should be."""
    manifest_of(made).unlink()


def claim_more(made: Path) -> None:
    """Say of it that it has rows that it does not have."""
    manifest = json.loads(manifest_of(made).read_bytes())
    manifest["counts"]["message"] += 1
    manifest_of(made).write_text(json.dumps(manifest))


def lose_the_keys(made: Path) -> None:
    """Lose the key file."""
    (made.parent / KEY_FILE).unlink()


def lose_everything(made: Path) -> None:
    """Lose the backup."""
    made.unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (spoil, "is not what it was when it was made: run /backup"),
        (cut_off, "is not what it was when it was made: run /backup"),
        (lose_the_manifest, "could not be restored for a test: No such file"),
        (claim_more, "does not hold the rows that it held"),
        (lose_the_keys, "without it no backup can be read"),
        (lose_everything, "There is no backup in"),
    ],
)
async def test_a_backup_that_does_not_come_back(  # noqa: PLR0917 — the fixtures, and a harm
    app: App,
    cast: Cast,
    drilling: Drilling,
    backups: Backups,
    leftovers: Callable[[], list[str]],
    harm: Callable[[Path], None],
    sentence: str,
) -> None:
    """The run fails with one sentence, which is kept and shown."""
    await converse(app, cast)
    harm(await backups.create())
    with pytest.raises(BotError, match=sentence) as caught:
        await drilling.prove()
    proof = await last(app)
    shown = [str(line) for line in await app.health.check(LENSA) if "restored for a test, just now" in str(line)]

    assert proof is not None
    assert (False, str(caught.value)) == (proof.is_good, proof.error)
    assert ["✗"] == [line[0] for line in shown]
    assert [] == leftovers()


@only_sqlite
async def test_the_next_good_one_is_a_proof_again(app: App, clock: SteadyClock, drilling: Drilling, backups: Backups) -> None:
    """What is shown is what came of the last drill."""
    with pytest.raises(CopyFailed):
        await drilling.prove()
    await backups.create()
    clock.move(seconds=1)
    proof = await drilling.prove()

    assert (True, proof) == (proof.is_good, await last(app))


async def test_keys_of_another_service(app: App, cast: Cast, drilling: Drilling, backups: Backups) -> None:
    """A key file that opens nothing of it, or not at all, is no way back."""
    await converse(app, cast)
    await backups.create()
    path = drilling.folder / KEY_FILE
    rows_ = json.loads(app.vault.unwrap_file(path.read_bytes()))
    people = [row for row in rows_ if row[1] == "person"]
    swapped = {people[0][0]: people[1][2], people[1][0]: people[0][2]}
    path.write_bytes(app.vault.wrap_file(json.dumps([[row[0], row[1], swapped.get(row[0], row[2])] for row in rows_]).encode()))
    with pytest.raises(CopyFailed, match="cannot be opened with its key"):
        await drilling.prove()
    path.write_bytes(b"x" * 100)
    with pytest.raises(WrongKey, match="does not open the key file"):
        await drilling.prove()


@only_sqlite
async def test_leftovers_of_a_drill_that_was_killed(
    app: App, drilling: Drilling, backups: Backups, tmp_path: Path, leftovers: Callable[[], list[str]]
) -> None:
    """They are gone after the next one, beside the backups and elsewhere."""
    await backups.create()
    elsewhere = replace(drilling, spare=tmp_path)
    for folder in (drilling.folder, tmp_path):
        left = elsewhere._scratch_in(folder)
        left.mkdir()
        (left / "restored.db").write_bytes(b"half")
    await elsewhere.prove()

    assert [] == [path for path in tmp_path.rglob("*") if "drill" in path.name]
    assert [] == leftovers()


@only_postgresql
async def test_a_scratch_database_that_was_left(
    app: App, settings: Settings, postgres: Postgres, drilling: Drilling, backups: Backups, leftovers: Callable[[], list[str]]
) -> None:
    """It is dropped, also while somebody is connected to it."""
    await backups.create()
    names: list[str] = []

    def left_by_another() -> psycopg.Connection:
        name = restores._name_beside(psycopg.conninfo.conninfo_to_dict(settings.database_url)["dbname"])
        names.append(str(name))
        with psycopg.connect(postgres.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return psycopg.connect(restores._named(settings.database_url, str(name)))

    other = left_by_another()
    assert names == leftovers()
    await drilling.prove()
    other.close()

    assert [] == leftovers()


@only_postgresql
async def test_a_user_who_may_create_no_database(
    app: App, settings: Settings, postgres: Postgres, drilling: Drilling, backups: Backups
) -> None:
    """The sentence names the right that is missing."""
    await backups.create()
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        connection.execute("CREATE ROLE modest LOGIN")
    try:
        url = settings.database_url.replace("://postgres:@", "://modest:@").replace("://postgres@", "://modest@")
        assert "modest" in url
        with pytest.raises(CopyFailed, match="give it the right CREATEDB"):
            await replace(drilling, url=url).prove()
    finally:
        with psycopg.connect(postgres.uri, autocommit=True) as connection:
            connection.execute("DROP ROLE modest")


@only_sqlite
async def test_a_backup_of_an_older_release(app: App, cast: Cast, drilling: Drilling, backups: Backups) -> None:
    """It is brought up to date, which is what restoring it would do."""
    await converse(app, cast)
    made = await backups.create()
    with closing(sqlite3.connect(made)) as connection, connection:
        for statement in ("DROP TABLE restore_proof", "DROP INDEX session_unrated"):
            connection.execute(statement)
        for table, column in (
            *(("session", "nudged_at"), ("session", "rating_asked_at"), ("offer", "reminded_at")),
            ("counselor", "review_reminded_at"),
        ):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0007.watching'")
    seal_again(made)

    assert (await drilling.prove()).is_good


@only_sqlite
async def test_a_backup_of_a_newer_release(app: App, drilling: Drilling, backups: Backups) -> None:
    """Only that release can restore it."""
    made = await backups.create()
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('f00', '9999.future')")
    seal_again(made)
    with pytest.raises(migrations.DatabaseTooNew):
        await drilling.prove()


@only_sqlite
async def test_no_room(app: App, drilling: Drilling, backups: Backups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how much is needed, before anything is written."""
    await backups.create()
    monkeypatch.setattr("bot.services.drilling._RESERVE_BYTES", 10**18)
    with pytest.raises(CopyFailed, match="There is no room to restore a backup for a test"):
        await drilling.prove()


def seal_again(made: Path) -> None:
    """Let the manifest say what the file is now."""
    manifest = json.loads(manifest_of(made).read_bytes())
    manifest |= {"sha256": sha256(made.read_bytes()).hexdigest(), "size": made.stat().st_size}
    manifest_of(made).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:pw@host:5432/mine?sslmode=require", "postgresql://me:pw@host:5432/other?sslmode=require"),
        ("postgresql://host", "postgresql://host/other"),
        ("postgresql:///mine?host=/run/pg", "postgresql:///other?host=/run/pg"),
    ],
)
def test_another_database_on_the_same_server(url: str, expected: str) -> None:
    """Only the name changes."""
    assert expected == restores._named(url, "other")
