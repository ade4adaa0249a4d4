"""Long work of a thread in pieces, because the event loop needs the same interpreter."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from itertools import islice
from typing import TypeVar

_AT_ONCE = 500  #: about a millisecond of work
_PAUSE_SECONDS = 0.0005

Item = TypeVar("Item")


def gently(items: Iterable[Item]) -> Generator[list[Item]]:
    """Yield *items* in pieces, with a pause behind each.

    Whoever wants the interpreter from a thread that never lets go of it waits 5 ms (``sys.getswitchinterval``), and the loop
    wants it anew after each of its system calls, of which a message needs dozens. In a pause it has it at once.
    """
    remaining = iter(items)
    while piece := list(islice(remaining, _AT_ONCE)):
        yield piece
        time.sleep(_PAUSE_SECONDS)
