"""Long texts are cut into messages that Telegram takes, and nothing but white space is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import MESSAGE_LENGTH, split, utf16_length

_TYPED = st.text(
    alphabet=st.one_of(st.sampled_from("ab \n\t\u00a0😀👩\u200d"), st.characters(exclude_categories=("Cs",))), max_size=300
)


def _without_space(text: str) -> str:
    return "".join(text.split())


@given(_TYPED)
def test_length_is_counted_as_telegram_counts(text: str) -> None:
    """The length is that of the UTF-16 form, in units."""
    assert len(text.encode("utf-16-le")) // 2 == utf16_length(text)


@given(_TYPED, st.integers(min_value=2, max_value=60))
def test_each_part_fits_and_says_something(text: str, limit: int) -> None:
    """No part is longer than the limit, and none consists of white space, which Telegram would refuse."""
    parts = split(text, limit=limit)

    assert [] == [part for part in parts if utf16_length(part) > limit or not part.strip()]


@given(_TYPED, st.integers(min_value=2, max_value=60))
def test_parts_add_up(text: str, limit: int) -> None:
    """Together the parts are the text, in its order; at most white space between them is missing."""
    parts = split(text, limit=limit)

    assert _without_space(text) == _without_space("".join(parts))


@given(st.text(alphabet="ab😀", min_size=1, max_size=300), st.integers(min_value=2, max_value=60))
def test_text_without_spaces_adds_up_to_the_letter(text: str, limit: int) -> None:
    """Where there is no white space, nothing at all is missing."""
    assert text == "".join(split(text, limit=limit))


@given(_TYPED)
def test_what_fits_is_not_cut(text: str) -> None:
    """A text within the limit stays in one piece, exactly as it was typed."""
    expected = [text] if text.strip() else []

    assert expected == split(text)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("a" * (MESSAGE_LENGTH - 1), [4095]),
        ("a" * MESSAGE_LENGTH, [4096]),
        ("a" * (MESSAGE_LENGTH + 1), [4096, 1]),
        ("😀" * 2048, [4096]),
        ("😀" * 2049, [4096, 2]),
        ("a" + "😀" * 2048, [4095, 2]),
        ("", []),
        (" \n ", []),
    ],
)
def test_the_limit_to_the_unit(text: str, lengths: list[int]) -> None:
    """4,096 units pass and one more does not; an emoji counts two and is never cut in half."""
    assert lengths == [utf16_length(part) for part in split(text)]


def test_it_is_cut_where_a_reader_would_pause() -> None:
    """A paragraph is a better place than a line, a line than a word."""
    assert ["one two\n\n", "three four"] == split("one two\n\nthree four", limit=14)
    assert ["one two\n", "three four"] == split("one two\nthree four", limit=14)
    assert ["one two ", "three"] == split("one two three", limit=11)


def test_a_pause_far_in_front_is_no_place_to_cut() -> None:
    """A cut that would leave less than half a message is not made: better within a word."""
    assert ["a bbbbbbbb", "bbb"] == split("a bbbbbbbbbbb", limit=10)
