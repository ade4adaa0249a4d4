"""Backups: what is made restores, holds no key, is whole whatever else happens, and the right ones are kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag

from bot import app as root
from bot.app import App
from bot.domain.retention import Generations
from bot.scheduler.execution import Executor
from bot.services.backup_keys import NAME as KEY_FILE
from bot.services.backups import Backups, manifest_of
from bot.services.vault import WrongKey, unseal
from bot.settings import Settings, load
from bot.storage import leases, migrations, run_requests
from bot.storage.copies import CopyFailed
from bot.storage.keys import Purpose
from bot.storage.runs import NewRun, RunState, Trigger
from tests.support import Cast, Postgres, SteadyClock, one, rows

COUNTED = ("person", "counselor", "session", "message", "delivery", "run")
only_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("environment", ["postgresql"], indirect=True)


@pytest.fixture
def backups(app: App) -> Backups:
    """The service that the task calls."""
    return app.executor.services.backups


class Restored:
    """A backup in a database of its own."""

    def __init__(self, settings: Settings, postgres: Postgres, backup: Path, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'restored.db'}"
        if not settings.is_postgresql:
            shutil.copy(backup, folder / "restored.db")
            return
        self.url = postgres.new_database()
        restore = [postgres.programs / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={self.url}", backup]
        subprocess.run(restore, check=True, capture_output=True)

    def all(self, sql: str) -> list[Any]:
        """Return what a query finds."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
                return connection.execute(sql).fetchall()
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql.encode()).fetchall()


@pytest.fixture
def restored(settings: Settings, postgres: Postgres, tmp_path: Path) -> Any:
    """Restore a backup into a scratch database."""
    return lambda backup: Restored(settings, postgres, backup, tmp_path)


def keys_in(path: Path, settings: Settings) -> list[list[Any]]:
    """Return what the key file holds."""
    return json.loads(unseal(settings.encryption_key[0], path.read_bytes(), about="key file"))


async def converse(app: App, cast: Cast) -> None:
    """Leave people, a session and a message behind."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "my-own-message", message_id=1, reply_to=None)


async def test_a_backup_restores(app: App, cast: Cast, backups: Backups, restored: Any) -> None:
    """What comes back has every row that was there."""
    await converse(app, cast)
    copy = restored(await backups.create())
    there = [await one(app, f"SELECT count(*) AS number FROM {table}") for table in COUNTED]

    assert [1, 1] == there[2:4]
    assert there == [copy.all(f"SELECT count(*) FROM {table}")[0][0] for table in COUNTED]


async def test_a_backup_with_its_keys_is_the_whole_service(
    app: App,
    cast: Cast,
    backups: Backups,
    restored: Any,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """With the key file and ``ENCRYPTION_KEY`` it can be read and worked on; without one of them it is refused, unchanged."""
    await converse(app, cast)
    backup = await backups.create()
    copy = restored(backup)
    there = load({**environment, "DATABASE_URL": copy.url}, None)
    elsewhere = there.model_copy(update={"backup_dir": tmp_path / "elsewhere"})
    another = there.model_copy(update={"encryption_key": (b"x" * 32,)})
    for lacking, sentence in ((elsewhere, "bring back .*elsewhere"), (another, "does not open the key file")):
        with pytest.raises(WrongKey, match=sentence):
            async with root.opened(lacking, kind="bot"):
                pass
    assert [] == copy.all("SELECT id FROM key")
    async with root.opened(there, kind="bot") as again:
        sara = await again.people.identify(1001)
        session = await again.requesting.current(sara)
        assert session is not None
        body = await one(again, "SELECT body FROM message")
        async with again.db.reading() as tx:
            said = await again.vault.unseal(tx, session.key_id, bytes(body), about="message")
            name = await again.people.display_name(tx, session.counselor_id or sara.me)

    assert ("my-own-message", "Dawit") == (said, name)


async def test_a_backup_holds_no_key(app: App, cast: Cast, backups: Backups, restored: Any) -> None:
    """Neither in the table nor as leftover bytes, also of keys that were deleted before; nor do the folder's other files."""
    await converse(app, cast)
    async with app.db.transaction() as tx:
        made = [await app.vault.make(tx, Purpose.SESSION, at=app.clock()) for _ in range(600)]
    wrapped = [bytes(row["wrapped"]) for row in await rows(app, "SELECT wrapped FROM key")]
    async with app.db.transaction() as tx:
        for number in made[::3]:
            await tx.execute("DELETE FROM key WHERE id = :id", id=number)
    backup = await backups.create()
    lying = [path.read_bytes() for path in backup.parent.iterdir()]
    copy = restored(backup)

    assert [] == copy.all("SELECT id FROM key")
    assert 3 == len(lying)
    assert [] == [needle for needle in wrapped for content in lying if needle[:16] in content or needle[-16:] in content]


async def test_the_key_file_has_every_key_and_opens_only_with_the_right_one(
    app: App, cast: Cast, backups: Backups, settings: Settings
) -> None:
    """All keys as they lie in the table, sealed by ``ENCRYPTION_KEY``; there is one such file, whatever the number of backups."""
    await converse(app, cast)
    first = await backups.create()
    app.clock.move(days=1)  # type: ignore[attr-defined]
    await cast.hana()
    second = await backups.create()
    there = await rows(app, "SELECT id, purpose, wrapped FROM key")
    found = keys_in(second.parent / KEY_FILE, settings)
    with pytest.raises(InvalidTag):
        unseal(b"x" * 32, (second.parent / KEY_FILE).read_bytes(), about="key file")

    assert {(row["id"], row["purpose"], bytes(row["wrapped"])) for row in there} == {
        (number, purpose, b64decode(wrapped)) for number, purpose, wrapped in found
    }
    assert {KEY_FILE, *(path.name for made in (first, second) for path in (made, manifest_of(made)))} == {
        path.name for path in second.parent.iterdir()
    }


async def test_what_was_forgotten_is_in_no_backup(app: App, cast: Cast, backups: Backups, settings: Settings) -> None:
    """The key of an erased session is gone from the one key file at the next backup, and with it the older copies' content."""
    await converse(app, cast)
    await backups.create()
    key_id = await one(app, "SELECT key_id FROM session")
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM key WHERE id = :id", id=key_id)
    app.clock.move(days=1)  # type: ignore[attr-defined]
    backup = await backups.create()

    assert key_id not in {number for number, _, _ in keys_in(backup.parent / KEY_FILE, settings)}


async def test_the_manifest_says_what_the_file_is(app: App, cast: Cast, backups: Backups) -> None:
    """Size and SHA-256 of the file as it lies there, the schema, and how many rows it has."""
    await converse(app, cast)
    backup = await backups.create()
    manifest = json.loads(manifest_of(backup).read_text())

    assert {
        "size": backup.stat().st_size,
        "sha256": hashlib.sha256(backup.read_bytes()).hexdigest(),
        "schema": migrations.schema_version(),
        "counts": {table: await one(app, f"SELECT count(*) AS number FROM {table}") for table in COUNTED},
    } == manifest


async def test_name_and_modes(app: App, backups: Backups, settings: Settings) -> None:
    """Named in UTC, and readable by nobody else, also where the umask would let them."""
    before = os.umask(0)
    try:
        backup = await backups.create()
    finally:
        os.umask(before)
    suffix = "dump" if settings.is_postgresql else "db"

    assert f"hu_counseling_backup_20260302_080000.{suffix}" == backup.name
    assert [] == [path.name for path in backup.parent.iterdir() if path.stat().st_mode & 0o777 != 0o600]


@only_sqlite
async def test_a_backup_is_one_file_that_any_sqlite_opens(backups: Backups) -> None:
    """No write-ahead log belongs to it, and it is sound."""
    backup = await backups.create()
    with closing(sqlite3.connect(f"{backup.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        found = [connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("journal_mode", "integrity_check")]

    assert ["delete", "ok"] == found


async def test_two_within_one_second(app: App, backups: Backups) -> None:
    """The second waits for its own name, and nothing is overwritten."""

    def moving() -> Any:
        app.clock.move(milliseconds=997)  # type: ignore[attr-defined]
        return app.clock()

    moving_on = replace(backups, clock=moving)
    made = [await moving_on.create() for _ in range(4)]

    assert 4 == len({path.name for path in made})


async def test_the_newest_of_a_day_stays(app: App, clock: SteadyClock, backups: Backups) -> None:
    """Of three backups of one day one is left, with its manifest."""
    keep = Generations(daily=7, weekly=4, monthly=0)
    made = []
    for _ in range(3):
        made.append(await replace(backups, generations=keep).create())
        clock.move(hours=6)
    folder = made[-1].parent

    assert [made[-1].name] == [path.name for path in folder.iterdir() if path.suffix == made[-1].suffix]
    assert [manifest_of(made[-1])] == list(folder.glob("*.json"))


async def test_pruning_keeps_generations_and_leaves_what_is_not_ours(
    app: App, clock: SteadyClock, backups: Backups, settings: Settings
) -> None:
    """Old backups go with their manifests; what somebody else put into the folder stays."""
    suffix = "dump" if settings.is_postgresql else "db"
    folder = settings.backup_dir
    others = ["notes.txt", "hu_counseling_backup_mine.db", f"xhu_counseling_backup_20200101_000000.{suffix}", "hu_counseling.db"]
    for name in others:
        (folder / name).write_text("mine")
    for days in range(1, 60):
        old = folder / f"hu_counseling_backup_{clock() - timedelta(days=days):%Y%m%d_%H%M%S}.{suffix}"
        old.write_text("x")
        manifest_of(old).write_text("{}")
    newest = await backups.create()
    kept = sorted(path.name for path in folder.glob(f"hu_counseling_backup_2*.{suffix}"))

    assert [True] * len(others) == [(folder / name).exists() for name in others]
    assert newest.name == kept[-1]
    assert 9 == len(kept)  # seven days, and of the four weeks the two before
    assert kept == sorted(path.name.removesuffix(".json") for path in folder.glob("*.json"))


async def test_the_newest_is_kept_whatever_the_settings(backups: Backups) -> None:
    """0, 0, 0 keeps one."""
    backup = await replace(backups, generations=Generations(daily=0, weekly=0, monthly=0)).create()

    assert backup.exists()


async def test_what_a_dead_backup_left_is_removed(backups: Backups, settings: Settings) -> None:
    """A temporary file may hold keys: the next backup takes it away, with SQLite's own beside it."""
    left = [settings.backup_dir / f".hu_counseling_backup_20260101_000000.db.tmp{suffix}" for suffix in ("", "-journal", "-wal")]
    for path in left:
        path.write_text("keys")
    await backups.create()

    assert [False] * 3 == [path.exists() for path in left]


def names_in(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def no_room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk(app: App, cast: Cast, backups: Backups, settings: Settings) -> None:
    """One sentence says so, the older backup stays as it was, and nothing of the failed one takes up room."""
    await converse(app, cast)
    await backups.create()
    before = {path.name: path.read_bytes() for path in settings.backup_dir.iterdir()}
    app.clock.move(days=1)  # type: ignore[attr-defined]
    with no_room_for(4096), pytest.raises(CopyFailed) as refusal:
        await backups.create()

    assert 1 == len(str(refusal.value).splitlines())
    assert before == {path.name: path.read_bytes() for path in settings.backup_dir.iterdir()}


async def test_a_folder_that_cannot_be_written(app: App, backups: Backups, tmp_path: Path) -> None:
    """One sentence names the folder and the reason."""
    in_the_way = tmp_path / "in the way"
    in_the_way.write_text("a file")

    with pytest.raises(CopyFailed, match=r"could not be written to .*in the way"):
        await replace(backups, folder=in_the_way / "backups").create()


async def test_a_run_whose_backup_fails_has_failed(app: App, backups: Backups, tmp_path: Path) -> None:
    """The sentence stands in the history, and the run is tried again."""
    broken = replace(backups, folder=Path("/dev/null/backups"))
    executor = Executor(
        db=app.db, clock=app.clock, owner="test", services=replace(app.executor.services, backups=broken), alerting=app.alerting
    )
    new = NewRun(task="backup", trigger=Trigger.MANUAL, requested_by="test", max_attempts=2, scheduled_for=app.clock())
    async with app.db.transaction() as tx:
        await run_requests.request(tx, new, at=app.clock())
    run = await executor.claim()
    assert run is not None
    finished = await executor.execute(run)

    assert (RunState.RETRYING, "The backup could not be written to /dev/null/backups: Not a directory.") == (
        finished.state,
        finished.error,
    )


async def test_a_backup_while_others_write_is_of_one_moment(app: App, backups: Backups, restored: Any) -> None:
    """Transactions that write two rows each go on all the time: the copy has both or none; the manifest counts what it has."""
    is_enough = False
    written = 0

    async def write() -> None:
        nonlocal written
        while not is_enough:
            async with app.db.transaction() as tx:
                for half in ("a", "b"):
                    await leases.take(tx, f"{written}.{half}", "test", at=app.clock(), expires_at=app.clock())
                await app.people.find_or_add(tx, 10_000 + written)
            written += 1

    writing = asyncio.create_task(write())
    backup = await backups.create()
    is_enough = True
    await writing
    copy = restored(backup)
    halves = [name.split(".")[0] for (name,) in copy.all("SELECT name FROM lease")]
    counts = json.loads(manifest_of(backup).read_text())["counts"]

    assert written > 0
    assert [] == [number for number in set(halves) if halves.count(number) != 2]
    assert (len(set(halves)), len(set(halves))) == (counts["person"], copy.all("SELECT count(*) FROM person")[0][0])


@only_sqlite
async def test_a_damaged_database_is_said_to_be_one(app: App, backups: Backups, settings: Settings) -> None:
    """No backup is made of it, so that the good ones are not pruned in its favour."""
    path = settings.sqlite_path
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO counselor_topic (counselor_id, position, topic) VALUES (999, 1, 'other')")

    with pytest.raises(CopyFailed, match="damaged"):
        await backups.create()
    assert [] == names_in(settings.backup_dir)


@only_postgresql
async def test_a_missing_pg_dump(backups: Backups, tmp_path: Path, settings: Settings) -> None:
    """One sentence says what to install or to set."""
    with pytest.raises(CopyFailed, match="install the PostgreSQL client, or set PG_BIN_DIR"):
        await replace(backups, programs=tmp_path).create()
    assert [] == names_in(settings.backup_dir)


@only_postgresql
async def test_a_pg_dump_that_is_too_old(backups: Backups, tmp_path: Path, settings: Settings) -> None:
    """Its own words become one sentence with the remedy."""
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\n"
        "echo 'pg_dump: detail: server version: 17.0; pg_dump version: 13.1' >&2\nexit 1\n"
    )
    program.chmod(0o755)

    with pytest.raises(CopyFailed, match=r"^pg_dump is older than the server: set PG_BIN_DIR"):
        await replace(backups, programs=tmp_path).create()
    assert [] == names_in(settings.backup_dir)


@only_postgresql
async def test_a_dump_that_was_cut_off_is_no_backup(backups: Backups, tmp_path: Path, settings: Settings) -> None:
    """It is read from end to end before it counts."""
    assert settings.pg_bin_dir is not None
    (tmp_path / "pg_restore").symlink_to(settings.pg_bin_dir / "pg_restore")
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\n{settings.pg_bin_dir}/pg_dump "$@" || exit 1\n'
        'for argument in "$@"; do case "$argument" in --file=*) file="${argument#--file=}";; esac; done\n'
        'truncate -s -200 "$file"\n'
    )
    program.chmod(0o755)

    with pytest.raises(CopyFailed, match="pg_restore failed"):
        await replace(backups, programs=tmp_path).create()
    assert [] == names_in(settings.backup_dir)


@only_postgresql
async def test_a_password_is_no_argument_of_a_program(backups: Backups, tmp_path: Path, settings: Settings) -> None:
    """Everybody on the machine can read those."""
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "$PGPASSWORD" > {tmp_path}/password\nexit 1\n')
    program.chmod(0o755)
    separator = "&" if "?" in settings.database_url else "?"
    url = f"{settings.database_url}{separator}password=unguessable"
    with pytest.raises(CopyFailed):
        await replace(backups, programs=tmp_path, url=url).create()

    assert "unguessable" not in (tmp_path / "arguments").read_text()
    assert "unguessable\n" == (tmp_path / "password").read_text()
