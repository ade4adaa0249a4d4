"""The heartbeat address of a schedule, which is told of its runs: whoever watches it hears of a run that never came."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.storage.runs import RunState

if TYPE_CHECKING:
    from bot.services.heartbeat import Signal


@dataclass(slots=True)
class Pings:
    """What one attempt tells; nothing of it can fail the run, and none of it is waited for before the run has ended."""

    url: str | None  #: None where nobody watches
    _beginning: asyncio.Task[None] | None = field(default=None, init=False)

    def begin(self) -> None:
        """Tell that it begins."""
        if self.url is not None:
            self._beginning = asyncio.create_task(_ping(self.url, "START"))

    async def end(self, state: RunState) -> None:
        """Tell how the run ended for good; nothing where it was called off."""
        await self.drop()
        if self.url is not None and state is not RunState.CANCELLED:
            await _ping(self.url, "SUCCESS" if state is RunState.SUCCEEDED else "FAILURE")

    async def drop(self) -> None:
        """Tell no more of the beginning: what comes next would overtake it."""
        if self._beginning is not None:
            self._beginning.cancel()
            await asyncio.wait({self._beginning})


async def _ping(url: str, signal: str) -> None:
    from bot.services import heartbeat  # noqa: PLC0415 — httpx, only where an address is given

    meant: Signal = heartbeat.Signal[signal]
    await heartbeat.ping(url, meant)
