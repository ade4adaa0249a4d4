"""What went wrong with an attempt: what the history says, whether trying again is worth it, what the admins are advised."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import BotError, InvalidInput
from bot.domain.text import Text
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from bot.storage.runs import Outcome
from bot.texts import alerts as texts

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}
_ADVICE: tuple[tuple[type[Exception], Text], ...] = (  # the first one that fits
    (DatabaseBusy, texts.DATABASE_BUSY),
    (DatabaseUnavailable, texts.DATABASE_AWAY),
    (MemoryError, texts.NO_MEMORY),
    (TimeoutError, texts.NETWORK),
    (ConnectionError, texts.NETWORK),
    (OSError, texts.SYSTEM),
)
_SQLITE_FULL = 13  #: sqlite.org/rescode.html


class TimedOut(Exception):
    """The time of a task is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why an attempt did not succeed; holds nothing that anybody wrote."""

    outcome: Outcome
    error: str  #: for the history
    advice: Text  #: for the admins: the likely cause, and what to do about it
    is_permanent: bool = False  #: another attempt would fail in the same way


INTERRUPTED = Fault(outcome=Outcome.INTERRUPTED, error="its process ended", advice=texts.WAS_KILLED)

STOPPED_ITSELF = Fault(outcome=Outcome.FAILED, error="CancelledError", advice=texts.DEFECT)


def fault_of(error: Exception, timeout: timedelta | None) -> Fault:
    """Return what an exception of a task comes to; its message only where its class vouches for it."""
    error = _innermost(error)
    if isinstance(error, TimedOut):
        within = f" within {timeout.total_seconds():,g} s" if timeout else ""
        return Fault(outcome=Outcome.TIMED_OUT, error=f"not done{within}", advice=texts.TOOK_TOO_LONG)
    if isinstance(error, BotError):
        is_permanent = isinstance(error, InvalidInput)
        advice = texts.PUT_PAYLOAD_RIGHT if is_permanent else texts.SAYS_IT_ITSELF
        return Fault(outcome=Outcome.FAILED, error=str(error), advice=advice, is_permanent=is_permanent)
    said = str(error) if isinstance(error, DatabaseUnavailable) else _kind(error)
    return Fault(outcome=Outcome.FAILED, error=said, advice=_advice(error))


def _innermost(error: Exception) -> Exception:
    """Return the one error of a group of one, as a task group raises it."""
    parts: tuple[Exception, ...] = getattr(error, "exceptions", ())
    return _innermost(parts[0]) if len(parts) == 1 else error


def _kind(error: Exception) -> str:
    """Return what kind of error this is; what the system calls its number names no file and nobody."""
    name = type(error).__name__
    code = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{name} ({code})" if code else name


def _advice(error: Exception) -> Text:
    if _is_full(error):
        return texts.DISK_FULL
    if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
        return texts.NOT_WRITABLE
    return next((advice for kind, advice in _ADVICE if isinstance(error, kind)), texts.DEFECT)


def _is_full(error: BaseException | None) -> bool:
    """Return whether the disk was full: as the system says it, or SQLite, here or in what led to this."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if getattr(error, "sqlite_errorcode", None) == _SQLITE_FULL:
            return True
        error = error.__cause__
    return False
