"""Figures on the screen, each beside its goal."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; a goal is the most that it may be, or the least where it says so."""

    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    is_least: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it reaches its goal; without one it does."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.is_least else self.value <= self.goal

    def line(self) -> str:
        """Return how it is printed."""
        text = f"  {self.name:<58}{_number(self.value):>10} {self.unit:<6}"
        if self.goal is None:
            return text.rstrip()
        return f"{text} goal {'≥' if self.is_least else '≤'} {_number(self.goal):<6} {'ok' if self.is_good else 'MISSED'}"


@dataclass(slots=True)
class Report:
    """The figures of one run, printed as they come."""

    figures: list[Figure] = field(default_factory=list[Figure])

    def heading(self, text: str) -> None:
        """Begin a part."""
        print(f"\n{text}", flush=True)

    def add(
        self, name: str, value: float, unit: str = "", *, at_most: float | None = None, at_least: float | None = None
    ) -> None:
        """Print a figure and keep it."""
        figure = Figure(name, value, unit, at_least if at_most is None else at_most, is_least=at_least is not None)
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def write(self, path: Path) -> None:
        """Write everything as JSON, with the load of the machine."""
        figures = [asdict(figure) | {"is_good": figure.is_good} for figure in self.figures]
        path.write_text(json.dumps({"load_average": os.getloadavg(), "cores": os.cpu_count(), "figures": figures}, indent=1))

    @property
    def missed(self) -> list[Figure]:
        """The figures that miss their goals."""
        return [figure for figure in self.figures if not figure.is_good]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least *share* of all do not exceed; NaN where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def _number(value: float) -> str:
    if math.isfinite(value) and value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
