"""The health check: what is bad is told once, and once when it is good again; somebody outside hears that we live."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from aiohttp import web

from bot.app import App
from bot.domain.people import Actor
from bot.services import heartbeat
from bot.services.health import Mark, lag
from bot.services.health_check import HealthCheck
from bot.services.heartbeat import Signal
from bot.storage import runs
from bot.storage.runs import NewRun, Outcome, Trigger
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from tests.support import Cast, SteadyClock, change


@dataclass
class Listener:
    """Somebody who is told that we live."""

    url: str = ""
    heard: list[str] = field(default_factory=list)  #: paths
    status: int = 200


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Lend an address of a server of ours."""
    listener = Listener()

    async def hear(request: web.Request) -> web.Response:
        listener.heard.append(request.path_qs)
        return web.Response(status=listener.status, text="OK")

    application = web.Application()
    application.router.add_get("/{path:.*}", hear)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    listener.url = f"http://127.0.0.1:{port}/a-secret"
    try:
        yield listener
    finally:
        await runner.cleanup()


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def lensa(cast: Cast) -> Actor:
    """Lensa, who is told."""
    return await cast.app.people.identify(9001)


@pytest.fixture
async def check(app: App) -> HealthCheck:
    """The service that the task calls, over a service that runs well; it does not measure how busy the machine is."""
    app.pulse.good()
    await app.reconciling.reconcile({})
    await app.executor.services.backups.create()
    return replace(app.executor.services.watching.health_check, looks=0)


async def told(cast: Cast, actor: Actor) -> list[str]:
    """Return what somebody was told about the health of the service."""
    return [text for text in await cast.said(actor) if text.startswith("🩺")]


async def test_all_is_well(check: HealthCheck, cast: Cast, lensa: Actor) -> None:
    """Every part is looked at, and nobody is told."""
    parts = {part.name: part.mark for part in await check.examine()}

    assert {"telegram", "updates", "deliveries", "parked", "database", "backup", "proof", "tasks", "lag"} == parts.keys()
    assert {Mark.GOOD} == set(parts.values())
    assert [] == await told(cast, lensa)


async def test_what_is_bad_is_told_once(app: App, check: HealthCheck, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """With what to do; and once when it is good again. What is between good and bad is neither."""
    app.pulse.bad("no connection")
    counts: list[int] = []
    for _ in range(3):
        await check.examine()
        counts.append(len(await told(cast, lensa)))
    app.pulse.good()
    clock.move(minutes=4)
    await check.examine()
    doubtful = len(await told(cast, lensa))
    app.pulse.good()
    await check.examine()
    await check.examine()
    alarm, again = await told(cast, lensa)

    assert ([1, 1, 1], 1) == (counts, doubtful)
    assert "<b>The service needs you.</b>\n✗ Telegram gives no updates" in alarm
    assert "\n→ Look at the log" in alarm
    assert "<b>It is well again.</b>\n✓ Telegram answers" in again


async def test_what_was_bad_before_there_was_an_admin(app: App, check: HealthCheck, cast: Cast) -> None:
    """Who writes to the bot for the first time afterwards hears of it at the next look."""
    app.pulse.bad("no connection")
    await check.examine()
    lensa = await app.people.identify(9001)
    await check.examine()

    assert 1 == len(await told(cast, lensa))


@pytest.mark.parametrize(
    ("case", "remedy"),
    [
        ("paused", "is paused: resume it under /tasks, then run /backup."),
        ("failed", "The last attempt failed: The disk is full. Put that right, then run /backup."),
        ("silent", "No run of it has ended since: look under /tasks"),
    ],
)
async def test_a_backup_that_is_overdue(  # noqa: PLR0917 — the fixtures, and a case
    app: App, check: HealthCheck, cast: Cast, clock: SteadyClock, lensa: Actor, case: str, remedy: str
) -> None:
    """The likely cause and the remedy, once; and once when there is a new one."""
    clock.move(days=3)
    app.pulse.good()
    if case == "paused":
        await change(app, "UPDATE schedule SET is_enabled = :no WHERE task = 'backup'", no=False)
    elif case == "failed":
        new = NewRun(task="backup", trigger=Trigger.CLI, requested_by="test", max_attempts=1, scheduled_for=clock())
        run = await app.executor.begin(new)
        async with app.db.transaction() as tx:
            await runs.fail(tx, run, Outcome.FAILED, error="The disk is full.", retry_at=None, at=clock())
    await check.examine()
    await check.examine()
    (alarm,) = await told(cast, lensa)
    await app.executor.services.backups.create()
    await check.examine()

    assert "✗ Last backup 3 d ago, which is too long: run /backup.\n→ " in alarm
    assert remedy in alarm
    assert "✓ Last backup just now." in (await told(cast, lensa))[-1]


async def test_what_the_scheduler_tells_is_not_told_twice(
    app: App, check: HealthCheck, cast: Cast, clock: SteadyClock, lensa: Actor
) -> None:
    """A task that did not begin in time is a line of the screen, and no second message."""
    clock.move(hours=2)
    app.pulse.good()
    parts = {part.name: part.mark for part in await check.examine()}

    assert Mark.BAD is parts["tasks"]
    assert [] == await told(cast, lensa)


@pytest.mark.parametrize(
    ("milliseconds", "mark"), [(3, Mark.GOOD), (99, Mark.GOOD), (100, Mark.DOUBTFUL), (499, Mark.DOUBTFUL), (500, Mark.BAD)]
)
def test_how_long_the_loop_may_take(milliseconds: int, mark: Mark) -> None:
    """Half a second is what somebody feels at each press."""
    part = lag(timedelta(milliseconds=milliseconds))

    assert (mark, True) == (part.mark, f" {milliseconds} ms" in str(part.line))


# Heartbeats


async def test_somebody_outside_hears_that_we_live(app: App, check: HealthCheck) -> None:
    """The beginning and the good end, and the bad end where something is bad; a query of the address stays."""
    async with listening() as listener:
        beating = replace(check, heartbeat_url=f"{listener.url}/?from=hu")
        await beating.examine()
        app.pulse.bad("no connection")
        await beating.examine()

    good = ["/a-secret/start?from=hu", "/a-secret?from=hu"]
    assert [*good, "/a-secret/start?from=hu", "/a-secret/fail?from=hu"] == listener.heard


async def test_a_check_that_fails_is_heard_of(check: HealthCheck) -> None:
    """What cannot be looked at is no good news."""
    async with listening() as listener:
        broken = replace(check, heartbeat_url=listener.url, clock=lambda: None, alerting=None, health=None)
        with pytest.raises(AttributeError):
            await broken.examine()

    assert ["/a-secret/start", "/a-secret/fail"] == listener.heard


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a-secret", "https://127.0.0.1:1/a-secret"])
async def test_a_ping_that_fails_is_only_logged(check: HealthCheck, caplog: pytest.LogCaptureFixture, url: str) -> None:
    """The check goes on, and the log says so without the address."""
    with caplog.at_level(logging.WARNING):
        parts = await replace(check, heartbeat_url=url).examine()

    assert parts
    assert 2 == caplog.text.count("A heartbeat address could not be reached (ConnectError)")
    assert "secret" not in caplog.text


async def test_an_address_that_refuses(caplog: pytest.LogCaptureFixture) -> None:
    """A status is said, and is no success."""
    async with listening() as listener:
        listener.status = 404
        assert not await heartbeat.ping(listener.url, Signal.SUCCESS)

    assert "A heartbeat address answered with 404." in caplog.text


async def test_the_task_counts_by_mark(app: App, check: HealthCheck) -> None:
    """One line names what is not good; nothing in it identifies anybody."""
    app.pulse.bad("no connection")
    task = TASKS["health_check"]
    services = replace(app.executor.services, watching=replace(app.executor.services.watching, health_check=check))
    result = await task.run(RunContext(services=services), task.parse({}))

    assert result.summary.startswith("Looked at 9 parts: ")
    assert "bad: telegram" in result.summary
    assert 9 == sum(result.counts.values())
