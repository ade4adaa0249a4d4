"""Commands that change schedules: add, edit, pause, resume, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import typer

from bot.app import App
from bot.commands import console, options, tables
from bot.domain.errors import InvalidInput
from bot.domain.people import OPERATOR
from bot.domain.schedules import Interval
from bot.domain.text import Text
from bot.scheduler import records
from bot.scheduler.control import Control, Preview
from bot.scheduler.drafts import Draft, draft_of
from bot.storage.schedules import Schedule
from bot.tasks import TASKS
from bot.texts.schedules import in_words

_SINCE = timedelta(seconds=1)  #: the preview was made a moment ago, and an hour is to read as one hour

Task = Annotated[str, typer.Option(help="What it runs, by name; run_scheduled_tasks.py list shows all.")]
When = Annotated[
    str,
    typer.Option(
        help="An interval (90s, 1h30m, 1d), a cron line ('0 3 * * sun', @daily), or a date and time ('2026-12-24 18:00')."
    ),
]
Zone = Annotated[
    str | None, typer.Option(help="In which times are meant, such as Africa/Addis_Ababa; TIMEZONE where it is left out.")
]
Payload = Annotated[str | None, typer.Option(metavar="JSON", help="""What each run is given, such as '{"batch": 500}'.""")]
Retries = Annotated[int | None, typer.Option(help="How often a run that failed is tried again.")]
CatchUp = Annotated[str | None, typer.Option(help="latest: one run makes up for what was missed; none: it is noted as missed.")]
PauseAfter = Annotated[int | None, typer.Option(help="Failed runs in a row until it pauses itself; 0 is never.")]
Heartbeat = Annotated[str | None, typer.Option(metavar="URL", help="Told of each run, as healthchecks.io wants it; '' is none.")]


def add(  # noqa: PLR0913 — an argument for each option
    name: Annotated[str, typer.Argument(help="What it is to be called, such as nightly_backup.")],
    *,
    task: Task,
    when: When,
    zone: Zone = None,
    payload: Payload = None,
    given: options.Set = None,
    retries: Retries = None,
    catch_up: CatchUp = None,
    pause_after: PauseAfter = None,
    heartbeat: Heartbeat = None,
    is_sure: options.Sure = False,
    as_json: options.AsJson = False,
) -> None:
    """Make a schedule; before that it is shown in words, with its next five times."""
    draft = Draft(
        name=name,
        task=task,
        when=when,
        zone=zone,
        payload=payload,
        max_retries=retries,
        catch_up=catch_up,
        pause_after=pause_after,
        heartbeat_url=heartbeat,
    )

    async def make(app: App) -> None:
        wanted, preview = _settled(app, _with_fields(draft, given))
        _show(preview, app, as_json=as_json)
        console.confirm(f"Add {name}?", is_sure=is_sure or as_json)
        _say("Added", await app.control.add(OPERATOR, wanted), as_json=as_json)

    console.run_with(make)


def edit(  # noqa: PLR0913 — an argument for each option
    name: options.Name,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    task: Annotated[str | None, typer.Option(help="Another task.")] = None,
    when: Annotated[str | None, typer.Option(help="Another time, written as for add.")] = None,
    zone: Annotated[str | None, typer.Option(help="Another zone.")] = None,
    payload: Payload = None,
    given: options.Set = None,
    retries: Retries = None,
    catch_up: CatchUp = None,
    pause_after: PauseAfter = None,
    heartbeat: Heartbeat = None,
    is_sure: options.Sure = False,
    as_json: options.AsJson = False,
) -> None:
    """Change what is given of a schedule, and leave the rest as it is."""
    changes: dict[str, Any] = {
        "name": new_name,
        "task": task,
        "payload": payload,
        "max_retries": retries,
        "catch_up": catch_up,
        "pause_after": pause_after,
        "heartbeat_url": heartbeat,
    }
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes and when is None and zone is None and not given:
        console.fail("Say what is to change, for example: --when '0 3 * * sun'. --help shows all there is.", console.WRONG)

    async def change(app: App) -> None:
        schedule = (await options.named(app, name, app.control.get(OPERATOR, name))).schedule
        draft = replace(_retimed(schedule, when, zone), **changes)
        wanted, preview = _settled(app, _with_fields(draft, given))
        if preview.plan.when != schedule.when:
            _show(preview, app, as_json=as_json)
            console.confirm(f"Change {name}?", is_sure=is_sure or as_json)
        _say("Changed", await app.control.edit(OPERATOR, name, wanted, version=schedule.version), as_json=as_json)

    console.run_with(change)


def pause(name: options.Name, *, as_json: options.AsJson = False) -> None:
    """Let a schedule rest until it is resumed; its task can be run by hand all the same."""
    _switch("Paused", name, Control.pause, as_json=as_json)


def resume(name: options.Name, *, as_json: options.AsJson = False) -> None:
    """Let a schedule go on from now."""
    _switch("Resumed", name, Control.resume, as_json=as_json)


def delete(name: options.Name, *, is_sure: options.Sure = False, as_json: options.AsJson = False) -> None:
    """Delete a schedule; its history stays. One of the usual ones does not come back by itself."""

    async def remove(app: App) -> None:
        schedule = (await options.named(app, name, app.control.get(OPERATOR, name))).schedule
        console.confirm(f"Delete {name}, which runs {in_words(schedule.when)}?", is_sure=is_sure or as_json, default=False)
        await app.control.remove(OPERATOR, name)
        if as_json:
            console.say_json({"name": name, "is_deleted": True})
        else:
            typer.echo(f"Deleted {name}.")

    console.run_with(remove)


def _switch(done: str, name: str, how: Callable[[Control, Any, str], Awaitable[None]], *, as_json: bool) -> None:
    async def switch(app: App) -> None:
        await options.named(app, name, how(app.control, OPERATOR, name))
        _say(done, (await app.control.get(OPERATOR, name)).schedule, as_json=as_json)

    console.run_with(switch)


def _settled(app: App, draft: Draft) -> tuple[Draft, Preview]:
    return options.settled(draft, app.settings.timezone, lambda one: app.control.preview(OPERATOR, one))


def _with_fields(draft: Draft, given: list[str] | None) -> Draft:
    """Return a draft whose payload holds what ``--set`` says too."""
    if not given or draft.task not in TASKS:
        return draft
    if isinstance(draft.payload, str):
        raise InvalidInput(Text("Give the payload either as --payload or field by field with --set, not both."))
    return replace(draft, payload={**(draft.payload or {}), **options.fields(draft.task, given)})


def _retimed(schedule: Schedule, when: str | None, zone: str | None) -> Draft:
    """Return a draft of a schedule as it is, but for its time where that is given."""
    draft = draft_of(schedule)
    if when is not None:
        kept = None if isinstance(schedule.when, Interval) else schedule.when.zone
        return replace(draft, when=when, zone=zone or kept)
    return draft if zone is None else replace(draft, when=options.moved(schedule.when, zone), zone=zone)


def _show(preview: Preview, app: App, *, as_json: bool) -> None:
    """Say in words what a plan comes to, with its next times, before anything is saved."""
    if as_json:
        return
    when = preview.plan.when
    zone = app.settings.timezone if isinstance(when, Interval) else when.zone
    typer.echo(f"{preview.plan.task}: {in_words(when)}")
    now = app.clock() - _SINCE
    for at in preview.upcoming:
        typer.echo(f"  {tables.local(at, zone)}  {tables.until(at, now=now)}")


def _say(done: str, schedule: Schedule, *, as_json: bool) -> None:
    if as_json:
        console.say_json(records.of_schedule(schedule))
    else:
        typer.echo(f"{done} {schedule.name}.")
