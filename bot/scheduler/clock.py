"""The one clock: it sleeps until the next thing that has a time, and does what is due then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.ids import Clock
from bot.scheduler import execution
from bot.scheduler.deadlines import Deadlines
from bot.scheduler.dispatching import Dispatching
from bot.scheduler.execution import Executor
from bot.scheduler.reconciling import Reconciling
from bot.services.idling import Idling
from bot.services.offering import Offering
from bot.storage import moments
from bot.storage.database import Channel, Database, DatabaseUnavailable, wait
from bot.storage.moments import Moments

logger = logging.getLogger(__name__)

_PAUSE = timedelta(seconds=1)  #: before trying again where the database did not let us, or something is broken
_NOT_HEARD = timedelta(seconds=10)  #: before looking again whether Telegram answers, so that silence can be told from deafness
_WATCH_SECONDS = 10.0  #: at least between two looks at what is late
_WAS_SET = timedelta(seconds=2)  #: so far the clock of the machine may drift between two looks; more, and it was set


@dataclass(slots=True, kw_only=True)
class SchedulerClock:
    """Due schedules become runs, offers lapse, runs of dead processes are taken up, retries are woken."""

    db: Database
    clock: Clock
    executor: Executor
    offering: Offering
    idling: Idling
    reconciling: Reconciling
    check_interval: timedelta  #: it looks at least this often (``SCHEDULER_CHECK_INTERVAL``)
    monotonic: Callable[[], float] = time.monotonic  #: what nobody can set, in seconds
    ready: asyncio.Event = field(default_factory=asyncio.Event)  #: set when a run may be due
    dispatching: Dispatching = field(init=False)
    deadlines: Deadlines = field(init=False)
    _seen: tuple[datetime, float] | None = field(default=None, init=False)  #: both clocks, when we looked last
    _watched_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Make its parts."""
        self.dispatching = Dispatching(db=self.db)
        self.deadlines = Deadlines(db=self.db, clock=self.clock, alerting=self.executor.alerting)

    async def run(self) -> None:
        """Do what is due, sleep until the next thing is, and so on until cancelled."""
        changed = self.db.subscribe(Channel.CLOCK, Channel.RUN)
        while True:
            try:
                pause = await self.tick()
            except DatabaseUnavailable:
                logger.debug("The database cannot be used right now; looking again in a second.")
                pause = _PAUSE
            except Exception:
                logger.exception("The clock could not do what is due; trying again.")
                pause = _PAUSE
            await wait(changed, seconds=pause.total_seconds())

    async def tick(self) -> timedelta:
        """Do what is due now, or of very much a part; return how long there is nothing else to do."""
        at = self.clock()
        await self._notice_whether_it_was_set(at)
        async with self.db.reading() as tx:
            due = await moments.read(tx, at=at)
            silence = await self.idling.next_moment(tx)
        is_well = not _is_due(due.lease, at) or await _beside(
            self.executor.take_up, "Runs of dead processes could not be taken up; trying again."
        )
        has_more = _is_due(due.schedule, at) and await self.dispatching.begin_some(at=at)
        if _is_due(due.deadline, at):
            await self.offering.lapse_due()
        if _is_due(silence, at):
            await _beside(self.idling.attend, "Conversations in which nobody writes could not be looked after; trying again.")
        if not has_more:  # what waits only because much fell due at once, after a night in which nothing ran, is not late
            await _beside(self._watch, "What is late could not be looked for; trying again.")
        self.ready.set()
        pause = self._pause(due, silence, at)
        return pause if is_well else max(pause, _PAUSE)

    async def _notice_whether_it_was_set(self, at: datetime) -> None:
        """Set right what depends on the clock of the machine, where somebody has set that since we looked last."""
        now = self.monotonic()
        before = self._seen or (at, now)
        moved = at - before[0] - timedelta(seconds=now - before[1])
        if abs(moved) > _WAS_SET:
            logger.warning("The clock of the machine was set by %+.0f s; schedules are set right.", moved.total_seconds())
            await self.executor.keep_own()
            await self.reconciling.set_right()
            await self.idling.reconcile()
        self._seen = (at, now)

    async def _watch(self) -> None:
        now = self.monotonic()
        if self._watched_at is None or now - self._watched_at >= _WATCH_SECONDS:
            self._watched_at = now
            await self.deadlines.watch()

    def _pause(self, due: Moments, silence: datetime | None, at: datetime) -> timedelta:
        """Return how long nothing is due, as far as was seen before: where something was, there may be more."""
        known = [one - at for one in (due.schedule, due.deadline, due.retry, due.lease) if one is not None]
        if silence is not None:
            known.append(max(silence - at, _NOT_HEARD))  # due, and left: we do not hear people right now
        # a run that another process takes while we sleep may be left behind by it: be there when its lease runs out
        pause = max(timedelta(0), min([self.check_interval, execution.LEASE, *known]))
        return max(pause, _PAUSE) if self.dispatching.broken else pause


async def _beside(do: Callable[[], Awaitable[object]], fault: str) -> bool:
    """Do one of several things, and return whether it went well; whatever is wrong with it stops none of the others."""
    try:
        await do()
    except DatabaseUnavailable:
        raise
    except Exception:
        logger.exception(fault)
        return False
    return True


def _is_due(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment <= at
