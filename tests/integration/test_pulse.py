"""Whether Telegram answers: said in the log when it changes, and known to every process."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain import retries
from bot.domain.retries import Backoff
from bot.playground import BotApiServer, Fault
from bot.services.pulse import Pulse
from bot.storage.pulses import Beat
from bot.telegram import api as bot_api
from bot.telegram import intake as intakes
from tests.integration.transport import intake_of, under_way
from tests.support import SteadyClock, wait_until


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged of the polls."""
    return [record.getMessage() for record in caplog.records if record.name == "bot.services.pulse"]


async def known(app: App, pulse: Pulse) -> Beat:
    """Return what is known of the polls."""
    async with app.db.transaction() as tx:
        beat = await pulse.read(tx)
    assert beat is not None
    return beat


async def test_a_trouble_is_said_once_for_each_reason_and_so_is_its_end(
    app: App, clock: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    """However often and in whatever order the same two reasons come; a second trouble is told anew."""
    caplog.set_level(logging.INFO)
    for reason in ("one", "one", "another", "one", "another"):
        app.pulse.bad(reason)
        clock.move(seconds=30)
    app.pulse.good()
    app.pulse.good()
    app.pulse.bad("one")

    assert [
        "Telegram gives no updates (one); trying again until it does.",
        "Telegram gives no updates (another); trying again until it does.",
        "Telegram answers again, after 150 s.",
        "Telegram gives no updates (one); trying again until it does.",
    ] == lines(caplog)


async def test_who_does_not_poll_reads_what_the_poller_found(app: App, clock: SteadyClock) -> None:
    """A trouble and its end are there for another process at once; a process that polled before does not speak of the past."""
    began, there = clock(), Pulse(db=app.db, clock=clock)
    there.good()
    async with under_way(app.pulse.keep()):
        clock.move(minutes=1)
        app.pulse.good()
        clock.move(minutes=1)
        app.pulse.bad("why")
        clock.move(minutes=5)
        await wait_until(lambda: tells(app, there, "why"), "the trouble is known")
        in_trouble = await known(app, there)
        app.pulse.good()
        await wait_until(lambda: tells(app, there, None), "its end is known")

    assert (began + timedelta(minutes=1), began + timedelta(minutes=2)) == (in_trouble.last_good_at, in_trouble.failing_since)
    assert began + timedelta(minutes=7) == (await known(app, there)).last_good_at


async def tells(app: App, pulse: Pulse, reason: str | None) -> bool:
    """Return whether this is why it fails, as far as is known."""
    return reason == (await known(app, pulse)).reason


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(kind="status", method="getUpdates", status=401, times=3), "401 or 404: the token is refused"),
        (Fault(kind="status", method="getUpdates", status=404, times=3), "401 or 404: the token is refused"),
        (
            Fault(kind="status", method="getUpdates", status=409, times=3),
            "409: another process asks for the updates of this bot",
        ),
        (
            Fault(kind="status", method="getUpdates", status=429, times=1, retry_after=1),
            "429: it wants to be asked less often",
        ),
        (Fault(kind="status", method="getUpdates", status=500, times=3), "an error of its servers"),
        (Fault(kind="status", method="getUpdates", status=502, times=3, body="<html>proxy</html>"), "an error of its servers"),
        (Fault(kind="cut", method="getUpdates", times=3), "no connection: RemoteProtocolError"),
        (Fault(kind="hang", method="getUpdates", times=3), "no answer in time"),
        (
            Fault(kind="status", method="getUpdates", status=200, body='{"ok": true, "result": [{}]}', times=3),
            "something that nobody thought of: KeyError",
        ),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # PTB, of the type of RetryAfter.retry_after
async def test_every_fault_of_a_poll_is_named_and_passes(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Fault, reason: str
) -> None:
    """It is named once, however often it strikes; what comes afterwards is heard, and the end is told."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(retries, "INTAKE", Backoff(first=timedelta(milliseconds=5), most=timedelta(milliseconds=20)))
    monkeypatch.setattr(bot_api, "_READ_SECONDS", 0.3)
    monkeypatch.setattr(intakes, "POLL_SECONDS", 1)
    fault.hits = 0
    async with BotApiServer() as server, intake_of(app, server) as intake:
        server.faults.add(fault)
        await server.person("Sara").open()
        async with under_way(intake.run()):
            await wait_until(lambda: app.pulse.failing_since is not None, "the trouble has begun")
            during = app.pulse.reason
            await wait_until(lambda: app.pulse.failing_since is None, "it has passed")

    assert reason == during
    assert fault.times == fault.hits
    assert [f"Telegram gives no updates ({reason}); trying again until it does.", "Telegram answers again, after 0 s."] == lines(
        caplog
    )
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING and record.name.startswith("bot.")]) <= 2
