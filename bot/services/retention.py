"""Deleting what has been kept long enough (``domain/retention.py``), in pieces so small that no conversation waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import Clock, PersonId
from bot.domain.outgoing import Button, Urgency
from bot.domain.retention import RULES, Data
from bot.services import buttons
from bot.services.outbox import Outbox
from bot.services.people import People
from bot.services.safeguard import Safeguard
from bot.storage import counselors, orphans, retention
from bot.storage.database import Database, Transaction, Turn
from bot.storage.orphans import BONDS, Bond
from bot.storage.retention import ROWS, Held
from bot.texts import applying as to_applicant

_FOUND_AT_ONCE = 1_000  #: rows

Counts = Counter[str]  #: rows, by what they are; also of what would be deleted


def sentence(counts: Counts, terms: Terms) -> str:
    """Return what was, or would be, deleted."""
    verb = "Would delete" if terms.is_dry_run else "Deleted"
    what = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number)
    return f"{verb} {what or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a run wants things to be deleted."""

    batch: int  #: most rows in one transaction
    between: Callable[[], Awaitable[None]]  #: awaited after each transaction; may end the work by raising
    progress: Callable[[int, int | None], None]  #: told how many rows are done, and of how many
    is_dry_run: bool = False  #: count what would be deleted, and change nothing
    backs_up_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept, and for how long."""

    db: Database
    clock: Clock
    people: People
    outbox: Outbox
    safeguard: Safeguard
    session_retention: timedelta  #: ``SESSION_RETENTION_DAYS``

    def kept_since(self, data: Data) -> datetime:
        """Return where the age begins at which something goes."""
        age = RULES[data].age
        return self.clock() - (max(age, self.session_retention) if data is Data.SESSIONS else age)

    async def delete(self, terms: Terms, *classes: Data) -> Counts:
        """Delete the rows of *classes* that are old enough, class after class; return how many.

        What dies in between has deleted a part of them, and the next run finds the rest.
        """
        found = Counts({data: await self._count(data) for data in classes})
        if terms.is_dry_run or not found.total():
            return +found
        await self.prepare(terms)
        deleted = Counts()
        for data in (data for data in classes if found[data]):
            async for number in self._delete_all(data, terms):
                deleted[data] += number
                terms.progress(deleted.total(), found.total())
        return +deleted

    async def delete_orphans(self, terms: Terms) -> Counts:
        """Delete what belongs to nobody any more; return how many rows."""
        found = Counts()
        for bond in BONDS:
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                found[bond.name] += await orphans.count(tx, bond)
        if terms.is_dry_run or not found.total():
            return +found + await self.delete(terms, Data.KEYS)
        await self.prepare(terms)
        deleted = Counts()
        for bond in (bond for bond in BONDS if found[bond.name]):
            deleted[bond.name] += await self._delete_lost(bond, terms)
        return +deleted + await self.delete(terms, Data.KEYS)

    async def prepare(self, terms: Terms) -> None:
        """See to it that there is a fresh backup, where the run wants one; call it before something is deleted."""
        if terms.backs_up_first:
            await self.safeguard.ensure_backup()

    async def _count(self, data: Data) -> int:
        admins = await self._admins()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return await retention.count(tx, data, before=self.kept_since(data), admins=admins)

    async def _admins(self) -> list[PersonId]:
        """Return the admins of ``ADMIN_IDS``, whom nothing in the database marks."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            return await self.people.fixed_admins(tx)

    async def _delete_all(self, data: Data, terms: Terms) -> AsyncGenerator[int]:
        before, admins, after = self.kept_since(data), await self._admins(), -1
        at_once = min(terms.batch, ROWS[data].at_once)
        while True:
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                ids = await retention.find(tx, data, before=before, admins=admins, after=after, limit=_FOUND_AT_ONCE)
            if not ids:
                return
            after = ids[-1]  # who is busy just now is left for the next run, or this would look for them for ever
            for start in range(0, len(ids), at_once):
                yield await self._delete_piece(data, ids[start : start + at_once], terms, before=before, admins=admins)

    async def _delete_piece(
        self, data: Data, ids: Sequence[int], terms: Terms, *, before: datetime, admins: Sequence[PersonId]
    ) -> int:
        """Delete some rows and all that goes with them, in as many transactions as that takes; return how many rows."""
        while True:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                if data is Data.SESSIONS:
                    await counselors.hold(tx, await retention.counselors_of(tx, ids) or [PersonId(-1)])
                held = await retention.hold(tx, self.db, data, ids, before=before, admins=admins)
                is_whole = not held.ids or await self._delete_parts(tx, data, held.ids, room=terms.batch)
                deleted = await self._delete_held(tx, data, held) if held.ids and is_whole else 0
            if is_whole:
                for key_id in held.key_ids:
                    self.outbox.vault.forget(key_id)
            await terms.between()
            if is_whole:
                return deleted

    async def _delete_parts(self, tx: Transaction, data: Data, ids: Sequence[int], *, room: int) -> bool:
        """Delete at most *room* rows that go with others; return whether that was all of them."""
        for part in ROWS[data].parts:
            room -= await retention.delete_parts(tx, part, ids, limit=room)
            if not room:
                return False
        return True

    async def _delete_held(self, tx: Transaction, data: Data, held: Held) -> int:
        if data is Data.SESSIONS:
            await retention.keep_count(tx, held.ids)
        deleted = await retention.delete(tx, data, held)
        if data is Data.APPLICATIONS:
            again = [[Button(to_applicant.AGAIN, "apply.again")], buttons.HOME_BELOW]
            for person_id in held.ids:
                await self.outbox.say(
                    tx,
                    to_applicant.LAPSED,
                    to=PersonId(person_id),
                    at=self.clock(),
                    buttons=again,
                    urgency=Urgency.CONVERSATION,
                )
        return deleted

    async def _delete_lost(self, bond: Bond, terms: Terms) -> int:
        deleted = 0
        while True:
            async with self.db.reading(Turn.MAINTENANCE) as tx:
                owners = await orphans.owners_lost(tx, bond, limit=_FOUND_AT_ONCE)
            if not owners:
                return deleted
            some = terms.batch
            while some == terms.batch:
                async with self.db.transaction(Turn.MAINTENANCE) as tx:
                    some = await orphans.delete(tx, bond, owners, limit=terms.batch)
                deleted += some
                await terms.between()
