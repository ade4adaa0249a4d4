"""What of the daily figures may leave the house: no count of few people, nor what would give one away."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

from bot.domain import daily_sheet
from bot.domain.analytics import Day, Waits
from bot.domain.suppression import LEAST, Withheld

ON = date(2026, 3, 2)
_MOST = 16  #: so many requests, of one topic or in all, are looked at
TOPICS = {"a": "A", "b": "B", "c": "C"}


def row(day: Day) -> dict[str, daily_sheet.Value]:
    """Return the cells of a day by title."""
    (cells,) = daily_sheet.rows([day], TOPICS)
    return dict(zip(daily_sheet.columns(TOPICS), cells, strict=True))


def test_a_busy_day() -> None:
    """Everything is told, the waits in minutes."""
    minutes = [timedelta(minutes=one) for one in (1, 2, 3, 4, 5)]
    day = Day(
        on=ON,
        topics={"a": 5, "b": 6},
        messages=70,
        conversations=5,
        waits=Waits.of(minutes),
        ended=5,
        ratings=5,
        ratings_total=22,
        counselors=5,
    )
    found = row(day)

    assert (ON, 11, 5, 6, 0) == tuple(found[title] for title in ("Day", "Requests", "Requests: A", "Requests: B", "Requests: C"))
    assert (70, 5, 3.0, 4.4) == (found["Messages"], found["Begun"], found["Average wait (minutes)"], found["Average rating"])


def test_a_quiet_day() -> None:
    """Few are "<5"; what is computed over few is left out; of nobody there are none."""
    day = Day(on=ON, topics={"a": 2}, messages=70, conversations=4, ratings=1, ratings_total=1, counselors=1)
    found = row(day)
    few = ("Requests", "Requests: A", "Conversations", "Ratings", "Counselors")

    assert {Withheld.FEW} == {found[title] for title in few}
    assert {Withheld.LEFT_OUT} == {found[title] for title in ("Messages", "Average rating")}
    assert (0, 0, None) == (found["Crises"], found["Requests: B"], found["Average wait (minutes)"])


def test_a_topic_that_is_no_more() -> None:
    """Its requests are among all of them."""
    found = row(Day(on=ON, topics={"gone": 6, "a": 5}))

    assert (11, 5) == (found["Requests"], found["Requests: A"])


def test_no_count_of_few_can_be_worked_out() -> None:
    """Who sees a row can think of another day that gives the same row, in which some group of few has another size.

    Also who knows how rows are made, and whatever the requests of three topics are.
    """
    seen: dict[tuple[daily_sheet.Value, ...], set[tuple[int, ...]]] = {}
    for counts in product(range(_MOST), repeat=3):
        (cells,) = daily_sheet.rows([Day(on=ON, topics={key: n for key, n in zip(TOPICS, counts, strict=True) if n})], TOPICS)
        seen.setdefault(tuple(cells[1:5]), set()).add(counts)
    whole = {cells: possible for cells, possible in seen.items() if isinstance(cells[0], str) or int(str(cells[0])) < _MOST}
    for cells, possible in whole.items():
        for place in range(3):
            sizes = {counts[place] for counts in possible}

            assert not any(0 < size < LEAST for size in sizes) or len(sizes) > 1, (cells, possible)
