"""``python -m bot tasks``: everything about schedules and runs."""

from __future__ import annotations

import typer

from bot.commands import changing, looking, running

tasks_app = typer.Typer(help="Schedules and runs; also beside a running bot.", no_args_is_help=True)

for name, command in (
    ("list", looking.list_),
    ("show", looking.show),
    ("next", looking.next_),
    ("history", looking.history),
    ("run", running.run),
    ("cancel", running.cancel),
    ("add", changing.add),
    ("edit", changing.edit),
    ("pause", changing.pause),
    ("resume", changing.resume),
    ("delete", changing.delete),
):
    tasks_app.command(name)(command)
