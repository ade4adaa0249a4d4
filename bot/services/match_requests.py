"""Asking for a match, in the transaction of whatever makes one possible."""

from __future__ import annotations

from datetime import datetime

from bot.storage import run_requests
from bot.storage.database import Transaction

TASK = "match"
_MOST_ATTEMPTS = 4


async def request_match(tx: Transaction, *, because: str, at: datetime) -> None:
    """Ask for a match in the transaction of the event that makes one possible; it begins as soon as that is committed.

    Asked for as a run, it survives the death of the process, and several events that come together are one run. Ask last: on
    PostgreSQL it waits for another transaction that asks at the same moment, and that one must not wait for a row that we hold.
    """
    await run_requests.request_for_event(tx, TASK, because=because, max_attempts=_MOST_ATTEMPTS, at=at)
