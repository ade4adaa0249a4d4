"""``python -m bot tasks`` as people use it: at a terminal that is asked back, and beside a running bot."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys

import pytest

from tests.acceptance.program import SCRIPT, UNLIMITED, Programs
from tests.support import change_of_clocks

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


async def at_terminal(programs: Programs, *words: str, typed: str = "") -> tuple[int, str]:
    """Run ``tasks`` at a terminal where *typed* is typed; return the exit code and what stands there then."""
    master, slave = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "tasks", *words),
            cwd=programs.folder,
            env=programs.environ(TERM="dumb", COLUMNS="160"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        os.write(master, typed.encode())
        shown = await asyncio.to_thread(read_all, master)
        return await process.wait(), shown.replace("\r\n", "\n")
    finally:
        os.close(master)


def read_all(terminal: int) -> str:
    """Return what is written to a terminal until nobody holds it any more."""
    parts: list[bytes] = []
    try:
        while part := os.read(terminal, 65_536):
            parts.append(part)
    except OSError:  # how Linux says that the other end is closed
        pass
    return b"".join(parts).decode()


@on_sqlite
async def test_whoever_sits_there_is_asked_first(programs: Programs) -> None:
    """The sentence and five times, then a question; *no* saves nothing, *yes* and ``--yes`` do. Also before a deletion."""
    add = ("add", "nightly", "--task", "cleanup", "--when", "0 3 * * sun")
    refused = await at_terminal(programs, *add, typed="n\n")
    agreed = await at_terminal(programs, *add, typed="y\n")
    kept = await at_terminal(programs, "delete", "nightly", typed="n\n")
    listed = await at_terminal(programs, "list")
    deleted = await at_terminal(programs, "delete", "nightly", "--yes")

    assert 1 == refused[0]
    assert "cleanup: every Sunday at 03:00" in refused[1]
    assert 5 == len(re.findall(r"^  Sun \d{4}-\d\d-\d\d 03:00 UTC  in ", refused[1], re.MULTILINE))
    assert refused[1].endswith("Nothing was changed.\n")
    assert (0, True) == (agreed[0], agreed[1].endswith("Added nightly.\n"))
    assert (1, True) == (kept[0], "Delete nightly, which runs every Sunday at 03:00" in kept[1])
    assert re.search(r"^1 +nightly +active +Sun ", listed[1], re.MULTILINE)
    assert (0, "Deleted nightly.\n") == deleted


@on_sqlite
async def test_a_time_that_comes_twice_is_asked_about(programs: Programs) -> None:
    """What is no answer is asked for again; the second one is an hour later."""
    add = ("add", "report", "--task", "cleanup", "--when", f"{change_of_clocks(10)} 02:30", "--zone", "Europe/Berlin")
    code, shown = await at_terminal(programs, *add, typed="3\n2\ny\n")
    saved = json.loads((await programs.cli("tasks", "show", "report", "--json")).out)

    assert 0 == code
    assert "comes twice" in shown
    assert "1 or 2, please." in shown
    assert f"{change_of_clocks(10)}T01:30:00+00:00" == saved["next_run_at"]
    assert "Europe/Berlin" == saved["zone"]


@on_sqlite
async def test_a_run_at_a_terminal(programs: Programs) -> None:
    """The log, a bar that is gone when it is over, and the result."""
    code, shown = await at_terminal(programs, "run", "cleanup")

    assert 0 == code
    assert "INFO:Executing scheduled task: cleanup\n" in shown
    assert shown.endswith("Cleaned up 0 old sessions and 0 messages\n")


async def test_beside_a_running_bot(programs: Programs) -> None:
    """Its schedules are listed and paused; what is added it runs; a run here waits for one there."""
    bot = await programs.start(**UNLIMITED)
    await bot.logs("Successfully executed task: backup")
    listed = {one["name"]: one for one in json.loads((await programs.cli("tasks", "list", "--json")).out)}
    paused = await programs.cli("tasks", "pause", "match", "--json")
    await programs.cli("tasks", "add", "often", "--task", "cleanup", "--when", "1s")
    await bot.logs("Successfully executed task: cleanup")
    ran = await programs.cli("tasks", "run", "cleanup", "--json")
    following = json.loads((await programs.cli("tasks", "next", "--count", "3", "--json")).out)

    assert "succeeded" == listed["backup"]["last_run"]["state"]
    assert "paused" == json.loads(paused.out)["state"]
    assert (0, "succeeded") == (ran.code, json.loads(ran.out)["state"])
    assert ["often"] * 3 == [one["name"] for one in following]


@on_sqlite
@pytest.mark.parametrize("words", [("-m", "bot", "tasks", "list"), ("-m", "bot", "tasks", "run", "cleanup"), (SCRIPT, "list")])
async def test_no_command_about_tasks_imports_telegram(programs: Programs, words: tuple[str, ...]) -> None:
    """It costs half a second."""
    done = await programs.run("-X", "importtime", *words)
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines() if line.startswith("import time")
    }

    assert 0 == done.code
    assert {"typer"} == {"telegram", "httpx", "aiohttp", "procrastinate", "typer"} & imported
