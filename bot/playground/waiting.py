"""Waiting for something to happen, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Bell:
    """Wakes everybody who waits; costs nothing where nobody does."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Let everybody who waits look again."""
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    async def wait_until(self, probe: Callable[[], Found | None], timeout: float) -> Found | None:  # noqa: ASYNC109
        """Give the first answer of *probe* that is not None; None after *timeout* seconds without one.

        *probe* is asked at once, and again after each ring. (``timeout`` is a parameter because the callers turn it
        into an ``AssertionError`` with a story, which ``asyncio.timeout`` around the call could not.)
        """
        try:
            async with asyncio.timeout(timeout):
                while (found := probe()) is None:
                    await self._rung()
                return found
        except TimeoutError:
            return None

    async def _rung(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
