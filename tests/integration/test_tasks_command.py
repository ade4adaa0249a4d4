"""``python -m bot tasks`` and ``run_scheduled_tasks.py``: what they say and do, alone with a database."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot import cli, logs
from bot.commands.running import run_scheduled_tasks
from bot.commands.tasks import tasks_app
from tests.support import change_of_clocks

on_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
script = typer.Typer()
script.command()(run_scheduled_tasks)


@dataclass(frozen=True)
class Said:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """What it printed, without the padding of tables."""
        return " ".join(self.out.split())


Tasks = Callable[..., Said]


@pytest.fixture
def tasks(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tasks]:
    """Run a command of ``tasks``; or the script, where the first word is *script*."""
    for name, value in {**environment, "TIMEZONE": "Africa/Addis_Ababa"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    level = root.level

    def run(*words: str) -> Said:
        app, arguments = (script, words[1:]) if words[0] == "script" else (tasks_app, words)
        done = CliRunner().invoke(app, arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    yield run
    logs._remove_own(root)
    root.setLevel(level)


def added(tasks: Tasks, name: str = "nightly", *more: str) -> Said:
    """Add a schedule."""
    return tasks("add", name, "--task", "cleanup", "--when", "0 3 * * 0", *more)


def test_a_schedule_from_its_beginning_to_its_end(tasks: Tasks) -> None:
    """Added, shown, changed, paused, resumed, run, looked at, deleted; each command says what is so then."""
    beginning = added(tasks, "nightly", "--set", "batch=500", "--retries", "1")
    assert (0, "cleanup: every Sunday at 03:00, Africa/Addis_Ababa") == (beginning.code, beginning.out.splitlines()[0])
    assert 5 == beginning.out.count("03:00 EAT")
    assert beginning.out.endswith("Added nightly.\n")

    (listed,) = tasks("list", "--json").json
    assert ("nightly", "cleanup", "active", {"batch": 500}, 1) == tuple(
        listed[name] for name in ("name", "task", "state", "payload", "max_retries")
    )
    assert "nightly active Sun" in tasks("list").words

    changed = tasks("edit", "nightly", "--when", "6h", "--name", "often", "--set", "batch=9")
    assert ("cleanup: every 6 hours", "Changed often.") == (changed.out.splitlines()[0], changed.out.splitlines()[-1])
    assert ("often", "21600s", {"batch": 9}, 1, 2) == tuple(
        {**tasks("show", "often", "--json").json, "spec": "21600s"}[name]
        for name in ("name", "spec", "payload", "max_retries", "version")
    )

    assert "Paused often.\n" == tasks("pause", "often").out
    assert "paused" == tasks("show", "often", "--json").json["state"]
    assert [] == tasks("next", "--json").json
    assert (1, "often is paused already.\n") == (tasks("pause", "often").code, tasks("pause", "often").err)
    assert "active" == tasks("resume", "often", "--json").json["state"]
    assert ["often"] * 3 == [one["name"] for one in tasks("next", "--count", "3", "--json").json]

    ran = tasks("run", "often")
    assert (0, "Cleaned up 0 old sessions and 0 messages\n") == (ran.code, ran.out)
    (run,) = tasks("history", "often", "--json").json
    assert ("succeeded", "cli", {"batch": 9}) == (run["state"], run["trigger"], run["payload"])
    assert "INFO:Cleaned up 0 old sessions and 0 messages" in tasks("show", str(run["id"])).out
    assert run["id"] == tasks("list", "--json").json[0]["last_run"]["id"]

    assert "Deleted often.\n" == tasks("delete", "often").out
    assert [] == tasks("list", "--json").json
    assert [[run["id"]]] * 2 == [[one["id"] for one in tasks("history", *name, "--json").json] for name in ((), ("often",))]


def test_a_run_is_told_as_json_and_nothing_else(tasks: Tasks) -> None:
    """With its attempts and what it logged; what is given beside the schedule's payload counts for this run only."""
    added(tasks, "nightly", "--set", "batch=500")
    done = tasks("run", "nightly", "--json", "--set", "batch=7", "--no-backup").json

    assert ("succeeded", {"batch": 7}, ["succeeded"]) == (
        done["state"],
        done["payload"],
        [one["outcome"] for one in done["attempts"]],
    )
    assert ["Cleaned up 0 old sessions and 0 messages"] == [one["line"] for one in done["log"]]
    assert {"batch": 500} == tasks("show", "nightly", "--json").json["payload"]


def test_a_task_without_a_schedule_is_run_and_shown(tasks: Tasks) -> None:
    """By its name; a dry run is marked as such in the history."""
    dry = tasks("run", "cleanup", "--dry-run")
    shown = tasks("show", "cleanup")

    assert (0, "Would clean up 0 old sessions and 0 messages\n") == (dry.code, dry.out)
    assert "succeeded, tried out" in tasks("history", "cleanup").out
    assert "batch 250 a whole number from 1 to 10000" in shown.words
    assert "batch" in tasks("show", "cleanup", "--json").json["payload"]["properties"]


def test_the_script_does_not_use_the_schedules_payload(tasks: Tasks) -> None:
    """It runs the task with its defaults, or with what is given; the run stands in the history of the schedule of that name."""
    added(tasks, "cleanup", "--set", "batch=500")
    tasks("script", "cleanup")
    tasks("script", "cleanup", "--set", "batch=8", "--json")

    assert [{"batch": 8}, {}] == [run["payload"] for run in tasks("history", "cleanup", "--json").json]


def test_the_script_tries_out_what_deletes(tasks: Tasks) -> None:
    """``--dry-run`` says what would be, and the run what was; what deletes nothing refuses, also within ``all``."""
    dry, refused, everything = (tasks("script", name, "--dry-run", "--json") for name in ("cleanup", "match", "all"))
    plain, done, logged = tasks("script", "cleanup", "--dry-run"), tasks("script", "orphans"), tasks("script", "cleanup")

    assert ["Would clean up 0 old sessions and 0 messages\n", "Deleted nothing\n", ""] == [plain.out, done.out, logged.out]
    assert [("cleanup", "succeeded", "Would clean up 0 old sessions and 0 messages")] == [
        (one["task"], one["state"], one["result"]["summary"]) for one in dry.json
    ]
    assert (2, "match deletes nothing, so there is nothing to try out: run it as it is.\n") == (refused.code, refused.err)
    assert (2, "", "backup") == (everything.code, everything.out, everything.err.split()[0])


@on_sqlite
def test_the_script_lists_what_there_is(tasks: Tasks) -> None:
    """Each task with what it does; as JSON with the schema of its payload."""
    plain, told = tasks("script", "list"), {one["name"]: one for one in tasks("script", "list", "--json").json}

    assert list(told) == [line.split()[0] for line in plain.out.splitlines()]
    assert "cleanup" in told
    assert all(line.endswith(told[line.split()[0]]["does"]) for line in plain.out.splitlines())
    assert 10_000 == told["cleanup"]["payload"]["properties"]["batch"]["maximum"]


@on_sqlite
def test_nothing_is_said_in_a_sentence(tasks: Tasks) -> None:
    """On a new database there is neither a schedule nor a run."""
    assert "no schedules yet" in tasks("list").out
    assert "no schedules yet" in tasks("next").out
    assert "no runs yet" in tasks("history").out


@on_sqlite
def test_a_schedule_is_changed_in_part(tasks: Tasks) -> None:
    """What is not named stays; a cron line moves to another zone; a heartbeat is taken away by an empty one."""
    added(tasks, "nightly", "--heartbeat", "https://hc.example/x", "--catch-up", "none", "--pause-after", "0")
    moved = tasks("edit", "nightly", "--zone", "europe/berlin", "--json").json
    bare = tasks("edit", "nightly", "--heartbeat", "", "--retries", "0", "--json").json

    assert ("0 3 * * 0", "Europe/Berlin", "none", 0, "https://hc.example/x") == tuple(
        moved[name] for name in ("spec", "zone", "catch_up", "pause_after", "heartbeat_url")
    )
    assert (None, 0, "none", "Europe/Berlin") == tuple(
        bare[name] for name in ("heartbeat_url", "max_retries", "catch_up", "zone")
    )


ADD = ("add", "nightly", "--task", "cleanup")
REFUSED = [
    ((*ADD, "--when", "61 3 * * *"), "0"),
    ((*ADD, "--when", "0 0 30 2 *"), "0"),
    ((*ADD, "--when", "sometimes"), "1h30m"),
    ((*ADD, "--when", ""), "1h30m"),
    ((*ADD, "--when", "0s"), "1"),
    ((*ADD, "--when", "2020-01-01 10:00"), "is past"),
    ((*ADD, "--when", "1h", "--zone", "Addis"), "Africa/Addis_Ababa"),
    ((*ADD, "--when", f"{change_of_clocks(10)} 02:30", "--zone", "Europe/Berlin"), "comes twice"),
    ((*ADD, "--when", f"{change_of_clocks(3)} 02:30", "--zone", "Europe/Berlin"), "does not exist"),
    ((*ADD, "--when", "1h", "--payload", "{batch: 5}"), '{"batch": 500}'),
    ((*ADD, "--when", "1h", "--payload", "[" * 5_000), '{"batch": 500}'),
    ((*ADD, "--when", "1h", "--payload", "[1]"), '{"batch": 500}'),
    ((*ADD, "--when", "1h", "--payload", '{"batch": 0}'), "for example 250"),
    ((*ADD, "--when", "1h", "--payload", "{}", "--set", "batch=1"), "not both"),
    ((*ADD, "--when", "1h", "--set", "batch"), "--set batch=500"),
    ((*ADD, "--when", "1h", "--set", "batches=5"), "Did you mean batch?"),
    ((*ADD, "--when", "1h", "--set", "batch=many"), "for example 250"),
    ((*ADD, "--when", "1h", "--retries", "21"), "0 to 20"),
    ((*ADD, "--when", "1h", "--retries", "-1"), "0 to 20"),
    ((*ADD, "--when", "1h", "--pause-after", "101"), "0 to 100"),
    ((*ADD, "--when", "1h", "--catch-up", "all"), "latest"),
    ((*ADD, "--when", "1h", "--heartbeat", "hc-ping.com/x"), "https://"),
    (("add", "Nightly!", "--task", "cleanup", "--when", "1h"), "nightly_backup"),
    (("add", "nightly", "--task", "clean", "--when", "1h"), "cleanup"),
    (("show", "nightli"), "did you mean nightly?"),
    (("show", "9" * 30), "history"),
    (("history", "nightli"), "did you mean nightly?"),
    (("history", "--run", "x"), "history"),
    (("run", "clenup"), "did you mean cleanup?"),
    (("run", "clean\udcff"), "did you mean cleanup?"),
    (("run", "match", "--dry-run"), "deletes nothing"),
    (("run", "match", "--set", "batch=1"), "limit"),
    (("pause", "nightli"), "did you mean nightly?"),
    (("resume", "x"), "tasks list"),
    (("delete", "x"), "tasks list"),
    (("edit", "x", "--when", "1h"), "tasks list"),
    (("edit", "nightly"), "--when"),
    (("edit", "weekly", "--zone", "UTC"), "--when"),
    (("cancel", "first"), "history"),
    (("script", "bakup"), "did you mean backup?"),
    (("script", "all", "--set", "batch=5"), "backup"),
    (("add", "x1", "--task", "cleanup", "--when", "1d", "--retries", "21"), "from 0 to 20, for example 3"),
    (("add", "x1", "--task", "cleanup", "--when", "0 3 * * *", "--zone", "x" * 5_000), f'"{"x" * 59}…"'),
    (("add", "x1", "--task", "x" * 5_000, "--when", "1d"), f"task {'x' * 59}…."),
    (("add", "x1", "--task", "cleanup", "--when", "1d", "--set", f"{'x' * 5_000}=1"), f"takes no {'x' * 59}…."),
    (("pause", "x" * 5_000), f"{'x' * 59}…."),
]


@on_sqlite
def test_what_cannot_be_is_refused_in_one_sentence(tasks: Tasks) -> None:
    """What is wrong and what would be right, on one line, with 2; nothing is changed."""
    added(tasks)
    tasks("add", "weekly", "--task", "backup", "--when", "1w")
    before = tasks("list", "--json").json
    refused = [(words, sentence, tasks(*words)) for words, sentence in REFUSED]

    assert [] == [
        (words, done)
        for words, sentence, done in refused
        if (done.code, done.out, len(done.err.splitlines())) != (2, "", 1) or sentence not in done.err
    ]
    assert before == tasks("list", "--json").json


@on_sqlite
def test_what_is_too_late_is_refused_with_1(tasks: Tasks) -> None:
    """A name that is taken, a run that is over, a run that is not there."""
    added(tasks)
    tasks("run", "cleanup")
    refused = [added(tasks), tasks("resume", "nightly"), tasks("cancel", "1"), tasks("cancel", "77"), tasks("show", "77")]

    assert [1] * 5 == [one.code for one in refused]
    assert ["already", "not paused", "over already", "no such run", "no such run"] == [
        next(word for word in ("already. Please", "not paused", "over already", "no such run") if word in one.err).split(".")[0]
        for one in refused
    ]


@on_sqlite
def test_each_command_explains_itself(tasks: Tasks) -> None:
    """``--help`` of each."""
    named = {command.name for command in tasks_app.registered_commands}
    helped = {name: CliRunner().invoke(cli.app, ["tasks", str(name), "--help"]) for name in named}

    assert {"list", "show", "add", "edit", "pause", "resume", "run", "cancel", "history", "delete", "next"} == named
    assert {0} == {one.exit_code for one in helped.values()}
    assert all("--json" in one.output for one in helped.values())
