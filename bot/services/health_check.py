"""Looking after the service: the admins hear of what is bad once, and once when it is good again; so does a heartbeat address."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ids import Clock
from bot.domain.outgoing import Button
from bot.domain.text import Text, joined
from bot.services import health, heartbeat
from bot.services.alerting import Alerting
from bot.services.health import TASKS, Health, Mark, Part
from bot.services.heartbeat import Signal
from bot.storage import alerts
from bot.storage.alerts import AlertKind
from bot.storage.database import Database, Turn
from bot.texts import admin
from bot.texts import watching as texts

#: Of a task that failed, or did not begin, the scheduler tells the admins by itself; of a drill, which is one, too.
_TOLD_ELSEWHERE = frozenset({TASKS, "proof"})
_LOOKS, _EVERY_SECONDS = 50, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """The health check."""

    db: Database
    clock: Clock
    health: Health
    alerting: Alerting
    heartbeat_url: str | None  #: ``HEARTBEAT_URL``
    looks: int = _LOOKS  #: at how late the loop is

    async def examine(self) -> list[Part]:
        """Return how each part is, having told the admins and the heartbeat address what is news to them."""
        await self._ping(Signal.START)
        try:
            parts = await self._look()
            await self._tell([part for part in parts if part.name not in _TOLD_ELSEWHERE])
        except Exception:
            await self._ping(Signal.FAILURE)
            raise
        is_bad = any(part.mark is Mark.BAD and part.name not in _TOLD_ELSEWHERE for part in parts)
        await self._ping(Signal.FAILURE if is_bad else Signal.SUCCESS)
        return parts

    async def _look(self) -> list[Part]:
        worst = await worst_lag(self.looks)
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return [*await self.health.parts(tx), health.lag(worst)]

    async def _tell(self, parts: Sequence[Part]) -> None:
        """Tell the admins of parts that are bad now and were not, and of those that are good again; doubtful is neither."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            known = {alert.subject for alert in await alerts.everything(tx) if alert.kind is AlertKind.PART}
        bad = [part for part in parts if part.mark is Mark.BAD and part.name not in known]
        good = [part for part in parts if part.mark is Mark.GOOD and part.name in known]
        if not bad and not good:
            return
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            is_heard = bool(await self.alerting.people.admins(tx))  # else the first one who writes to the bot is told
            news = [
                _line(part)
                for part in bad
                if is_heard and await alerts.raise_once(tx, AlertKind.PART, part.name, detail=str(part.line), at=at)
            ]
            again = [part.text for part in good if await alerts.clear(tx, AlertKind.PART, part.name)]
            below = [[Button(admin.HEALTH, "admin.health")]]
            said = [texts.ALARM(lines=joined(news))] if news else []
            said += [texts.RECOVERED(lines=joined(again))] if again else []
            for text in said:
                await self.alerting.tell_admins(tx, text, at=at, buttons=below)

    async def _ping(self, signal: Signal) -> None:
        if self.heartbeat_url is not None:
            await heartbeat.ping(self.heartbeat_url, signal)


async def worst_lag(looks: int) -> timedelta:
    """Return how late the loop came at worst, of so many times in a row: 50 take a second."""
    loop, worst = asyncio.get_running_loop(), 0.0
    for _ in range(looks):
        due = loop.time() + _EVERY_SECONDS
        await asyncio.sleep(_EVERY_SECONDS)
        worst = max(worst, loop.time() - due)
    return timedelta(seconds=worst)


def _line(part: Part) -> Text:
    return part.text if part.remedy is None else texts.WITH_REMEDY(line=part.text, remedy=part.remedy)
