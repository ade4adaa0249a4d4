"""The archive of a month: whole, for its recipients only, and of nobody's name."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyrage
import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.settings import Settings, load
from bot.storage.copies import CopyFailed
from bot.tasks.base import RunContext
from tests.keeping import do, ran
from tests.support import SteadyClock, change

IDENTITY = pyrage.x25519.Identity.generate()
ANOTHER = pyrage.x25519.Identity.generate()


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same as everywhere, with two who can read the archive, and months as they begin in Addis Ababa."""
    recipients = f"{IDENTITY.to_public()}, {ANOTHER.to_public()}"
    return load({**environment, "BACKUP_RECIPIENTS": recipients, "TIMEZONE": "Africa/Addis_Ababa"}, None)


def opened(app: App, identity: Any = IDENTITY) -> list[dict[str, Any]]:
    """Return the lines of the one archive, as one who holds a key reads them."""
    (path,) = (app.settings.backup_dir / "archive").glob("*.age")
    packed = pyrage.decrypt(path.read_bytes(), [identity])
    return [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]


async def audited(app: App, at: datetime, action: str = "run-task") -> None:
    """Record an action of an admin."""
    await change(
        app,
        "INSERT INTO audit (actor_id, role, action, subject, at) VALUES (7, 'admin', :action, 'match', :at)",
        action=action,
        at=at,
    )


async def test_the_month_that_is_over(app: App, clock: SteadyClock) -> None:
    """From the first midnight of the zone until the next one: what admins did and what tasks came to, and nothing around it."""
    clock.at = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    for moment in ((1, 31, 20, 59), (1, 31, 21, 0), (2, 28, 20, 59), (2, 28, 21, 0)):
        at = datetime(2026, *moment, tzinfo=UTC)
        await audited(app, at, action=f"{at:%d %H:%M}")
    clock.at = datetime(2026, 2, 10, tzinfo=UTC)
    await ran(app, "cleanup", state="failed")
    await change(
        app,
        """
        UPDATE run SET error = 'no backup', result = '{"summary": "x"}'
        """,
    )
    await change(app, "INSERT INTO run_attempt (run_id, number, outcome, started_at) SELECT id, 1, 'failed', due_at FROM run")
    await change(app, "INSERT INTO run_log (run_id, number, level, line, said_at) SELECT id, 1, 'INFO', 'begun', due_at FROM run")
    clock.at = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    await ran(app, "match")
    result = await do(app, "archive_logs")
    lines = opened(app)

    assert {"audit": 2, "run": 1} == result.counts
    assert ["31 21:00", "28 20:59"] == [line["action"] for line in lines if line["kind"] == "audit"]
    (run,) = [line for line in lines if line["kind"] == "run"]
    assert ("cleanup", "failed", "no backup", {"summary": "x"}) == (run["task"], run["state"], run["error"], run["result"])
    assert (["failed"], ["begun"]) == ([one["outcome"] for one in run["attempts"]], [one["line"] for one in run["log"]])
    assert lines == opened(app, ANOTHER)


async def test_the_file_is_what_its_manifest_says(app: App, clock: SteadyClock) -> None:
    """Named by its month, for our eyes only, with size and SHA-256 beside it; a second one takes its place."""
    await audited(app, datetime(2026, 2, 10, tzinfo=UTC))
    first = await do(app, "archive_logs")
    await audited(app, datetime(2026, 2, 11, tzinfo=UTC))
    await do(app, "archive_logs")
    folder = app.settings.backup_dir / "archive"
    path = folder / "hu_counseling_logs_2026-02.jsonl.gz.age"
    manifest = json.loads((folder / f"{path.name}.json").read_bytes())

    assert first.summary == f"Logs archived to: {path}"
    assert {path.name, f"{path.name}.json"} == {one.name for one in folder.iterdir()}
    assert {0o600} == {one.stat().st_mode & 0o777 for one in folder.iterdir()}
    assert {
        "month": "2026-02",
        "recipients": 2,
        "counts": {"audit": 2, "run": 0},
        "size": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    } == manifest


async def test_more_than_a_page(app: App, clock: SteadyClock) -> None:
    """A long month is read in pieces, each line once and in its order; between two pieces the run may be stopped."""
    at = datetime(2026, 2, 10, tzinfo=UTC)
    for number in range(401):
        await audited(app, at, action=str(number))
    pieces = 0

    async def count() -> None:
        nonlocal pieces
        pieces += 1

    await do(app, "archive_logs", checkpoint=count)

    assert [str(number) for number in range(401)] == [line["action"] for line in opened(app)]
    assert 3 == pieces


async def test_no_recipient_no_archive(app: App, clock: SteadyClock) -> None:
    """Without ``BACKUP_RECIPIENTS`` it refuses, says what is missing, and writes nothing."""
    archiving = replace(app.executor.services.archiving, recipients=())
    with pytest.raises(Conflict, match="BACKUP_RECIPIENTS=age1…"):
        await archiving.archive_last_month(between=RunContext(services=app.executor.services).checkpoint)

    assert not (app.settings.backup_dir / "archive").exists()


async def test_a_folder_that_cannot_be_written(app: App, clock: SteadyClock) -> None:
    """It says which one, and why."""
    (app.settings.backup_dir / "archive").write_bytes(b"")

    with pytest.raises(CopyFailed, match=r"archive could not be written to .*archive"):
        await do(app, "archive_logs")
