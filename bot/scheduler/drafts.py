"""What a person wants a schedule to be, and whether it can be that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from bot.domain import schedules as rules
from bot.domain.errors import InvalidInput
from bot.domain.schedules import When
from bot.domain.text import shortened
from bot.storage.schedules import CatchUp, Plan, Schedule
from bot.tasks import TASKS
from bot.texts import scheduling as texts

_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_MOST_PAYLOAD_BYTES = 16_000
MOST_RETRIES = 20  #: CONTRACT.md, ``SCHEDULER_DEFAULT_RETRIES``
MOST_FAILURES = 100
_MOST_URL = 500  #: characters
_EXAMPLE = '{"batch": 500}'  #: of a payload
PAUSE_AFTER = 5  #: runs that fail in a row until a schedule that a person made pauses itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody says about a schedule; what they leave out is None, and then the default applies."""

    name: str
    task: str
    when: str | When  #: as typed, or as it stands already
    zone: str | None = None  #: IANA; default: ``TIMEZONE``
    payload: str | Mapping[str, Any] | None = None  #: JSON, or what that stands for
    max_retries: int | None = None
    catch_up: str | None = None
    pause_after: int | None = None
    heartbeat_url: str | None = None


def variable_of(task: str) -> str:
    """Return the variable that owns the interval of a task where it is set."""
    return f"{task.upper()}_INTERVAL_MINUTES"


def draft_of(schedule: Schedule) -> Draft:
    """Return a draft that says what a schedule is, to be changed in part."""
    plan = schedule.plan
    return Draft(
        name=plan.name,
        task=plan.task,
        when=plan.when,
        zone=plan.when.zone,
        payload=plan.payload,
        max_retries=plan.max_retries,
        catch_up=plan.catch_up,
        pause_after=plan.pause_after,
        heartbeat_url=plan.heartbeat_url,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What applies where a draft says nothing."""

    zone: str  #: ``TIMEZONE``
    max_retries: int  #: ``SCHEDULER_DEFAULT_RETRIES``

    def plan(self, draft: Draft, *, now: datetime) -> Plan:
        """Return a draft as a plan.

        Raises:
            InvalidInput: Something in it cannot be; the sentence names it and what would be right.
        """
        if draft.task not in TASKS:
            raise InvalidInput(texts.NO_TASK(task=shortened(draft.task), tasks=", ".join(TASKS)))
        when = draft.when if not isinstance(draft.when, str) else rules.parse(draft.when, draft.zone or self.zone, now=now)
        return Plan(
            name=_name(draft.name),
            task=draft.task,
            when=when,
            payload=_payload(draft.task, draft.payload),
            max_retries=_whole("The number of retries", draft.max_retries, default=self.max_retries, most=MOST_RETRIES),
            catch_up=_catch_up(draft.catch_up),
            pause_after=_whole(
                "The number of failures until it pauses itself", draft.pause_after, default=PAUSE_AFTER, most=MOST_FAILURES
            ),
            heartbeat_url=_url(draft.heartbeat_url),
        )


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidInput(texts.BAD_NAME)
    return text


def _payload(task: str, given: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a payload that the task understands."""
    try:
        written = given if isinstance(given, str) else json.dumps(dict(given or {}))
        found: Any = json.loads(written)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(texts.NO_JSON(example=_EXAMPLE)) from error
    if not isinstance(found, dict):
        raise InvalidInput(texts.NO_JSON(example=_EXAMPLE))
    if len(written) > _MOST_PAYLOAD_BYTES:
        raise InvalidInput(texts.PAYLOAD_TOO_LARGE)
    payload = cast("dict[str, Any]", found)
    TASKS[task].parse(payload)
    return payload


def _whole(name: str, given: int | None, *, default: int, most: int) -> int:
    number = default if given is None else given
    if not 0 <= number <= most:
        raise InvalidInput(texts.NOT_IN_RANGE(name=name, most=most, example=default))
    return number


def _catch_up(text: str | None) -> CatchUp:
    try:
        return CatchUp(text or CatchUp.LATEST)
    except ValueError as error:
        raise InvalidInput(texts.BAD_CATCH_UP) from error


def _url(text: str | None) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(text) <= _MOST_URL and text.isascii()
    except ValueError:
        is_right = False
    if not is_right or any(character.isspace() for character in text):
        raise InvalidInput(texts.BAD_URL)
    return text
