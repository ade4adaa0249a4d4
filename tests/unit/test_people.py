"""Who somebody is, what they may do, and how a counselor may be called."""

from __future__ import annotations

import pytest

from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.ids import PersonId
from bot.domain.people import OPERATOR, SYSTEM, Actor, Role, biography, display_name, toggled


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


@pytest.mark.parametrize("typed", ["", " ", "A", "  A  ", "x" * 51, "\n\n", "x" * 5000, "\u200b" * 5, "\u00ad\u2060 \u200b"])
def test_a_display_name_that_is_too_short_or_too_long_is_refused(typed: str) -> None:
    """The sentence says what would be right, and how long this one is, without the name itself."""
    with pytest.raises(InvalidInput, match=r"2 to 50 characters.*This one has \d+\."):
        display_name(typed)


def test_a_display_name_is_text() -> None:
    """A command line can hold bytes that are none; nothing could be sealed of it."""
    with pytest.raises(InvalidInput, match="bytes that are no UTF-8"):
        display_name("Da\udcffwit")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("x" * 50, "x" * 50),
        ("x" * 500, "x" * 500),
        (f"  {'<b>&_*' * 10}\n", "<b>&_*" * 10),
        (f"{'one  two ' * 10}\n\n\n\n  {'😀' * 10}", f"{('one two ' * 10).strip()}\n\n{'😀' * 10}"),
        (f"first\r\n{'second ' * 10}", f"first\n{('second ' * 10).strip()}"),
    ],
)
def test_a_bio_keeps_its_paragraphs(typed: str, expected: str) -> None:
    """50 to 500 characters as typed; spaces are folded, lines stay, at most one empty line between two."""
    assert expected == biography(typed)


@pytest.mark.parametrize("typed", ["", "x" * 49, f"x{' ' * 100}x", " " * 60, "\n" * 60, "\u200b" * 60, "x" * 501, "x" * 5000])
def test_a_bio_that_is_too_short_or_too_long_is_refused(typed: str) -> None:
    """Spaces do not make it longer; the sentence says what would be right, and how long this one is."""
    with pytest.raises(InvalidInput, match=r"50 to 500 characters\. This has \d+;"):
        biography(typed)


def test_topics_are_chosen_in_the_order_of_pressing() -> None:
    """The first press is the first topic; a second press of one takes it out, and a third puts it at the end."""
    topics = toggled(toggled(toggled([], "other"), "crisis_substance"), "academic_career")

    assert ["other", "crisis_substance", "academic_career"] == topics
    assert ["crisis_substance", "academic_career"] == toggled(topics, "other")
    assert ["crisis_substance", "academic_career", "other"] == toggled(toggled(topics, "other"), "other")


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
