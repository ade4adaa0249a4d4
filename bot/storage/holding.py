"""Who may do what only one process may do: a lock on a file beside SQLite's, a lease in the table on PostgreSQL."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from bot.domain.errors import Conflict
from bot.domain.ids import Clock
from bot.storage import leases
from bot.storage.database import Database, DatabaseUnavailable

logger = logging.getLogger(__name__)

TELEGRAM = "telegram"  #: the lease of the one process that polls and sends

#: CONTRACT.md, *One database, one bot*.
LEASE = timedelta(seconds=15)
_RENEW_SECONDS = 5.0
_RETRY_SECONDS = 0.25


class DatabaseInUse(Conflict):
    """Another process lives with this SQLite file."""


@contextmanager
def lock_file(database: Path) -> Generator[None]:
    """Hold the lock beside a SQLite file for the block; the system lets go of it when the process dies.

    Raises:
        DatabaseInUse: Another process holds it.
    """
    descriptor = os.open(f"{database}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatabaseInUse(f"Another process uses {database}: stop it first, or wait until it has stopped.") from error
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def lock_file_within(database: Path, *, seconds: float, stopping: asyncio.Event) -> AsyncGenerator[None]:
    """Hold the lock as ``lock_file`` does, and wait for a predecessor that is stopping, until we are to stop ourselves.

    Raises:
        DatabaseInUse: It has not stopped in time.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + seconds
    while True:
        try:
            with lock_file(database):
                yield
                return
        except DatabaseInUse:
            if loop.time() >= give_up_at or stopping.is_set():
                raise
            logger.debug("Waiting for another process that uses the database.")
            await asyncio.sleep(_RETRY_SECONDS)


@asynccontextmanager
async def alone_in(folder: Path) -> AsyncGenerator[None]:
    """Wait until nobody else on this machine works in *folder* through here, and keep others out for the block.

    The lock is on the folder itself, so that it leaves no file behind; where a network disk knows no such lock, there is none.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_RETRY_SECONDS)
            except OSError:
                break
        yield
    finally:
        os.close(descriptor)


class Lease:
    """A row that is ours for as long as we renew it."""

    def __init__(self, db: Database, clock: Clock, *, name: str, owner: str) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._owner = owner

    async def take(self) -> bool:
        """Take or renew the lease; return whether it is ours now.

        Raises:
            DatabaseUnavailable: That cannot be told.
        """
        at = self._clock()
        async with self._db.transaction() as tx:
            return await leases.take(tx, self._name, self._owner, at=at, expires_at=at + LEASE)

    async def wait(self) -> None:
        """Stand by until the lease is ours."""
        has_said = False
        while not await self._is_ours(without_database=False):
            if not has_said:
                logger.info("Standing by: the lease to poll and send is not to be had yet.")
                has_said = True
            await asyncio.sleep(_RENEW_SECONDS)

    async def keep(self) -> None:
        """Renew the lease until it is lost.

        While the database is gone nobody can take it, and who has it goes on polling: only so are calls for help answered.
        """
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            if not await self._is_ours(without_database=True):
                logger.warning("The lease to poll and send is lost; standing by.")
                return

    async def _is_ours(self, *, without_database: bool) -> bool:
        try:
            return await self.take()
        except DatabaseUnavailable:
            return without_database

    async def release(self) -> None:
        """Give the lease back, so that the next one need not wait."""
        try:
            async with self._db.transaction() as tx:
                await leases.release(tx, self._name, self._owner)
        except DatabaseUnavailable:
            logger.warning("The lease to poll and send could not be given back; it runs out by itself.")
