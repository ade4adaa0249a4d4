"""The updates that wait for the bot, and the long poll that fetches them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

from bot.playground.waiting import Bell
from bot.playground.wire import ApiError, Clock, Json

MESSAGE_LIVES_SECONDS = 86_400  #: TBA, Client.cpp: message_date + 86400
QUERY_LIVES_SECONDS = 150  #: TBA, Client.cpp: add_update(CallbackQuery, …, 150, …)
MAX_TIMEOUT_SECONDS = 50  #: TBA, Client.h: LONG_POLL_MAX_TIMEOUT
MAX_LIMIT = 100  #: Bot API, getUpdates

_UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})  # not in the default (Bot API, getUpdates)
_OTHER_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass(slots=True, frozen=True)
class Update:
    """One update; *payload* is what stands on the wire."""

    update_id: int
    kind: str
    payload: Json
    expires_at: float


class UpdateQueue:
    """Updates in order; kept until the bot asks for a later one, or until they are too old."""

    def __init__(self, clock: Clock, first_id: int, bell: Bell) -> None:
        self.allowed: frozenset[str] = frozenset()  #: empty for the default of Telegram
        self._clock = clock
        self._bell = bell
        self._next_id = first_id
        self._pending: deque[Update] = deque()
        self._earliest_expiry = float("inf")
        self._poll: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def is_polled(self) -> bool:
        """Whether a poll waits now."""
        return self._poll is not None

    @property
    def pending(self) -> list[Update]:
        """The updates that the bot has not confirmed."""
        self._drop_expired()
        return list(self._pending)

    def put(self, kind: str, body: Json, lives_seconds: float = MESSAGE_LIVES_SECONDS) -> None:
        """Queue an update of *kind* unless the bot did not ask for that kind; a waiting poll gets it at once."""
        if kind not in self.allowed if self.allowed else kind in _UNASKED:
            return
        expires_at = self._clock() + lives_seconds
        payload = {"update_id": self._next_id, kind: body}
        self._pending.append(Update(self._next_id, kind, payload, expires_at))
        self._next_id += 1
        self._earliest_expiry = min(self._earliest_expiry, expires_at)
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        self._bell.ring()

    async def take(self, offset: int, limit: int, timeout: float) -> list[Update]:  # noqa: ASYNC109 -- a parameter of the API
        """Confirm what lies before *offset* and give what follows; waits up to *timeout* seconds for a first one.

        A poll that has to wait ends an older one that is waiting. One that finds something does not: that is how
        the real server behaves (TBA, Client.cpp, do_get_updates), and why 409 is no mutual exclusion.

        Raises:
            ApiError: 409, because a newer poll came.
        """
        self.confirm(offset)
        ready = self._ready(limit)
        if ready or timeout <= 0:
            return ready
        self.abort(_OTHER_POLL)
        return self._ready(limit) if await self._arrival(min(timeout, MAX_TIMEOUT_SECONDS)) else []

    async def _arrival(self, timeout: float) -> bool:  # noqa: ASYNC109 -- as above
        self._poll = poll = asyncio.get_running_loop().create_future()
        self._bell.ring()
        try:
            async with asyncio.timeout(timeout):
                await poll
        except TimeoutError:
            return False
        finally:
            if self._poll is poll:
                self._poll = None
        return True

    def abort(self, description: str) -> None:
        """End a waiting poll with 409 and *description*."""
        if self._poll and not self._poll.done():
            self._poll.set_exception(ApiError(409, description))
        self._poll = None

    def confirm(self, offset: int) -> None:
        """Forget what lies before *offset*; a negative one keeps that many from the end."""
        if offset < 0:
            offset = self._next_id + offset
        while self._pending and self._pending[0].update_id < offset:
            self._pending.popleft()

    def clear(self) -> None:
        """Forget everything that waits."""
        self._pending.clear()

    def _ready(self, limit: int) -> list[Update]:
        self._drop_expired()
        return list(islice(self._pending, limit))

    def _drop_expired(self) -> None:
        now = self._clock()
        if now >= self._earliest_expiry:
            self._pending = deque(update for update in self._pending if update.expires_at > now)
            self._earliest_expiry = min((update.expires_at for update in self._pending), default=float("inf"))
