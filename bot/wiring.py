"""How groups of services are put together over one database; ``app.py`` puts the whole together."""

from __future__ import annotations

from bot.domain.ids import Clock
from bot.domain.retention import Generations
from bot.services.administration import Administration
from bot.services.alerting import Alerting
from bot.services.appointing import Appointing
from bot.services.backups import Backups
from bot.services.dialogs import Dialogs
from bot.services.erasing import Erasing
from bot.services.matching import Matching
from bot.services.moderating import Moderating
from bot.services.offering import Offering
from bot.services.outbox import Outbox
from bot.services.reporting import Reporting
from bot.services.steering import Steering
from bot.services.transferring import Transferring
from bot.services.vault import Vault
from bot.settings import Settings
from bot.storage.database import Database
from bot.tasks.base import TaskServices


def task_services(settings: Settings, vault: Vault, matching: Matching) -> TaskServices:
    """Return what tasks call."""
    db, clock = matching.db, matching.clock
    return TaskServices(
        backups=backups(settings, db, vault, clock),
        erasing=Erasing(db=db, clock=clock, vault=vault, retention=settings.session_retention),
        matching=matching,
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


def administration(dialogs: Dialogs, offering: Offering, matching: Matching, transferring: Transferring) -> Administration:
    """Return what admins do."""
    db, clock, outbox, people = offering.db, offering.clock, offering.outbox, offering.people
    return Administration(
        reporting=Reporting(db=db, clock=clock),
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
