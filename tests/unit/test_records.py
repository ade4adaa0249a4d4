"""The figures of a counselor: which mean, which median, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.records import Record

NOTHING = Record(
    active=0,
    ended=0,
    ended_week=0,
    ended_month=0,
    ratings=0,
    ratings_total=0,
    open_offers=0,
    accepted=0,
    declined=0,
    lapsed=0,
    answer_times=(),
)


@pytest.mark.parametrize(
    ("ratings", "total", "expected"),
    [(0, 0, None), (2, 10, None), (3, 15, "5.0"), (3, 4, "1.3"), (4, 17, "4.3"), (20, 85, "4.3"), (20, 84, "4.2")],
)
def test_the_mean_rating(ratings: int, total: int, expected: str | None) -> None:
    """From three ratings on, with one digit, halves up."""
    mean = replace(NOTHING, ratings=ratings, ratings_total=total).mean_rating

    assert expected == (None if mean is None else str(mean))


@pytest.mark.parametrize(("seconds", "expected"), [([], None), ([7], 7), ([9, 1, 100], 9), ([10, 20, 1, 300], 15)])
def test_the_usual_time_to_answer(seconds: list[int], expected: int | None) -> None:
    """The median: one night with the phone switched off does not change it."""
    times = [timedelta(seconds=one) for one in seconds]

    assert (None if expected is None else timedelta(seconds=expected)) == replace(NOTHING, answer_times=times).answer_time
