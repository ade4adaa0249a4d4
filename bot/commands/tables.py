"""Tables and progress on a terminal; in a pipe the same without colours, on lines that are not cut."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import typer

from bot.domain.zones import zone_of
from bot.storage.runs import Run
from bot.texts import times

_SECOND = timedelta(seconds=1)


class Shows(Protocol):
    """Shows how far a run has come."""

    def __call__(self, run: Run, /) -> None:
        """Show it, where there is something new."""
        ...


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table: on a terminal as wide as that is, in a pipe each row on one line."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    if title:
        typer.echo(title)
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for row in (columns, *cells):
            typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.console import Console  # noqa: PLC0415 — 30 ms, for nothing where no table is drawn
    from rich.table import Table  # noqa: PLC0415 — as above

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):  # a name is typed again: it stays whole, and the rest makes room
        width = max(len(row[number]) for row in cells) if column == "name" and cells else None
        table.add_column(column, overflow="fold", no_wrap=width is not None, min_width=width)
    for row in cells:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)


def show_values(values: Mapping[str, str | None]) -> None:
    """Print names and values, one pair on a line; those without a value are left out."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        if value:
            typer.echo(f"{name:<{width}}  {value}")


def local(at: datetime | None, zone: str) -> str:
    """Return an instant as the clocks of a zone show it; a dash where there is none."""
    if at is None:
        return "–"
    there = at.astimezone(zone_of(zone))
    return f"{there:%a %Y-%m-%d %H:%M:%S %Z}" if there.second else f"{there:%a %Y-%m-%d %H:%M %Z}"


def until(at: datetime | None, *, now: datetime) -> str:
    """Return in how long that is."""
    if at is None:
        return "–"
    if at <= now:
        return "due now"
    return f"in {times.span(at - now)}" if at - now >= _SECOND else "in less than 1 s"


@contextmanager
def progress() -> Generator[Shows]:
    """Show on stderr how far a run has come: as a bar on a terminal, which the log writes above; otherwise as lines."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console  # noqa: PLC0415 — as in ``show``
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, _logged_above():
        row = bar.add_task("", total=None)

        def move(run: Run, /) -> None:
            done, total = run.progress or (0, None)
            bar.update(row, description=run.task, completed=done, total=total)

        yield move


class _Lines:
    """How far a run has come, as lines."""

    def __init__(self) -> None:
        self._last: tuple[int, int | None] | None = None

    def __call__(self, run: Run, /) -> None:
        """Print a line where it has come further."""
        if run.progress is None or run.progress == self._last:
            return
        self._last = run.progress
        done, total = run.progress
        typer.echo(f"{run.task}: {done}" if total is None else f"{run.task}: {done} of {total}", err=True)


@contextmanager
def _logged_above() -> Generator[None]:
    """Have the log written to what stands for stderr within the block: a bar that is drawn anew below each line."""
    moved: list[tuple[logging.StreamHandler[Any], Any]] = []
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            stream_handler = cast("logging.StreamHandler[Any]", handler)
            moved.append((stream_handler, stream_handler.setStream(sys.stderr)))
    try:
        yield
    finally:
        for handler, stream in moved:
            handler.setStream(stream)
