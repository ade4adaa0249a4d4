"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

PAGE_SIZE = 8  #: lines that a phone shows without scrolling, each with its button


@dataclass(frozen=True, slots=True)
class Position:
    """Which page of how many."""

    number: int  #: 1 is the first
    of: int

    @property
    def offset(self) -> int:
        """How many entries stand before it."""
        return (self.number - 1) * PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some entries of a list, and where they stand in it."""

    position: Position
    items: Sequence[Item]


def position(wanted: int, *, total: int) -> Position:
    """Return the page that is shown where *wanted* is asked for; the last one where the list has become shorter."""
    pages = max(1, -(-total // PAGE_SIZE))
    return Position(min(max(1, wanted), pages), pages)


def cut(items: Sequence[Item], wanted: int) -> Page[Item]:
    """Return the page that is shown of a list that is short enough to be at hand as a whole."""
    where = position(wanted, total=len(items))
    return Page(where, items[where.offset : where.offset + PAGE_SIZE])
