"""The rules of a session's life, held against what is in the database: what breaks one is set right, and reported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.ids import Clock, SessionId
from bot.domain.text import joined
from bot.services.alerting import Alerting
from bot.services.match_requests import request_match
from bot.services.matching import Matching
from bot.services.offering import Offering
from bot.services.transferring import Transferring
from bot.services.vault import Vault
from bot.storage import alerts, counselors, invariants, keys, sessions
from bot.storage.alerts import AlertKind
from bot.storage.database import Database, Turn
from bot.storage.invariants import OfferRule
from bot.storage.keys import Purpose
from bot.texts import watching as texts

_REASON = "set right"  #: of the events
_LATE = timedelta(minutes=1)  #: so late the clock, which lets offers lapse to the second, has not come
_RECENT = timedelta(days=1)  #: no session is erased so soon
_MOST_ALIASES = 5

Between = Callable[[], Awaitable[None]]


class Rule(StrEnum):
    """What is set right, beside offers that may not be open (``OfferRule``)."""

    OFFERED_TO_NOBODY = "offered_to_nobody"
    LATE_OFFERS = "offer_overdue"
    OUT_OF_SERVICE = "counselor_out_of_service"
    STRAY = "current_elsewhere"
    SILENT_SINCE_NEVER = "active_without_time"
    KEYLESS = "open_without_key"
    FORGOTTEN = "match_missing"


RULES = (*OfferRule, *Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one look found."""

    repaired: dict[str, int] = field(default_factory=dict[str, int])  #: by rule, only what there was
    reported: dict[str, int] = field(default_factory=dict[str, int])
    sessions: set[SessionId] = field(default_factory=set[SessionId])  #: that were moved

    def add(self, rule: str, count: int, moved: Sequence[SessionId] = ()) -> None:
        """Note that so many were set right."""
        if count:
            self.repaired[rule] = self.repaired.get(rule, 0) + count
            self.sessions.update(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariants:
    """Looking for what must never be, and setting it right where it is known what would be."""

    db: Database
    clock: Clock
    vault: Vault
    alerting: Alerting
    offering: Offering
    transferring: Transferring
    matching: Matching

    async def check(self, *, batch: int, between: Between) -> Findings:
        """Ask for each rule whether something breaks it, set that right, and tell the admins once.

        Keys come first, since nothing can be said about a session without one; then offers, since what they leave behind is
        found by what follows; the match last.

        Args:
            batch: Most rows set right in one transaction.
            between: Awaited after each of them; may end the work by raising.
        """
        found = Findings()
        await self._rekey(found, batch)
        for rule in OfferRule:
            while await self._withdraw(rule, found, batch) == batch:
                await between()
        for repair_some in (self._put_back, self._forget_strays, self._begin_silence):
            await repair_some(found, batch)
            await between()
        for repair_all in (self._lapse, self._hand_back, self._ask_for_match):
            await repair_all(found)
            await between()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            seen = await invariants.reports(tx, capacity=self.offering.capacity, ended_after=self.clock() - _RECENT)
        found.reported.update({name: count for name, count in seen.items() if count})
        await self._tell(found)
        return found

    async def _withdraw(self, rule: OfferRule, found: Findings, batch: int) -> int:
        """Withdraw some offers that may not be open; return how many were found, none where none of them was so any more."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            wrong = await invariants.offers_against(tx, rule, limit=batch)
        if not wrong:
            return 0
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            await counselors.hold(tx, await invariants.counselors_of(tx, wrong))
            withdrawn = await invariants.withdraw(tx, rule, wrong, at=at)
            moved = sorted({offer.session_id for offer in withdrawn})
            for session_id in moved:
                await sessions.wait_again(tx, session_id, reason=_REASON, actor_id=None, at=at)
            await self.offering.gone(tx, withdrawn, at=at)
            if withdrawn:
                await request_match(tx, because=_REASON, at=at)
        found.add(rule, len(withdrawn), moved)
        return len(wrong) if withdrawn else 0

    async def _lapse(self, found: Findings) -> None:
        """Let offers lapse that should have long ago."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            late = await invariants.late_offers(tx, expired_before=self.clock() - _LATE)
        if late:
            lapsed = await self.offering.lapse_due()
            found.add(Rule.LATE_OFFERS, len(lapsed), [offer.session_id for offer in lapsed])

    async def _put_back(self, found: Findings, batch: int) -> None:
        """Have sessions wait again that are offered to nobody."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            wrong = await invariants.offered_to_nobody(tx, limit=batch)
        if not wrong:
            return
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            moved = [await sessions.wait_again(tx, one, reason=_REASON, actor_id=None, at=at) for one in wrong]
            waiting = [session.id for session in moved if session is not None]
            if waiting:
                await request_match(tx, because=_REASON, at=at)
        found.add(Rule.OFFERED_TO_NOBODY, len(waiting), waiting)

    async def _hand_back(self, found: Findings) -> None:
        """Return the conversations of those to the queue who are in service no more."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            admins = await self.alerting.people.fixed_admins(tx)
            is_wrong = await sessions.counselors_out_of_service(tx, admins=admins)
        if is_wrong:
            returned = await self.transferring.reconcile()
            found.add(Rule.OUT_OF_SERVICE, len(returned), [session.id for session in returned])

    async def _forget_strays(self, found: Findings, batch: int) -> None:
        """Have nobody mean a conversation that is over, or not theirs."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            is_wrong = await invariants.has_strays(tx)
        if is_wrong:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                found.add(Rule.STRAY, await invariants.forget_strays(tx, limit=batch))

    async def _begin_silence(self, found: Findings, batch: int) -> None:
        """Give conversations a time from which silence counts; else they would never be reminded, and never end."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            wrong = await invariants.silent_since_never(tx, limit=batch)
        for session_id in wrong:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                found.add(Rule.SILENT_SINCE_NEVER, int(await invariants.begin_silence(tx, session_id)), [session_id])

    async def _rekey(self, found: Findings, batch: int) -> None:
        """Give open sessions a key again: without one nothing can be said in them, and a match that meets one fails for all."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            wrong = await invariants.keyless(tx, limit=batch)
        for session_id in wrong:
            async with self.db.transaction(Turn.MAINTENANCE) as tx:
                key_id = await self.vault.make(tx, Purpose.SESSION, at=self.clock())
                is_repaired = await invariants.rekey(tx, session_id, key_id)
                if not is_repaired:
                    await keys.delete(tx, key_id)
            found.add(Rule.KEYLESS, int(is_repaired), [session_id])

    async def _ask_for_match(self, found: Findings) -> None:
        """Ask for a match where somebody waits, somebody is free for them, and nobody has asked."""
        found.add(Rule.FORGOTTEN, await self.matching.ask_again())

    async def _tell(self, found: Findings) -> None:
        """Tell the admins, in one message, of what was set right; of a rule that breaks in every look only the first time."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            known = {alert.subject for alert in await alerts.everything(tx) if alert.kind is AlertKind.PART}
        over = [rule for rule in RULES if _subject(rule) in known and rule not in found.repaired]
        if not over and not found.repaired:
            return
        at = self.clock()
        async with self.db.transaction(Turn.MAINTENANCE) as tx:
            for rule in over:
                await alerts.clear(tx, AlertKind.PART, _subject(rule))
            news = [
                rule
                for rule in found.repaired
                if await alerts.raise_once(tx, AlertKind.PART, _subject(rule), detail=str(found.repaired[rule]), at=at)
            ]
            if not news:
                return
            lines = joined(texts.REPAIRED[rule](count=found.repaired[rule]) for rule in news)
            named = await invariants.aliases(tx, sorted(found.sessions)[:_MOST_ALIASES]) if found.sessions else []
            concerned = texts.CONCERNED(aliases=", ".join(named)) if named else texts.CONCERNED_NOBODY
            await self.alerting.tell_admins(tx, texts.SET_RIGHT(lines=lines, concerned=concerned), at=at)


def _subject(rule: str) -> str:
    return f"rule {rule}"
