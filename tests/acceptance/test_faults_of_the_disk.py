"""What the disk can do to the bot on SQLite: full, read-only, locked by others, damaged; and how it goes on."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.playground import BotApiServer, Person
from tests.acceptance.program import UNLIMITED, Program, Programs
from tests.acceptance.steps import converse, enrol
from tests.support import wait_until

pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)

_DISK_BYTES = 16 * 1024 * 1024
_LEFT_BYTES = 4096  #: to which files may grow: more than the log of a test, less than the first page of a write-ahead log


@dataclass
class Disk:
    """Where the database lies."""

    folder: Path

    @property
    def database(self) -> Path:
        """The file."""
        return self.folder / "bot.db"

    @contextmanager
    def full(self, bot: Program) -> Iterator[None]:
        """Leave no room: on a disk of its own by filling it, else by a limit on what *bot* may write."""
        if self.folder.is_mount():
            with closing(sqlite3.connect(self.database)) as connection:  # the room that the log has taken would last for a while
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ballast = self.folder / "ballast"
            with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"x" * 4096)
            yield
            ballast.unlink()
            return
        before = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (_LEFT_BYTES, before[1]))
        yield
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, before)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nothing be written, while no bot runs."""
        if self.folder.is_mount():
            subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
            yield
            subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)
            return
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere, and no disk can be mounted here")
        self.database.chmod(0o400)
        yield
        self.database.chmod(0o600)


@pytest.fixture
def mounted(tmp_path: Path, programs: Programs) -> Iterator[Disk]:
    """A small disk of its own for the database, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    programs.environment = {**programs.environment, "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}"}
    yield Disk(folder)
    for program in programs.started:
        if program.is_running:
            program.process.kill()
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(params=["mounted", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """A disk that can be filled in two ways: as root by a small one, by anybody by a limit on the size of files."""
    return request.getfixturevalue("mounted") if request.param == "mounted" else Disk(tmp_path)


async def pair(server: BotApiServer, programs: Programs) -> tuple[Person, Person]:
    """Bring Sara and Dawit together."""
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "other")
    await converse(sara, dawit)
    return sara, dawit


async def polled_again(server: BotApiServer, times: int = 3) -> None:
    """Wait until the bot has asked for updates a few times more."""
    before = len(server.calls_to("getUpdates"))
    await server.wait_for(lambda: len(server.calls_to("getUpdates")) >= before + times, 20)


def troubles(bot: Program) -> list[str]:
    """Return what the log holds beside what is said of a good day."""
    return [line for line in bot.log.splitlines() if line.startswith(("WARNING:", "ERROR:")) and "help lines" not in line]


async def test_a_full_disk_loses_nothing(server: BotApiServer, programs: Programs, disk: Disk) -> None:
    """What is written meanwhile stays at Telegram, /sos is answered, the log has one line; with room again all arrives once."""
    bot = await programs.start(ADMIN_IDS="1", **UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    sara, dawit = await pair(server, programs)
    liya = server.person("Liya")

    with disk.full(bot):
        await sara.send("while it was full")
        await liya.send("/sos")
        await liya.see("there is help right now")
        await polled_again(server)
        assert len(server.updates) >= 2
        assert [] == [text for text in dawit.received if "while it was full" in text]
    await dawit.see("while it was full", timeout=30)
    await bot.logs("INFO:The database works again, after ")
    await sara.send("afterwards")
    await dawit.see("afterwards")

    assert 1 == len([text for text in dawit.received if "while it was full" in text])
    assert 1 == len(troubles(bot))
    assert "Nothing is lost, and everything is tried again until it works." in troubles(bot)[0]


async def test_a_disk_that_is_read_only_is_refused_at_start(programs: Programs, mounted: Disk) -> None:
    """One sentence names the file or its folder and what to do; when it can be written the bot starts."""
    await (await programs.start(**UNLIMITED)).stop()

    with mounted.read_only():
        refused = await programs.start(waits=False)
        assert 2 == await refused.ended()
        command = await programs.tasks("cleanup")
    again = await programs.start(**UNLIMITED)

    assert re.search(r"^DATABASE_URL: .*cannot be written", refused.log, re.MULTILINE)
    assert (2, 1) == (command.code, len(command.err.splitlines()))
    assert again.is_running


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write a file of mode 400")
async def test_a_file_that_is_read_only_is_refused_at_start(programs: Programs, tmp_path: Path) -> None:
    """The same for the file alone."""
    await (await programs.start(**UNLIMITED)).stop()

    with Disk(tmp_path).read_only():
        refused = await programs.start(waits=False)
        assert 2 == await refused.ended()

    assert "DATABASE_URL: the file" in refused.log.splitlines()[-1]


@asynccontextmanager
async def held_by_another_process(database: Path) -> AsyncIterator[None]:
    """Have another process write to the database for as long as the block lasts."""
    holding = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
        "print('held', flush=True); sys.stdin.read()"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", holding, str(database), stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert b"held\n" == await process.stdout.readline()
    try:
        yield
    finally:
        await process.communicate(b"")  # which it waits for


async def test_a_database_that_is_locked_for_long(server: BotApiServer, programs: Programs, tmp_path: Path) -> None:
    """/sos is answered from the first moment on; after ten seconds one line tells of it; when it is free all arrives once."""
    bot = await programs.start(ADMIN_IDS="1", **UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    sara, dawit = await pair(server, programs)
    liya, selam = server.person("Liya"), server.person("Selam")

    async with held_by_another_process(tmp_path / "bot.db"):
        await liya.send("/sos")
        await sara.send("while it was locked")
        await liya.see("there is help right now", timeout=5)
        await bot.logs("ERROR:Another process is writing to the database")
        await selam.send("/sos")
        await selam.see("there is help right now", timeout=10)
    await dawit.see("while it was locked")
    await bot.logs("INFO:The database works again, after ")

    assert 1 == len([text for text in dawit.received if "while it was locked" in text])
    assert 1 == len(troubles(bot))


def spoil_all_but_the_first_page(database: Path) -> None:
    """Overwrite what lies behind the first page, as a broken disk does."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def cut_short(database: Path) -> None:
    """Keep the first half."""
    os.truncate(database, database.stat().st_size // 8192 * 4096)


def no_database(database: Path) -> None:
    """Put something else in its place."""
    database.write_bytes(b"This is no database. " * 1000)


@pytest.mark.parametrize("damage", [spoil_all_but_the_first_page, cut_short, no_database])
async def test_a_damaged_database_is_refused_and_comes_back(
    server: BotApiServer, programs: Programs, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Bot and commands end with 1 and print the way back; who follows it has the service back, old conversations too."""
    if damage is cut_short:  # once with a key that lies in a file
        programs.environment = {name: value for name, value in programs.environment.items() if name != "ENCRYPTION_KEY"}
    bot = await programs.start(**UNLIMITED)
    sara, dawit = await pair(server, programs)
    await sara.send("before the damage")
    said = await dawit.see("before the damage")
    assert 0 == (await programs.tasks("backup")).code
    await bot.stop()
    damage(tmp_path / "bot.db")
    as_it_was = (tmp_path / "bot.db").read_bytes()

    refused = await programs.start(waits=False)
    assert 1 == await refused.ended()
    command = await programs.tasks("cleanup")
    *_, sentence, way_back = refused.log.splitlines()
    assert (1, [sentence, way_back]) == (command.code, command.err.splitlines()[-2:])
    assert as_it_was == (tmp_path / "bot.db").read_bytes()
    await asyncio.to_thread(subprocess.run, ["sh", "-c", way_back], check=True, cwd="/")
    bot = await programs.start(**UNLIMITED)
    await dawit.send("after it", reply_to=said)
    await sara.see("after it")
    await sara.send("I am still here")
    await dawit.see("I am still here")

    assert sentence.startswith(f"The database {tmp_path / 'bot.db'} is damaged. The newest good backup is of ")
    assert re.search(r"WARNING:This database is a restored backup: \d+ keys were put back into it from ", bot.log)
    assert as_it_was == (tmp_path / "bot.db.damaged").read_bytes()


async def test_a_damaged_database_without_a_backup(programs: Programs, tmp_path: Path) -> None:
    """Where no backup is whole, that is said; the bot makes no new database in place of the old one."""
    bot = await programs.start(**UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    await bot.stop()
    for backup in (tmp_path / "backups").glob("*.db"):
        no_database(backup)
    no_database(tmp_path / "bot.db")

    refused = await programs.start(waits=False)

    assert 1 == await refused.ended()
    assert f"{tmp_path / 'backups'} holds no good backup" in refused.log.splitlines()[-1]


async def test_damage_that_shows_while_the_bot_runs_ends_it(server: BotApiServer, programs: Programs, tmp_path: Path) -> None:
    """It stops by itself with 1 and the way back, and confirms nothing that it could not keep."""
    bot = await programs.start(**UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    sara = server.person("Sara")
    await sara.open()
    await sara.see("HU Counseling")

    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")  # a table whose first page lies where there is none
        connection.execute("UPDATE sqlite_master SET rootpage = 1000000 WHERE name = 'update'")
        connection.execute("PRAGMA schema_version = 1000")
    await sara.send("/help")
    assert 1 == await bot.ended()

    assert len(server.updates) >= 1
    assert bot.log.splitlines()[-1].startswith(f"mv {tmp_path / 'bot.db'} ")
    assert "Traceback" not in bot.log


async def test_an_empty_database_does_not_cost_the_old_backups(programs: Programs, tmp_path: Path, server: BotApiServer) -> None:
    """Who moves the damaged file away and starts anew is told that the backups are another's; their keys are not replaced."""
    bot = await programs.start(**UNLIMITED)
    await server.person("Sara").open()
    await bot.logs("Successfully executed task: backup")
    await bot.stop()
    keys = tmp_path / "backups" / "hu_counseling_backup.keys"
    before = keys.read_bytes()
    for path in tmp_path.glob("bot.db*"):
        path.unlink()

    await programs.start(**UNLIMITED)
    refused = await programs.tasks("backup")

    assert 1 == refused.code
    assert "are those of another database" in refused.err
    assert before == keys.read_bytes()


async def test_a_backup_folder_that_cannot_be_written_is_refused_at_start(programs: Programs, tmp_path: Path) -> None:
    """One sentence names the variable and the folder."""
    (tmp_path / "backups").write_text("a file in its place")

    refused = await programs.start(waits=False)

    assert 2 == await refused.ended()
    assert re.search(r"^BACKUP_DIR: the folder for backups, .*backups, cannot be made", refused.log, re.MULTILINE)


async def test_a_backup_folder_that_goes_away_disturbs_nobody(server: BotApiServer, programs: Programs, tmp_path: Path) -> None:
    """The admins get one message with the remedy, the conversation goes on, ``/health`` tells of it; the next backup is good."""
    lensa = server.person("Lensa")
    bot = await programs.start(ADMIN_IDS=str(lensa.id), SCHEDULER_DEFAULT_RETRIES="0", **UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    await lensa.open()
    await lensa.see("HU Counseling")
    sara, dawit = await pair(server, programs)
    shutil.rmtree(tmp_path / "backups")
    (tmp_path / "backups").write_text("a file in its place")

    make_the_backup_due(tmp_path / "bot.db")
    told = await lensa.see("The task backup has failed")
    await sara.send("and we go on")
    await dawit.see("and we go on")
    await lensa.send("/health")
    ill = await lensa.see("✗ Failed the last time: backup.")
    (tmp_path / "backups").unlink()
    make_the_backup_due(tmp_path / "bot.db")
    await wait_until(lambda: bot.log.count("INFO:Successfully executed task: backup") == 2, "the next backup is made")
    await lensa.send("/health")
    await lensa.see("✓ All ")

    assert "The backup could not be written to" in told.text
    assert "python run_scheduled_tasks.py backup" in told.text
    assert "✗ No backup yet" in ill.text
    assert 1 == len([text for text in lensa.received if "The task backup has failed" in text])
    assert [] == [text for text in lensa.received if str(sara.id) in text or "and we go on" in text]


def make_the_backup_due(database: Path) -> None:
    """Let the time of the next backup have come; the bot notices that another process wrote."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # another occurrence than those before, and long over
        connection.execute("UPDATE schedule SET next_run_at = abs(random() % 1000000) WHERE task = 'backup'")
