"""Somebody in front of their chat, who reads the newest screen and presses the buttons that stand below it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.app import App
from bot.domain.ids import DeliveryId
from bot.playground.formatting import format_text
from bot.storage import deliveries
from tests.integration.chats import press, write
from tests.support import one


@dataclass
class Desk:
    """What somebody sees, as Telegram would show it; a refusal is raised."""

    app: App
    telegram_id: int
    text: str = ""
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])  #: action and reference by label

    async def opens(self, action: str, reference: str = "") -> str:
        """Press a button of an earlier screen; return what is shown."""
        await press(self.app, self.telegram_id, action, reference)
        return await self._look()

    async def presses(self, *labels: str) -> str:
        """Press one button after the other, each by its label or a part that no other has; return what the last one shows."""
        for label in labels:
            named = [label] if label in self.buttons else [shown for shown in self.buttons if label in shown]
            if len(named) != 1:
                raise AssertionError(f"{label!r} is one of {named} under {list(self.buttons)}")
            await self.opens(*self.buttons[named[0]])
        return self.text

    async def writes(self, text: str) -> str:
        """Send a text; return what is shown."""
        await write(self.app, self.telegram_id, text)
        return await self._look()

    async def _look(self) -> str:
        me = (await self.app.people.identify(self.telegram_id)).me
        sql = "SELECT max(id) AS id FROM delivery WHERE person_id = :me AND method <> 'answer'"
        newest = DeliveryId(await one(self.app, sql, me=me))
        async with self.app.db.reading() as tx:
            found = await deliveries.find_waiting(tx, newest)
            if found is None:
                raise AssertionError("nothing is shown")
            payload: dict[str, Any] = await self.app.outbox.open(tx, found)
        self.text = format_text(payload["text"], "html")[0]  # raises where it is none that Telegram takes
        self.buttons = {label: (action, reference) for row in payload["buttons"] for label, action, reference in row}
        return self.text
