"""How long to wait before trying again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.retries import DELIVERY, INTAKE, RUN, UPDATE_DELAYS, Backoff


def test_it_doubles_up_to_the_ceiling() -> None:
    """A delivery is repeated after 1, 2, 4 … seconds, then every 5 minutes."""
    delays = [DELIVERY.delay(attempt, chance=0.0).total_seconds() for attempt in range(1, 12)]

    assert [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] == delays


def test_chance_spreads_it_downwards() -> None:
    """The share that is left to chance only shortens the wait."""
    backoff = Backoff(first=timedelta(seconds=10), most=timedelta(minutes=1), jitter=0.5)

    assert [10, 7.5] == [backoff.delay(1, chance=chance).total_seconds() for chance in (0.0, 0.5)]


@pytest.mark.parametrize("backoff", [DELIVERY, RUN, INTAKE])
@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_nothing_nor_beyond_the_ceiling(backoff: Backoff, attempt: int, chance: float) -> None:
    """Also after thousands of failures, and whatever chance says."""
    assert timedelta(0) < backoff.delay(attempt, chance=chance) <= backoff.most


def test_an_update_is_tried_three_times() -> None:
    """1 s and 5 s after a failure; the third one is the last (CONTRACT.md)."""
    assert (timedelta(seconds=1), timedelta(seconds=5)) == UPDATE_DELAYS
