"""The intake beside answers that make no sense, a webhook that was left behind, and groups."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from bot.domain import retries
from bot.domain.retries import Backoff
from bot.playground import BotApiServer, Fault
from tests.integration.transport import ReadOnly, api_of, intake_of, under_way
from tests.support import one, wait_until


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the intake, which are real."""
    monkeypatch.setattr(retries, "INTAKE", Backoff(first=timedelta(milliseconds=5), most=timedelta(milliseconds=20)))


async def has_stored(app: App, number: int) -> bool:
    """Return whether so many updates have come in."""
    return number == await one(app, 'SELECT count(*) AS number FROM "update"')


@pytest.mark.parametrize(
    "body",
    [
        '{"ok": true}',
        '{"ok": true, "result": 7}',
        '{"ok": true, "result": "updates"}',
        '{"ok": true, "result": [{}]}',
        '{"ok": true, "result": [null]}',
        '{"ok": true, "result": [{"update_id": "one"}]}',
        "[]",
        "null",
        "",
        "<html>Please log in to the campus network.</html>",
    ],
)
async def test_an_answer_without_sense_ends_nothing(app: App, body: str) -> None:
    """With status 200, a few times: nothing is stored of it, nothing is confirmed, and what comes afterwards is heard."""
    async with BotApiServer() as server, intake_of(app, server) as intake:
        strange = server.faults.add(Fault(kind="status", method="getUpdates", status=200, body=body, times=3))
        await server.person("Sara").open()
        async with under_way(intake.run()) as running:
            await wait_until(lambda: has_stored(app, 1), "the update behind it is stored")

            assert (3, False) == (strange.hits, running.done())
            assert {None} == {call.params.get("offset") for call in server.calls_to("getUpdates")[:4]}


async def test_a_webhook_that_was_left_behind_is_removed(app: App) -> None:
    """While it is set Telegram refuses to be asked; what people wrote in the meantime is not dropped with it."""
    async with BotApiServer() as server, api_of(server) as api, intake_of(app, server) as intake:
        await api.call("setWebhook", url="https://example.org/earlier")
        await server.person("Sara").open()
        async with under_way(intake.run()):
            await wait_until(lambda: has_stored(app, 1), "what waited is stored")
            await server.person("Liya").open()
            await wait_until(lambda: has_stored(app, 2), "what comes now is stored")

        assert 1 == len(server.calls_to("deleteWebhook"))
        assert 1 == len([call for call in server.calls_to("getUpdates") if call.status == 409])


async def test_another_poller_is_no_webhook(app: App) -> None:
    """The other 409, of two programs with one token, removes nothing: it passes when one of them stops."""
    async with BotApiServer() as server, intake_of(app, server) as intake:
        server.faults.add(Fault(kind="status", method="getUpdates", status=409, times=3))
        await server.person("Sara").open()
        async with under_way(intake.run()):
            await wait_until(lambda: has_stored(app, 1), "the update is stored")

        assert [] == server.calls_to("deleteWebhook")


async def test_a_webhook_that_cannot_be_removed_is_tried_again(app: App) -> None:
    """An error of that call ends nothing either."""
    async with BotApiServer() as server, api_of(server) as api, intake_of(app, server) as intake:
        await api.call("setWebhook", url="https://example.org/earlier")
        server.faults.add(Fault(kind="status", method="deleteWebhook", status=502, times=2))
        await server.person("Sara").open()
        async with under_way(intake.run()):
            await wait_until(lambda: has_stored(app, 1), "what waited is stored")

        assert [502, 502, 200] == [call.status for call in server.calls_to("deleteWebhook")]


async def test_a_call_for_help_in_a_group_is_not_answered(app: App) -> None:
    """Where nothing can be stored the intake shows the help lines itself: to a person, once, and never before others."""
    db = ReadOnly(app.db, is_full=True)
    async with BotApiServer() as server, intake_of(app, server, db=db) as intake:
        sara, liya = server.person("Sara"), server.person("Liya")
        await sara.send_raw({"text": "/sos"}, chat={"id": -1001, "type": "supergroup", "title": "Room 12"})
        await liya.send("/sos")
        async with under_way(intake.run()):
            await wait_until(lambda: db.refused >= 3, "the intake has tried to store them a few times")
            before = [call.chat_id for call in server.calls_to("sendMessage")]
            db.is_full = False
            await wait_until(lambda: has_stored(app, 2), "both are stored once that works")

        assert [liya.id] == before == [call.chat_id for call in server.calls_to("sendMessage")]
