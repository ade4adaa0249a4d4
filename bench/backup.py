"""``python -m bench backup``: how much longer a backup takes than the fastest plain copy, alone and while others write."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import ballast
from bench.ballast import Ballast
from bench.child import ROOT
from bench.report import Report
from bot import app as root
from bot.app import App
from bot.services.backups import manifest_of
from bot.storage.copies import copy_pages, copy_sqlite

_COMMITS_PER_SECOND = 100


@dataclass(slots=True)
class Copying:
    """Copies of one database, each kind in its turn, so that a busy moment of the machine meets all of them."""

    source: Path
    app: App
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict[str, list[float]](list))  #: seconds of each kind

    async def round(self, suffix: str = "") -> None:
        """Make one copy of each kind."""
        target = self.source.with_name("copy.db")
        kinds: dict[str, Callable[[Path, Path], object]] = {
            "sendfile": _sendfile,
            "copy_file_range": _copy_file_range,
            "cp": _cp,
            "online": copy_pages,
            "checked": copy_sqlite,
        }
        for kind, copy in kinds.items():
            self.taken[kind + suffix].append(await asyncio.to_thread(_seconds, copy, self.source, target))
        began_at = time.perf_counter()
        made = await self.app.executor.services.backups.create()
        self.taken["whole" + suffix].append(time.perf_counter() - began_at)
        made.unlink()
        manifest_of(made).unlink()

    @property
    def fastest(self) -> float:
        """The fastest plain copy that there was, with nobody else at work."""
        return min(min(self.taken[kind]) for kind in ("sendfile", "copy_file_range", "cp"))

    def median(self, kind: str) -> float:
        """Return the median of a kind."""
        return statistics.median(self.taken[kind])


async def run(report: Report, folder: Path, *, messages: int, rounds: int, seed: int) -> None:
    """Measure everything in *folder*, on SQLite."""
    settings = await ballast.home_with(folder, Ballast(messages=messages), report, seed=seed)
    path = folder / "bot.db"
    async with root.opened(settings, kind="bench", is_guest=True) as app:
        copying = Copying(path, app)
        for _ in range(rounds):
            await copying.round()
        _tell(report, copying, f"Median of {rounds}, each on the disk at its end", "")
        with _others(path) as others:
            for _ in range(rounds):
                await copying.round(" beside")
            output, _ = others.communicate()
        _tell(report, copying, f"The same while another process makes {_COMMITS_PER_SECOND} commits a second", " beside")
    commits = json.loads(output)
    report.add("commits of the other process", commits["per_second"], "/s")
    report.add("  p99", commits["p99"], "ms")
    report.add("  max", commits["max"], "ms")


def _others(path: Path) -> subprocess.Popen[bytes]:
    """Start somebody else who writes; return once they do."""
    arguments = [sys.executable, "-m", "bench.committing", path, str(_COMMITS_PER_SECOND)]
    started = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if started.stdout is not None:
        started.stdout.readline()
    return started


def _tell(report: Report, copying: Copying, heading: str, suffix: str) -> None:
    report.heading(heading)
    fastest = copying.fastest
    for kind in ("sendfile", "copy_file_range", "cp"):
        report.add(f"plain copy by {kind}, and fsync", copying.median(kind + suffix), "s")
    report.add("online copy", copying.median("online" + suffix), "s")
    report.add("  times the fastest plain copy", copying.median("online" + suffix) / fastest, "x", at_most=3)
    report.add("with the keys taken out, checked and counted", copying.median("checked" + suffix), "s")
    report.add("the whole backup: checksum, key file, manifest as well", copying.median("whole" + suffix), "s")
    report.add("  times the fastest plain copy", copying.median("whole" + suffix) / fastest, "x")


def _seconds(copy: Callable[[Path, Path], object], source: Path, target: Path) -> float:
    """Return how long a copy takes until it is on the disk; it is deleted then."""
    os.sync()
    began_at = time.perf_counter()
    copy(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    seconds = time.perf_counter() - began_at
    target.unlink()
    return seconds


def _sendfile(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _copy_file_range(source: Path, target: Path) -> None:
    left = source.stat().st_size
    with source.open("rb") as reading, target.open("wb") as writing:
        while left > 0:
            left -= os.copy_file_range(reading.fileno(), writing.fileno(), left) or left


def _cp(source: Path, target: Path) -> None:
    subprocess.run(["cp", source, target], check=True)
