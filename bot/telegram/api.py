"""Calls of the Bot API: python-telegram-bot's HTTP and errors, our own parameters and answers.

Calls are made with plain values in place of PTB's typed methods, because the intake must store an update before anybody tries to
understand it, and because the sender needs no more of an answer than its ``message_id``.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter  # what RequestData is made of; PTB exports it nowhere

from bot.domain.outgoing import Urgency
from bot.storage.turns import Line

#: Telegram closes an idle connection after minutes; at httpx's 5 s a quiet bot would greet and encrypt anew for each message.
_KEEPALIVE_SECONDS = 300.0
#: A call that goes on for longer than this is held for lost, and made again.
_READ_SECONDS, _CONNECT_SECONDS = 20.0, 10.0
#: After an upload Telegram looks at the file before it answers; held for lost too soon, it would arrive twice.
UPLOAD_READ_SECONDS = 90.0

POLL_SECONDS = 30  #: of a long poll; Telegram allows 50
MOST_UPDATES = 100  #: in one answer; Telegram gives no more (Bot API, getUpdates)
IN_FLIGHT = 32  #: calls side by side; at 60 ms each that is 500 a second
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]


def connection(trust: ssl.SSLContext) -> HTTPXRequest:
    """Return one connection to the Bot API, to whoever *trust* vouches for."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEPALIVE_SECONDS)
    return HTTPXRequest(
        connection_pool_size=1,
        read_timeout=_READ_SECONDS,
        write_timeout=_READ_SECONDS,
        connect_timeout=_CONNECT_SECONDS,
        pool_timeout=_READ_SECONDS,
        httpx_kwargs={"limits": limits, "verify": trust},
    )


class Connections:
    """Connections side by side, made as they are needed, the one used last first.

    A pool of httpx looks at each of its connections at every call, which at thirty of them is a quarter of what a call costs.
    """

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._free: list[HTTPXRequest] = []
        self._all: list[HTTPXRequest] = []
        self._line = Line(IN_FLIGHT)

    @asynccontextmanager
    async def one(self, urgency: Urgency) -> AsyncGenerator[HTTPXRequest]:
        """Lend a connection; where all are in use, the most urgent gets the next one."""
        async with self._line.place(urgency):
            if not self._free:
                self._all.append(connection(self._trust))
                self._free.append(self._all[-1])
            lent = self._free.pop()
            try:
                yield lent
            finally:
                self._free.append(lent)

    async def close(self) -> None:
        """Close all."""
        for one in self._all:
            await one.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One bot at one Bot API server."""

    host: str  #: ``https://host``
    token: str  #: of the bot; never printed
    polling: HTTPXRequest
    calling: Connections

    @property
    def _address(self) -> str:
        return f"{self.host}/bot{self.token}"

    async def call(
        self, method: str, *, urgency: Urgency = Urgency.CONVERSATION, read_seconds: float = _READ_SECONDS, **parameters: object
    ) -> Any:  # noqa: ANN401 — JSON
        """Make a call; return its result. An answer that does not come within *read_seconds* is held for lost.

        Raises:
            telegram.error.TelegramError: As ``telegram.request.BaseRequest.post``: ``RetryAfter``, ``Forbidden``, ``BadRequest``,
                ``InvalidToken``, ``TimedOut``, ``NetworkError``, ``Conflict``.
        """
        async with self.calling.one(urgency) as free:
            return await free.post(f"{self._address}/{method}", request_data=_form(parameters), read_timeout=read_seconds)

    async def file(self, file_id: str, *, urgency: Urgency) -> bytes:
        """Fetch a file of at most 20 MB.

        Raises:
            telegram.error.BadRequest: It is larger, or is not there any more.
            telegram.error.TelegramError: As ``call``.
        """
        found = await self.call("getFile", urgency=urgency, file_id=file_id)
        async with self.calling.one(urgency) as free:
            try:
                return await free.retrieve(f"{self.host}/file/bot{self.token}/{found['file_path']}")
            except InvalidToken as error:  # as PTB calls a 404; the call before shows that it is not the token
                if not is_telegrams_word(error):
                    raise NetworkError("a stranger's 404") from error
                raise BadRequest("file is not there any more") from None

    async def updates(self, offset: int | None, *, wait_seconds: int = POLL_SECONDS) -> list[dict[str, Any]]:
        """Return updates from *offset* on, raw; confirm the earlier ones; wait for one where there is none.

        Raises:
            telegram.error.TelegramError: As ``call``.
        """
        parameters: dict[str, object] = {"timeout": wait_seconds, "limit": MOST_UPDATES, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            parameters["offset"] = offset
        found = await self.polling.post(
            f"{self._address}/getUpdates", request_data=_form(parameters), read_timeout=wait_seconds + _READ_SECONDS
        )
        return cast("list[dict[str, Any]]", found)


def is_telegrams_word(error: TelegramError) -> bool:
    """Return whether Telegram itself answered, and no proxy or filter on the way: those do not speak its JSON."""
    return isinstance(error, Forbidden | BadRequest | InvalidToken | RetryAfter) and error.__cause__ is None


def _form(values: dict[str, object]) -> RequestData:
    """Return plain values as the fields of a form; what is None is left out."""
    return RequestData([RequestParameter.from_input(name, value) for name, value in values.items() if value is not None])
