"""Tasks that somebody brings along in a package, and schedules made from Python: both as ``docs/tasks.md`` says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import tomllib
from pathlib import Path

import pytest

from tests.acceptance.program import REPOSITORY, SCRIPT, Programs
from tests.support import wait_until

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
DOCUMENT = (REPOSITORY / "docs" / "tasks.md").read_text("utf-8")

#: A task that goes on until it is called off, and shows how far it is.
ENDLESS = """
import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.text import Text
from bot.tasks.base import Result, Task


@dataclass(frozen=True)
class Payload:
    most: int = 1000


async def run(context, payload):
    for number in range(1, payload.most + 1):
        context.progress(number, payload.most)
        await asyncio.sleep(0.01)
        await context.checkpoint()
    return Result("came to its end")


task = Task(name="endless", payload=Payload, run=run, timeout=timedelta(minutes=5), does=Text("Go on"))
"""


def example(name: str) -> str:
    """Return an example of the document."""
    found = re.findall(rf"^<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert 1 == len(found), name
    return str(found[0])


def install(folder: Path, entry_points: dict[str, str], **modules: str) -> str:
    """Lay a package ``our_tasks`` into a folder, as pip does; return the PYTHONPATH with which Python finds it."""
    package, information = folder / "our_tasks", folder / "our_tasks-1.0.dist-info"
    for made in (package, information):
        made.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: our_tasks\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in entry_points.items()]
    (information / "entry_points.txt").write_text("\n".join(["[hu_counseling.tasks]", *lines, ""]))
    return f"{folder}{os.pathsep}{REPOSITORY}"


@on_sqlite
async def test_a_package_brings_a_task_along(programs: Programs, tmp_path: Path) -> None:
    """The document's: listed, described, tried out, run with options, scheduled."""
    points = tomllib.loads(example("pyproject.toml"))["project"]["entry-points"]["hu_counseling.tasks"]
    path = install(tmp_path / "site", points, prune_exports=example("prune_exports.py"))
    exports = tmp_path / "exports"
    exports.mkdir()
    for name, days in (("old.csv", 8), ("older.csv", 100), ("new.csv", 0), ("old.txt", 100)):
        (exports / name).touch()
        moment = (exports / name).stat().st_mtime - days * 86_400
        os.utime(exports / name, (moment, moment))

    shown = await programs.cli("tasks", "show", "prune_exports", PYTHONPATH=path)
    tried = await programs.tasks("prune_exports", "--dry-run", "--set", "days=7", "--json", PYTHONPATH=path)
    before = len(list(exports.iterdir()))
    done = await programs.cli("tasks", "run", "prune_exports", "--set", "days=7", PYTHONPATH=path)
    added = await programs.cli(
        "tasks", "add", "tidy_up", "--task", "prune_exports", "--when", "0 4 * * *", "--set", "days=7", "--json", PYTHONPATH=path
    )

    assert "how long one is kept" in shown.out
    assert {"summary": "Would delete 2 exports", "exports": 2} == json.loads(tried.out)[0]["result"]
    assert 4 == before
    assert (0, "Deleted 2 exports\n") == (done.code, done.out)
    assert {"new.csv", "old.txt"} == {path.name for path in exports.iterdir()}
    assert {"days": 7} == json.loads(added.out)["payload"]


@on_sqlite
async def test_what_cannot_be_a_task_is_left_out_with_a_warning(programs: Programs, tmp_path: Path) -> None:
    """A module that cannot be imported or ends the program, something else than a task, a name that exists; the rest works."""
    broken = {
        "backup": "our_tasks.double:task",
        "gone": "our_tasks.gone:task",
        "hasty": "our_tasks.hasty:task",
        "something": "our_tasks.double:Payload",
        "endless": "our_tasks.endless:task",
    }
    double = ENDLESS.replace('"endless"', '"backup"')
    path = install(tmp_path / "site", broken, double=double, endless=ENDLESS, hasty="raise SystemExit(3)")
    done = await programs.tasks("cleanup", PYTHONPATH=path, LOG_FORMAT="text")
    listed = await programs.tasks("list", PYTHONPATH=path)

    warnings = [line for line in done.err.splitlines() if "is left out" in line]
    assert 0 == done.code
    assert [
        "WARNING:The task backup of our_tasks is left out: there is a task backup already.",
        "WARNING:The task gone of our_tasks is left out: ModuleNotFoundError: No module named 'our_tasks.gone'.",
        "WARNING:The task hasty of our_tasks is left out: SystemExit: 3.",
        "WARNING:The task something of our_tasks is left out: our_tasks.double:Payload is no Task.",
    ] == warnings
    assert "endless" in listed.out


async def test_a_script_works_with_schedules(programs: Programs, tmp_path: Path) -> None:
    """The document's, beside nobody and without a token."""
    (tmp_path / "schedules.py").write_text(example("schedules.py"))
    done = await programs.run(tmp_path / "schedules.py", BOT_TOKEN=None)

    assert 0 == done.code, done.err
    assert [
        "would run at 00:00:00",
        "all: sunday_cleanup",
        "state: scheduled",
        "history: cancelled",
    ] == done.out.splitlines()


async def test_ctrl_c_calls_a_run_off(programs: Programs, tmp_path: Path) -> None:
    """The run is recorded as cancelled, nobody takes it up, and the code is 1."""
    path = install(tmp_path / "site", {"endless": "our_tasks.endless:task"}, endless=ENDLESS)
    heard = tmp_path / "heard"
    with heard.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(SCRIPT), "endless", "--json"),
            cwd=tmp_path,
            env=programs.environ(PYTHONPATH=path),
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
    await wait_until(lambda: "Executing scheduled task: endless" in heard.read_text(), "the run begins")
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    history = await programs.cli("tasks", "history", "--json", PYTHONPATH=path)

    assert 1 == process.returncode
    assert "cancelled" == json.loads(out)[0]["state"]
    assert "endless: cancelled" in heard.read_text().splitlines()
    assert ["cancelled"] == [run["state"] for run in json.loads(history.out)]


@on_sqlite
async def test_how_far_a_run_is_can_be_followed(programs: Programs, tmp_path: Path) -> None:
    """As lines where nobody sits at a terminal, and elsewhere; what is called off elsewhere ends here too.

    Both commands begin on a database that is not there yet: the second one waits until the first has made it.
    """
    path = install(tmp_path / "site", {"endless": "our_tasks.endless:task"}, endless=ENDLESS)
    running = asyncio.create_task(programs.cli("tasks", "run", "endless", "--set", "most=100000", PYTHONPATH=path))
    shown: list[dict[str, object]] = []
    while not shown or shown[0]["progress"] is None:
        assert not running.done()
        looked = await programs.cli("tasks", "history", "endless", "--json", PYTHONPATH=path)
        assert 0 == looked.code, looked.err
        shown = json.loads(looked.out)
    called_off = await programs.cli("tasks", "cancel", str(shown[0]["id"]), PYTHONPATH=path)
    done = await running

    assert "is asked to stop" in called_off.out
    assert (1, "") == (done.code, done.out)
    assert re.search(r"^endless: \d+ of 100000$", done.err, re.MULTILINE)
    assert "endless: cancelled" in done.err.splitlines()
