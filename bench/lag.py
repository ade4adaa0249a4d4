"""How late the bench itself is: on a busy machine its lag is in every figure about time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from bench.telegram import now

_EVERY_SECONDS = 0.01


@contextlib.asynccontextmanager
async def watched() -> AsyncGenerator[list[float]]:
    """Collect the seconds by which our loop woke up too late, a hundred times a second during the block."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            due_at = now() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            late.append(now() - due_at)

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()
