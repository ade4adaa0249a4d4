"""The daily figures as a table that may leave the house: de-identified, and without counts of few people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from bot.domain.analytics import Day
from bot.domain.suppression import LEAST, Withheld, told

Value = str | int | float | date | None

_COUNTS = (
    *("Crises", "New students", "Begun", "Ended", "Cancelled", "Conversations", "Offers made", "Offers accepted"),
    *("Offers declined", "Offers lapsed", "Counselors", "Ratings"),
)
_DERIVED = ("Messages", "Average wait (minutes)", "90 % waited at most (minutes)", "Average rating")


def columns(topics: Mapping[str, str]) -> list[str]:
    """Return the titles; *topics* are the keys of all topics with their labels."""
    return ["Day", "Requests", *(f"Requests: {label}" for label in topics.values()), *_COUNTS, *_DERIVED]


def rows(days: Sequence[Day], topics: Mapping[str, str]) -> list[list[Value]]:
    """Return a row for each day; what is not told is ``Withheld``, what there was none of is empty."""
    return [[day.on, *_requests(day, topics), *map(told, _counts(day)), *_derived(day)] for day in days]


def _requests(day: Day, topics: Mapping[str, str]) -> list[Value]:
    """Return all requests, and those of each topic; one that there is no more is among all requests only.

    The topics are left out, all of them, where those with few could be worked out from the rest: where they have fewer than
    ``LEAST`` requests together, or as few or as many as so many topics with few can have. That they are left out must leave
    several possibilities too, so neither may there be one more than the least or one less than the most.
    """
    counts = {**dict.fromkeys(topics, 0), **day.topics}
    few = [count for count in counts.values() if told(count) is Withheld.FEW]
    least, most = max(LEAST - 1, len(few) + 1), (LEAST - 1) * len(few) - 1
    if few and not least < sum(few) < most and day.requests >= LEAST:
        return [day.requests, *(Withheld.LEFT_OUT for _ in topics)]
    return [told(day.requests), *(told(counts[topic]) for topic in topics)]


def _counts(day: Day) -> tuple[int, ...]:
    return (
        *(day.crises, day.new_students, day.started, day.ended, day.cancelled, day.conversations, day.offered, day.accepted),
        *(day.declined, day.lapsed, day.counselors, day.ratings),
    )


def _derived(day: Day) -> list[Value]:
    """Return what is computed over people, where they are enough; of fewer it would tell what each of them did."""
    rating = float(day.average_rating) if day.average_rating is not None else None
    return [
        Withheld.LEFT_OUT if day.messages and day.conversations < LEAST else day.messages,
        _of(day.waits.count, _minutes(day.waits.average)),
        _of(day.waits.count, _minutes(day.waits.within(0.9))),
        _of(day.ratings, rating),
    ]


def _of(people: int, value: Value) -> Value:
    """Return *value* where it is about enough people, or about none."""
    return Withheld.LEFT_OUT if 0 < people < LEAST else value


def _minutes(length: timedelta | None) -> float | None:
    return round(length.total_seconds() / 60, 1) if length is not None else None
