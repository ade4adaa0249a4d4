"""What of a count may be told to people outside: not how few there were, where they were so few that they could be recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LEAST = 5  #: people in a group whose size is told (PRODUCT.md, *Scheduled tasks*: groups below 5 are suppressed)


class Withheld(StrEnum):
    """What stands in place of a count that is not told."""

    FEW = "<5"  #: one to four
    LEFT_OUT = "…"  #: what was computed over so few, and would tell what each of them did


Told = int | Withheld


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A sum of which some parts are not told."""

    count: int

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.count}+"


def told(count: int) -> Told:
    """Return a count as it may be told."""
    return Withheld.FEW if 0 < count < LEAST else count


def told_sum(counts: Mapping[str, int]) -> tuple[int | Withheld | AtLeast, dict[str, Told]]:
    """Return a sum and its parts as they may be told together.

    The sum follows from what is told of the parts, and from nothing else: whoever subtracts them from it learns nothing, also who
    knows this rule. (To leave another part out instead, or the sum only where it would tell, tells by what is left out.)
    """
    parts = {key: told(count) for key, count in counts.items()}
    few = sum(part is Withheld.FEW for part in parts.values())
    rest = sum(part for part in parts.values() if isinstance(part, int))
    if not few:
        return rest, parts
    return (AtLeast(rest + few) if rest or few > 1 else Withheld.FEW), parts
