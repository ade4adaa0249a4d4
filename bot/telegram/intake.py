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

import httpx
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot import texts
from bot.domain import retries
from bot.domain.ids import Clock
from bot.services.pulse import Pulse
from bot.services.vault import Vault
from bot.storage import updates
from bot.storage.database import Database, DatabaseUnavailable
from bot.storage.updates import Incoming
from bot.telegram.api import MOST_UPDATES, POLL_SECONDS, Api

logger = logging.getLogger(__name__)

#: Telegram may begin to count anew after a week without updates (Bot API, Update.update_id): do not insist on an old number.
_OFFSET_AGES_AFTER = timedelta(days=1)
#: After updates came in: what they ask for is done before the next question is put together, which takes a millisecond of the
#: same loop, and what comes meanwhile comes in one answer and one transaction.
_GATHER_SECONDS = 0.005
_SHORTEST_EMPTY_SECONDS = 1.0
_STORE_AGAIN_SECONDS = 1.0  #: while the database does not take them; often, because calls for help are only heard so
#: A call for help is answered without the database where that takes longer than this.
_HELP_AFTER_SECONDS = 2.0
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
    pulse: Pulse
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
                self._heard(None)
                await asyncio.sleep(_STORE_AGAIN_SECONDS)
            except Exception as error:
                if self.pulse.bad(f"something that nobody thought of: {type(error).__name__}"):
                    logger.exception("The intake met something that nobody thought of; going on.")
                await asyncio.sleep(self._delay())

    async def _poll(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        # while it fails we do not ask it to wait, so that its return is noticed at once and what hangs is given up sooner
        wait_seconds = POLL_SECONDS if self.pulse.failing_since is None else 0
        batch = await self.api.updates(self._current_offset(), wait_seconds=wait_seconds)
        caught_up_at = self.clock() if len(batch) < MOST_UPDATES else None  # behind a full answer there may be more
        if not batch:
            self._heard(caught_up_at)
            # a server that does not wait for updates must not keep us busy
            await asyncio.sleep(max(0.0, _SHORTEST_EMPTY_SECONDS - (asyncio.get_running_loop().time() - asked_at)))
            return
        await self._take_in(batch)
        self._heard(caught_up_at)
        self._offset = max(one["update_id"] for one in batch) + 1
        self._moved_at = self.clock()
        await asyncio.sleep(_GATHER_SECONDS)

    def _heard(self, caught_up_at: datetime | None) -> None:
        self._failures = 0
        self.pulse.good(caught_up_at=caught_up_at)

    async def _take_in(self, batch: Sequence[dict[str, Any]]) -> None:
        """Store a batch; where that fails, or takes long, answer at least those in it who call for help.

        Raises:
            NotStored: It fails; Telegram keeps the batch and gives it again.
        """
        storing = asyncio.create_task(self._store(batch))
        try:
            _, late = await asyncio.wait({storing}, timeout=_HELP_AFTER_SECONDS)
            if late or isinstance(storing.exception(), DatabaseUnavailable):
                await self._answer_calls_for_help(batch)
            await storing
        except DatabaseUnavailable as error:
            raise NotStored from error
        finally:
            storing.cancel()  # where we are cancelled ourselves
            await asyncio.wait({storing})

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

    def _delay(self) -> float:
        self._failures += 1
        return retries.INTAKE.delay(self._failures, chance=random.random()).total_seconds()  # noqa: S311 — spreads load

    async def _pause(self, error: TelegramError) -> None:
        """Note what is wrong, and wait before asking again."""
        self.pulse.bad(_reason(error))
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
    for name in ("message", "edited_message", "callback_query", "my_chat_member"):
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


#: What the log and ``/health`` say of an error; the first that fits. Messages of errors are not shown: they may hold a URL.
_REASONS: tuple[tuple[type[TelegramError], str], ...] = (
    (Conflict, "409: another process asks for the updates of this bot"),
    (InvalidToken, "401 or 404: the token is refused"),
    (RetryAfter, "429: it wants to be asked less often"),
    (TimedOut, "no answer in time"),
)


def _reason(error: TelegramError) -> str:
    if isinstance(error, Conflict) and _WEBHOOK in error.message.lower():
        return "409: a webhook of an earlier program is set"
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, NetworkError) and isinstance(error.__cause__, httpx.HTTPError):
        return f"no connection: {type(error.__cause__).__name__}"
    if isinstance(error, NetworkError):
        return "an error of its servers"
    return "an answer that is not Telegram's"
