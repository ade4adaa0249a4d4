"""Where the bot's Python time goes: py-spy where it is installed, cProfile (of the main thread only) where not.

py-spy counts who holds the GIL, because a thread that waits for work looks busy to it otherwise; what SQLite and the sockets do
without the GIL is not in it.
"""

from __future__ import annotations

import contextlib
import io
import pstats
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.child import RUN

_SAMPLES_PER_SECOND = 200
_TOP = 25
_FRAME_AROUND_ALL = 0.9  #: what is on the stack more often than this tells nothing


def arguments(profile: Path | None) -> tuple[str, ...]:
    """Return Python's arguments that run the bot, under cProfile where there is a profile to be made and no py-spy."""
    if profile is None or _py_spy() is not None:
        return RUN
    return ("-m", "cProfile", "-o", str(profile.absolute()), *RUN)


@contextlib.contextmanager
def sampling(pid: int, seconds: float, profile: Path | None) -> Iterator[None]:
    """Sample a process from the beginning of the block for so many seconds; write the stacks to *profile*."""
    program = _py_spy()
    if profile is None or program is None:
        yield
        return
    options = ["--rate", str(_SAMPLES_PER_SECOND), "--duration", str(int(seconds)), "--format", "raw", "--function", "--gil"]
    with subprocess.Popen(
        [program, "record", "--pid", str(pid), *options, "--output", str(profile)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as spy:
        yield
        spy.wait(60)


def summary(profile: Path) -> str:
    """Return the functions with the most time, by their own and with what they call."""
    if _py_spy() is None:
        text = io.StringIO()
        pstats.Stats(str(profile), stream=text).sort_stats("tottime").print_stats(_TOP).sort_stats("cumtime").print_stats(_TOP)
        return text.getvalue()
    own, whole, packages = Counter[str](), Counter[str](), Counter[str]()
    for line in profile.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        own[frames[-1]] += int(count)
        packages[_package(frames[-1])] += int(count)
        for frame in set(frames):
            whole[frame] += int(count)
    total = max(1, own.total())
    for frame in [frame for frame, count in whole.items() if count > _FRAME_AROUND_ALL * total]:
        del whole[frame]
    parts = [("By package, own time", packages), ("By function, own time", own), ("By function, with what it calls", whole)]
    return "\n\n".join([f"{total} samples", *(_table(title, counts, total) for title, counts in parts)])


def _table(title: str, counts: Counter[str], total: int) -> str:
    return "\n".join([title, *(f"  {count / total:6.1%}  {name}" for name, count in counts.most_common(_TOP))])


def _package(frame: str) -> str:
    """Return the package of ``function (package/module.py)``; our own by its module."""
    path = frame.rpartition("(")[2].rstrip(")").rpartition(":")[0]
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:2] if parts[0] == "bot" else parts[:1])


def _py_spy() -> str | None:
    return shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
