"""Who somebody is, what they may do, and how a counselor may be called."""

from __future__ import annotations

import pytest

from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.ids import PersonId
from bot.domain.people import OPERATOR, SYSTEM, Actor, Role, display_name


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Dawit", "Dawit"),
        ("  Dawit \n\t B.  ", "Dawit B."),
        ("Al", "Al"),
        ("ዳዊት", "ዳዊት"),
        ("<b>&_*", "<b>&_*"),
        ("x" * 50, "x" * 50),
        ("😀" * 50, "😀" * 50),
        ("a\u00a0b", "a b"),
    ],
)
def test_a_display_name_is_one_line_with_its_spaces_folded(typed: str, expected: str) -> None:
    """2 to 50 characters in any script; marks are letters like others."""
    assert expected == display_name(typed)


@pytest.mark.parametrize("typed", ["", " ", "A", "  A  ", "x" * 51, "\n\n"])
def test_a_display_name_that_is_too_short_or_too_long_is_refused(typed: str) -> None:
    """The sentence says what would be right, and how long this one is, without the name itself."""
    with pytest.raises(InvalidInput, match=r"2 to 50 characters.*This one has \d+\."):
        display_name(typed)


def test_only_a_person_has_a_chat() -> None:
    """The terminal and the system are no person, so what only a person can do is not theirs."""
    for actor in (OPERATOR, SYSTEM):
        with pytest.raises(NotAllowed):
            _ = actor.me


def test_only_a_counselor_has_offers() -> None:
    """A student, an admin and the terminal are no counselors; the approved one is."""
    others = [Actor(person_id=PersonId(1)), Actor(person_id=PersonId(1), roles=frozenset({Role.ADMIN})), OPERATOR]
    for actor in others:
        with pytest.raises(NotAllowed):
            _ = actor.counselor_id

    assert PersonId(1) == Actor(person_id=PersonId(1), roles=frozenset({Role.COUNSELOR})).counselor_id


def test_one_of_several_roles_is_enough() -> None:
    """Where operator or admin may, either may, and nobody else."""
    OPERATOR.require(Role.OPERATOR, Role.ADMIN)
    Actor(person_id=PersonId(1), roles=frozenset({Role.ADMIN})).require(Role.OPERATOR, Role.ADMIN)

    with pytest.raises(NotAllowed):
        SYSTEM.require(Role.OPERATOR, Role.ADMIN)
