"""Which page of a long list is shown."""

from __future__ import annotations

import pytest

from bot.domain.errors import InvalidInput
from bot.domain.outgoing import Button
from bot.domain.pages import PAGE_SIZE, Position, cut, position
from bot.telegram.screens import paging


@pytest.mark.parametrize(
    ("wanted", "total", "shown"),
    [
        (1, 0, (1, 1)),
        (9, 0, (1, 1)),
        (1, 8, (1, 1)),
        (2, 8, (1, 1)),
        (2, 9, (2, 2)),
        (3, 9, (2, 2)),
        (0, 9, (1, 2)),
        (-7, 20, (1, 3)),
    ],
)
def test_there_is_always_a_page(wanted: int, total: int, shown: tuple[int, int]) -> None:
    """An empty list has one; a page behind the end is the last one, a page before the beginning the first."""
    found = position(wanted, total=total)

    assert shown == (found.number, found.of)


def test_the_pages_are_the_list() -> None:
    """Nothing is left out between two pages, and nothing stands on both."""
    items = list(range(3 * PAGE_SIZE - 1))
    pages = [cut(items, number) for number in (1, 2, 3)]

    assert items == [item for page in pages for item in page.items]
    assert [0, PAGE_SIZE, 2 * PAGE_SIZE] == [page.position.offset for page in pages]


@pytest.mark.parametrize(("number", "references"), [(1, ["all.2"]), (2, ["all.1", "all.3"]), (3, ["all.2"])])
def test_the_buttons_lead_to_the_neighbours(number: int, references: list[str]) -> None:
    """And each of them comes back as the page that it names; where there is one page there is none."""
    (row,) = paging.turn(Position(number, 3), "admin.sessions", "all")
    buttons: list[Button] = list(row)

    assert references == [button.reference for button in buttons]
    assert [int(one[-1]) for one in references] == [paging.number_in(button.reference) for button in buttons]
    assert [] == paging.turn(Position(1, 1), "admin.sessions")


@pytest.mark.parametrize(
    "reference", ["-1", "waiting.-1", "x", "waiting.x", "²", str(2**63), f"waiting.{2**64}", "9" * 40, "1e5", " 1"]
)
def test_what_names_no_page_is_refused(reference: str) -> None:
    """Nor does a number that no database holds get as far as one."""
    with pytest.raises(InvalidInput):
        paging.number_in(reference)
