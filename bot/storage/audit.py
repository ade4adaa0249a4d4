"""The table ``audit``: what admins and operators did; rows are only ever added."""

from __future__ import annotations

from datetime import datetime

from bot.domain.people import Actor
from bot.storage.database import Transaction


async def record(tx: Transaction, actor: Actor, action: str, subject: str, *, at: datetime) -> None:
    """Record that *actor* did *action* to *subject*; neither holds a name, a Telegram id or a text of anybody."""
    await tx.execute(
        "INSERT INTO audit (actor_id, role, action, subject, at) VALUES (:actor_id, :role, :action, :subject, :at)",
        actor_id=actor.person_id,
        role=",".join(sorted(actor.roles)),
        action=action,
        subject=subject,
        at=at,
    )
