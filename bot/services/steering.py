"""What admins see of sessions and do with them: never a word of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Conflict, NotFound
from bot.domain.ids import Clock, CounselorId
from bot.domain.matching import Candidate, Match, Parts, Waiting, parts
from bot.domain.pages import Page, cut
from bot.domain.people import Actor, Role
from bot.domain.sessions import Offer, Priority, Session, SessionState
from bot.domain.text import Text
from bot.services.match_requests import request_match
from bot.services.matching import Matching
from bot.services.offering import Offering
from bot.services.people import People
from bot.storage import audit, counselor_pages, counselors, offers, session_pages, sessions
from bot.storage.counselor_pages import CounselorRow
from bot.storage.database import Database, Transaction
from bot.storage.session_pages import Event, SessionRow, Shown
from bot.texts import admin as to_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOffer:
    """An offer of a session, and to whom it was made."""

    offer: Offer
    name: str
    parts: Parts | None  #: what the score is made of; None where an older release made the offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All that an admin sees of a session."""

    session: Session
    counselor: str | None  #: the display name
    events: Sequence[Event]
    offers: Sequence[ShownOffer]
    is_mine: bool  #: whether the admin is the student


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Somebody to whom a session can be given."""

    id: CounselorId
    name: str
    is_online: bool
    load: int
    capacity: int
    parts: Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """Sessions: looking at them, taking one up, giving one to a counselor."""

    db: Database
    clock: Clock
    people: People
    offering: Offering
    matching: Matching

    async def sessions(self, actor: Actor, shown: Shown, page: int) -> Page[SessionRow]:
        """Return a page of sessions.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            where, rows = await session_pages.page(tx, shown, page)
        return Page(where, rows)

    async def session(self, actor: Actor, alias: str) -> Details:
        """Return what there is to see of a session.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such session, any more.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            session = await _find(tx, alias)
            counselor = session.counselor_id
            return Details(
                session=session,
                counselor=await self.people.display_name(tx, counselor) if counselor is not None else None,
                events=await session_pages.events(tx, session.id),
                offers=[
                    ShownOffer(offer=offer, name=await self.people.display_name(tx, offer.counselor_id), parts=reasons)
                    for offer, reasons in await offers.of_session(tx, session.id)
                ],
                is_mine=session.student_id == actor.me,
            )

    async def my_name(self, actor: Actor) -> str:
        """Return the name under which a student would see the actor.

        Raises:
            NotAllowed: The actor is no admin.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            return await self.people.display_name(tx, actor.me)

    async def take(self, actor: Actor, alias: str) -> Session:
        """Make the actor the counselor of a session that waits or is offered; both sides are told, other offers are withdrawn.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such session, any more.
            Conflict: It does not wait any more, it is their own, or they have as many as one can have.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await _find(tx, alias)
            if found.student_id == actor.me:
                raise Conflict(to_admin.YOUR_OWN)
            await counselors.hold(tx, [actor.me])
            await self.people.hold_admin(tx, actor)
            await self._withdraw(tx, found, at=at)
            session = await sessions.take(tx, found.id, actor.me, capacity=self.offering.capacity, at=at)
            if session is None:
                raise Conflict(await _why_not(tx, found))
            await self.offering.follow_start(tx, session, actor.me, at=at)
            await audit.record(tx, actor, "take-session", f"session {session.id}", at=at)
            await request_match(tx, because="taken by an admin", at=at)  # whose offer was withdrawn has room for another
        return session

    async def choices(self, actor: Actor, alias: str, page: int) -> Page[Choice]:
        """Return a page of the counselors to whom a session can be given, the best first.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such session, any more.
            Conflict: It does not wait any more.
        """
        actor.require(Role.ADMIN)
        async with self.db.transaction() as tx:
            session = await _find(tx, alias)
            if session.state not in {SessionState.WAITING, SessionState.OFFERED}:
                raise Conflict(to_admin.NOT_OPEN)
            shown = cut(await self._eligible(tx, session), page)
            choices = [await self._choice(tx, row, fit) for row, fit in shown.items]
        return Page(shown.position, choices)

    async def assign(self, actor: Actor, alias: str, counselor_id: CounselorId) -> tuple[Session, Offer]:
        """Offer a session to one counselor, also where they are offline; what was offered of it before is withdrawn.

        A crisis is offered to them beside the others who have it: the first one to accept wins.

        Raises:
            NotAllowed: The actor is no admin.
            NotFound: There is no such session, any more.
            Conflict: It does not wait any more, is offered to them already, or they cannot take it.
        """
        actor.require(Role.ADMIN)
        at = self.clock()
        async with self.db.transaction() as tx:
            await counselors.hold(tx, [counselor_id])
            found = await _find(tx, alias)
            if found.state not in {SessionState.WAITING, SessionState.OFFERED}:
                raise Conflict(to_admin.NOT_OPEN)
            if any(one.counselor_id == counselor_id and one.outcome is None for one, _ in await offers.of_session(tx, found.id)):
                raise Conflict(to_admin.OFFERED_TO_THEM)
            fits = {row.id: fit for row, fit in await self._eligible(tx, found)}
            if counselor_id not in fits:
                raise Conflict(to_admin.CANNOT_TAKE)
            if found.priority is not Priority.CRISIS:
                await self._withdraw(tx, found, at=at)
                await sessions.wait_again(tx, found.id, reason="assigned by an admin", actor_id=actor.person_id, at=at)
            match = Match(session_id=found.id, counselor_id=counselor_id, parts=fits[counselor_id])
            offer = await self.matching.offer_by_hand(tx, match, at=at)
            if offer is None:
                raise Conflict(to_admin.NOT_OPEN)
            await audit.record(tx, actor, "assign-session", f"session {found.id} to person {counselor_id}", at=at)
            await request_match(tx, because="assigned by an admin", at=at)
        return found, offer

    async def _withdraw(self, tx: Transaction, session: Session, *, at: datetime) -> None:
        await self.offering.gone(tx, await offers.withdraw_of_session(tx, session.id, at=at), at=at)

    async def _eligible(self, tx: Transaction, session: Session) -> list[tuple[CounselorRow, Parts]]:
        """Return who can be given a session, the best first: approved, reachable, with room, and never had it before."""
        waiting = Waiting(
            session_id=session.id,
            student_id=session.student_id,
            topic=session.topic,
            priority=session.priority,
            requested_at=session.requested_at,
        )
        topics = await counselor_pages.topics(tx)
        excluded = {session.student_id, *await session_pages.had_by(tx, session.id)}
        rows = [
            row for row in await counselor_pages.reachable(tx) if row.id not in excluded and row.load < self.offering.capacity
        ]
        scored = [(row, parts(waiting, self._candidate(row, topics.get(row.id, ())))) for row in rows]
        return sorted(scored, key=lambda pair: (-pair[1].score, pair[0].load, pair[0].id))

    def _candidate(self, row: CounselorRow, topics: tuple[str, ...]) -> Candidate:
        return Candidate(
            counselor_id=row.id,
            topics=topics,
            load=row.load,
            capacity=self.offering.capacity,
            ended=row.ended,
            ratings=row.ratings,
            ratings_total=row.ratings_total,
        )

    async def _choice(self, tx: Transaction, row: CounselorRow, fit: Parts) -> Choice:
        return Choice(
            id=row.id,
            name=await self.people.display_name(tx, row.id),
            is_online=row.is_online,
            load=row.load,
            capacity=self.offering.capacity,
            parts=fit,
        )


async def _find(tx: Transaction, alias: str) -> Session:
    session = await sessions.find_by_alias(tx, alias)
    if session is None:
        raise NotFound(to_admin.NO_SESSION)
    return session


async def _why_not(tx: Transaction, session: Session) -> Text:
    """Return the sentence for an admin who could not take up a session."""
    now = await sessions.find(tx, session.id)
    is_open = now is not None and now.state in {SessionState.WAITING, SessionState.OFFERED}
    return to_admin.NO_ROOM if is_open else to_admin.NOT_OPEN
