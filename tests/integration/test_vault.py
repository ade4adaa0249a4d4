"""What is sealed: nothing that tells who somebody is, or what they said, lies in clear; and no wrong key opens anything."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from bot import app as root
from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.people import OPERATOR, Gender
from bot.services import key_file
from bot.services.enrolling import Volunteer
from bot.services.vault import Unreadable, Vault, WrongKey
from bot.settings import Settings, load
from bot.storage import people, updates
from bot.storage.keys import Purpose
from bot.storage.updates import Incoming
from tests.support import Cast, SteadyClock, rows

SARAS_ID, DAWITS_ID = 735_190_482_661, 735_190_482_662
SECRETS = ["Dawit the Unmistakable", "my-own-description", "my-own-message", "my-own-answer", "my-own-update", "my-own-draft"]
OLD, NEW = (b64encode(letter * 32).decode() for letter in (b"o", b"n"))


async def tell(app: App, cast: Cast) -> None:
    """Leave something of everything in the database, waiting, handled and delivered."""
    await app.enrolling.add_counselor(
        OPERATOR, Volunteer(telegram_id=DAWITS_ID, name=SECRETS[0], topics=("other",), gender=Gender.MALE)
    )
    sara, dawit = await cast.student(SARAS_ID), await app.people.identify(DAWITS_ID)
    await cast.request(sara, "other", SECRETS[1])
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.accept(dawit, offer.id)
    await cast.say(sara, SECRETS[2], message_id=1, reply_to=None)
    await cast.say(dawit, SECRETS[3], message_id=2, reply_to=None)
    raw = f'{{"message": {{"from": {{"id": {SARAS_ID}}}, "text": "{SECRETS[4]}"}}}}'.encode()
    incoming = Incoming(update_id=1, chat_hash=app.vault.lookup(SARAS_ID), payload=app.vault.seal_update(raw))
    async with app.db.transaction() as tx:
        await updates.store(tx, [incoming], at=app.clock())
        person = await people.find(tx, sara.me)
        assert person is not None
        sealed = await app.vault.seal(tx, person.key_id, SECRETS[5], about="dialog")
        await people.open_dialog(tx, sara.me, step="request.gender", data=sealed, at=app.clock())


def forms_of(telegram_id: int) -> list[bytes]:
    """Return how a number could lie in a file."""
    return [
        str(telegram_id).encode(),
        telegram_id.to_bytes(8, "big"),
        telegram_id.to_bytes(6, "big"),
        telegram_id.to_bytes(8, "little"),
    ]


def needles() -> list[bytes]:
    """Return what must be nowhere."""
    words = [form for secret in SECRETS for form in (secret.encode(), secret.encode("utf-16-le"))]
    return [*words, *forms_of(SARAS_ID), *forms_of(DAWITS_ID)]


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_nothing_lies_in_clear_in_the_file(app: App, cast: Cast, settings: Settings) -> None:
    """Neither a Telegram id nor a name, a description, a message, an update or a delivery: not in the file, nor in its log."""
    await tell(app, cast)
    path = settings.sqlite_path
    assert path is not None
    lying = {each.name: each.read_bytes() for each in path.parent.glob("bot.db*")}

    assert {"bot.db", "bot.db-wal"} <= set(lying)
    assert [] == [(name, needle) for name, content in lying.items() for needle in needles() if needle in content]


async def test_nothing_lies_in_clear_in_any_column(app: App, cast: Cast, settings: Settings) -> None:
    """The same, whatever the database: each value of each row of each table."""
    await tell(app, cast)
    catalogue: Any = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
    if not settings.is_postgresql:
        catalogue = "SELECT name FROM sqlite_master WHERE type = 'table'"
    content = b""
    for table in await rows(app, catalogue):
        everything: Any = f'SELECT * FROM "{table["name"]}"'
        for row in await rows(app, everything):
            content += b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())

    assert b"mental" not in content
    assert b"other" in content
    assert [] == [needle for needle in needles() if needle in content]


async def test_another_key_is_refused(app: App, environment: dict[str, str]) -> None:
    """Who brings the wrong ``ENCRYPTION_KEY`` is told so before anything is written with it."""
    with pytest.raises(WrongKey, match="does not open this database"):
        async with root.opened(load({**environment, "ENCRYPTION_KEY": NEW}, None), kind="bot"):
            pass


async def test_an_old_key_in_the_second_place_still_opens(environment: dict[str, str], clock: SteadyClock) -> None:
    """What the old key wrapped is read, what is new is wrapped by the new one."""
    old, both = (load({**environment, "ENCRYPTION_KEY": given}, None) for given in (OLD, f"{NEW},{OLD}"))
    await root.prepare(old)
    async with root.opened(old, kind="bot", clock=clock) as app:
        await Cast(app).student(SARAS_ID)
    async with root.opened(both, kind="bot", clock=clock) as app:
        sara = await app.people.identify(SARAS_ID)
        hana = await app.people.identify(DAWITS_ID)
        async with app.db.reading() as tx:
            found = [await app.people.telegram_id(tx, actor.me) for actor in (sara, hana)]

    assert [SARAS_ID, DAWITS_ID] == found
    assert sara.has_consented


async def test_a_key_is_made_where_there_is_none(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside the database, for our eyes only; the next start finds it."""
    monkeypatch.chdir(tmp_path)
    without = load({name: value for name, value in environment.items() if name != "ENCRYPTION_KEY"}, None)
    await root.prepare(without)
    for _ in range(2):
        async with root.opened(without, kind="bot") as app:
            sara = await app.people.identify(SARAS_ID)
    file = tmp_path / key_file.NAME

    assert 1 == sara.me
    assert (0o600, 32) == (file.stat().st_mode & 0o777, len(key_file.load(file, may_make=False)))


async def test_a_key_that_is_missing_is_not_made_anew(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A database that was made with a key is not opened without it, and nothing takes the lost file's place."""
    monkeypatch.chdir(tmp_path)
    without = load({name: value for name, value in environment.items() if name != "ENCRYPTION_KEY"}, None)
    await root.prepare(without)
    async with root.opened(without, kind="bot"):
        pass
    (tmp_path / key_file.NAME).unlink()

    with pytest.raises(WrongKey, match="is missing"):
        async with root.opened(without, kind="bot"):
            pass
    assert not (tmp_path / key_file.NAME).exists()


@pytest.mark.parametrize("content", ["", "x", "AAAA", "ሀ", "A" * 43])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    """A file that was cut off or overwritten is no key."""
    path = tmp_path / key_file.NAME
    path.write_text(content, encoding="utf-8")

    with pytest.raises(WrongKey, match="does not hold a key"):
        key_file.load(path, may_make=True)


async def test_a_key_of_what_was_undone_confuses_nobody(app: App) -> None:
    """Keys of transactions that failed stay in no memory under a number that another key gets."""
    numbers = set[int]()
    for _ in range(5):
        with pytest.raises(Conflict):
            async with app.db.transaction() as tx:
                undone = await app.vault.make(tx, Purpose.SESSION, at=app.clock())
                await app.vault.seal(tx, undone, "undone", about="message")
                numbers.add(undone)
                raise Conflict("no")
        async with app.db.transaction() as tx:
            kept = await app.vault.make(tx, Purpose.SESSION, at=app.clock())
            sealed = await app.vault.seal(tx, kept, "kept", about="message")
            numbers.add(kept)
        async with app.db.reading() as tx:
            fresh = await Vault.open(app.db, app.settings.encryption_key or (), at=app.clock())
            assert "kept" == await fresh.unseal(tx, kept, sealed, about="message")

    assert 10 == len(numbers)


async def test_what_is_sealed_opens_only_as_what_it_is(app: App) -> None:
    """A message cannot be passed off as a name, nor one session's as another's, and no bit of it can be changed."""
    async with app.db.transaction() as tx:
        mine = await app.vault.make(tx, Purpose.SESSION, at=app.clock())
        other = await app.vault.make(tx, Purpose.SESSION, at=app.clock())
        sealed = await app.vault.seal(tx, mine, "text", about="message")
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        for key_id, bytes_, about in ((mine, sealed, "name"), (other, sealed, "message"), (mine, changed, "message")):
            with pytest.raises(InvalidTag):
                await app.vault.unseal(tx, key_id, bytes_, about=about)

        assert "text" == await app.vault.unseal(tx, mine, sealed, about="message")


async def test_what_has_no_key_any_more_cannot_be_read(app: App) -> None:
    """A deleted key is gone for every process, and who asks is told that it was erased."""
    async with app.db.transaction() as tx:
        key_id = await app.vault.make(tx, Purpose.SESSION, at=app.clock())
        sealed = await app.vault.seal(tx, key_id, "text", about="message")
        await tx.execute("DELETE FROM key WHERE id = :id", id=key_id)
    app.vault.forget(key_id)

    with pytest.raises(Unreadable):
        async with app.db.reading() as tx:
            await app.vault.unseal(tx, key_id, sealed, about="message")


async def test_first_starts_at_the_same_moment_agree(settings: Settings, clock: SteadyClock) -> None:
    """Several processes that find a new database share its keys: nobody fails, and nobody's buttons are foreign to another."""
    await root.prepare(settings)

    async def start() -> tuple[bytes, bytes]:
        async with root.opened(settings, kind="bot", clock=clock, is_guest=True) as app:
            return app.vault.lookup(1), app.vault.callback_mac("x", length=9)

    starts = await asyncio.gather(*(start() for _ in range(4)))

    assert 1 == len(set(starts))


async def test_the_same_stranger_twice_at_once_is_one_person(app: App, settings: Settings, clock: SteadyClock) -> None:
    """Two processes that hear of somebody for the first time agree who that is, and both can write to them."""
    telegram_id = int.from_bytes(os.urandom(5))
    async with root.opened(settings, kind="cli", is_guest=True, clock=clock) as other:
        actors = await asyncio.gather(*(each.people.identify(telegram_id) for each in (app, other) * 4))
        async with app.db.reading() as tx, other.db.reading() as beside:
            found = {await app.people.telegram_id(tx, actors[0].me), await other.people.telegram_id(beside, actors[0].me)}

    assert 1 == len({actor.me for actor in actors})
    assert {telegram_id} == found
