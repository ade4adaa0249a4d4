"""The Bot API server: HTTP on loopback around the state, the methods and the faults."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.playground.faults import CutError, Fault, Faults
from bot.playground.files import File
from bot.playground.limits import LIMITED, Flood, FloodLimits
from bot.playground.messages import Chat
from bot.playground.methods import METHODS, get_updates
from bot.playground.people import Person
from bot.playground.state import World
from bot.playground.updates import UpdateQueue
from bot.playground.wire import ApiError, Clock, Json, Params, read_params

TOKEN = "12345:TEST-token-of-the-playground-bot-0000"  # noqa: S105 -- opens nothing but this server
DOWNLOAD = "download"  #: how a download is called, in ``Call.method`` and ``Fault.method``
CUT = 0  #: the status of a call that got no answer
_TOKEN = re.compile(r"[1-9][0-9]{0,15}:[A-Za-z0-9_-]{1,80}")
_SHUTDOWN_SECONDS = 0.05  # polls that wait are not waited for
_JSON = {"Content-Type": "application/json"}


@dataclass(slots=True, frozen=True)
class Call:
    """One call of the Bot API, recorded when it was answered."""

    method: str  #: as the bot wrote it
    params: Json  #: nested objects decoded where the method read them
    status: int  #: of the answer; ``CUT`` where there was none
    at: float  #: when it came, by the clock of the server
    chat_id: int | None
    description: str = ""  #: of an error
    fault: str = ""  #: the kind of the fault that struck it


class BotApiServer:
    """A Telegram of our own; ``async with BotApiServer() as server`` and point ``TELEGRAM_API_URL`` at ``server.url``.

    Args:
        token: The only token that it accepts.
        port: The port on 127.0.0.1; 0 for a free one.
        clock: Seconds since the epoch: dates, expiry, flood limits (not the waiting of long polls).
        seed: Makes ids, latencies and the chances of faults repeatable.
        record_calls: False for benches: no calls are kept, and only the last 200 messages of each chat.
    """

    def __init__(
        self,
        token: str = TOKEN,
        port: int = 0,
        *,
        clock: Clock = time.time,  # noqa: TID251 -- this is the one that is injected elsewhere
        seed: int = 0,
        record_calls: bool = True,
    ) -> None:
        self.token = token
        self.port = port
        self.clock = clock
        self.world = World(token, clock, seed=seed, is_bounded=not record_calls)
        self.people: dict[int, Person] = {}
        self.calls: list[Call] = []
        self.totals: Counter[str] = Counter()  #: calls by method (as in the Bot API's docs, lower-cased), kept always
        self.on_call: Callable[[Call], None] | None = None
        self.latency: tuple[float, float] | None = None  #: seconds; of every method but getUpdates
        self.faults = Faults(self.world.rng)
        self._flood: Flood | None = None
        self._record_calls = record_calls
        self._runner: web.AppRunner | None = None

    # -- life -------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self, *routes: web.RouteDef) -> None:
        """Listen; *routes* are served beside the Bot API."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close all connections; polls that wait get no answer."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The base address, without ``/bot``."""
        return f"http://127.0.0.1:{self.port}"

    # -- for tests --------------------------------------------------------------------------------------------------

    @property
    def updates(self) -> UpdateQueue:
        """The updates that the bot has not confirmed."""
        return self.world.updates

    @property
    def limits(self) -> FloodLimits | None:
        """The flood limits; None, as at the start, for none."""
        return self._flood.limits if self._flood else None

    @limits.setter
    def limits(self, limits: FloodLimits | None) -> None:
        self._flood = Flood(limits, self.clock) if limits else None

    def person(
        self, first_name: str, *, user_id: int | None = None, username: str | None = None, language_code: str = "en"
    ) -> Person:
        """Make somebody who has never written to the bot.

        Raises:
            ValueError: The id is taken.
        """
        user_id = user_id or 5_000_000_001 + len(self.people)
        if user_id in self.people:
            raise ValueError(f"{self.people[user_id]} has that id")
        user: Json = {"id": user_id, "is_bot": False, "first_name": first_name}
        user |= {"username": username} if username else {}
        person = self.people[user_id] = Person(self.world, user | {"language_code": language_code})
        return person

    def chat(self, chat_id: int) -> Chat:
        """Give a chat that exists, such as a group that somebody wrote in."""
        return self.world.chats[chat_id]

    def calls_to(self, method: str) -> list[Call]:
        """Give the recorded calls of one method."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0, description: str = "") -> None:  # noqa: ASYNC109
        """Wait until *predicate* holds; it is asked after each call and each thing that people or the bot do.

        Raises:
            AssertionError: It does not hold within *timeout* seconds; shows the last calls.
        """
        if await self.world.bell.wait_until(lambda: predicate() or None, timeout) is None:
            last = "\n".join(f"  {call.method} {call.status} {call.chat_id or ''}" for call in self.calls[-10:])
            raise AssertionError(f"not within {timeout} s: {description or predicate}\nlast calls:\n{last or '  (none)'}")

    # -- one call ---------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        at = self.clock()
        try:
            self._check_token(request.match_info["token"])
            params = await read_params(request)
        except ApiError as error:
            return _answer(error.code, error.to_dict())
        return await self._respond(request, method, params, at)

    def _check_token(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if token != self.token:
            raise ApiError(401, "Unauthorized")

    async def _respond(self, request: web.Request, method: str, params: Params, at: float) -> web.StreamResponse:
        name = method.lower()
        chat_id = params.integer("chat_id") or None
        fault = self.faults.pick(name, chat_id)
        status, description, body = CUT, "", Json()
        try:
            body = {"ok": True, "result": await self._perform(name, params, chat_id, fault)}
            status = 200
        except ApiError as error:
            status, description, body = error.code, error.description, error.to_dict()
        except CutError:
            _cut(request)
        finally:
            self._record(Call(method, params.raw, status, at, chat_id, description, fault.kind if fault else ""))
        if fault and fault.body is not None:
            return web.Response(status=fault.status, text=fault.body, content_type="text/html")
        return _answer(status, body) if status else web.Response()

    def _record(self, call: Call) -> None:
        self.totals[call.method.lower()] += 1
        if self._record_calls:
            self.calls.append(call)
        if self.on_call:
            self.on_call(call)
        self.world.bell.ring()

    async def _perform(self, name: str, params: Params, chat_id: int | None, fault: Fault | None) -> object:
        if fault:
            await fault.before()
        if name == "getupdates":
            result = await get_updates(self.world, params)
        else:
            result = await self._after_latency(name, params, chat_id)
        if fault:
            await fault.after()
        return result

    async def _after_latency(self, name: str, params: Params, chat_id: int | None) -> object:
        """Perform in the middle of the latency: half of it is the way there, half the way back.

        What is on its way is performed also where the client dies meanwhile, as at Telegram: a cancelled handler
        performs at once.
        """
        if not self.latency:
            return self._do(name, params, chat_id)
        half = self._half_a_latency()
        try:
            await asyncio.sleep(half)
        finally:
            result = self._do(name, params, chat_id)
        await asyncio.sleep(half)
        return result

    def _half_a_latency(self) -> float:
        return self.world.rng.uniform(*self.latency) / 2 if self.latency else 0.0

    def _do(self, name: str, params: Params, chat_id: int | None) -> object:
        function = METHODS.get(name)
        if function is None:
            raise ApiError(404, "Not Found")
        if self._flood and name in LIMITED:
            self._flood.check(chat_id)
        return function(self.world, params)

    # -- one download -----------------------------------------------------------------------------------------------

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path, at = request.match_info["path"], self.clock()
        fault = self.faults.pick(DOWNLOAD, None)
        response, status, description = web.StreamResponse(), CUT, ""
        try:
            file = await self._file(request.match_info["token"], path, fault)
            await _give(file, request, response, is_whole=not fault or fault.kind != "lost")
            status = 200
        except ApiError as error:
            status, description = error.code, error.description
            response = _failure(error, fault)
        except CutError:
            _cut(request)
        finally:
            struck_by = fault.kind if fault else ""
            self._record(Call(DOWNLOAD, {"file_path": path}, status, at, None, description, struck_by))
        return response

    async def _file(self, token: str, path: str, fault: Fault | None) -> File:
        """Give the file as soon as it may be sent; ``lost`` strikes in the middle of it."""
        self._check_token(token)
        if fault:
            await fault.before()
        await asyncio.sleep(2 * self._half_a_latency())
        file = self.world.files.at(path)
        if file is None:
            raise ApiError(404, "Not Found")
        if fault and fault.kind != "lost":
            await fault.after()
        return file


def _answer(status: int, body: Json) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), headers=_JSON)


def _failure(error: ApiError, fault: Fault | None) -> web.Response:
    """Give the answer to a refused call; a fault may have a page of its own for it."""
    if fault and fault.body is not None:
        return web.Response(status=error.code, text=fault.body, content_type="text/html")
    return _answer(error.code, error.to_dict())


def _cut(request: web.Request) -> None:
    if request.transport:
        request.transport.close()


async def _give(file: File, request: web.Request, response: web.StreamResponse, *, is_whole: bool) -> None:
    """Send what is in *file*, or break off after half of it.

    Raises:
        CutError: It broke off.
    """
    response.content_type, response.content_length = "application/octet-stream", file.size
    await response.prepare(request)
    left = file.size if is_whole else file.size // 2
    for piece in file.pieces():
        await response.write(piece[:left])
        left -= len(piece[:left])
    if not is_whole:
        raise CutError
    await response.write_eof()
