"""Faults on demand: what a network, a proxy or Telegram itself can do to a call."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from bot.playground.wire import ApiError, too_many_requests

Kind = Literal["status", "delay", "late", "cut", "lost", "hang"]

_DESCRIPTIONS = {409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}


class CutError(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault; take one of each kind:

    - ``status``: answers with that error, performs nothing
    - ``delay``: performs and answers after ``delay_seconds``
    - ``late``: performs at once, answers after ``delay_seconds``
    - ``cut``: closes the connection, performs nothing
    - ``lost``: performs, then closes the connection without an answer; a download breaks off after half of its bytes
    - ``hang``: performs nothing and never answers, until the client gives up
    """  # noqa: D415 -- the list is its end

    kind: Kind
    method: str = "*"  #: in any case; ``*`` for every method; ``download`` for what ``getFile`` leads to
    status: int = 502
    description: str | None = None  #: Telegram's for that status, unless told
    retry_after: int | None = None  #: seconds, for 429
    body: str | None = None  #: of a ``status``, as it stands: the page of a proxy in place of Telegram's JSON
    delay_seconds: float = 0.0
    times: int | None = 1  #: None for ever
    chat_id: int | None = None  #: only calls for this chat
    probability: float = 1.0
    hits: int = field(default=0, init=False)  #: calls that it struck

    def fits(self, method: str, chat_id: int | None) -> bool:
        """Say whether it may strike this call; *method* is lower-cased."""
        if self.times is not None and self.hits >= self.times:
            return False
        return self.method.lower() in ("*", method) and self.chat_id in (None, chat_id)

    async def before(self) -> None:
        """Do what happens before the call is performed.

        Raises:
            ApiError: The status to answer with.
            CutError: Close the connection.
        """
        if self.kind == "status":
            raise self._error()
        if self.kind == "cut":
            raise CutError
        if self.kind == "hang":
            await asyncio.Event().wait()
        if self.kind == "delay":
            await asyncio.sleep(self.delay_seconds)

    async def after(self) -> None:
        """Do what happens after the call was performed.

        Raises:
            CutError: Close the connection.
        """
        if self.kind == "lost":
            raise CutError
        if self.kind == "late":
            await asyncio.sleep(self.delay_seconds)

    def _error(self) -> ApiError:
        if self.status == HTTPStatus.TOO_MANY_REQUESTS and self.description is None:
            return too_many_requests(self.retry_after or 1)
        description = self.description or _DESCRIPTIONS.get(self.status) or HTTPStatus(self.status).phrase
        return ApiError(self.status, description, retry_after=self.retry_after)


class Faults:
    """The faults of a server; the first that fits strikes."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Add a fault behind the others; gives it back, for its ``hits``."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults; a call that hangs goes on hanging."""
        self._faults.clear()

    def pick(self, method: str, chat_id: int | None) -> Fault | None:
        """Give the fault that strikes this call, counted as a hit; None where it goes well."""
        for fault in self._faults:
            if fault.fits(method, chat_id) and self._rng.random() < fault.probability:
                fault.hits += 1
                return fault
        return None
