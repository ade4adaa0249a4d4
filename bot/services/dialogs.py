"""Forms that a person fills in by buttons and messages, one at a time; what they said so far survives a restart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import Conflict
from bot.domain.ids import Clock, PersonId
from bot.domain.people import Actor
from bot.services.vault import Vault
from bot.storage import people
from bot.storage.database import Database, Transaction
from bot.storage.people import Dialog
from bot.texts import everyone

Answers = dict[str, Any]

STEP_COMMENT = "rating.comment"  #: a word that goes with the stars
#: What somebody writes later than this is no answer to the question any more: it may be a cry for help. Any other form stays.
_ANSWERED_WITHIN = {STEP_COMMENT: timedelta(minutes=30)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogs:
    """The form that somebody is half way through. A step is named ``form.question``."""

    db: Database
    clock: Clock
    vault: Vault

    async def step(self, actor: Actor) -> str | None:
        """Return where in a form the actor is; None where they are in none."""
        async with self.db.transaction() as tx:
            dialog = await self.find(tx, actor.me)
            return dialog.step if dialog else None

    async def find(self, tx: Transaction, person_id: PersonId) -> Dialog | None:
        """Return the form that somebody is half way through; None where there is none, or they have let it lapse."""
        dialog = await people.dialog(tx, person_id)
        within = _ANSWERED_WITHIN.get(dialog.step) if dialog else None
        if dialog is None or (within is not None and self.clock() - dialog.updated_at > within):
            return None
        return dialog

    async def leave(self, actor: Actor) -> bool:
        """Forget the form the actor is in; return whether they were in one."""
        async with self.db.transaction() as tx:
            return await people.close_dialog(tx, actor.me)

    async def turn_to(self, tx: Transaction, person_id: PersonId, step: str, answers: Mapping[str, Any], *, at: datetime) -> None:
        """Go to a step of a form, in place of whatever form there was.

        Args:
            tx: The transaction.
            person_id: Who fills it in.
            step: What is asked now.
            answers: What was said so far, as JSON can hold it; kept sealed.
            at: Now.
        """
        person = await people.find(tx, person_id)
        if person is None:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        data = await self.vault.seal(tx, person.key_id, json.dumps(answers), about="dialog")
        await people.open_dialog(tx, person_id, step=step, data=data, at=at)

    async def answers(self, tx: Transaction, person_id: PersonId, *steps: str) -> Answers:
        """Return what was said so far in a form that is at one of *steps*.

        Raises:
            Conflict: It is at none of them: the button is of a form that was left.
        """
        person, dialog = await people.find(tx, person_id), await self.find(tx, person_id)
        if person is None or dialog is None or dialog.step not in steps:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return json.loads(await self.vault.unseal(tx, person.key_id, dialog.data, about="dialog"))
