"""Tasks of installed packages: each entry point of the group ``hu_counseling.tasks`` is a ``Task`` (``docs/tasks.md``)."""

from __future__ import annotations

import logging
import re
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from bot.tasks import TASKS
from bot.tasks.base import Task

logger = logging.getLogger(__name__)

GROUP = "hu_counseling.tasks"
RESERVED = {"all", "list"}  #: what ``run_scheduled_tasks.py`` understands beside the names of tasks
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


class _LeftOut(Exception):
    """What an entry point names cannot be a task of ours; says why, in the middle of a sentence."""


@cache
def add_installed() -> None:
    """Put the tasks of installed packages into the table, once in a process; what cannot be one is logged and left out.

    A start costs some milliseconds for it: of each installed package one small file is read. Not done where the table is
    imported, because the packages import us, and because the log is set up by then.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        try:
            task = _loaded(point)
        except (Exception, SystemExit) as error:  # noqa: BLE001 — whatever a module of somebody else does when it is imported
            logger.warning("The task %s of %s is left out: %s.", point.name, _package(point), _reason(error))
        else:
            TASKS[task.name] = task


def _loaded(point: EntryPoint) -> Task[Any]:
    """Return the task behind an entry point.

    Raises:
        _LeftOut: There is something else, something that cannot be used, or a task of this name already.
    """
    found = point.load()
    if not isinstance(found, Task):
        raise _LeftOut(f"{point.value} is no Task")
    task = cast("Task[Any]", found)
    if not _NAME.fullmatch(task.name) or task.name in RESERVED:
        raise _LeftOut(f"the name {task.name} cannot be typed as a command: small letters, digits and _, not all or list")
    if task.name in TASKS:
        raise _LeftOut(f"there is a task {task.name} already")
    if not is_dataclass(task.payload):
        raise _LeftOut("its payload is no dataclass")
    task.schema()  # raises where a field is of a type that has no form in JSON
    return task


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown package"


def _reason(error: BaseException) -> str:
    """Return why in one line; nothing that a person wrote can be in it, since nothing has been read yet."""
    said = " ".join(str(error).split()).rstrip(".")
    return said if isinstance(error, _LeftOut) else f"{type(error).__name__}: {said}".rstrip(": ")
