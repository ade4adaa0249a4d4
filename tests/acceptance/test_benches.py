"""The benches of maintenance run, on a small database: what they count is right; what they time is for a quiet machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import backup, cleanup, scheduler, stall
from bench.child import Home
from bench.report import Figure, Report

SMALL = stall.Options(messages=1_000, waiting=5, free=2, conversations=2, idle_seconds=0.5, rounds=1)


@pytest.fixture
def report() -> Report:
    """Where the figures go."""
    return Report()


def wrong(report: Report) -> list[Figure]:
    """Return the figures that miss their goal and are no matter of time."""
    return [figure for figure in report.missed if not figure.unit]


async def test_cleanup(report: Report, tmp_path: Path) -> None:
    """All that is due is erased, and nothing of it can be read in the file."""
    await cleanup.run(report, tmp_path, messages=4_000, seed=1)

    assert {"a piece holds the writer, max", "write-ahead log at its largest"} <= {figure.name for figure in report.figures}
    assert [] == wrong(report)


async def test_backup(report: Report, tmp_path: Path) -> None:
    """Each kind of copy is made, alone and beside somebody who writes, and none is left behind."""
    await backup.run(report, tmp_path, messages=1_000, rounds=1, seed=1)

    assert 4 == sum(figure.name.strip() == "times the fastest plain copy" for figure in report.figures)
    assert [] == [path.name for path in (tmp_path / "backups").glob("*.db*")]


async def test_stall(report: Report, tmp_path: Path) -> None:
    """Each task runs both ways beside conversations, and no message is lost, repeated or out of order."""
    await stall.run(SMALL, report, tmp_path)

    assert 6 == sum(figure.name == "under way, mean" for figure in report.figures)
    assert [] == wrong(report)


async def test_scheduler(report: Report, tmp_path: Path) -> None:
    """Three processes on one file begin and execute the same schedules: each occurrence once."""
    await scheduler.several(scheduler.QUICK, report, Home.on_sqlite(tmp_path, "http://127.0.0.1:9"))
    figures = {figure.name: figure.value for figure in report.figures}

    assert [] == wrong(report)
    assert figures["occurrences"] == figures["executed"] > 20
