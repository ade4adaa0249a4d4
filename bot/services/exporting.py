"""The daily figures as CSV and XLSX, without counts of few people, at an address that only those know whom an admin tells."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot import texts
from bot.domain import daily_sheet
from bot.domain.analytics import Day
from bot.domain.errors import Conflict, NotFound
from bot.domain.ids import Clock
from bot.domain.people import Actor, Role
from bot.services import sheets
from bot.services.analytics import Analytics
from bot.services.sheets import Sheet
from bot.storage import audit, exports
from bot.storage.database import Database, Turn
from bot.texts import exports as said

_TOKEN_BYTES = 32  #: 256 bits: nobody finds it by trying, and a plain hash of it is enough


class Kind(StrEnum):
    """What a file is."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """Making the files, and giving them to whoever knows the address."""

    db: Database
    clock: Clock
    analytics: Analytics

    async def make(self, *, days: int) -> int:
        """Make both files of the last *days* that are rolled up, in place of those before; return how many days there were."""
        at = self.clock()
        today = at.astimezone(self.analytics.zone).date()
        found = await self.analytics.days(today - timedelta(days=days), today)
        files = await asyncio.to_thread(_files, found, at)
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            for kind, content in files.items():
                await exports.put(tx, kind, content, at=at)
        return len(found)

    async def new_address(self, actor: Actor) -> str:
        """Return a secret by which the files can be fetched from now on; one that was given out before is worthless.

        It stands nowhere: who loses it makes a new one.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        token, at = secrets.token_urlsafe(_TOKEN_BYTES), self.clock()
        async with self.db.transaction() as tx:
            await exports.set_address(tx, _hash(token), at=at)
            await audit.record(tx, actor, "make-export-address", "export", at=at)
        return token

    async def revoke(self, actor: Actor) -> None:
        """Make the address worthless.

        Raises:
            NotAllowed: The actor is no admin.
            Conflict: There is none.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            if not await exports.delete_address(tx):
                raise Conflict(said.NO_ADDRESS)
            await audit.record(tx, actor, "revoke-export-address", "export", at=self.clock())

    async def open(self, token: str, kind: Kind = Kind.CSV) -> bytes:
        """Return the newest file for whoever knows the address, an actor or not.

        Raises:
            NotFound: It is not the address, or nothing was exported yet: the same answer for both.
        """
        async with self.db.reading() as tx:  # strangers may ask as often as they like: they are in nobody's way
            content = await exports.find(tx, kind) if await exports.is_address(tx, _hash(token)) else None
        if content is None:
            raise NotFound(said.NO_EXPORT)
        return content


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _files(days: Sequence[Day], at: datetime) -> dict[Kind, bytes]:
    """Return the files; called in a thread: 5 ms and 35 ms for a year."""
    topics = {key: str(texts.topic_title(key)) for key in texts.topics()}
    sheet = Sheet(title=str(said.SHEET), columns=daily_sheet.columns(topics), rows=daily_sheet.rows(days, topics))
    return {Kind.CSV: sheets.to_csv(sheet), Kind.XLSX: sheets.to_xlsx([sheet], at=at)}
