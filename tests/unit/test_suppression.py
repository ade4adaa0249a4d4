"""What is told of small groups."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest

from bot.domain.suppression import AtLeast, Told, Withheld, told, told_sum

FEW = Withheld.FEW


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, FEW), (4, FEW), (5, 5), (120, 120)])
def test_a_count_of_few_is_not_told(count: int, expected: Told) -> None:
    """None and five or more are told, one to four are not."""
    assert expected == told(count)


@pytest.mark.parametrize(
    ("counts", "total", "parts"),
    [
        ({"a": 9, "b": 8, "c": 0}, 17, {"a": 9, "b": 8, "c": 0}),
        ({"a": 9, "b": 8, "c": 3}, AtLeast(18), {"a": 9, "b": 8, "c": FEW}),
        ({"a": 9, "b": 3, "c": 1}, AtLeast(11), {"a": 9, "b": FEW, "c": FEW}),
        ({"a": 1, "b": 1, "c": 0}, AtLeast(2), {"a": FEW, "b": FEW, "c": 0}),
        ({"a": 2, "b": 0}, FEW, {"a": FEW, "b": 0}),
        ({}, 0, {}),
    ],
)
def test_a_sum_tells_no_more_than_its_parts(
    counts: Mapping[str, int], total: int | Withheld | AtLeast, parts: Mapping[str, Told]
) -> None:
    """Where a part is not told, the sum is as much as the parts are at least."""
    assert (total, parts) == told_sum(counts)


def test_no_small_group_can_be_worked_out() -> None:
    """Each count of few that is not told could be any from one to four, also for those who know how sums are told."""
    seen: dict[str, set[tuple[int, ...]]] = {}
    for counts in product(range(12), repeat=3):
        seen.setdefault(repr(told_sum(dict(zip("abc", counts, strict=True)))), set()).add(counts)
    sizes = [{counts[place] for counts in possible} for possible in seen.values() for place in range(3)]

    assert {(1, 2, 3, 4)} == {tuple(sorted(size)) for size in sizes if size & {1, 2, 3, 4}}


def test_a_sum_as_people_read_it() -> None:
    """What is at least is marked."""
    assert "18+" == str(AtLeast(18))
