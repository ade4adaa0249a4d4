"""Conversations in which nobody writes: both sides are reminded once, and then it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ids import Clock, SessionId
from bot.domain.outgoing import Button, Urgency
from bot.services import buttons
from bot.services.closing import Closing
from bot.services.outbox import About, Outbox
from bot.services.pulse import Pulse
from bot.storage import idle, sessions
from bot.storage.database import Database, Transaction
from bot.texts import counselor as to_counselor
from bot.texts import ending, everyone
from bot.texts.times import span

_AT_ONCE = 5  #: conversations in one transaction; each takes about a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """How many conversations were looked after."""

    reminded: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idling:
    """Reminders and timeouts (``SESSION_TIMEOUT_HOURS``).

    Half of the timeout after the last message comes the reminder, the other half after the reminder the end: never without
    it, however long the bot was down. Silence is measured until Telegram last had nothing for us that we had not stored, not
    until now: what somebody wrote while we did not hear it lies there, and counts.
    """

    db: Database
    clock: Clock
    outbox: Outbox
    closing: Closing
    pulse: Pulse
    timeout: timedelta

    @property
    def _patience(self) -> timedelta:
        return self.timeout / 2

    async def next_moment(self, tx: Transaction) -> datetime | None:
        """Return when the next conversation is to be reminded or ended; None where nobody talks."""
        return await idle.next_moment(tx, patience=self._patience)

    async def reconcile(self) -> None:
        """Set right what was written by a clock that has been set back since; at the start, as for schedules."""
        async with self.db.transaction() as tx:
            await idle.forget_the_future(tx, at=self.clock())

    async def attend(self) -> Attended:
        """Remind, then end, whatever is due, in pieces between which others write; return how many that were."""
        async with self.db.reading() as tx:
            beat = await self.pulse.read(tx)
        if beat is None or beat.caught_up_at is None:
            return Attended()
        until = min(self.clock(), beat.caught_up_at) - self._patience
        return Attended(
            reminded=await _all(lambda: self._remind_some(silent_since=until)),
            ended=await _all(lambda: self._end_some(reminded_before=until)),
        )

    async def _remind_some(self, *, silent_since: datetime) -> tuple[int, bool]:
        """Remind a few; return how many, and whether there may be more."""
        at, reminded = self.clock(), 0
        async with self.db.transaction() as tx:
            found = await idle.to_remind(tx, silent_since=silent_since, limit=_AT_ONCE)
            for session_id in sorted(found):  # in the order of their ids, as whoever holds several
                if await idle.remind(tx, session_id, silent_since=silent_since, at=at):
                    await self._say_reminder(tx, session_id, at=at)
                    reminded += 1
        return reminded, len(found) == _AT_ONCE

    async def _end_some(self, *, reminded_before: datetime) -> tuple[int, bool]:
        """End a few; return how many, and whether there may be more."""
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await idle.to_end(tx, reminded_before=reminded_before, limit=_AT_ONCE)
            ended = [
                await sessions.time_out(tx, session_id, reminded_before=reminded_before, at=at) for session_id in sorted(found)
            ]
            over = [session for session in ended if session is not None]
            await self.closing.follow(tx, over, at=at)
        return len(over), len(found) == _AT_ONCE

    async def _say_reminder(self, tx: Transaction, session_id: SessionId, *, at: datetime) -> None:
        session = await sessions.find(tx, session_id)
        if session is None or session.counselor_id is None or session.last_message_at is None:
            return
        alias, spans = session.alias, {"silence": span(at - session.last_message_at), "left": span(self._patience)}
        for to, text, end in (
            (session.student_id, ending.REMINDER(**spans), everyone.END),
            (session.counselor_id, ending.STUDENT_REMINDER(alias=alias, **spans), to_counselor.END(alias=alias)),
        ):
            await self.outbox.say(
                tx,
                text,
                to=to,
                at=at,
                buttons=[[Button(end, "session.end", alias)], buttons.SOS, buttons.HOME_BELOW],
                urgency=Urgency.CONVERSATION,
                about=About.of(session),
            )


async def _all(some: Callable[[], Awaitable[tuple[int, bool]]]) -> int:
    """Do *some* until there is nothing left; return how many they were."""
    total, is_more = 0, True
    while is_more:
        done, is_more = await some()
        total += done
    return total
