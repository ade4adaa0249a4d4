"""A market of places: who comes takes the place by which the total value rises most, also where others have to move for it."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Mapping, Sequence


class Market:
    """Kinds of buyers, types of places, and how many of each kind have places of which type.

    Buyers come one after another. Each takes a free place, or one of another kind that can move on to a place of another type,
    which may make a third move, and so on: of all such chains the one by which the total value rises most. This is the method of
    successive shortest paths (Edmonds and Karp, 1972): after each buyer the total is the highest that those who came can have
    together, and who finds no chain cannot be served beside them. A search goes from kind to kind, so that it takes as long as
    there are kinds, however many buyers and places there are.

    Args:
        places: What each place is worth to whoever has it, for each type; the best one first.
    """

    def __init__(self, places: Sequence[Sequence[int]]) -> None:
        self._places = places
        self._taken = [0] * len(places)  #: of each type, from the best one on
        self._worth: list[Mapping[int, int]] = []  #: of each kind: the types that it may have, with what they are worth to it
        self._held: list[Counter[int]] = []  #: of each kind: how many places of which type it has
        self._swaps: list[dict[int, tuple[int, int]]] = []  #: of each kind: from which others it can take a place (see ``_swap``)
        self._free: list[list[tuple[int, int]]] = []  #: of each kind: a heap of types with free places, some values out of date

    def add_kind(self, worth: Mapping[int, int]) -> int:
        """Add a kind of buyers, with what a place of each type that they may have is worth to them; return its number."""
        kind = len(self._worth)
        self._worth.append(worth)
        self._held.append(Counter())
        self._swaps.append({})
        self._free.append([(-value - self._places[type_][0], type_) for type_, value in worth.items() if self._places[type_]])
        heapq.heapify(self._free[kind])
        for other in range(kind):
            self._swap(kind, other)
        return kind

    def place(self, kind: int) -> bool:
        """Give one more of a kind a place; False where there is none for it, whoever moves."""
        rises, came_from = self._reached(kind)
        ends = [(rise + found[0], end, found[1]) for end, rise in rises.items() if (found := self._best_free(end)) is not None]
        if not ends:
            return False
        _, end, type_ = max(ends)
        self._taken[type_] += 1
        while True:
            self._take(end, type_)
            if end == kind:
                return True
            end, type_ = self._give(end, came_from[end])

    def held(self, kind: int) -> dict[int, int]:
        """Return how many places of which type a kind has."""
        return dict(self._held[kind])

    def _reached(self, start: int) -> tuple[dict[int, int], dict[int, int]]:
        """Return which kinds may have to move for one of *start*, with the rise of the total up to there, and who makes them."""
        rises, came_from = {start: 0}, dict[int, int]()
        queue = deque([start])
        while queue:
            kind = queue.popleft()
            for other, (gain, _) in self._swaps[kind].items():
                rise = rises[kind] + gain
                if other not in rises or rise > rises[other]:
                    rises[other], came_from[other] = rise, kind
                    queue.append(other)
        return rises, came_from

    def _best_free(self, kind: int) -> tuple[int, int] | None:
        """Return the value of the free place that is worth most to a kind, and its type."""
        heap = self._free[kind]
        while heap:
            noted, type_ = heap[0]
            taken, places = self._taken[type_], self._places[type_]
            if taken == len(places):
                heapq.heappop(heap)
            elif noted == -(value := self._worth[kind][type_] + places[taken]):
                return value, type_
            else:
                heapq.heapreplace(heap, (-value, type_))
        return None

    def _take(self, kind: int, type_: int) -> None:
        self._held[kind][type_] += 1
        if self._held[kind][type_] == 1:
            for other, worth in enumerate(self._worth):
                known = self._swaps[other].get(kind)
                if other != kind and type_ in worth:
                    gain = worth[type_] - self._worth[kind][type_]
                    if known is None or gain > known[0]:
                        self._swaps[other][kind] = (gain, type_)

    def _give(self, kind: int, to: int) -> tuple[int, int]:
        """Take from a kind the place by which *to* gains most; return *to* and the type of it."""
        _, type_ = self._swaps[to][kind]
        self._held[kind][type_] -= 1
        if not self._held[kind][type_]:
            del self._held[kind][type_]
            for other, swaps in enumerate(self._swaps):
                if kind in swaps and swaps[kind][1] == type_:
                    self._swap(other, kind)
        return to, type_

    def _swap(self, kind: int, other: int) -> None:
        """Note what the total gains at most where *kind* takes a place that *other* has, and of which type."""
        mine, theirs = self._worth[kind], self._worth[other]
        gains = [(mine[type_] - theirs[type_], type_) for type_ in self._held[other] if type_ in mine]
        if gains:
            self._swaps[kind][other] = max(gains)
        else:
            self._swaps[kind].pop(other, None)
