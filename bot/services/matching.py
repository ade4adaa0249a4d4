"""Waiting sessions to available counselors: solved outside any transaction, the offers then made some at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot import texts
from bot.domain.ids import Clock, CounselorId, SessionId
from bot.domain.matching import REST_AFTER_REFUSAL, Match, Waiting
from bot.domain.outgoing import Button, Urgency
from bot.domain.planning import plan
from bot.domain.sessions import Offer, Priority
from bot.domain.text import Text, joined
from bot.services.alerting import Alerting
from bot.services.match_requests import TASK, request_match
from bot.services.outbox import About, Message, Outbox
from bot.storage import counselors, offers, queue, run_history, sessions
from bot.storage.database import Database, Transaction, Turn
from bot.storage.queue import Queued, Shown
from bot.texts import admin as to_admin
from bot.texts import counselor as to_counselor
from bot.texts import everyone
from bot.texts import student as to_student

_PIECE = 64  #: offers made in one transaction, which holds the only writer of SQLite for some 5 ms (``bench match``)

#: Where requests that are no crisis find nobody, the admins hear of it so often at most, then of all that they do not know of.
QUIET = timedelta(minutes=30)

_EVER = datetime.min.replace(tzinfo=UTC)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Offers to be made: which, to whom, until when."""

    db: Database
    clock: Clock
    outbox: Outbox
    alerting: Alerting
    capacity: int  #: conversations and open offers that one counselor can have (``MAX_SESSIONS_PER_COUNSELOR``)
    offer_timeout: timedelta
    crisis_offer_timeout: timedelta

    async def match_waiting(self, *, limit: int) -> list[Offer]:
        """Offer what waits to who is free, and a crisis to all who are qualified (see ``plan``); return the offers made.

        Everything that waits is considered, so that what nobody can take hides nothing behind it. Offered are the *limit*
        sessions of the greatest need; for the others, and for what was lost to somebody who was faster, a match is asked for
        again. Two at once are harmless: an offer is made only where the session can still be offered, nobody was asked about it
        or had it since we looked, and the counselor still has room.
        """
        at = self.clock()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            candidates = await counselors.available(tx, capacity=self.capacity)
            waiting = await queue.waiting(tx, refused_since=at - REST_AFTER_REFUSAL)
        planned = await asyncio.to_thread(plan, waiting, candidates)
        chosen = _of_sessions(planned, limit)
        made = await self._offer_all(_pieces(chosen), Counter({one.session_id: one.entries for one in waiting}))
        if len(made) < len(planned):
            async with self.db.transaction() as tx:
                await request_match(tx, because="more to match", at=self.clock())
        served = {match.session_id for match in planned}
        await self._alarm([one for one in waiting if one.session_id not in served and one.alarmed_at is None])
        return made

    async def ask_again(self) -> int:
        """Ask for a match where one would serve somebody and nobody has asked for it; return how many sessions it would serve.

        Who refused a session does not count: when their rest is over nothing happens that asks.
        """
        at = self.clock()
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            candidates = [one for one in await counselors.available(tx, capacity=self.capacity) if one.is_free]
            if not candidates or not await _is_idle(tx, since=at):
                return 0
            waiting = await queue.waiting(tx, refused_since=_EVER)
        forgotten = {match.session_id for match in await asyncio.to_thread(plan, waiting, candidates)}
        if not forgotten:
            return 0
        async with self.db.transaction() as tx:
            if not await _is_idle(tx, since=at):
                return 0
            await request_match(tx, because="forgotten", at=at)
        return len(forgotten)

    async def offer_by_hand(self, tx: Transaction, match: Match, *, at: datetime) -> Offer | None:
        """Make the offer that somebody decided on, to a counselor who is held and has room; None where it cannot be offered.

        A crisis can also be offered beside other offers of it.
        """
        held = await queue.hold(tx, [match.session_id])
        if match.session_id not in held:
            return None
        said = {one.id: await self._text(tx, one) for one in await queue.shown(tx, [match.session_id])}
        return next(iter(await self._make(tx, [match], held, said, at=at)), None)

    async def _offer_all(self, pieces: Iterable[Sequence[Match]], known: Counter[SessionId]) -> list[Offer]:
        """Make offers piece by piece; what they say is put together before the transaction, which others wait for."""
        made = list[Offer]()
        for piece in pieces:
            offered = await self._offer(piece, known, await self._describe(piece))
            known.update(offer.session_id for offer in offered)
            made += offered
        return made

    async def _describe(self, matches: Sequence[Match]) -> dict[SessionId, Text]:
        """Return what offers of these sessions say; nothing of it changes as long as a session can be offered."""
        async with self.db.reading() as tx:
            found = await queue.shown(tx, sorted({match.session_id for match in matches}))
            await self.outbox.vault.load(tx, {one.key_id for one in found})
            return {one.id: await self._text(tx, one) for one in found}

    async def _offer(
        self, matches: Sequence[Match], known: Mapping[SessionId, int], said: Mapping[SessionId, Text]
    ) -> list[Offer]:
        """Make those of some offers for which session and counselor are still free, and the session's history is what is *known*.

        Else who was faster than we could have offered a session, had it declined or handed on, and we would offer it to the same
        counselor once more.
        """
        at = self.clock()
        async with self.db.transaction(Turn.BATCH) as tx:  # a thousand offers must not make one message wait
            # Counselor, offer, session: whoever writes more than one of these does so in this order, so that none wait in a ring.
            # The new offers come last, since nobody else can wait for what is not committed.
            asked = {match.counselor_id for match in matches}
            await counselors.hold(tx, sorted(asked))
            room = await counselors.room(tx, sorted(asked), capacity=self.capacity)
            found = await queue.hold(tx, sorted({match.session_id for match in matches}))
            held = {
                session_id: one for session_id, one in found.items() if one.entries == known[session_id] and session_id in said
            }
            possible = _possible(matches, held, room)
            return await self._make(tx, possible, held, said, at=at) if possible else []

    async def _make(
        self,
        tx: Transaction,
        matches: Sequence[Match],
        held: Mapping[SessionId, Queued],
        said: Mapping[SessionId, Text],
        *,
        at: datetime,
    ) -> list[Offer]:
        moving = {match.session_id for match in matches if held[match.session_id].is_waiting}
        if moving:
            await queue.offer(tx, sorted(moving), at=at)
        deadlines = [(match, at + self._patience(held[match.session_id])) for match in matches]
        made = await offers.add(tx, deadlines, at=at)
        if not made:
            return []
        messages = [_message(offer, held[offer.session_id], said[offer.session_id]) for offer in made]
        deliveries = await self.outbox.say_all(tx, messages, at=at)
        await offers.shown_by(tx, [(offer.id, delivery) for offer, delivery in zip(made, deliveries, strict=True)])
        return made

    def _patience(self, session: Queued | Shown) -> timedelta:
        return self.crisis_offer_timeout if session.priority is Priority.CRISIS else self.offer_timeout

    async def _text(self, tx: Transaction, session: Shown) -> Text:
        description = to_counselor.NO_DESCRIPTION
        if session.description is not None:
            written = await self.outbox.vault.unseal(tx, session.key_id, session.description, about="description")
            description = to_counselor.OFFER_DESCRIPTION(description=written)
        patience = self._patience(session)
        minutes, seconds = divmod(int(patience.total_seconds()), 60)
        return to_counselor.OFFER(
            topic=texts.topic_title(session.topic),
            gender=to_student.GENDERS[session.student_gender],
            description=description,
            minutes=to_counselor.MINUTES(minutes=minutes)
            if not seconds
            else to_counselor.SECONDS(seconds=minutes * 60 + seconds),
        )

    async def _alarm(self, unserved: Sequence[Waiting]) -> None:
        """Tell the admins, once for each session, of what nobody can take: of a crisis at once, of the rest when it got old."""
        for crisis in unserved:
            if crisis.is_crisis:
                await self._alarm_of_crisis(crisis.session_id)
        at = self.clock()
        late = [one for one in unserved if not one.is_crisis and one.requested_at <= at - self.offer_timeout]
        if late:
            await self._alarm_of_queue([one.session_id for one in late], at=at)

    async def _alarm_of_crisis(self, session_id: SessionId) -> None:
        """Tell the admins, once, that nobody can take a crisis, and the student that we keep asking."""
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await sessions.alarm(tx, session_id, at=at)
            if session is None:
                return
            text = everyone.CRISIS_FOR_ADMINS(topic=texts.topic_title(session.topic), alias=session.alias)
            look = [[Button(to_admin.LOOK, "admin.session", session.alias)]]
            await self.alerting.tell_admins(tx, text, at=at, buttons=look)
            told = to_student.NOBODY_FREE(help_lines=texts.help_lines())
            about = About(key_id=session.key_id)
            await self.outbox.say(tx, told, to=session.student_id, at=at, urgency=Urgency.CRISIS, about=about)

    async def _alarm_of_queue(self, session_ids: Sequence[SessionId], *, at: datetime) -> None:
        """Tell the admins, in one message, of requests that nobody can take."""
        async with self.db.reading() as tx:
            if await queue.is_alarmed(tx, since=at - QUIET):
                return
        found: Counter[str] = Counter()
        for piece in _pieces(session_ids):
            async with self.db.transaction() as tx:
                found.update(await queue.alarm(tx, piece, at=at))
        if found:
            lines = joined(
                everyone.QUEUE_LINE(topic=texts.topic_title(topic), count=count) for topic, count in found.most_common()
            )
            text = everyone.QUEUE_FOR_ADMINS(minutes=int(self.offer_timeout.total_seconds() // 60), topics=lines)
            async with self.db.transaction() as tx:
                await self.alerting.tell_admins(tx, text, at=at, buttons=[[Button(to_admin.LOOK, "admin.sessions")]])


async def _is_idle(tx: Transaction, *, since: datetime) -> bool:
    """Return whether no match waits or is under way, and none has ended since an instant."""
    if TASK in await run_history.unfinished(tx):
        return False
    last = await run_history.last_of(tx, TASK)
    return last is None or last.finished_at is None or last.finished_at < since


def offer_buttons(offer: Offer) -> list[list[Button]]:
    """Return the buttons under an offer."""
    reference = str(offer.id)
    return [[Button(to_counselor.ACCEPT, "offer.accept", reference), Button(to_counselor.DECLINE, "offer.decline", reference)]]


def _message(offer: Offer, session: Queued, text: Text) -> Message:
    return Message(
        text=text,
        to=offer.counselor_id,
        buttons=offer_buttons(offer),
        urgency=Urgency.CRISIS if session.priority is Priority.CRISIS else Urgency.OFFER,
        about=About(key_id=session.key_id),
    )


def _of_sessions(planned: Sequence[Match], limit: int) -> list[Match]:
    """Return the offers of the first *limit* sessions."""
    first = set(list(dict.fromkeys(match.session_id for match in planned))[:limit])
    return [match for match in planned if match.session_id in first]


def _possible(matches: Sequence[Match], held: Mapping[SessionId, Queued], room: Mapping[CounselorId, int]) -> list[Match]:
    """Return the matches of sessions that are held, with counselors who have room for them."""
    left = Counter(room)
    possible: list[Match] = []
    for match in matches:
        if match.session_id in held and left[match.counselor_id] > 0:
            left[match.counselor_id] -= 1
            possible.append(match)
    return possible


def _pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _PIECE] for start in range(0, len(items), _PIECE))
