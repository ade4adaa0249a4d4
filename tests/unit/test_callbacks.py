"""A button is good for one person, as it was written and in no other way."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import texts
from bot.domain.errors import InvalidInput
from bot.domain.ids import PersonId
from bot.domain.people import Gender
from bot.services.vault import Vault
from bot.storage.keys import Purpose
from bot.telegram import callbacks
from bot.telegram.callbacks import Press
from bot.telegram.routes import ACTIONS

SARA, HANA = PersonId(1), PersonId(2)
VAULT = Vault([b"w" * 32], {Purpose.CALLBACK: b"k" * 32})
GENUINE = callbacks.write(VAULT, Press("offer.accept", "12"), SARA)
#: The longest there are: a topic, a gender, the number of an offer, the alias of a session, alone and with a counselor.
REFERENCES = [*texts.topics(), *Gender, str(2**63 - 1), "WWWWWW", f"WWWWWW.{2**63 - 1}", ""]


def is_refused(data: str | None, person_id: PersonId = SARA) -> bool:
    """Return whether a press with this data is not believed."""
    try:
        callbacks.read(VAULT, data, person_id)
    except InvalidInput:
        return True
    return False


@pytest.mark.parametrize(("action", "reference"), list(product(ACTIONS, REFERENCES)))
def test_every_button_fits_and_comes_back(action: str, reference: str) -> None:
    """64 bytes hold each action with the longest reference; its own person's press is read as it was written."""
    data = callbacks.write(VAULT, Press(action, reference), SARA)

    assert len(data.encode()) <= 64
    assert Press(action, reference) == callbacks.read(VAULT, data, SARA)


def test_somebody_elses_button_is_refused() -> None:
    """A button that was written for Sara is worth nothing to Hana."""
    assert is_refused(GENUINE, HANA)


def test_a_button_of_another_service_is_refused() -> None:
    """Another key makes another mark."""
    other = Vault([b"w" * 32], {Purpose.CALLBACK: b"j" * 32})

    assert is_refused(callbacks.write(other, Press("offer.accept", "12"), SARA))


@pytest.mark.parametrize(
    "data",
    [
        None,
        "",
        ":",
        "::",
        ":::",
        "\ud800",
        "::\ud800",
        "\x00::",
        "offer.accept",
        "offer.accept:12",
        "offer.accept:12:",
        GENUINE + ":",
        ":" + GENUINE,
    ],
)
def test_what_has_not_three_parts_or_no_mark_is_refused(data: str | None) -> None:
    """An inline message's press without data, and what somebody typed by hand."""
    assert is_refused(data)


def test_no_part_of_a_button_is_a_button() -> None:
    """Each shorter beginning and each shorter end is refused."""
    parts = [GENUINE[:end] for end in range(len(GENUINE))] + [GENUINE[start:] for start in range(1, len(GENUINE))]

    assert [] == [part for part in parts if not is_refused(part)]


def test_no_bit_can_be_changed() -> None:
    """Whichever bit of a genuine button is flipped, it is refused; none of them carries nothing."""
    flipped = [
        GENUINE[:at] + chr(ord(GENUINE[at]) ^ 1 << bit) + GENUINE[at + 1 :] for at in range(len(GENUINE)) for bit in range(8)
    ]

    assert [] == [data for data in flipped if not is_refused(data)]


@given(st.text(max_size=64))
def test_nothing_that_is_made_up_is_believed(data: str) -> None:
    """Whatever bytes a client sends, they are refused and nothing breaks."""
    assert is_refused(data)


@given(st.text(max_size=8), st.text(max_size=8))
def test_nothing_can_be_put_around_a_button(before: str, behind: str) -> None:
    """Text in front of a genuine button or behind it makes it worthless."""
    data = before + GENUINE + behind

    assert (data != GENUINE) == is_refused(data)


def test_the_mark_of_one_action_is_none_of_another() -> None:
    """A mark belongs to its action and its reference."""
    mark = GENUINE.rsplit(":", 1)[1]

    assert is_refused(f"offer.decline:12:{mark}")
    assert is_refused(f"offer.accept:13:{mark}")


def test_a_button_that_is_too_long_is_a_defect_of_ours() -> None:
    """It is noticed when it is written, not when Telegram refuses the whole message."""
    with pytest.raises(ValueError, match="too long"):
        callbacks.write(VAULT, Press("request.topic", "x" * 50), SARA)
