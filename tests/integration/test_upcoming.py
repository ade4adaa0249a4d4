"""What runs next over all schedules, and the history of all runs: what the page, the API and ``tasks next`` show."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.people import OPERATOR
from bot.scheduler.drafts import Draft
from bot.storage.runs import RunState
from tests.support import Cast, SteadyClock


async def add(app: App, name: str, when: str, task: str = "cleanup") -> None:
    """Add a schedule."""
    await app.control.add(OPERATOR, Draft(name=name, task=task, when=when))


async def test_what_runs_next(app: App, clock: SteadyClock) -> None:
    """In the order of time; one that is over or paused does not run; what is overdue is due once, and then as it always is."""
    began = clock()
    await add(app, "hourly", "1h")
    await add(app, "once", "2026-03-02 10:30")
    await add(app, "nightly", "0 3 * * *")
    await add(app, "paused", "1m")
    await app.control.pause(OPERATOR, "paused")
    first = await app.control.upcoming(OPERATOR, 5)
    clock.move(hours=5, minutes=20)
    later = await app.control.upcoming(OPERATOR, 4)

    assert [("hourly", 60), ("hourly", 120), ("once", 150), ("hourly", 180), ("hourly", 240)] == [
        (one.schedule.name, (one.at - began) // timedelta(minutes=1)) for one in first
    ]
    assert [("hourly", 60), ("once", 150), ("hourly", 360), ("hourly", 420)] == [
        (one.schedule.name, (one.at - began) // timedelta(minutes=1)) for one in later
    ]


async def test_what_is_not_asked_for_is_not_computed(app: App) -> None:
    """There is no end to most schedules."""
    await add(app, "every_second", "1s")
    await add(app, "leap_day", "0 0 29 2 *")

    assert ["every_second"] * 200 == [one.schedule.name for one in await app.control.upcoming(OPERATOR, 200)]


async def test_the_history_of_all(app: App) -> None:
    """Runs of every task, the newest first; of a name that nothing has, none."""
    for task in ("cleanup", "match"):
        await app.control.cancel(OPERATOR, await app.control.trigger(OPERATOR, task))
    found = await app.control.history(OPERATOR)

    assert [("match", RunState.CANCELLED), ("cleanup", RunState.CANCELLED)] == [(run.task, run.state) for run in found]
    assert [found[1]] == await app.control.history(OPERATOR, before=found[0].id)
    with pytest.raises(NotFound):
        await app.control.history(OPERATOR, "nonsense")


async def test_nobody_else_may_look(app: App, cast: Cast) -> None:
    """A student is none of the staff."""
    sara = await cast.sara()
    for asking in (app.control.upcoming(sara, 5), app.control.history(sara)):
        with pytest.raises(NotAllowed):
            await asking


async def test_a_payload_from_python_is_kept_as_json(app: App) -> None:
    """Whatever stands for JSON is taken; what does not is refused, like a text that is none."""
    await app.control.add(OPERATOR, Draft(name="kept", task="cleanup", when="1h", payload={"batch": 5}))
    refused: list[object] = [{"batch": {1, 2}}, {1: 2}, "[" * 10_000, json.dumps({"batch": 5, "more": "x" * 20_000})]
    for payload in refused:
        with pytest.raises(InvalidInput):
            await app.control.add(OPERATOR, Draft(name="bad", task="cleanup", when="1h", payload=payload))  # pyright: ignore[reportArgumentType]

    assert {"batch": 5} == (await app.control.get(OPERATOR, "kept")).schedule.payload
    assert ["kept"] == [entry.schedule.name for entry in await app.control.list(OPERATOR)]
