"""What a run says in the log, kept for its history: so much and no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.ids import Clock
from bot.storage.run_history import Line

MOST_LINES = 200  #: of one attempt
MOST_CHARACTERS = 300  #: of one line

_NUMBERS = 1000  #: for each attempt, so that what a later one says stands behind what the earlier ones said


@dataclass(slots=True, kw_only=True)
class RunLog:
    """The lines of one attempt; those behind the last one that fits are counted."""

    clock: Clock
    attempt: int
    _lines: list[Line] = field(default_factory=list[Line])
    _kept: int = 0  #: of them are in the table
    _left_out: int = 0
    _is_over: bool = False

    def hear(self, level: str, line: str) -> None:
        """Take a line; from whatever thread, since the log hands out one line after the other."""
        if self._is_over:
            return
        if len(self._lines) == MOST_LINES:
            self._left_out += 1
        else:
            self._add(level, line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…")

    def end(self) -> None:
        """Take no more lines, and say how many were left out."""
        self._is_over = True
        if self._left_out:
            self._add("INFO", f"… {self._left_out} more lines were left out here; the log of the bot has them.")
            self._left_out = 0

    def to_keep(self) -> list[Line]:
        """Return the lines that are not in the table yet."""
        return self._lines[self._kept :]

    def kept(self, lines: list[Line]) -> None:
        """Take note that these are in the table now."""
        self._kept += len(lines)

    def _add(self, level: str, line: str) -> None:
        number = (self.attempt - 1) * _NUMBERS + len(self._lines) + 1
        self._lines.append(Line(number=number, level=level, line=line, said_at=self.clock()))
