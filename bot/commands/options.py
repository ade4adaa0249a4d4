"""What is typed behind a command, turned into what is meant: names with a suggestion, ``--set``, times that come twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

import typer

from bot.app import App
from bot.commands import console
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.ids import MOST, RunId
from bot.domain.people import OPERATOR
from bot.domain.schedules import AmbiguousTime, Cron, Interval, Once, Unreadable, When
from bot.domain.text import Text, shortened
from bot.domain.zones import zone_name, zone_of
from bot.scheduler.control import Preview
from bot.scheduler.drafts import Draft
from bot.tasks import TASKS
from bot.tasks.payloads import unknown_field

Found = TypeVar("Found")

Name = Annotated[str, typer.Argument(help="The name of a schedule.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Sure = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field of the payload, such as batch=500; may be given several times."),
]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for a run of the same task elsewhere.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")]
NoBackup = Annotated[bool, typer.Option("--no-backup", help="Make no backup before something is deleted.")]


def fields(task: str, given: Sequence[str] | None) -> dict[str, Any]:
    """Return what ``--set`` says of the payload of a task.

    Raises:
        InvalidInput: It is not ``field=value``, or not of this task.
    """
    known = {one.name: one for one in TASKS[task].fields}
    found: dict[str, Any] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        name = name.strip()
        if not equals:
            raise InvalidInput(
                Text("--set takes field=value, for example --set batch=500, and not: {given}", given=shortened(one))
            )
        if name not in known:
            raise unknown_field(task, name, known)
        found[name] = known[name].read(value)
    return found


def unknown(what: str, name: str, known: Iterable[str], remedy: str) -> InvalidInput:
    """Return what is said about a name that nothing has, with the one that was meant, perhaps."""
    near, shown = get_close_matches(name, list(known), n=1), shortened(name)
    if near:
        return InvalidInput(
            Text("There is no {what} {name}: did you mean {near}? {remedy}", what=what, name=shown, near=near[0], remedy=remedy)
        )
    return InvalidInput(Text("There is no {what} {name}. {remedy}", what=what, name=shown or '""', remedy=remedy))


async def named(app: App, name: str, found: Awaitable[Found], *, also: Iterable[str] = ()) -> Found:
    """Return what a method of ``Control`` finds by the name of a schedule; *also* are other names that it takes.

    Raises:
        InvalidInput: There is nothing of this name; says which one was meant, perhaps.
    """
    try:
        return await found
    except (NotFound, UnicodeEncodeError) as error:  # a command line can hold bytes that are no text
        names = [entry.schedule.name for entry in await app.control.list(OPERATOR)]
        what = "schedule or task" if also else "schedule"
        raise unknown(what, name, [*names, *also], "python -m bot tasks list names all.") from error


def run_id(number: str) -> RunId:
    """Return the number of a run.

    Raises:
        InvalidInput: It is none.
    """
    digits = number.strip().lstrip("#")
    if not (digits.isascii() and digits.isdecimal()) or int(digits) > MOST:
        raise InvalidInput(
            Text(
                '"{number}" is no number of a run: python -m bot tasks history shows them, for example 12.',
                number=shortened(number),
            )
        )
    return RunId(int(digits))


def moved(when: When, zone: str) -> str:
    """Return what a schedule says about time, to be read in another zone.

    Raises:
        InvalidInput: That would not be the same schedule in another zone.
    """
    if isinstance(when, Cron | Unreadable):
        return when.spec
    if isinstance(when, Interval):
        raise InvalidInput(Text("An interval is the same in every zone: give --when too, for example --when '0 3 * * *'."))
    example = f"{when.at.astimezone(zone_of(zone_name(zone))):%Y-%m-%d %H:%M}"
    raise InvalidInput(Text("Say with --when which time is meant there, for example --when '{example}'.", example=example))


def settled(draft: Draft, zone: str, look: Callable[[Draft], Preview]) -> tuple[Draft, Preview]:
    """Return a draft and what it would come to; where its time comes twice, as somebody at the terminal says it is meant.

    Args:
        draft: What was typed.
        zone: In which times are meant where the draft names none.
        look: Returns what a draft would come to.

    Raises:
        InvalidInput: Something in it cannot be, or its time comes twice and nobody is there to ask.
    """
    try:
        return draft, look(draft)
    except AmbiguousTime as error:
        if not console.is_at_terminal():
            raise
        typer.echo(str(error), err=True)
        at: datetime = typer.prompt("1 for the first, 2 for the second", value_proc=_one_of(error.choices), err=True)
        draft = replace(draft, when=Once(at, draft.zone or zone))
        return draft, look(draft)


def _one_of(choices: Sequence[datetime]) -> Callable[[str], datetime]:
    """Return what turns 1 or 2 into an instant, and has anything else asked for again."""

    def chosen(typed: str) -> datetime:
        if typed.strip() not in {"1", "2"}:
            raise typer.BadParameter("1 or 2, please.")
        return choices[int(typed) - 1]

    return chosen
