"""What crosses the wire: parameters on the way in, results and errors on the way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import web

Json = dict[str, Any]
Clock = Callable[[], float]  #: seconds since the epoch

_ATTACH = "attach://"  # Bot API, InputMedia and "Sending files"
_TRUE = frozenset({"true", "yes", "1"})  # TBA, Client::to_bool


class ApiError(Exception):
    """An answer with ``ok: false``; the wording is Telegram's."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def to_dict(self) -> Json:
        """Give the body of the answer."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(reason: str) -> ApiError:
    """Give a 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {reason}")


def too_many_requests(retry_after: int) -> ApiError:
    """Give a 429 that asks for *retry_after* seconds of silence."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


@dataclass(slots=True, frozen=True)
class Upload:
    """A file that came as a part of a multipart form."""

    file_name: str
    mime_type: str
    content: bytes = field(repr=False)


class Params:
    """The parameters of one call; nested objects may arrive as JSON text, as a form has no other way."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    def __contains__(self, name: str) -> bool:
        return self.raw.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Give a text; empty where absent.

        Raises:
            ApiError: Half a surrogate pair, which has no UTF-8.
        """
        value = self.raw.get(name)
        if value is None:
            return ""
        text = str(value)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise bad_request("strings must be encoded in UTF-8")
        return text

    def integer(self, name: str, default: int = 0) -> int:
        """Give a whole number; *default* where absent or not a number."""
        try:
            return int(self.raw.get(name, default))
        except (TypeError, ValueError):
            return default

    def upload(self, name: str) -> Upload | None:
        """Give the file for *name*: the part of that name, or the part that ``attach://…`` names; None where there is none."""
        value = self.raw.get(name)
        if isinstance(value, str) and value.startswith(_ATTACH):
            value = self.raw.get(value.removeprefix(_ATTACH))
        return value if isinstance(value, Upload) else None

    def flag(self, name: str) -> bool:
        """Say whether a flag is set."""
        return str(self.raw.get(name, "")).lower() in _TRUE

    def structure(self, name: str) -> object:
        """Give a nested object, decoded once; None where absent.

        Raises:
            ApiError: It is text that is not JSON.
        """
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        try:
            self.raw[name] = json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None
        return self.raw[name]


async def read_params(request: web.Request) -> Params:
    """Collect the parameters of *request*: query, then body (JSON, urlencoded or multipart).

    Raises:
        ApiError: A JSON body that is not an object.
    """
    raw: Json = dict(request.query) if request.query_string else {}
    if request.body_exists:
        raw.update(await _read_body(request))
    return Params(raw)


async def _read_body(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return _decode_object(await request.read())
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    return {name: _received(value) for name, value in (await request.post()).items()}


def _received(value: str | bytes | bytearray | web.FileField) -> object:
    if isinstance(value, web.FileField):
        with value.file as file:  # aiohttp would close it after the answer, for which not every client waits
            return Upload(value.filename, value.content_type, file.read())
    return value


def _decode_object(body: bytes) -> Json:
    try:
        decoded: object = json.loads(body)
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise bad_request("can't parse JSON object")
    return cast("Json", decoded)


def as_list(value: object) -> list[object]:
    """Give *value* where it is a list, otherwise an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_objects(value: object) -> list[Json]:
    """Give the objects in a list; empty for anything else."""
    return [as_object(each) for each in as_list(value)]


def as_object(value: object) -> Json:
    """Give *value* where it is an object, otherwise an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}
