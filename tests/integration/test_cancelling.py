"""A cancellation that meets the database is not lost: the bot stops by it."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App

MOST_CONNECTIONS = 10


@pytest.mark.parametrize("steps", range(12))
async def test_who_waits_for_a_connection_can_be_cancelled_at_any_moment(app: App, steps: int) -> None:
    """Cancelled just when a connection becomes free for it, a reader ends all the same."""
    release, held = asyncio.Event(), asyncio.Semaphore(0)

    async def hold() -> None:
        async with app.db.reading():
            held.release()
            await release.wait()

    async def read_and_go_on() -> None:
        async with app.db.reading():
            pass
        await asyncio.Event().wait()

    holding = [asyncio.create_task(hold()) for _ in range(MOST_CONNECTIONS)]
    for _ in holding:
        await held.acquire()
    waiting = asyncio.create_task(read_and_go_on())
    await asyncio.sleep(0.05)  # until it waits in the pool, which tells nobody
    release.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting}, timeout=2)
    was_cancelled = waiting.cancelled()
    waiting.cancel()
    await asyncio.gather(*holding, waiting, return_exceptions=True)

    assert was_cancelled
