"""The worker: handles one update after the other, each in one transaction with all that follows from it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime

from telegram import Update
from telegram.constants import ChatType

from bot.domain.errors import BotError
from bot.domain.ids import Clock
from bot.domain.people import Actor
from bot.domain.retries import UPDATE_DELAYS
from bot.services import buttons
from bot.services.codes import new_code
from bot.storage import updates
from bot.storage.database import Channel, Database, DatabaseUnavailable, Transaction, wait
from bot.storage.updates import OpenUpdate
from bot.telegram.application import AnyApplication
from bot.telegram.context import Call, Services, current, has_left
from bot.texts import everyone

logger = logging.getLogger(__name__)

_LONGEST_SECONDS = 60.0  #: between two looks at the table
_PAUSE_SECONDS = 1.0  #: before trying again where the database did not let us
_REFERENCE_LENGTH = 8


@dataclass(slots=True, kw_only=True)
class Worker:
    """As many loops as the database has writers; within a chat one update at a time, in their order."""

    application: AnyApplication
    db: Database
    clock: Clock
    services: Services
    _is_stopping: bool = False
    _idle: list[asyncio.Event] = field(default_factory=list[asyncio.Event])  #: what the loops wait for

    async def run(self) -> None:
        """Handle updates until ``stop``; the one under way is finished."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.db.writers):
                group.create_task(self._loop())

    def stop(self) -> None:
        """End after the updates that are being handled; what is left stays in the table."""
        self._is_stopping = True
        for arrived in self._idle:
            arrived.set()

    async def _loop(self) -> None:
        arrived = self.db.subscribe(Channel.UPDATE)
        self._idle.append(arrived)
        while not self._is_stopping:
            try:
                pause = _LONGEST_SECONDS
                if await self._has_open():
                    if await self._handle_next():
                        continue
                    pause = await self._until_due()
            except DatabaseUnavailable:
                pause = _PAUSE_SECONDS
            except Exception:
                # the transaction was undone, so the update is as it was; the database itself is in trouble
                logger.exception("An update could not be handled or recorded; trying again in a second.")
                pause = _PAUSE_SECONDS
            await wait(arrived, seconds=pause)

    async def _has_open(self) -> bool:
        """Return whether there is anything to claim: a look with the reader costs less than an empty transaction."""
        async with self.db.reading() as tx:
            return await updates.has_open(tx)

    async def _until_due(self) -> float:
        """Return how many seconds to wait where nothing new comes in and nothing can be claimed."""
        async with self.db.reading() as tx:
            due_at = await updates.next_due(tx)
        if due_at is None:
            return _LONGEST_SECONDS
        wait_seconds = (due_at - self.clock()).total_seconds()
        return min(_LONGEST_SECONDS, wait_seconds) if wait_seconds > 0 else _PAUSE_SECONDS  # due already: another loop has it

    async def _handle_next(self) -> bool:
        """Handle the oldest update that is due; return whether there was one."""
        at = self.clock()
        async with self.db.transaction() as tx:
            found = await updates.claim(tx, self.db, at=at)
            if found is None:
                return False
            try:
                async with self.db.transaction():
                    await self._handle(tx, found, at)
            except DatabaseUnavailable:
                raise
            except Exception as error:
                logger.exception("An update could not be handled (attempt %d).", found.attempts + 1)
                await self._failed(tx, found, error, at)
                return True
            await updates.finish(tx, found.update_id, at=at)
        return True

    async def _handle(self, tx: Transaction, found: OpenUpdate, at: datetime) -> None:
        update = self._parsed(found)
        if update is None or update.effective_user is None or not _is_private(update):
            return
        actor = await self.services.people.identify(update.effective_user.id)
        call = Call(update=update, actor=actor, tx=tx, at=at, services=self.services)
        token = current.set(call)
        notice = None
        try:
            async with self.db.transaction():  # what a refusal undoes
                await self.application.process_update(update)
        except BotError as refusal:
            notice = refusal
        finally:
            current.reset(token)
        await self._answer(call, notice)
        if actor.was_away and not has_left(update):
            await self.services.people.came_back(actor)

    async def _answer(self, call: Call, refusal: BotError | None) -> None:
        """End a press, and say a refusal where there is one."""
        query = call.update.callback_query
        if query is not None:
            text = refusal.text if refusal else None
            await self.services.outbox.answer(call.tx, query.id, text, to=call.actor.me, at=call.at)
        elif refusal is not None:
            await call.say(refusal.text, buttons.SOS_AND_HOME)

    async def _failed(self, tx: Transaction, found: OpenUpdate, error: Exception, at: datetime) -> None:
        """Try again later, or park the update and tell who sent it and the admins."""
        kind = type(error).__name__
        if found.attempts < len(UPDATE_DELAYS):
            await updates.postpone(tx, found.update_id, error=kind, due_at=at + UPDATE_DELAYS[found.attempts])
            return
        reference = new_code(_REFERENCE_LENGTH)
        logger.error("An update was parked under %s (%s).", reference, kind)
        await updates.park(tx, found.update_id, error=kind, reference=reference, at=at)
        told = everyone.FAILED_FOR_ADMINS(reference=reference, error=kind)
        await self._try_to_tell(self.services.alerting.tell_admins(tx, told, at=at))
        await self._try_to_tell(self._apologize(tx, found, reference, at))

    async def _try_to_tell(self, telling: Awaitable[object]) -> None:
        """Await *telling*; where that fails too, the update stays parked: tried for ever, it would keep everybody waiting."""
        try:
            async with self.db.transaction():
                await telling
        except DatabaseUnavailable:
            raise
        except Exception:
            logger.exception("Somebody could not be told of a parked update.")

    async def _apologize(self, tx: Transaction, found: OpenUpdate, reference: str, at: datetime) -> None:
        actor = await self._sender(found)
        if actor is not None:
            await self.services.outbox.say(tx, everyone.FAILED(reference=reference), to=actor.me, at=at)

    async def _sender(self, found: OpenUpdate) -> Actor | None:
        """Return who sent an update that could not be handled; None where not even that can be told."""
        try:
            update = self._parsed(found)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if update is None or update.effective_user is None or not _is_private(update):
            return None
        return await self.services.people.identify(update.effective_user.id)

    def _parsed(self, found: OpenUpdate) -> Update | None:
        raw = self.services.people.vault.unseal_update(found.payload)
        return Update.de_json(json.loads(raw), self.application.bot)


def _is_private(update: Update) -> bool:
    if update.effective_chat is None:
        return update.callback_query is not None  # of a message that Telegram does not name; all the same it waits for an end
    return update.effective_chat.type == ChatType.PRIVATE
