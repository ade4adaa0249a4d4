"""The sender: makes the calls that are owed, in order within a chat, chats side by side.

There is one at a time (a lease), so a delivery needs no mark of its own while it is under way: what was in flight when the
process died is still owed, and sent again. Telegram takes no idempotency key, so that is at most one repeat for each chat.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.domain import retries
from bot.domain.errors import NotFound
from bot.domain.ids import Clock, DeliveryId, PersonId
from bot.domain.outgoing import Method, Urgency
from bot.domain.retries import UPDATE_DELAYS
from bot.services.delivering import Delivering, Failure
from bot.services.people import People
from bot.storage import deliveries
from bot.storage.database import Channel, Database, DatabaseUnavailable, Transaction, wait
from bot.storage.deliveries import Delivery, Owed
from bot.storage.turns import Line
from bot.telegram.api import is_telegrams_word
from bot.telegram.calls import Calls, FileFailed
from bot.telegram.limits import Limits

logger = logging.getLogger(__name__)

_PAGE = 1000  #: deliveries read at once
#: Transactions on PostgreSQL can commit in another order than that of their ids: look back so far, so often.
_LOOK_BACK_SECONDS, _LOOK_BACK_EVERY_SECONDS = 30.0, 1.0
_LOOK_ALL_OVER_EVERY_SECONDS = 60.0  #: the safety net
_CHAT_IDS_REMEMBERED = 2000
#: Deliveries side by side of those that can wait. They come by the thousand: begun all at once, with the work before and behind
#: each call, they kept the loop busy for seconds (``bench stall``). At 60 ms a call 4 are still twice what Telegram takes.
_UNHURRIED = 4
_PAUSE_SECONDS = 1.0  #: before trying again where the database did not let us
_REASON_LENGTH = 200  #: characters of Telegram's reason in the log; it never repeats a text
_NO_SUCH_CHAT = "chat not found"
_TOO_LARGE = "file is too big"


@dataclass(slots=True, kw_only=True)
class Sender:
    """The loop, and one coroutine for each chat that is owed something."""

    calls: Calls
    db: Database
    clock: Clock
    people: People
    delivering: Delivering
    limits: Limits
    _chats: dict[PersonId, asyncio.Task[None]] = field(default_factory=dict[PersonId, asyncio.Task[None]])
    _answers: dict[DeliveryId, asyncio.Task[None]] = field(default_factory=dict[DeliveryId, asyncio.Task[None]])
    _owed_more: set[PersonId] = field(default_factory=set[PersonId])
    _calling: set[asyncio.Task[Any] | None] = field(default_factory=set[asyncio.Task[Any] | None])
    _chat_ids: dict[PersonId, int] = field(default_factory=dict[PersonId, int])
    _file_failures: dict[DeliveryId, list[datetime]] = field(default_factory=dict[DeliveryId, list[datetime]])
    _unhurried: Line = field(default_factory=lambda: Line(_UNHURRIED))
    _is_stopping: bool = False

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._is_stopping = False
        owed = self.db.subscribe(Channel.DELIVERY)
        seen = _Seen(has_gaps=self.db.writers > 1)
        while True:
            try:
                await self._look(seen)
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; looking for deliveries again in a second.")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            await wait(owed, seconds=seen.patience())

    async def stop(self, *, seconds: float) -> None:
        """Let the calls in flight end and begin no more; what takes longer is cut off, and made again at the next start."""
        self._is_stopping = True
        everything = [*self._chats.values(), *self._answers.values()]
        for one in everything:
            if one not in self._calling:
                one.cancel()
        await _end(everything, seconds=seconds)

    async def deliver_only(self, wanted: set[DeliveryId], *, seconds: float) -> set[DeliveryId]:
        """Make these calls and no others; return those that were not made, because the time was over or others come first.

        For a command that runs without the bot: it sends what is its own, and never overtakes what waits in the same chat.
        """
        open_ones = set(wanted)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while open_ones:
                    async with self.db.reading() as tx:
                        found = [await deliveries.find_waiting(tx, delivery_id) for delivery_id in sorted(open_ones)]
                        firsts = [one for one in found if one is not None and await _is_first(tx, one)]
                    open_ones = {one.id for one in found if one is not None}
                    if not firsts:
                        break
                    for one in firsts:
                        await self._attempt(one)
        return open_ones

    async def _look(self, seen: _Seen) -> None:
        """Start on what is owed and not seen yet."""
        after = seen.begin()
        while True:
            async with self.db.reading() as tx:
                page = await deliveries.owed(tx, after=after, limit=_PAGE)
            for owed in page:
                self._begin(owed)
            if page:
                after = page[-1].id
                seen.note(after)
            if len(page) < _PAGE:
                return

    def _begin(self, owed: Owed) -> None:
        if self._is_stopping:
            return
        if not owed.is_ordered:
            if owed.id not in self._answers:
                self._answers[owed.id] = asyncio.create_task(self._answer(owed.id))
        elif owed.person_id in self._chats:
            self._owed_more.add(owed.person_id)
        else:
            self._chats[owed.person_id] = asyncio.create_task(self._chat(owed.person_id))

    async def _chat(self, person_id: PersonId) -> None:
        """Deliver what one chat is owed, one after the other; what is added meanwhile is looked for again at the end."""
        try:
            while not self._is_stopping:
                self._owed_more.discard(person_id)
                await self._deliver(partial(deliveries.first_of_chat, person_id=person_id))
                if person_id not in self._owed_more:
                    return
        finally:
            del self._chats[person_id]

    async def _answer(self, delivery_id: DeliveryId) -> None:
        try:
            await self._deliver(partial(deliveries.find_waiting, delivery_id=delivery_id))
        finally:
            del self._answers[delivery_id]

    async def _deliver(self, first: Callable[[Transaction], Awaitable[Delivery | None]]) -> None:
        """Deliver what *first* finds and what follows on it; where the database cannot be used, begin again until it can."""
        while not self._is_stopping:
            try:
                async with self.db.reading() as tx:
                    delivery = await first(tx)
                while delivery is not None and not self._is_stopping:
                    delivery = await self._attempt(delivery)
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; a delivery waits for a second.")
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                logger.exception("Deliveries met something that nobody thought of; they wait for the next look all over.")
                return
            else:
                return

    async def _attempt(self, delivery: Delivery) -> Delivery | None:
        """Try a delivery once, when it is due; return what to try next in its chat: itself, the next one, or None."""
        await asyncio.sleep(self._until_due(delivery))
        if self.clock() >= delivery.patience_ends_at:
            return await self._give_up(delivery, Failure.LATE, "late")
        if delivery.method is not Method.ANSWER:
            await self.limits.enter(delivery.person_id, delivery.urgency)
        async with self._unhurried.place(delivery.urgency) if delivery.urgency >= Urgency.OFFER else nullcontext():
            with self._uncut():
                return await self._call(delivery)

    def _until_due(self, delivery: Delivery) -> float:
        """Return how many seconds to wait: none before the first try, and never longer than any wait of ours.

        A clock that was set back must not keep a chat waiting.
        """
        if not delivery.attempts:
            return 0.0
        return min(max(0.0, (delivery.due_at - self.clock()).total_seconds()), retries.DELIVERY.most.total_seconds())

    async def _call(self, delivery: Delivery) -> Delivery | None:
        try:
            message_id = await self._make(delivery)
        except FileFailed as error:
            return await self._file_failed(delivery, str(error))
        except TelegramError as error:
            return await self._failed(delivery, error)
        except NotFound:
            return await self._give_up(delivery, Failure.REFUSED, "erased")
        except DatabaseUnavailable:
            raise
        except Exception as error:
            logger.exception("A delivery failed in a way that nobody thought of (attempt %d).", delivery.attempts + 1)
            return await self._failed_oddly(delivery, type(error).__name__)
        return await self._succeeded(delivery, message_id)

    async def _succeeded(self, delivery: Delivery, message_id: int | None) -> Delivery | None:
        """Record that Telegram has it, for as long as it takes: what is not recorded is sent again."""
        self._file_failures.pop(delivery.id, None)
        while True:
            try:
                return await self.delivering.succeed(delivery, message_id=message_id)
            except DatabaseUnavailable:
                logger.debug("What was sent cannot be recorded right now; trying again in a second.")
                await asyncio.sleep(_PAUSE_SECONDS)

    @contextmanager
    def _uncut(self) -> Generator[None]:
        """Mark the current coroutine as one that has a call in flight, which is not cut off as long as there is time."""
        me = asyncio.current_task()
        self._calling.add(me)
        try:
            yield
        finally:
            self._calling.discard(me)

    async def _make(self, delivery: Delivery) -> int | None:
        """Make the call; return the id of the message that it made or changed."""
        async with self.db.reading() as tx:
            payload = await self.delivering.outbox.open(tx, delivery)
            chat_id = await self._chat_id(tx, delivery.person_id)
            target = await deliveries.message_id_of(tx, delivery.target_id) if delivery.target_id else payload.get("message_id")
        return await self.calls.make(delivery, payload, chat_id=chat_id, target=target)

    async def _chat_id(self, tx: Transaction, person_id: PersonId) -> int:
        known = self._chat_ids.get(person_id)
        if known is None:
            if len(self._chat_ids) >= _CHAT_IDS_REMEMBERED:
                self._chat_ids.clear()
            known = self._chat_ids[person_id] = await self.people.telegram_id(tx, person_id)
        return known

    async def _failed(self, delivery: Delivery, error: TelegramError) -> Delivery | None:
        """Sort an error: to be repeated, or for good.

        What is not in Telegram's JSON was not said by Telegram but by a proxy or a filter on the way, and passes like an outage.
        """
        kind = type(error).__name__
        if isinstance(error, Forbidden | BadRequest) and not is_telegrams_word(error):
            return await self._repeat(delivery, f"{kind} of a stranger")
        if isinstance(error, RetryAfter):
            wanted = error.retry_after
            return await self._postpone(delivery, kind, wanted if isinstance(wanted, timedelta) else timedelta(seconds=wanted))
        if isinstance(error, Forbidden) or (isinstance(error, BadRequest) and _NO_SUCH_CHAT in error.message.lower()):
            return await self._give_up(delivery, Failure.UNREACHABLE, kind)
        if isinstance(error, BadRequest) and _TOO_LARGE in error.message.lower():
            return await self._give_up(delivery, Failure.TOO_LARGE, kind)
        if isinstance(error, BadRequest):
            logger.error("Telegram refused a delivery of the kind %s: %s", delivery.method, error.message[:_REASON_LENGTH])
            return await self._give_up(delivery, Failure.REFUSED, kind)
        if isinstance(error, InvalidToken):
            logger.error("Telegram refuses the token; messages wait.")
        return await self._repeat(delivery, kind)

    async def _file_failed(self, delivery: Delivery, kind: str) -> Delivery | None:
        """Try a file again a few times while Telegram answers otherwise, then let the others of the chat pass."""
        failures = self._file_failures.setdefault(delivery.id, [])
        failures.append(self.clock())
        if len(failures) > len(retries.FILE_DELAYS) or failures[-1] - failures[0] >= retries.FILE_PATIENCE:
            logger.warning("Telegram failed on a file %d times while it answered otherwise; its sender is told.", len(failures))
            return await self._give_up(delivery, Failure.LATE, kind)
        return await self._postpone(delivery, kind, retries.FILE_DELAYS[len(failures) - 1])

    async def _failed_oddly(self, delivery: Delivery, kind: str) -> Delivery | None:
        """Try again a few times, then let the others of the chat pass."""
        if delivery.attempts < len(UPDATE_DELAYS):
            return await self._postpone(delivery, kind, UPDATE_DELAYS[delivery.attempts])
        return await self._give_up(delivery, Failure.REFUSED, kind)

    async def _repeat(self, delivery: Delivery, kind: str) -> Delivery | None:
        delay = retries.DELIVERY.delay(delivery.attempts + 1, chance=random.random())  # noqa: S311 — spreads load
        return await self._postpone(delivery, kind, delay)

    async def _postpone(self, delivery: Delivery, kind: str, delay: timedelta) -> Delivery | None:
        await self.delivering.postpone(delivery, error=kind, delay=delay)
        return await self._next(delivery)

    async def _give_up(self, delivery: Delivery, failure: Failure, kind: str) -> Delivery | None:
        await self.delivering.give_up(delivery, failure, error=kind)
        self._file_failures.pop(delivery.id, None)
        return await self._next(delivery)

    async def _next(self, delivery: Delivery) -> Delivery | None:
        async with self.db.reading() as tx:
            if delivery.method is Method.ANSWER:
                return await deliveries.find_waiting(tx, delivery.id)
            return await deliveries.first_of_chat(tx, delivery.person_id)


class _Seen:
    """From which id on to look: behind what was seen, from time to time a little before it, and sometimes from the start."""

    def __init__(self, *, has_gaps: bool) -> None:
        self._has_gaps = has_gaps
        self._newest = DeliveryId(0)
        self._history: deque[tuple[float, DeliveryId]] = deque()
        self._looked_back = self._looked_all_over = float("-inf")

    def begin(self) -> DeliveryId:
        """Return the id behind which to look now."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_all_over >= _LOOK_ALL_OVER_EVERY_SECONDS:
            self._looked_all_over = now
            return DeliveryId(0)
        if self._has_gaps and now - self._looked_back >= _LOOK_BACK_EVERY_SECONDS:
            self._looked_back = now
            while len(self._history) > 1 and now - self._history[1][0] > _LOOK_BACK_SECONDS:
                self._history.popleft()
            self._history.append((now, self._newest))
            return self._history[0][1]
        return self._newest

    def note(self, delivery_id: DeliveryId) -> None:
        """Remember that everything up to this id was seen."""
        self._newest = max(self._newest, delivery_id)

    def patience(self) -> float:
        """Return after how many seconds to look again where nothing is heard."""
        has_news = self._has_gaps and bool(self._history) and self._history[0][1] != self._newest
        return _LOOK_BACK_EVERY_SECONDS if has_news else _LOOK_ALL_OVER_EVERY_SECONDS


async def _is_first(tx: Transaction, delivery: Delivery) -> bool:
    first = await deliveries.first_of_chat(tx, delivery.person_id)
    return delivery.method is Method.ANSWER or (first is not None and first.id == delivery.id)


async def _end(running: list[asyncio.Task[None]], *, seconds: float) -> None:
    if not running:
        return
    _, unfinished = await asyncio.wait(running, timeout=seconds)
    for one in unfinished:
        one.cancel()
    if unfinished:
        await asyncio.wait(unfinished)
