"""Waiting in line by urgency."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count


class Line:
    """Places for so many at once; who waits gets the next one by urgency (the lower number first), then by arrival."""

    def __init__(self, places: int = 1) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def acquire(self, urgency: int) -> None:
        """Wait for a place."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.release()  # it was ours already
            raise

    @asynccontextmanager
    async def place(self, urgency: int) -> AsyncGenerator[None]:
        """Wait for a place, and have it for the block."""
        await self.acquire(urgency)
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Hand the place to the next in line."""
        while self._waiting:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
