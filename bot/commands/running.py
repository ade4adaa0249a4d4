"""Commands that run tasks in this process, or call a run off in another: run, cancel, and ``run_scheduled_tasks.py``."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from bot.app import App
from bot.commands import console, options, tables
from bot.domain.errors import BotError, InvalidInput, NotFound
from bot.domain.ids import ScheduleId
from bot.domain.people import OPERATOR
from bot.scheduler import records
from bot.scheduler.execution import TaskBusy
from bot.settings import Settings
from bot.storage import runs
from bot.storage.database import DatabaseBusy, DatabaseUnavailable
from bot.storage.holding import DatabaseInUse
from bot.storage.runs import NewRun, Run, RunState, Trigger
from bot.tasks import TASKS
from bot.tasks.installed import add_installed
from bot.texts import scheduling as texts

ALL = ("backup", "cleanup", "match")  #: what ``all`` does, in this order
_BUSY_POLL_SECONDS = 0.25
_LOOK_SECONDS = 0.5  #: between two looks at how far a run has come
_STOPPING = "Stopping; Ctrl-C once more ends at once."


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a task is to be run."""

    wait: float
    is_dry_run: bool
    is_backed_up_first: bool
    given: list[str] | None  #: what ``--set`` says of the payload
    is_silent: bool  #: show no progress: the output is JSON


def run(
    name: Annotated[str, typer.Argument(help="A schedule by name, whose payload then counts, or a task.")],
    *,
    dry_run: options.DryRun = False,
    no_backup: options.NoBackup = False,
    given: options.Set = None,
    wait: options.Wait = 60.0,
    as_json: options.AsJson = False,
) -> None:
    """Run a schedule's task now, in this process, beside a running bot or alone; Ctrl-C calls it off."""
    way = Way(wait=wait, is_dry_run=dry_run, is_backed_up_first=not no_backup, given=given, is_silent=as_json)

    async def work(app: App) -> int:
        async with app.db.reading() as tx:
            asking = app.control.asked_for(tx, OPERATOR, name, is_dry_run=dry_run, via=Trigger.CLI)
            new = await options.named(app, name, asking, also=TASKS)
        run = await _finish(app, await _begin(app, _as_wanted(new, way), wait), way)
        if as_json:
            console.say_json(records.of_details(await app.control.details(OPERATOR, run.id)))
        elif run.state is RunState.SUCCEEDED:
            _say_result(run)
        await _send(app)
        return console.DONE if run.state is RunState.SUCCEEDED else console.FAILED

    raise typer.Exit(console.run_with(work))


def cancel(
    number: Annotated[str, typer.Argument(help="The number of a run, as history shows it.")], *, as_json: options.AsJson = False
) -> None:
    """Call a run off that waits or is under way, in whatever process."""

    async def call_off(app: App) -> None:
        run_id = options.run_id(number)
        state = await app.control.cancel(OPERATOR, run_id)
        if as_json:
            console.say_json({"id": run_id, "state": state})
        elif state is RunState.RUNNING:
            typer.echo(f"Run {run_id} is asked to stop; its process does so within seconds.")
        else:
            typer.echo(f"Run {run_id} is cancelled.")

    console.run_with(call_off)


def run_scheduled_tasks(
    task: Annotated[str, typer.Argument(help="A task by name, all (backup, cleanup, match), or list.")],
    *,
    wait: options.Wait = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON.")] = False,
    dry_run: options.DryRun = False,
    no_backup: options.NoBackup = False,
    given: options.Set = None,
) -> None:
    """Run scheduled tasks once, beside a running bot or alone."""
    if task == "list":
        add_installed()
        _list_tasks(as_json=as_json)
        return
    settings = console.load_settings()
    add_installed()
    way = Way(wait=wait, is_dry_run=dry_run, is_backed_up_first=not no_backup, given=given, is_silent=as_json)
    outcomes: list[dict[str, Any]] = []

    code = console.run(lambda: _run_tasks(settings, _named(task, way), way, outcomes))
    if as_json:
        console.say_json(outcomes)
    raise typer.Exit(code)


def _list_tasks(*, as_json: bool) -> None:
    if as_json:
        console.say_json([records.of_task(one) for one in TASKS.values()])
        return
    width = max(map(len, TASKS))
    for one in TASKS.values():
        typer.echo(f"{one.name:<{width}}  {one.does}")


def _named(task: str, way: Way) -> tuple[str, ...]:
    """Return the tasks that are meant.

    Raises:
        InvalidInput: There is no such task, or it cannot be run in this way.
    """
    if task not in {*TASKS, "all"}:
        raise options.unknown(
            "task", task, [*TASKS, "all", "list"], "python run_scheduled_tasks.py list shows all that there are."
        )
    names = ALL if task == "all" else (task,)
    for name in names:
        if way.is_dry_run and not TASKS[name].deletes:
            raise InvalidInput(texts.DELETES_NOTHING(task=name))
        TASKS[name].parse(options.fields(name, way.given))
    return names


async def _run_tasks(settings: Settings, names: Sequence[str], way: Way, outcomes: list[dict[str, Any]]) -> int:
    """Run tasks one after the other; one that fails does not stop the rest, but whoever calls one off wants no more of them."""
    codes: list[int] = []
    async with console.beside_the_bot(settings) as app:
        for name in names:
            codes.append(await _try(app, name, way, outcomes))
            if outcomes[-1]["state"] == RunState.CANCELLED:
                break
        await _send(app)
    return console.FAILED if len(names) > 1 and any(codes) else max(codes)


async def _try(app: App, task: str, way: Way, outcomes: list[dict[str, Any]]) -> int:
    """Run a task with its defaults, whatever its schedule says; note how it went, and return the exit code."""
    new = NewRun(
        task=task,
        trigger=Trigger.CLI,
        requested_by=Trigger.CLI,
        max_attempts=1,
        scheduled_for=app.clock(),
        schedule_id=await _schedule_of(app, task),
    )
    try:
        finished = await _finish(app, await _begin(app, _as_wanted(new, way), way.wait), way)
    except (TaskBusy, DatabaseUnavailable) as error:
        typer.echo(str(error), err=True)
        is_busy = isinstance(error, TaskBusy | DatabaseBusy)
        outcomes.append({"task": task, "state": "busy" if is_busy else "failed", "error": str(error)})
        return console.BUSY if is_busy else console.FAILED
    outcomes.append({"task": task, "state": finished.state, "result": finished.result, "error": finished.error})
    if finished.state is RunState.SUCCEEDED and not way.is_silent:
        await _say_result_once(app, finished)
    return console.DONE if finished.state is RunState.SUCCEEDED else console.FAILED


def _say_result(run: Run) -> None:
    typer.echo((run.result or {}).get("summary", ""))


async def _say_result_once(app: App, run: Run) -> None:
    """Say what came of a run, unless the log has said it: it does so where a task did something, and of a dry run seldom."""
    details = await app.control.details(OPERATOR, run.id)
    summary = str((run.result or {}).get("summary", ""))
    if not any(summary in one.line for one in details.lines):
        typer.echo(summary)


async def _schedule_of(app: App, task: str) -> ScheduleId | None:
    """Return the schedule in whose history a run of this task is looked for: the one that bears its name."""
    try:
        schedule = (await app.control.get(OPERATOR, task)).schedule
    except NotFound:
        return None
    return schedule.id if schedule.task == task else None


def _as_wanted(new: NewRun, way: Way) -> NewRun:
    """Return a run with what the command line says beside its name.

    Raises:
        InvalidInput: The task takes no such payload.
    """
    payload = {**json.loads(new.payload), **options.fields(new.task, way.given)}
    TASKS[new.task].parse(payload)
    return replace(new, payload=json.dumps(payload), is_dry_run=way.is_dry_run, is_backed_up_first=way.is_backed_up_first)


async def _begin(app: App, new: NewRun, wait: float) -> Run:
    """Begin a run; wait while one of the task is under way elsewhere.

    Raises:
        TaskBusy: It still is after *wait* seconds.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait
    while True:
        try:
            return await app.executor.begin(replace(new, scheduled_for=app.clock()))
        except TaskBusy:
            if not loop.time() < give_up_at:  # also where it is no number
                raise
        await asyncio.sleep(_BUSY_POLL_SECONDS)


async def _finish(app: App, run: Run, way: Way) -> Run:
    """Execute a run that we hold, show how far it is, and call it off where somebody presses Ctrl-C; return it as it is then."""
    executing = asyncio.create_task(app.executor.execute(run))
    try:
        with nullcontext() if way.is_silent else tables.progress() as show, _called_off_by_signal(app, run):
            while not (await asyncio.wait({executing}, timeout=_LOOK_SECONDS))[0]:
                if show is not None:
                    async with app.db.reading() as tx:
                        show(await runs.find(tx, run.id) or run)
            finished = await executing
            if show is not None:
                show(finished)
    finally:
        if not executing.done():
            executing.cancel()  # the run goes back
            await asyncio.wait({executing})
    if finished.error or finished.state is RunState.CANCELLED:
        typer.echo(f"{run.task}: {finished.error or 'cancelled'}", err=True)
    return finished


@contextmanager
def _called_off_by_signal(app: App, run: Run) -> Generator[None]:
    """Call a run off at the first SIGINT or SIGTERM within the block; a second one ends the process as it always does."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    asking: set[asyncio.Task[None]] = set()

    async def call_off() -> None:
        with suppress(BotError, DatabaseUnavailable):  # it has ended meanwhile, or cannot be reached: then the second one
            await app.control.cancel(OPERATOR, run.id)

    def listen_no_more() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    def stop() -> None:
        typer.echo(_STOPPING, err=True)
        asking.add(asyncio.create_task(call_off()))
        listen_no_more()

    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        listen_no_more()


async def _send(app: App) -> None:
    """Tell people what this command owes them, unless a bot is there to do it."""
    own = set(app.outbox.made)
    if not own:
        return
    if app.settings.bot_token is None:
        typer.echo(f"{len(own)} messages wait for the bot: BOT_TOKEN is not set here.", err=True)
        return
    from bot import lifecycle  # noqa: PLC0415 — imports telegram, only where there is something to send

    try:
        left = await lifecycle.send_own(app, own)
    except DatabaseInUse:
        return  # the bot runs, and sends them
    if left:
        typer.echo(f"{len(left)} messages wait for the bot.", err=True)
