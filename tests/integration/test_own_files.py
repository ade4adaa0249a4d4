"""Files that the bot made itself: sealed while they wait, sent as they are, and gone afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from bot.domain import retries
from bot.domain.content import Kind
from bot.domain.errors import InvalidInput
from bot.domain.outgoing import MOST_OWN_BYTES, Attachment, OwnFile
from bot.domain.people import Actor
from bot.domain.retries import Backoff
from bot.domain.text import Text
from bot.playground import BotApiServer, Fault, Person
from tests.integration.transport import sender_of, under_way
from tests.support import Cast, one, rows, wait_until

PICTURE = OwnFile("week.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400)
TABLE = OwnFile('ë "5<6" & co.csv', b"topic,requests\r\nother,7\r\n")


async def owe(app: App, actor: Actor, *files: tuple[Kind, OwnFile]) -> None:
    """Owe *actor* these files."""
    async with app.db.transaction() as tx:
        for kind, file in files:
            caption = Text("<b>{name}</b>", name="<b>&_*")
            await app.outbox.say(tx, caption, to=actor.me, at=app.clock(), attachment=Attachment(kind, file))


async def deliver(app: App, server: BotApiServer) -> Person:
    """Have everything that is owed sent to Lensa, who is 1001."""
    person = server.person("Lensa", user_id=1001)
    await person.open()
    async with sender_of(app, server) as sender, under_way(sender.run()):
        await wait_until(lambda: _is_settled(app), "all is sent")
    return person


async def _is_settled(app: App) -> bool:
    return 0 == await one(app, "SELECT count(*) AS number FROM delivery WHERE state = 'waiting'")


async def test_a_picture_and_a_table_arrive_as_they_were_made(app: App, cast: Cast) -> None:
    """Byte for byte, with name and caption as written, in their order; unlike what people say, they may be kept."""
    lensa = await cast.sara()
    await owe(app, lensa, (Kind.PHOTO, PICTURE), (Kind.DOCUMENT, TABLE))
    async with BotApiServer() as server:
        person = await deliver(app, server)
        photo, table = person.bot_messages

    assert ["photo", "document"] == [photo.kind, table.kind]
    assert [PICTURE.content, TABLE.content] == [photo.content, table.content]
    assert ["<b>&_*"] * 2 == [photo.caption, table.caption]
    assert TABLE.name == (table.file_name or "").replace("%22", '"')  # as RFC 7578 lets a client write a quotation mark
    assert [False, False] == [photo.protect_content, table.protect_content]


async def test_a_file_waits_sealed_and_is_erased(app: App, cast: Cast) -> None:
    """Nothing of it can be read while it waits, and nothing is left once it was sent."""
    lensa = await cast.sara()
    await owe(app, lensa, (Kind.DOCUMENT, TABLE))
    (waiting,) = await rows(app, "SELECT payload FROM delivery")
    async with BotApiServer() as server:
        await deliver(app, server)

    assert not [part for part in (b"topic", b"co.csv", b"dG9waWM") if part in bytes(waiting["payload"])]
    assert [{"payload": None, "state": "done"}] == [dict(row) for row in await rows(app, "SELECT payload, state FROM delivery")]


async def test_a_file_that_fails_in_passing_is_sent_again(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """It arrives once and whole, and what comes behind it waits for it."""
    monkeypatch.setattr(retries, "DELIVERY", Backoff(first=timedelta(milliseconds=10), most=timedelta(milliseconds=50)))
    monkeypatch.setattr(retries, "FILE_DELAYS", (timedelta(milliseconds=10),) * 5)
    lensa = await cast.sara()
    await owe(app, lensa, (Kind.PHOTO, PICTURE), (Kind.DOCUMENT, TABLE))
    async with BotApiServer() as server:
        server.faults.add(Fault(kind="status", method="sendPhoto", status=502, times=2))
        person = await deliver(app, server)

        assert ["photo", "document"] == [message.kind for message in person.bot_messages]
        assert PICTURE.content == person.bot_messages[0].content


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        (
            "week.png",
            MOST_OWN_BYTES + 1,
            "The file week.png has 301 kB; the bot sends what it made itself from 1 byte up to 300 kB.",
        ),
        ("week.png", 0, "The file week.png has 0 kB; the bot sends what it made itself from 1 byte up to 300 kB."),
        ("", 1, "The name of a file has 1 to 100 characters and no slash, for example report.csv."),
        ("../week.png", 1, "The name of a file has 1 to 100 characters and no slash, for example report.csv."),
        ("week\n.png", 1, "The name of a file has 1 to 100 characters and no slash, for example report.csv."),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_owed(name: str, size: int, reason: str) -> None:
    """Too large, empty, or with a name that is none: one sentence says what would be right."""
    with pytest.raises(InvalidInput) as refused:
        OwnFile(name, bytes(size))

    assert reason == str(refused.value)
