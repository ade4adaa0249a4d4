"""How groups of services are put together over one database; ``app.py`` puts the whole together."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.domain.ids import Clock
from bot.domain.retention import Generations
from bot.services.administration import Administration
from bot.services.alerting import Alerting
from bot.services.analytics import Analytics
from bot.services.appointing import Appointing
from bot.services.archiving import Archiving
from bot.services.backups import Backups
from bot.services.dialogs import Dialogs
from bot.services.drilling import Drilling
from bot.services.erasing import Erasing
from bot.services.exporting import Exporting
from bot.services.health import Health
from bot.services.health_check import HealthCheck
from bot.services.housekeeping import Housekeeping
from bot.services.idling import Idling
from bot.services.invariants import Invariants
from bot.services.mailing import Mailing
from bot.services.matching import Matching
from bot.services.moderating import Moderating
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.reminding import Reminding
from bot.services.reporting import Reporting
from bot.services.retention import Retention
from bot.services.safeguard import Safeguard
from bot.services.steering import Steering
from bot.services.summary import Summary
from bot.services.transferring import Transferring
from bot.services.vault import Vault
from bot.services.watching import Watching
from bot.services.weekly_report import WeeklyReports
from bot.settings import Settings
from bot.storage.database import Database
from bot.tasks.base import TaskServices


def task_services(settings: Settings, vault: Vault, matching: Matching, watching: Watching) -> TaskServices:
    """Return what tasks call."""
    db, clock = matching.db, matching.clock
    analytics = Analytics(db=db, clock=clock, zone=ZoneInfo(settings.timezone))
    making_backups = backups(settings, db, vault, clock)
    retention = Retention(
        db=db,
        clock=clock,
        people=matching.alerting.people,
        outbox=matching.outbox,
        safeguard=Safeguard(db=db, clock=clock, backups=making_backups),
        session_retention=settings.session_retention,
    )
    return TaskServices(
        db=db,
        clock=clock,
        analytics=analytics,
        archiving=Archiving(
            db=db,
            clock=clock,
            zone=ZoneInfo(settings.timezone),
            folder=settings.backup_dir,
            recipients=settings.backup_recipients,
        ),
        backups=making_backups,
        erasing=Erasing(db=db, clock=clock, vault=vault, retention=settings.session_retention),
        housekeeping=Housekeeping(analytics=analytics, retention=retention, is_sqlite=settings.sqlite_path is not None),
        exporting=Exporting(db=db, clock=clock, analytics=analytics),
        matching=matching,
        reporting=Reporting(db=db, clock=clock, analytics=analytics, sqlite_path=settings.sqlite_path),
        watching=watching,
        weekly_reports=WeeklyReports(
            db=db,
            clock=clock,
            analytics=analytics,
            outbox=matching.outbox,
            people=matching.alerting.people,
            mailing=Mailing(server=settings.smtp_url) if settings.smtp_url else None,
        ),
    )


def watching(
    settings: Settings, matching: Matching, offering: Offering, transferring: Transferring, idling: Idling, health: Health
) -> Watching:
    """Return what looks after the service."""
    db, clock, outbox, alerting = matching.db, matching.clock, matching.outbox, matching.alerting
    return Watching(
        idling=idling,
        invariants=Invariants(
            db=db,
            clock=clock,
            vault=outbox.vault,
            alerting=alerting,
            offering=offering,
            transferring=transferring,
            matching=matching,
        ),
        reminding=Reminding(
            db=db, clock=clock, outbox=outbox, alerting=alerting, pulse=idling.pulse, timeout=settings.session_timeout
        ),
        summary=Summary(db=db, clock=clock, alerting=alerting, zone=ZoneInfo(settings.timezone)),
        health_check=HealthCheck(db=db, clock=clock, health=health, alerting=alerting, heartbeat_url=settings.heartbeat_url),
        drilling=Drilling(
            db=db,
            clock=clock,
            vault=outbox.vault,
            folder=settings.backup_dir,
            url=settings.database_url,
            sqlite_path=settings.sqlite_path,
            programs=settings.pg_bin_dir,
        ),
    )


def matching(settings: Settings, clock: Clock, outbox: Outbox, alerting: Alerting, db: Database) -> Matching:
    """Return what finds counselors for those who wait."""
    return Matching(
        db=db,
        clock=clock,
        outbox=outbox,
        alerting=alerting,
        capacity=settings.max_sessions_per_counselor,
        offer_timeout=settings.offer_timeout,
        crisis_offer_timeout=settings.crisis_offer_timeout,
    )


def administration(
    dialogs: Dialogs, offering: Offering, matching: Matching, transferring: Transferring, reporting: Reporting
) -> Administration:
    """Return what admins do."""
    db, clock, outbox, people = offering.db, offering.clock, offering.outbox, offering.people
    return Administration(
        reporting=reporting,
        moderating=Moderating(
            db=db,
            clock=clock,
            vault=outbox.vault,
            outbox=outbox,
            dialogs=dialogs,
            offering=offering,
            transferring=transferring,
        ),
        steering=Steering(db=db, clock=clock, people=people, offering=offering, matching=matching),
        appointing=Appointing(db=db, clock=clock, outbox=outbox, people=people, dialogs=dialogs, transferring=transferring),
    )


def backups(settings: Settings, db: Database, vault: Vault, clock: Clock) -> Backups:
    """Return what makes and prunes backups."""
    return Backups(
        db=db,
        clock=clock,
        vault=vault,
        folder=settings.backup_dir,
        url=settings.database_url,
        sqlite_path=settings.sqlite_path,
        programs=settings.pg_bin_dir,
        generations=Generations(
            daily=settings.backup_keep_daily, weekly=settings.backup_keep_weekly, monthly=settings.backup_keep_monthly
        ),
    )
