"""Long lists, a page at a time: which page it is, and the buttons to its neighbours."""

from __future__ import annotations

from bot.domain.errors import InvalidInput
from bot.domain.ids import MOST
from bot.domain.outgoing import Button
from bot.domain.pages import Position
from bot.domain.text import Text
from bot.texts import admin, everyone


def titled(title: Text, position: Position) -> Text:
    """Return the title of a list with the page it shows, where there are several."""
    return title if position.of == 1 else admin.PAGE(title=title, number=position.number, of=position.of)


def turn(position: Position, action: str, about: str = "") -> list[list[Button]]:
    """Return the row that leads to the pages before and behind; none where there is one page.

    *about* stands before the number.
    """
    before = [Button(admin.PREVIOUS, action, reference(about, position.number - 1))] if position.number > 1 else []
    behind = [Button(admin.NEXT, action, reference(about, position.number + 1))] if position.number < position.of else []
    return [[*before, *behind]] if before or behind else []


def reference(about: str, number: int) -> str:
    """Return the reference of a button that leads to a page of a list."""
    return f"{about}.{number}" if about else str(number)


def number_in(reference: str) -> int:
    """Return the number at the end of a reference, of a page or a person; 1 where there is none.

    Raises:
        InvalidInput: It is no number, or one that no id can be.
    """
    number = reference.rpartition(".")[2]
    if not number:
        return 1
    if not number.isdecimal() or int(number) > MOST:
        raise InvalidInput(everyone.FORGED)
    return int(number)
