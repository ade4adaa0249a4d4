"""What can be scheduled: one file for each task, listed here."""

from __future__ import annotations

from typing import Any

from bot.tasks import (
    activity_log,
    aggregate_daily_analytics,
    archive_logs,
    backup,
    cleanup,
    cleanup_cache,
    daily_housekeeping,
    daily_summary,
    export_sheet,
    health_check,
    idle_sessions,
    inactive_users,
    invariant_check,
    lapsed_applications,
    match,
    old_sessions,
    orphans,
    purge_deleted,
    reminders,
    restore_drill,
    service_statistics,
    statistics,
    weekly_cleanup,
    weekly_report,
)
from bot.tasks.base import Task

TASKS: dict[str, Task[Any]] = {
    task.name: task
    for task in (
        activity_log.task,
        aggregate_daily_analytics.task,
        archive_logs.task,
        backup.task,
        cleanup.task,
        cleanup_cache.task,
        daily_housekeeping.task,
        daily_summary.task,
        export_sheet.task,
        health_check.task,
        idle_sessions.task,
        inactive_users.task,
        invariant_check.task,
        lapsed_applications.task,
        match.task,
        old_sessions.task,
        orphans.task,
        purge_deleted.task,
        reminders.task,
        restore_drill.task,
        service_statistics.task,
        statistics.task,
        weekly_cleanup.task,
        weekly_report.task,
    )
}
