"""The scheduled-tasks manager: the clock and the runner, started and stopped together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.scheduler.clock import SchedulerClock
from bot.scheduler.reconciling import Reconciling
from bot.scheduler.runners import Runner
from bot.services.transferring import Transferring

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 8.0  #: of the 15 s in which the process ends (CONTRACT.md), this much is the runs'


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """Everything that runs by time."""

    reconciling: Reconciling
    clock: SchedulerClock
    runner: Runner
    transferring: Transferring

    async def run(self, owned: Mapping[str, timedelta], *, dead_owner: str | None) -> None:
        """Run until cancelled; then let what is under way finish.

        Args:
            owned: Intervals that the environment owns, by name of the schedule.
            dead_owner: How the names begin of owners that cannot live any more, because they held the lock that we hold.
        """
        await self.reconciling.reconcile(owned)
        await self.clock.idling.reconcile()
        await self.transferring.reconcile()
        await self.clock.executor.take_up(dead_owner=dead_owner)
        logger.info("Scheduled tasks manager started")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.clock.run())
                group.create_task(self.runner.run())
        finally:
            await self.runner.drain(seconds=_DRAIN_SECONDS)
