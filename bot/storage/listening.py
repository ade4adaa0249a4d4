"""A connection to PostgreSQL on which somebody waits for notifications, for hours where nothing happens."""

from __future__ import annotations

from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

_LOOK_SECONDS = 60.0

Returned = TypeVar("Returned")


class PatientConnection(psycopg.AsyncConnection[TupleRow]):
    """Sleeps until its socket has something to read.

    psycopg looks ten times a second whether it was interrupted, which asyncio does not need: 0.2 % of a core for each connection
    on which somebody waits.
    """

    async def wait(self, gen: PQGen[Returned], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> Returned:  # noqa: ASYNC109 — psycopg's signature
        """Wait for what *gen* waits for."""
        return await super().wait(gen, interval, timeout)
