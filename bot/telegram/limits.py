"""How fast calls are made, so that Telegram never has to say 429."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from bot.domain.ids import PersonId
from bot.domain.outgoing import Urgency

_CHATS_REMEMBERED = 5000


class Pace:
    """So many a second, and so many at once after a rest (the generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1 / per_second
        self._tolerance = self._interval * (max(burst, 1) - 1)
        self._full_at = float("-inf")  #: when nothing of what was taken counts any more

    def delay(self, now: float) -> float:
        """Return how many seconds it takes until one more is allowed."""
        return max(0.0, self._full_at - self._tolerance - now)

    def take(self, now: float) -> None:
        """Count one."""
        self._full_at = max(self._full_at, now) + self._interval

    def is_idle(self, now: float) -> bool:
        """Return whether it is as good as new."""
        return self._full_at <= now


class Gate:
    """Lets calls through at one pace for all; where they queue, the most urgent goes first."""

    def __init__(self, pace: Pace | None, now: Callable[[], float]) -> None:
        self._pace = pace
        self._now = now
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._opener: asyncio.Task[None] | None = None

    async def enter(self, urgency: Urgency) -> None:
        """Wait until one more call is allowed."""
        if self._pace is None:
            return
        if not self._waiting and not self._pace.delay(self._now()):
            self._pace.take(self._now())
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), mine))
        if self._opener is None or self._opener.done():
            self._opener = asyncio.create_task(self._open(self._pace))
        await mine

    async def _open(self, pace: Pace) -> None:
        while self._waiting:
            await asyncio.sleep(pace.delay(self._now()))
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                pace.take(self._now())
                waiter.set_result(None)


class Limits:
    """The limits towards Telegram (``SEND_PER_SECOND``, ``SEND_PER_CHAT_PER_SECOND``, ``SEND_PER_CHAT_BURST``; 0 is off)."""

    def __init__(self, *, per_second: float, per_chat_per_second: float, per_chat_burst: int, now: Callable[[], float]) -> None:
        self._now = now
        self._gate = Gate(Pace(per_second, int(per_second)) if per_second else None, now)
        self._per_chat = (per_chat_per_second, per_chat_burst)
        self._chats: dict[PersonId, Pace] = {}

    async def enter(self, person_id: PersonId, urgency: Urgency) -> None:
        """Wait until a call to this chat is allowed: first for the chat's own pace, then for everybody's."""
        if all(self._per_chat):
            pace = self._chats.setdefault(person_id, Pace(*self._per_chat))
            await asyncio.sleep(pace.delay(self._now()))
            pace.take(self._now())
            self._forget_idle()
        await self._gate.enter(urgency)

    def _forget_idle(self) -> None:
        if len(self._chats) > _CHATS_REMEMBERED:
            now = self._now()
            self._chats = {person_id: pace for person_id, pace in self._chats.items() if not pace.is_idle(now)}
