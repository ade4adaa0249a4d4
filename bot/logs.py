"""What is logged: one handler on stderr, one on a file, and nothing in either that a log must not hold.

Three guards, each against what really happened to somebody: a filter that blackens secrets (HTTP clients print the token in
every URL), formatters that withhold the messages of exceptions (they quote what they could not handle: a student's text), and
levels for libraries that print whole messages at DEBUG.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Literal

#: The least level of libraries that print tokens, statements or whole messages below it.
FLOORS = {
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "procrastinate": logging.CRITICAL,  # arguments at INFO, a traceback for each cut connection; ours says that it starts anew
    "psycopg": logging.WARNING,
    "psycopg.pool": logging.ERROR,  # a line for each connection that fails; the database's condition is said once
    "telegram": logging.INFO,  # at DEBUG each call with its parameters and its result
    "telegram.request": logging.CRITICAL,  # at ERROR whatever came in place of JSON, which may be half an answer
    "yoyo": logging.WARNING,
}

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5  #: old ones, beside the one that is written

_SHORTEST_SECRET = 4  #: characters; blackening less would hide ordinary words
_MOST_FRAMES = 20  #: of a traceback, the innermost; a recursion error has a thousand
_MOST_LINKED = 8  #: exceptions of a chain or a group
_OWN = "bot."  #: the names of our handlers begin so
_TOKEN = re.compile(r"(?<![0-9])[0-9]{5,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}")
_PASSWORD = re.compile(r"://([^\s:@/]*):[^\s/]+@")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

Redact = Callable[[str], str]
Listener = Callable[[str, str], None]  #: takes the level and the text of a line
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def configure(*, level: str, fmt: Literal["text", "json"], file: Path | None, secrets: Iterable[str]) -> None:
    """Log to stderr, and to *file* where there is one; a second call replaces what the first one set up.

    Args:
        level: The name of the least level that is logged.
        fmt: ``text`` is ``LEVEL:message``; ``json`` one object per line.
        file: Rotated at 10 MB, five old ones kept; its folder is made where it is missing.
        secrets: What never appears in a line; `Settings.secrets`.

    Raises:
        OSError: The file cannot be written.
    """
    redact = redaction(secrets)
    formatter = _Text(redact) if fmt == "text" else _Json(redact)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file:
        handlers.append(_rotating(file))
    root = logging.getLogger()
    _remove_own(root)
    for handler in handlers:
        handler.setFormatter(formatter)
    handlers.append(_Listening(redact))
    for handler in handlers:
        handler.set_name(f"{_OWN}{type(handler).__name__}")
        handler.addFilter(_Redacting(redact))
        root.addHandler(handler)
    root.setLevel(level)
    for name, floor in FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, root.level))


@contextmanager
def listening(listener: Listener) -> Generator[None]:
    """Let *listener* hear each line from INFO on that is said in the block, or in what is begun in it, as the log has it.

    It may be called from any thread, and for as long as something goes on that was begun in the block.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def redaction(secrets: Iterable[str]) -> Redact:
    """Return a function that replaces *secrets*, bot tokens and passwords in URLs by ``***``."""
    known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
    anything = re.compile("|".join(map(re.escape, known)) or r"(?!)")

    def redact(text: str) -> str:
        return _PASSWORD.sub(r"://\1:***@", _TOKEN.sub("***", anything.sub("***", text)))

    return redact


def _rotating(file: Path) -> RotatingFileHandler:
    file.parent.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", errors="backslashreplace")


def _remove_own(root: logging.Logger) -> None:
    for handler in root.handlers.copy():
        if (handler.name or "").startswith(_OWN):
            root.removeHandler(handler)
            handler.close()


class _Redacting(logging.Filter):
    """Makes the message final, without secrets, before anything formats it."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        message = _message(record)
        if record.name == "asyncio":  # below its first line it prints the repr of the task, exception included
            message = message.partition("\n")[0]
        record.msg, record.args = self._redact(message), ()
        record.exc_text = None  # another handler may have left the whole traceback here
        return True


def _message(record: logging.LogRecord) -> str:
    """Return the message; where its arguments do not fit, only its pattern: logging would print them all to stderr."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - the __str__ of an argument may raise anything
        return f"{record.msg if isinstance(record.msg, str) else '?'} (not formatted: {type(error).__name__})"


class _Listening(logging.Handler):
    """Hands lines to whoever listens; see ``listening``."""

    def __init__(self, redact: Redact) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(_Text(redact, "%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        listener = _listener.get()
        if listener is not None:
            for line in self.format(record).splitlines():
                listener(record.levelname, line)


class _Text(logging.Formatter):
    """``LEVEL:message``."""

    def __init__(self, redact: Redact, pattern: str = "%(levelname)s:%(message)s") -> None:
        super().__init__(pattern)
        self._redact = redact

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's name
        """Say what was raised and where, and the message only where its class vouches for it (``is_safe``).

        Whoever raises an exception likes to quote what could not be handled, and here that is what a student wrote or who
        they are: a ``BadRequest`` of Telegram, a ``ValueError`` of a parser, a constraint of PostgreSQL with the whole row.
        The type and the chain of ``module:line`` are enough to find the place. Source lines are left out as well.
        """
        return self._redact("\n".join(_describe(ei[1])))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's name
        """Return the stack without secrets."""
        return self._redact(stack_info)


class _Json(_Text):
    """One object per line; ``extra`` fields beside our own."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        fields |= {name: self._plain(value) for name, value in record.__dict__.items() if name not in _STANDARD | fields.keys()}
        return json.dumps(fields, ensure_ascii=False)

    def _plain(self, value: object) -> object:
        """Return figures as they are, all else as text without secrets."""
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        return self._redact(str(value))


def _describe(error: BaseException | None) -> Iterator[str]:
    """Yield a line for *error* and for each exception that led to it or is part of it, the outermost first."""
    waiting: list[tuple[str, BaseException]] = [("", error)] if error else []
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_LINKED:
        relation, current = waiting.pop(0)
        if id(current) not in seen:
            seen.add(id(current))
            yield f"{relation}{_name(current)} (at {_location(current.__traceback__)})"
            waiting = [*_linked(current), *waiting]


def _linked(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    if isinstance(error, BaseExceptionGroup):
        parts: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        yield from (("with ", part) for part in parts)
    if error.__cause__:
        yield "caused by ", error.__cause__
    elif error.__context__ and not error.__suppress_context__:
        yield "while handling ", error.__context__


def _name(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}" if getattr(kind, "is_safe", False) is True else name


def _location(where: TracebackType | None) -> str:
    """Return ``module:line`` of each frame, the outermost first; ``?`` for what was never raised."""
    frames = [f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in traceback.walk_tb(where)]
    shown = frames if len(frames) <= _MOST_FRAMES else ["…", *frames[-_MOST_FRAMES:]]
    return " > ".join(shown) or "?"
