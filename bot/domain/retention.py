"""What is kept, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Data(StrEnum):
    """What is deleted when it has been kept long enough; the values name the counts in a run's result."""

    SESSIONS = "old_sessions"
    PEOPLE = "inactive_people"
    UPDATES = "updates"
    DELIVERIES = "deliveries"
    RUNS = "runs"
    APPLICATIONS = "lapsed_applications"
    REJECTIONS = "old_rejections"
    COUNSELORS = "deleted_counselors"
    SCHEDULES = "deleted_schedules"
    QUESTIONS = "lapsed_questions"
    FORMS = "abandoned_forms"
    KEYS = "orphaned_keys"
    DAYS = "days_of_analytics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long something is kept."""

    task: str  #: that deletes it
    age: timedelta
    since: str  #: what its age counts from
    what: str  #: what goes, and what stays all the same


#: How long everything is kept (PRODUCT.md, *Scheduled tasks*); the same table stands in ``docs/operating.md``. Of *old sessions*
#: the age is ``SESSION_RETENTION_DAYS`` where that is longer; what was said in them is erased after that time by ``cleanup``.
RULES: Mapping[Data, Rule] = {
    Data.SESSIONS: Rule(
        task="old_sessions",
        age=timedelta(days=90),
        since="its end",
        what="the record of a request or conversation, with its offers, moves, deliveries and key; "
        "how many a counselor had, and their stars, stay counted",
    ),
    Data.PEOPLE: Rule(
        task="inactive_users",
        age=timedelta(days=7),
        since="the last thing that was said to them",
        what="somebody who never consented, requested or applied, and is no admin; their key too. They can come back as new",
    ),
    Data.UPDATES: Rule(
        task="activity_log",
        age=timedelta(days=30),
        since="it was handled",
        what="an update of Telegram, also one that was parked; never one that is open",
    ),
    Data.DELIVERIES: Rule(
        task="activity_log",
        age=timedelta(days=30),
        since="it was settled",
        what="a delivery; never one that waits, nor of a session or to a student whose session is not over",
    ),
    Data.RUNS: Rule(
        task="activity_log",
        age=timedelta(days=32),  # a month of 31 days is still there when archive_logs comes, on the first of the next one
        since="its end",
        what="a run with its attempts and log; the last one of each schedule stays, and of each task the last that succeeded",
    ),
    Data.APPLICATIONS: Rule(
        task="lapsed_applications",
        age=timedelta(days=180),
        since="it was last touched",
        what="an application on which nobody has decided; who applied is told, and can apply again",
    ),
    Data.REJECTIONS: Rule(
        task="lapsed_applications",
        age=timedelta(days=180),
        since="the decision",
        what="an application that was rejected, with the reason",
    ),
    Data.COUNSELORS: Rule(
        task="purge_deleted",
        age=timedelta(days=90),
        since="they were deleted",
        what="the profile of a deleted counselor, with the offers to them; then the person too, as in *inactive people*",
    ),
    Data.SCHEDULES: Rule(
        task="purge_deleted",
        age=timedelta(days=90),
        since="it was deleted",
        what="a deleted schedule; one that bears the name of its task, and the first one of each task, stay as the mark that it "
        "is not to be created again",
    ),
    Data.QUESTIONS: Rule(
        task="cleanup_cache",
        age=timedelta(minutes=30),
        since="it was asked",
        what="the question for a word that goes with the stars: what is written later is no answer to it",
    ),
    Data.FORMS: Rule(
        task="cleanup_cache",
        age=timedelta(days=7),
        since="the last answer",
        what="a form that was left half filled in",
    ),
    Data.KEYS: Rule(
        task="orphans",
        age=timedelta(days=1),
        since="it was made",
        what="a key that belongs to nobody and to no session",
    ),
    Data.DAYS: Rule(
        task="weekly_cleanup",
        age=timedelta(days=365),
        since="the day",
        what="the figures of a single day; their sum stays",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """How many days, weeks and months keep a backup each: their newest."""

    daily: int
    weekly: int
    monthly: int

    def keep(self, made_at: Iterable[datetime]) -> set[datetime]:
        """Return which of the backups made at these instants stay; the newest always does."""
        newest_first = sorted(set(made_at), reverse=True)
        kept = set(newest_first[:1])
        for count, period in ((self.daily, _day), (self.weekly, _week), (self.monthly, _month)):
            kept |= _newest_of_each(newest_first, period, count)
        return kept


def _newest_of_each(newest_first: Sequence[datetime], period: Callable[[datetime], tuple[int, ...]], count: int) -> set[datetime]:
    newest: dict[tuple[int, ...], datetime] = {}
    for instant in newest_first:
        newest.setdefault(period(instant), instant)
    return set(list(newest.values())[:count])


def _day(instant: datetime) -> tuple[int, ...]:
    return (instant.year, instant.month, instant.day)


def _week(instant: datetime) -> tuple[int, ...]:
    return tuple(instant.isocalendar())[:2]


def _month(instant: datetime) -> tuple[int, ...]:
    return (instant.year, instant.month)
