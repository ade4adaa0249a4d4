"""The sender beside files that Telegram does not hand over or does not take, and beside outages that only look like it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain import retries
from bot.domain.content import Content, Kind, Media
from bot.domain.people import Actor
from bot.domain.retries import Backoff
from bot.domain.sessions import Session
from bot.playground import BotApiServer, Fault, Message, Person
from bot.telegram import calls
from tests.integration.transport import sender_of, under_way
from tests.support import Cast, change, one, rows, wait_until

MEGABYTE = 1024 * 1024
PAGE = "<html><body>Blocked by the campus filter.</body></html>"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the sender, which are real."""
    soon = timedelta(milliseconds=10)
    monkeypatch.setattr(retries, "DELIVERY", Backoff(first=soon, most=soon))
    monkeypatch.setattr(retries, "FILE_DELAYS", (soon,) * len(retries.FILE_DELAYS))


@dataclass(frozen=True)
class Pair:
    """Sara and Dawit in a conversation, and on their phones."""

    app: App
    server: BotApiServer
    session: Session
    author: Actor  #: Dawit
    sara: Person
    dawit: Person

    async def pass_on(self, sent: Message, *, size: int | None = None) -> None:
        """Have what Dawit sent passed on, as a file of *size* bytes as far as anybody has said."""
        media = Media(file_id=sent.file_id, unique_id="u", size=size, mime_type="application/pdf")
        content = Content(kind=Kind(sent.kind), media=media)
        await self.app.relaying.relay(self.author, self.session, content, message_id=sent.message_id)


@pytest.fixture
async def pair(app: App, cast: Cast) -> AsyncIterator[Pair]:
    """The two of them, at a server of ours."""
    actor, author = await cast.sara(), await cast.dawit()
    session = await cast.conversation(actor, author)
    async with BotApiServer() as server:
        sara, dawit = server.person("Sara", user_id=1001), server.person("Dawit", user_id=2001)
        await sara.open()
        await dawit.open()
        yield Pair(app, server, session, author, sara, dawit)


@asynccontextmanager
async def delivered(pair: Pair) -> AsyncGenerator[None]:
    """Have the sender at work for the block, and until nothing waits."""
    async with sender_of(pair.app, pair.server) as sender, under_way(sender.run()):
        yield
        await wait_until(lambda: is_settled(pair.app), "nothing waits")


async def is_settled(app: App) -> bool:
    """Return whether nothing waits."""
    return 0 == await one(app, "SELECT count(*) AS number FROM delivery WHERE state = 'waiting'")


async def of_message(app: App) -> list[tuple[str, str | None]]:
    """Return what became of the deliveries that carry messages."""
    found = await rows(app, "SELECT state, error FROM delivery WHERE message_seq IS NOT NULL ORDER BY id")
    return [(row["state"], row["error"]) for row in found]


@pytest.mark.parametrize(
    ("method", "is_photo"), [("getFile", False), ("download", False), ("sendDocument", False), ("sendPhoto", True)]
)
async def test_a_file_that_fails_again_and_again_closes_no_chat(
    pair: Pair, cast: Cast, caplog: pytest.LogCaptureFixture, method: str, is_photo: bool
) -> None:
    """While Telegram takes other calls it is tried 5 times, its author is told, and what comes behind it arrives."""
    broken = pair.server.faults.add(Fault(kind="status", method=method, status=500, times=None))
    await pair.pass_on(await (pair.dawit.send_photo() if is_photo else pair.dawit.send_document()), size=100)
    await cast.say(pair.author, "and some words", message_id=77)
    async with delivered(pair):
        await pair.sara.see("and some words")
        await pair.dawit.see("did not get through")

    assert 5 == broken.hits
    assert [("parked", "NetworkError"), ("done", None)] == await of_message(pair.app)
    assert "Telegram failed on a file 5 times" in caplog.text


async def test_an_outage_costs_no_file(pair: Pair) -> None:
    """Where Telegram takes no other call either, the file waits for its return, however often it was tried."""
    async with delivered(pair):
        await pair.sara.see("is here for you")
    outage = pair.server.faults.add(Fault(kind="status", status=502, times=30))
    await pair.pass_on(await pair.dawit.send_document(content=b"%PDF"), size=4)
    async with delivered(pair):
        came = await pair.sara.see(kind="document", timeout=30)

    assert (30, b"%PDF") == (outage.hits, came.content)
    assert [("done", None)] == await of_message(pair.app)


async def test_large_files_that_hang_keep_no_small_one_waiting(pair: Pair, cast: Cast) -> None:
    """Two of 20 MB are under way to Sara and Dawit and do not move: a small one to Liya passes."""
    hanging = pair.server.faults.add(Fault(kind="hang", method="download", times=2))
    liya, hana = pair.server.person("Liya", user_id=1002), pair.server.person("Hana", user_id=2002)
    await liya.open()
    await change(pair.app, "UPDATE counselor SET is_online = FALSE")
    counselor, student = await cast.hana(), await cast.student(1002)
    other = await cast.conversation(student, counselor)
    await hana.open()
    there = Pair(pair.app, pair.server, other, counselor, liya, hana)
    back = Pair(pair.app, pair.server, pair.session, await pair.app.people.identify(1001), pair.dawit, pair.sara)
    async with sender_of(pair.app, pair.server) as sender, under_way(sender.run()):
        for large in (pair, back):
            await large.pass_on(await large.dawit.send_document(), size=20 * MEGABYTE)
        await wait_until(lambda: 2 == hanging.hits, "both hang")
        await there.pass_on(await hana.send_document(content=b"%PDF"), size=4)

        assert b"%PDF" == (await liya.see(kind="document")).content


async def test_what_never_ends_is_cut_off(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A try with a file has an end of its own; the connection works afterwards, and the file arrives."""
    monkeypatch.setattr(calls, "_FILE_SECONDS", 0.3)
    hanging = pair.server.faults.add(Fault(kind="hang", method="download", times=2))
    await pair.pass_on(await pair.dawit.send_document(content=b"%PDF"), size=4)
    async with delivered(pair):
        came = await pair.sara.see(kind="document")

    assert (2, b"%PDF") == (hanging.hits, came.content)


@pytest.mark.parametrize(("seconds", "copies"), [(calls.UPLOAD_READ_SECONDS, 1), (0.2, 2)])
async def test_telegram_may_look_at_an_upload_before_it_answers(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, seconds: float, copies: int
) -> None:
    """What was uploaded and held for lost too soon would arrive twice; so it is given more time than any other call."""
    monkeypatch.setattr(calls, "UPLOAD_READ_SECONDS", seconds)
    pair.server.faults.add(Fault(kind="late", method="sendDocument", delay_seconds=0.6))
    await pair.pass_on(await pair.dawit.send_document(content=b"%PDF"), size=4)
    async with delivered(pair):
        await pair.sara.see(kind="document")

    assert copies == len([message for message in pair.sara.bot_messages if message.kind == "document"])


async def test_that_it_is_too_large_is_said(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody knew until it was to be fetched: its author hears why, at once, and no error is logged."""
    await pair.pass_on(await pair.dawit.send_document(size=20 * MEGABYTE + 1))
    async with delivered(pair):
        await pair.dawit.see("more than the 20 MB")

    assert 1 == len(pair.server.calls_to("getFile"))
    assert [("refused", "BadRequest")] == await of_message(pair.app)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("status", [401, 404])
async def test_a_strangers_page_is_no_word_on_a_file(pair: Pair, status: int) -> None:
    """A proxy says in HTML that there is no such file: it is fetched again, and arrives."""
    strange = pair.server.faults.add(Fault(kind="status", method="download", status=status, body=PAGE, times=2))
    await pair.pass_on(await pair.dawit.send_document(content=b"%PDF"), size=4)
    async with delivered(pair):
        came = await pair.sara.see(kind="document")

    assert (2, b"%PDF") == (strange.hits, came.content)


async def test_telegrams_own_word_on_a_file_is_final(pair: Pair) -> None:
    """A 404 in its JSON: the file is gone, so it is given up at once, and its author is told."""
    gone = pair.server.faults.add(Fault(kind="status", method="download", status=404, times=None))
    await pair.pass_on(await pair.dawit.send_document(), size=100)
    async with delivered(pair):
        await pair.dawit.see("did not get through")

    assert 1 == gone.hits
    assert [("refused", "BadRequest")] == await of_message(pair.app)
