"""What a student says of a conversation when it is over: one to five stars, and a word if they like."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import Clock
from bot.domain.people import Actor
from bot.domain.sessions import COMMENT_LENGTH, STARS, Session, SessionState
from bot.services.dialogs import STEP_COMMENT, Dialogs
from bot.services.vault import Vault
from bot.storage import people, ratings, sessions
from bot.storage.database import Database, Transaction
from bot.texts import ending, everyone


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """Ratings. No counselor learns who gave them; they see sums."""

    db: Database
    clock: Clock
    vault: Vault
    dialogs: Dialogs

    async def find(self, actor: Actor, alias: str) -> Session:
        """Return an ended session that the actor had as a student and has not rated.

        Raises:
            Conflict: It has not ended, is not theirs, or is rated.
        """
        async with self.db.transaction() as tx:
            session = await self._ended(tx, actor, alias)
            if await ratings.is_rated(tx, session.id):
                raise Conflict(ending.ALREADY_RATED)
        return session

    async def rate(self, actor: Actor, alias: str, stars: int) -> bool:
        """Keep the stars of an ended session; return whether what the actor writes next is taken as a comment.

        It is not where the session was erased, nor where they are filling something in or talking with somebody: that is what
        their next words are for.

        Raises:
            InvalidInput: There are not so many stars.
            Conflict: It has not ended, is not theirs, or is rated.
        """
        if stars not in STARS:
            raise InvalidInput(everyone.FORGED)
        at = self.clock()
        async with self.db.transaction() as tx:
            session = await self._ended(tx, actor, alias)
            if not await ratings.rate(tx, session.id, actor.me, stars=stars, at=at):
                raise Conflict(ending.ALREADY_RATED)
            is_busy = await self.dialogs.find(tx, actor.me) is not None or await sessions.active_of(tx, actor.me)
            if is_busy or await ratings.is_erased(tx, session.id):
                return False
            await self.dialogs.turn_to(tx, actor.me, STEP_COMMENT, {"alias": alias}, at=at)
        return True

    async def comment(self, actor: Actor, text: str) -> bool:
        """Keep a word about the session that the actor has just rated; False where it was erased meanwhile.

        Raises:
            InvalidInput: It is too long.
            Conflict: They were not asked for one, or too long ago.
        """
        if len(text) > COMMENT_LENGTH:
            raise InvalidInput(ending.COMMENT_TOO_LONG(length=len(text), most=COMMENT_LENGTH))
        async with self.db.transaction() as tx:
            answers = await self.dialogs.answers(tx, actor.me, STEP_COMMENT)
            session = await self._ended(tx, actor, answers["alias"])
            await people.close_dialog(tx, actor.me)
            if await ratings.is_erased(tx, session.id):
                return False
            body = await self.vault.seal(tx, session.key_id, text, about="rating comment")
            return await ratings.comment(tx, session.id, actor.me, body=body)

    async def skip(self, actor: Actor) -> None:
        """Ask for no comment any more; another form that the actor is in stays."""
        async with self.db.transaction() as tx:
            dialog = await people.dialog(tx, actor.me)
            if dialog is not None and dialog.step == STEP_COMMENT:
                await people.close_dialog(tx, actor.me)

    async def _ended(self, tx: Transaction, actor: Actor, alias: str) -> Session:
        session = await sessions.find_by_alias(tx, alias)
        if session is None or session.student_id != actor.me or session.state is not SessionState.ENDED:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return session
