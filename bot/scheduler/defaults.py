"""The schedules that a new database begins with (PRODUCT.md, *Scheduled tasks*)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A schedule that is created at the first start, and then belongs to the admins."""

    task: str  #: also the name of the schedule
    when: str  #: as a person would write it; cron lines are meant in ``TIMEZONE``
    is_due_at_once: bool = False  #: on a fresh database; the others come when it is their time
    is_enabled: bool = True  #: False: paused until somebody has configured what it needs


DEFAULTS = (
    Default(task="backup", when="1d", is_due_at_once=True),
    Default(task="cleanup", when="30m"),
    Default(task="match", when="5m"),
    Default(task="idle_sessions", when="5m"),
    Default(task="invariant_check", when="10m"),
    Default(task="health_check", when="30m"),
    Default(task="reminders", when="1h"),
    Default(task="service_statistics", when="1h"),
    Default(task="statistics", when="6h"),
    Default(task="cleanup_cache", when="6h"),
    Default(task="aggregate_daily_analytics", when="0 1 * * *"),
    Default(task="daily_housekeeping", when="0 2 * * *"),
    Default(task="weekly_cleanup", when="0 3 * * sun"),
    Default(task="purge_deleted", when="0 4 * * *"),
    Default(task="archive_logs", when="0 5 1 * *", is_enabled=False),
    Default(task="daily_summary", when="0 9 * * *"),
    Default(task="restore_drill", when="0 5 * * sun"),
    Default(task="weekly_report", when="0 8 * * mon"),
    Default(task="export_sheet", when="30m", is_enabled=False),
)
