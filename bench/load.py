"""People who write: as fast as the bot keeps up, or at a given pace."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.child import Bot
from bench.telegram import Line, Telegram, now

_LONGEST_SILENCE_SECONDS = 10.0  #: after so long without any arrival, what has not come is held for lost
_QUIET_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which messages were relayed."""

    seconds: float
    arrived: int

    @property
    def per_second(self) -> float:
        """Messages relayed in a second."""
        return self.arrived / self.seconds


class ClosedLoop:
    """Everybody writes at once and goes on as their messages arrive, with at most *window* on their way on each line."""

    def __init__(self, telegram: Telegram, window: int) -> None:
        self._telegram = telegram
        self._window = window
        self._arrived: asyncio.Queue[Line] = asyncio.Queue()

    async def run(self, is_over: Callable[[], bool]) -> Stretch:
        """Write until *is_over*, asked at each arrival; then wait for what is on its way. The stretch is until *is_over*."""
        telegram = self._telegram
        before, began_at = len(telegram.journal.arrivals), now()
        telegram.on_arrival = self._arrived.put_nowait
        for line in telegram.lines * self._window:
            await telegram.write(line)
        with contextlib.suppress(TimeoutError):  # what is missing then is counted as lost
            while not is_over():
                async with asyncio.timeout(_LONGEST_SILENCE_SECONDS):
                    line = await self._arrived.get()
                await telegram.write(line)
        stretch = Stretch(now() - began_at, len(telegram.journal.arrivals) - before)
        telegram.on_arrival = None
        await all_arrived(telegram)
        return stretch


async def poisson(
    telegram: Telegram,
    *,
    per_second: float,
    rng: random.Random,
    seconds: float = math.inf,
    is_over: Callable[[], bool] | None = None,
) -> None:
    """Write at random moments, that many a second on average, on random lines; wait until all arrived."""
    due_at, ends_at = now(), now() + seconds
    while (due_at := due_at + rng.expovariate(per_second)) < ends_at and not (is_over and is_over()):
        await asyncio.sleep(max(0.0, due_at - now()))
        await telegram.write(rng.choice(telegram.lines))
    await all_arrived(telegram)


async def all_arrived(telegram: Telegram) -> None:
    """Wait until nothing is on its way, or nothing came for a long time."""
    bell, since = telegram.server.world.bell, now()
    while not await bell.wait_until(lambda: _nothing_on_its_way(telegram) or None, timeout=1.0):
        if now() - max(since, telegram.called_at) > _LONGEST_SILENCE_SECONDS:
            return


async def polled(telegram: Telegram, bot: Bot) -> None:
    """Wait until the bot polls.

    Raises:
        RuntimeError: It ended before.
    """
    updates = telegram.server.updates
    while not await telegram.server.world.bell.wait_until(lambda: updates.is_polled or None, timeout=0.2):
        if not bot.is_running:
            raise RuntimeError(f"The bot ended:\n{bot.home.output()}")


async def quiet(telegram: Telegram) -> None:
    """Wait until the bot has called nothing but getUpdates for a while."""
    while (left := telegram.called_at + _QUIET_SECONDS - now()) > 0:  # noqa: ASYNC110 -- that nothing happens is no event
        await asyncio.sleep(left)


def _nothing_on_its_way(telegram: Telegram) -> bool:
    return all(line.outstanding <= 0 for line in telegram.lines)
