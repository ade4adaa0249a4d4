"""Whether what has a time begins and ends in it; what does not, the admins hear of once, and once when it does again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import Clock
from bot.services.alerting import Alerting, Problem
from bot.storage import alerts, overdue
from bot.storage.alerts import Alert, AlertKind
from bot.storage.database import Database
from bot.storage.overdue import UnderWay, Waiting
from bot.tasks import TASKS
from bot.texts import alerts as texts
from bot.texts.times import moment, span

_BEGINS_WITHIN = timedelta(minutes=15)  #: or within the time that a run before it may take
_ENDS_WITHIN = timedelta(minutes=2)  #: of the end of its time: then it has been told to stop, and has not
_MOST = 200  #: schedules that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Compares what is late or stuck now with what the admins know of; so it does not matter which process looks, or when."""

    db: Database
    clock: Clock
    alerting: Alerting

    async def watch(self) -> None:
        """Tell the admins what is wrong now and was not, and what was wrong and is not."""
        at = self.clock()
        async with self.db.reading() as tx:
            waiting = await overdue.not_begun(tx, since=at - _BEGINS_WITHIN, limit=_MOST)
            running = await overdue.under_way(tx)
            known = [one for one in await alerts.everything(tx) if one.kind in texts.OVER]
        stuck = _stuck(running, at)
        late = [*_late(waiting, at), *_skipping(running, at, stuck={one.subject for one in stuck})]
        present = {(one.kind, one.subject) for one in (*stuck, *late)}
        is_all = len(waiting) < _MOST  # else there may be more that are late still
        over = [
            _over(one) for one in known if (one.kind, one.subject) not in present and (is_all or one.kind is not AlertKind.LATE)
        ]
        seen = {(one.kind, one.subject) for one in known}
        new = [one for one in (*stuck, *late) if (one.kind, one.subject) not in seen and one.detail]
        if new or over:
            async with self.db.transaction() as tx:
                await self.alerting.alarm(tx, new, at=at)
                await self.alerting.relieve(tx, over, at=at)


def _over(alert: Alert) -> Problem:
    return Problem(kind=alert.kind, subject=alert.subject, text=texts.OVER[alert.kind](name=alert.subject))


def _late(waiting: list[Waiting], at: datetime) -> list[Problem]:
    """Return the schedules that wait for longer than the run before them could take."""
    return [
        Problem(
            kind=AlertKind.LATE,
            subject=one.schedule,
            text=texts.LATE(schedule=one.schedule, due=moment(one.due_at)),
            detail=f"due at {moment(one.due_at)}",
        )
        for one in waiting
        if at - one.due_at > max(_BEGINS_WITHIN, _time_of(one.task) + _ENDS_WITHIN)
    ]


def _stuck(running: list[UnderWay], at: datetime) -> list[Problem]:
    """Return the runs that do not end."""
    return [
        Problem(
            kind=AlertKind.STUCK,
            subject=one.task,
            text=texts.STUCK(task=one.task, began=moment(one.began_at), timeout=span(_time_of(one.task))),
            detail=f"began at {moment(one.began_at)}",
        )
        for one in running
        if at - one.began_at > _time_of(one.task) + _ENDS_WITHIN
    ]


def _skipping(running: list[UnderWay], at: datetime, *, stuck: set[str]) -> list[Problem]:
    """Return the schedules whose times are left out because of a run past its time; no news where that one is known as stuck."""
    return [
        Problem(
            kind=AlertKind.LATE,
            subject=one.schedule,
            text=texts.SKIPPED(schedule=one.schedule, began=moment(one.began_at), timeout=span(_time_of(one.task))),
            detail="" if one.task in stuck else f"skipped for the run of {moment(one.began_at)}",
        )
        for one in running
        if one.schedule is not None and one.has_skipped and at - one.began_at > _time_of(one.task)
    ]


def _time_of(task: str) -> timedelta:
    return TASKS[task].timeout if task in TASKS else timedelta(0)
