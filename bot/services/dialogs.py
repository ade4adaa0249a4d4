"""Forms that a person fills in by buttons and messages, one at a time; what they said so far survives a restart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.errors import Conflict
from bot.domain.ids import PersonId
from bot.domain.people import Actor
from bot.services.vault import Vault
from bot.storage import people
from bot.storage.database import Database, Transaction
from bot.texts import everyone

Answers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogs:
    """The form that somebody is half way through. A step is named ``form.question``."""

    db: Database
    vault: Vault

    async def step(self, actor: Actor) -> str | None:
        """Return where in a form the actor is; None where they are in none."""
        async with self.db.transaction() as tx:
            dialog = await people.dialog(tx, actor.me)
            return dialog.step if dialog else None

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
        person, dialog = await people.find(tx, person_id), await people.dialog(tx, person_id)
        if person is None or dialog is None or dialog.step not in steps:
            raise Conflict(everyone.NO_LONGER_AVAILABLE)
        return json.loads(await self.vault.unseal(tx, person.key_id, dialog.data, about="dialog"))
