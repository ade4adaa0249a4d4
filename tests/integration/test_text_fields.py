"""Whatever somebody types into a field is kept and shown as typed, or refused by a sentence that says what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from telegram import CallbackQuery, Chat, Message, PhotoSize, Update, User

from bot import lifecycle
from bot.app import App
from bot.domain.errors import BotError, InvalidInput
from bot.domain.ids import DeliveryId
from bot.domain.people import BIO_LENGTH, NAME_LENGTH, OPERATOR, Detail, Gender
from bot.domain.sessions import COMMENT_LENGTH, DESCRIPTION_LENGTH, Session
from bot.playground.formatting import format_caption, format_text, settle
from bot.services.enrolling import Volunteer
from bot.services.moderating import REASON_LENGTH
from bot.storage import deliveries
from bot.storage.database import Transaction
from bot.telegram import callbacks, routes
from bot.telegram.callbacks import Press
from bot.telegram.context import Call
from bot.telegram.handlers import conversation
from tests.support import Cast

LENSA, SARA, DAWIT, KIDUS = 9001, 1001, 2001, 1002
WRITTEN = 77  #: the message of theirs that is changed, or was held back


class _Undo(Exception):
    """What was typed is not to be kept."""


@dataclass
class Stage:
    """Who writes to whom; everything in one transaction."""

    app: App
    cast: Cast
    tx: Transaction

    async def writes(self, telegram_id: int, text: str) -> None:
        """Have somebody send a text."""
        await routes.message(await self._call(telegram_id, message=self._message(telegram_id, text=text)))

    async def sends_photo(self, telegram_id: int, caption: str) -> None:
        """Have somebody send a photo with words below."""
        await routes.message(await self._call(telegram_id, message=self._message(telegram_id, **_photo(caption))))

    async def changes(self, telegram_id: int, **what: Any) -> None:
        """Have somebody change what they sent."""
        await conversation.edited(await self._call(telegram_id, edited_message=self._message(telegram_id, **what)))

    async def sends_held(self, telegram_id: int, text: str, session: Session) -> None:
        """Have somebody say for whom a message is that was held back."""
        question = self._message(
            telegram_id, text="For whom?", message_id=99, reply_to_message=self._message(telegram_id, text=text)
        )
        me = (await self.app.people.identify(telegram_id)).me
        data = callbacks.write(self.app.vault, Press("session.send", session.alias), me)
        query = CallbackQuery("1", User(telegram_id, "X", is_bot=False), "1", message=question, data=data)
        await routes.press(await self._call(telegram_id, callback_query=query))

    async def shown(self, telegram_id: int, behind: int) -> list[str]:
        """Return what is owed to somebody since, as Telegram would show it; it must be such that Telegram takes it."""
        me = (await self.app.people.identify(telegram_id)).me
        sql = "SELECT id FROM delivery WHERE person_id = :me AND id > :behind AND method <> 'answer' ORDER BY id"
        found = await self.tx.fetch_all(sql, me=me, behind=behind)
        owed = [await deliveries.find_waiting(self.tx, DeliveryId(row["id"])) for row in found]
        payloads = [await self.app.outbox.open(self.tx, delivery) for delivery in owed if delivery is not None]
        is_caption = [payload.get("is_caption") or "attachment" in payload for payload in payloads]
        return [
            (format_caption if under else format_text)(one["text"], "html")[0]
            for one, under in zip(payloads, is_caption, strict=True)
        ]

    async def newest(self) -> int:
        """Return the number of the last thing that is owed."""
        row = await self.tx.fetch_one("SELECT coalesce(max(id), 0) AS id FROM delivery")
        return row["id"] if row else 0

    def _message(self, telegram_id: int, *, message_id: int = WRITTEN, **what: Any) -> Message:
        user, chat = User(telegram_id, "X", is_bot=False), Chat(telegram_id, "private")
        return Message(message_id, self.app.clock(), chat, from_user=user, **what)

    async def _call(self, telegram_id: int, **update: Any) -> Call:
        actor = await self.app.people.identify(telegram_id)
        services = lifecycle._services(self.app)
        return Call(update=Update(1, **update), actor=actor, tx=self.tx, at=self.app.clock(), services=services)


def _photo(caption: str) -> dict[str, Any]:
    return {"photo": [PhotoSize("photo-1", "unique-1", 10, 10)], "caption": caption}


@dataclass(frozen=True)
class Field:
    """A field: who types into it, and where that is kept and shown."""

    lengths: range  #: characters that fit
    prepare: Callable[[Cast], Awaitable[object]]
    write: Callable[[Stage, str], Awaitable[object]]
    kept: Callable[[Stage], Awaitable[str | None]]
    reader: int | None = None  #: who is shown it
    folds: bool = False  #: whether white space is folded, and what nobody sees is refused
    is_relayed: bool = False  #: whether it is shown under a heading, in as many messages as it takes


_NONE, _ANY = range(0), range(1, 10**6)


async def _request(cast: Cast) -> None:
    sara, _ = await cast.sara(), await cast.dawit()
    await cast.app.requesting.choose_topic(sara, "other")
    await cast.app.requesting.choose_gender(sara, Gender.FEMALE)


async def _describe(stage: Stage, text: str) -> None:
    await stage.writes(SARA, text)
    session = await stage.app.requesting.current(await stage.app.people.identify(SARA))
    if session is not None:
        lensa, dawit = await stage.app.people.identify(LENSA), await stage.app.people.identify(DAWIT)
        await stage.app.admin.steering.assign(lensa, session.alias, dawit.me)


async def _description(stage: Stage) -> str | None:
    sara = await stage.app.people.identify(SARA)
    session = await stage.app.requesting.current(sara)
    return await stage.app.requesting.description(sara, session) if session else None


def _apply(detail: Detail) -> Callable[[Cast], Awaitable[object]]:
    async def prepare(cast: Cast) -> None:
        kidus = await cast.app.people.identify(KIDUS)
        await cast.app.applying.begin(kidus)
        await cast.app.applying.toggle_topic(kidus, "other")
        await cast.app.applying.take_topics(kidus)
        await cast.app.applying.take_gender(kidus, Gender.MALE)
        if detail is Detail.BIO:
            await cast.app.applying.take_text(kidus, Detail.NAME, "Kidus")

    return prepare


def _drafted(detail: Detail) -> Callable[[Stage], Awaitable[str | None]]:
    async def kept(stage: Stage) -> str | None:
        return (await stage.app.applying.draft(await stage.app.people.identify(KIDUS))).answers.get(detail)

    return kept


def _change(detail: Detail) -> Callable[[Cast], Awaitable[object]]:
    async def prepare(cast: Cast) -> None:
        await cast.app.profiles.ask(await cast.dawit(), detail)

    return prepare


async def _proposed(stage: Stage) -> str | None:
    try:
        return (await stage.app.profiles.proposed(await stage.app.people.identify(DAWIT))).value
    except BotError:
        return None


async def _reject(cast: Cast) -> None:
    kidus, lensa = await cast.applicant(KIDUS, "Kidus"), await cast.app.people.identify(LENSA)
    await cast.app.admin.moderating.begin_rejection(lensa, kidus.me)


async def _write_reason(stage: Stage, text: str) -> None:
    """Write the reason, and say yes to it where it was taken."""
    await _by(LENSA)(stage, text)
    await stage.app.admin.moderating.reject_with_reason(await stage.app.people.identify(LENSA))


async def _reason(stage: Stage) -> str | None:
    profile = await stage.app.profiles.mine(await stage.app.people.identify(KIDUS))
    return profile.review_reason if profile else None


async def _appoint(cast: Cast) -> None:
    await cast.app.admin.appointing.begin(await cast.app.people.identify(LENSA))


async def _appointed(stage: Stage) -> str | None:
    rows = await stage.tx.fetch_all("SELECT id FROM person WHERE is_admin ORDER BY id")
    return str([row["id"] for row in rows])


async def _talk(cast: Cast) -> None:
    await cast.conversation(await cast.sara(), await cast.dawit())


async def _say(cast: Cast) -> None:
    await _talk(cast)
    await cast.say(await cast.app.people.identify(SARA), "before", message_id=WRITTEN)


async def _show(cast: Cast) -> None:
    await _talk(cast)
    async with cast.app.db.transaction() as tx:
        await Stage(cast.app, cast, tx).sends_photo(SARA, "before")


async def _rate(cast: Cast) -> None:
    sara = await cast.sara()
    session = await cast.conversation(sara, await cast.dawit())
    await cast.app.closing.end(sara, session.alias)
    await cast.app.rating.rate(sara, session.alias, 4)


async def _session(stage: Stage) -> Session:
    (session,) = await stage.app.relaying.conversations(await stage.app.people.identify(DAWIT))
    return session


async def _said(stage: Stage) -> str | None:
    """Return what is kept of the last message."""
    row = await stage.tx.fetch_one("SELECT body, kind FROM message ORDER BY seq DESC LIMIT 1")
    if row is None:
        return None
    kept = await stage.app.vault.unseal(stage.tx, (await _session(stage)).key_id, bytes(row["body"]), about="message")
    return kept if row["kind"] == "text" else json.loads(kept)["caption"]


async def _comment(stage: Stage) -> str | None:
    row = await stage.tx.fetch_one("SELECT key_id, rating_comment FROM session")
    sealed = row["rating_comment"] if row else None
    return (
        await stage.app.vault.unseal(stage.tx, row["key_id"], bytes(sealed), about="rating comment") if row and sealed else None
    )


async def _enrol(stage: Stage, text: str) -> None:
    await stage.app.enrolling.add_counselor(OPERATOR, Volunteer(telegram_id=DAWIT, name=text, topics=["other"]))


async def _name(stage: Stage) -> str | None:
    return await stage.app.people.display_name(stage.tx, (await stage.app.people.identify(DAWIT)).me)


def _by(telegram_id: int) -> Callable[[Stage, str], Awaitable[object]]:
    return lambda stage, text: stage.writes(telegram_id, text)


async def _hold(stage: Stage, text: str) -> None:
    await stage.sends_held(DAWIT, text, await _session(stage))


FIELDS: dict[str, Field] = {
    "description": Field(range(1, DESCRIPTION_LENGTH + 1), _request, _describe, _description, DAWIT),
    "name of an applicant": Field(NAME_LENGTH, _apply(Detail.NAME), _by(KIDUS), _drafted(Detail.NAME), folds=True),
    "bio of an applicant": Field(BIO_LENGTH, _apply(Detail.BIO), _by(KIDUS), _drafted(Detail.BIO), KIDUS, folds=True),
    "name in a profile": Field(NAME_LENGTH, _change(Detail.NAME), _by(DAWIT), _proposed, DAWIT, folds=True),
    "bio in a profile": Field(BIO_LENGTH, _change(Detail.BIO), _by(DAWIT), _proposed, DAWIT, folds=True),
    "name on the command line": Field(NAME_LENGTH, Cast.dawit, _enrol, _name, DAWIT, folds=True),
    "reason of a rejection": Field(range(1, REASON_LENGTH + 1), _reject, _write_reason, _reason, KIDUS),
    "id of an admin": Field(_NONE, _appoint, _by(LENSA), _appointed),
    "comment of a rating": Field(range(1, COMMENT_LENGTH + 1), _rate, _by(SARA), _comment),
    "message of a student": Field(_ANY, _talk, _by(SARA), _said, DAWIT, is_relayed=True),
    "message of a counselor": Field(_ANY, _talk, _by(DAWIT), _said, SARA, is_relayed=True),
    "caption": Field(_ANY, _talk, lambda stage, text: stage.sends_photo(SARA, text), _said, DAWIT, is_relayed=True),
    "changed message": Field(_ANY, _say, lambda stage, text: stage.changes(SARA, text=text), _said, DAWIT, is_relayed=True),
    "changed caption": Field(_ANY, _show, lambda stage, text: stage.changes(SARA, **_photo(text)), _said, DAWIT, is_relayed=True),
    "held message": Field(_ANY, _talk, _hold, _said, SARA, is_relayed=True),
}


def typed(lengths: range) -> dict[str, str]:
    """Return what people type into a field of these lengths, by what is special about it."""
    least, most = (lengths.start, lengths.stop - 1) if 0 < len(lengths) < _ANY.stop - 1 else (1, 4096)
    least = max(least, 2)

    def enough(text: str) -> str:
        return text * -(-least // len(text))

    return {
        "5,000 characters": "z" * 5000,
        "the most that fits": "y" * most,
        "one more": "y" * (most + 1),
        "one too few": "y" * (least - 1),
        "marks": enough("<b>&_*{0}%s\\"),
        "entities": enough("&amp;&lt;i>"),
        "emoji, as many as fit": "😀" * most,
        "emoji, one more": "😀" * (most + 1),
        "a family": enough("👩\u200d👩\u200d👧🏽"),
        "from right to left": enough("שלום\u200f לך"),
        "characters of no width": enough("a\u200bb\u2060c"),
        "nothing but characters of no width": "\u200b" * least,
        "nothing but spaces": " " * least,
        "nothing but a wide space": "\u3000" * least,
        "lines": enough("one\n\ntwo"),
    }


def expected(field: Field, text: str, what: str) -> str | None:
    """Return how a text is kept; None where it is refused."""
    if not field.folds:
        is_said = bool(text.strip()) or not field.is_relayed or "caption" in what
        return text if len(text) in field.lengths and is_said else None
    folded = " ".join(text.split()) if field.lengths == NAME_LENGTH else text.strip()
    return folded if len(folded) in field.lengths and folded.strip("\u200b") else None


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin."""
    return {**environment, "ADMIN_IDS": str(LENSA)}


@pytest.mark.parametrize("name", FIELDS)
async def test_it_is_taken_as_typed_or_refused(app: App, cast: Cast, name: str) -> None:
    """Every field, with whatever can be typed: kept and shown to the letter, or a sentence with the lengths, and no change."""
    field = FIELDS[name]
    await field.prepare(cast)
    for what, text in typed(field.lengths).items():
        with pytest.raises(_Undo):
            async with app.db.transaction() as tx:
                stage = Stage(app, cast, tx)
                await _check(stage, field, text, expected(field, text, name), f"{name}: {what}")
                raise _Undo


async def _check(stage: Stage, field: Field, text: str, right: str | None, what: str) -> None:
    before, behind = await field.kept(stage), await stage.newest()
    refusal: BotError | None = None
    try:
        async with stage.app.db.transaction():
            await field.write(stage, text)
    except BotError as error:
        refusal = error
    kept = await field.kept(stage)
    if right is None:
        assert (InvalidInput, before) == (type(refusal), kept), what
        assert re.search(r"\d|nothing to read", str(refusal)), f"{what}: {refusal}"
        return
    assert (None, right) == (refusal, kept), what
    if field.reader is not None:
        shown = await stage.shown(field.reader, behind)
        bodies = ["".join(part.partition("\n")[2] for part in shown)] if field.is_relayed else shown
        assert any(settle(right, [])[0] in one for one in bodies), what
