"""The intake: asks Telegram for updates, stores them as they are, and only then asks for more.

What Telegram has been told that we have, it forgets; so it is told only what is committed. Nothing is understood here: an update
that cannot be parsed is stored like any other and harms nobody.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot import texts
from bot.domain import retries
from bot.domain.ids import Clock
from bot.services.vault import Vault
from bot.storage import updates
from bot.storage.database import Database, DatabaseUnavailable
from bot.storage.updates import Incoming
from bot.telegram.api import Api

logger = logging.getLogger(__name__)

#: Telegram may begin to count anew after a week without updates (Bot API, Update.update_id): do not insist on an old number.
_OFFSET_AGES_AFTER = timedelta(days=1)
#: After updates came in: what they ask for is done before the next question is put together, which takes a millisecond of the
#: same loop, and what comes meanwhile comes in one answer and one transaction.
_GATHER_SECONDS = 0.005
_SHORTEST_EMPTY_SECONDS = 1.0
_WEBHOOK = "webhook is active"  #: in the description of the 409 that polling then gets
_CALLS_FOR_HELP = ("/sos", "🆘")
_ANSWERED_REMEMBERED = 1000


class NotStored(Exception):
    """The database does not take updates right now."""


@dataclass(slots=True, kw_only=True)
class Intake:
    """The loop; one for each token."""

    api: Api
    db: Database
    vault: Vault
    clock: Clock
    last_good_poll_at: datetime | None = None  #: for whoever asks whether the bot still hears
    failing_since: datetime | None = None
    _offset: int | None = None
    _moved_at: datetime | None = None  #: when the offset last changed
    _failures: int = 0
    _answered: dict[int, None] = field(default_factory=dict[int, None])

    async def run(self) -> None:
        """Take updates in until cancelled; whatever goes wrong, it goes on."""
        while True:
            try:
                await self._poll()
            except TelegramError as error:
                await self._pause(error)
            except NotStored:
                await asyncio.sleep(self._delay())
            except Exception:
                logger.exception("The intake met something that nobody thought of; going on.")
                await asyncio.sleep(self._delay())

    async def _poll(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        batch = await self.api.updates(self._current_offset())
        self._heard()
        if not batch:
            # a server that does not wait for updates must not keep us busy
            await asyncio.sleep(max(0.0, _SHORTEST_EMPTY_SECONDS - (asyncio.get_running_loop().time() - asked_at)))
            return
        try:
            await self._store(batch)
        except DatabaseUnavailable as error:
            logger.error("Updates cannot be stored (%s); Telegram keeps them.", type(error).__name__)  # noqa: TRY400 — said once a poll
            await self._answer_calls_for_help(batch)
            raise NotStored from error
        self._failures = 0
        self._offset = max(one["update_id"] for one in batch) + 1
        self._moved_at = self.clock()
        await asyncio.sleep(_GATHER_SECONDS)

    async def _store(self, batch: Sequence[dict[str, Any]]) -> None:
        incoming = [
            Incoming(
                update_id=one["update_id"],
                chat_hash=None if (chat_id := chat_of(one)) is None else self.vault.lookup(chat_id),
                payload=self.vault.seal_update(json.dumps(one).encode()),
            )
            for one in batch
        ]
        async with self.db.transaction() as tx:
            await updates.store(tx, incoming, at=self.clock())

    def _current_offset(self) -> int | None:
        if self._moved_at is not None and self.clock() - self._moved_at > _OFFSET_AGES_AFTER:
            self._offset = None
        return self._offset

    def _heard(self) -> None:
        if self.failing_since is not None:
            logger.info("Telegram answers again.")
        self.failing_since = None
        self.last_good_poll_at = self.clock()

    def _delay(self) -> float:
        self._failures += 1
        return retries.INTAKE.delay(self._failures, chance=random.random()).total_seconds()  # noqa: S311 — spreads load

    async def _pause(self, error: TelegramError) -> None:
        """Say what is wrong when it begins, and wait before asking again."""
        if self.failing_since is None:
            self.failing_since = self.clock()
            self._failures = 0
            logger.warning("Telegram gives no updates (%s); trying again until it does.", _reason(error))
        if isinstance(error, Conflict) and _WEBHOOK in error.message.lower():
            await self._remove_webhook()
        delay = self._delay()
        if isinstance(error, RetryAfter):
            wanted = error.retry_after
            delay = max(delay, wanted.total_seconds() if isinstance(wanted, timedelta) else wanted)
        await asyncio.sleep(delay)

    async def _remove_webhook(self) -> None:
        """Ask Telegram to forget the webhook of an earlier program, and nothing else: what waits is ours."""
        try:
            await self.api.call("deleteWebhook", drop_pending_updates=False)
            logger.warning("A webhook that an earlier program had set was removed.")
        except TelegramError as error:
            logger.warning("The webhook that an earlier program had set cannot be removed (%s).", _reason(error))

    async def _answer_calls_for_help(self, batch: Sequence[dict[str, Any]]) -> None:
        """Show the help lines to who asks for them, past the database that does not work; once for each update."""
        for one in batch:
            chat_id = chat_of(one)
            if one["update_id"] in self._answered or chat_id is None or chat_id < 0 or not calls_for_help(one):
                continue
            try:
                await self.api.call("sendMessage", chat_id=chat_id, text=texts.help_lines().render(), parse_mode="HTML")
            except TelegramError as error:
                logger.warning("Help lines could not be shown (%s).", _reason(error))
                continue
            self._answered[one["update_id"]] = None
            if len(self._answered) > _ANSWERED_REMEMBERED:
                del self._answered[next(iter(self._answered))]


def chat_of(update: dict[str, Any]) -> int | None:
    """Return the id of the chat that a raw update belongs to; None where it belongs to none that we serve."""
    for name in ("message", "edited_message", "callback_query"):
        content = _dict(update.get(name))
        chat = _dict(content.get("chat")) or _dict(_dict(content.get("message")).get("chat")) or _dict(content.get("from"))
        chat_id = chat.get("id")
        if isinstance(chat_id, int):
            return chat_id
    return None


def calls_for_help(update: dict[str, Any]) -> bool:
    """Return whether a raw update is ``/sos``, the 🆘 button or a message that begins with 🆘."""
    text = _dict(update.get("message")).get("text")
    data = _dict(update.get("callback_query")).get("data")
    return (isinstance(text, str) and text.startswith(_CALLS_FOR_HELP)) or (isinstance(data, str) and data.startswith("sos:"))


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _reason(error: TelegramError) -> str:
    if isinstance(error, Conflict):
        return "409: another process asks for the updates of this bot"
    if isinstance(error, InvalidToken):
        return "the token is refused"
    return type(error).__name__
