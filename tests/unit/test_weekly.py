"""Weeks, what is told of them, and the letters of the picture."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bot import texts
from bot.domain.analytics import Figures, Waits
from bot.domain.suppression import AtLeast, Withheld
from bot.domain.text import Text
from bot.domain.topics import CRISIS
from bot.domain.weekly import Week, WeeklyFigures
from bot.services import lettering
from bot.texts import weekly


@pytest.mark.parametrize(
    ("today", "monday", "name"),
    [
        (date(2026, 3, 2), date(2026, 2, 23), "2026-W09"),  # a Monday
        (date(2026, 3, 8), date(2026, 2, 23), "2026-W09"),  # the Sunday after it
        (date(2026, 1, 6), date(2025, 12, 29), "2026-W01"),
        (date(2027, 1, 4), date(2026, 12, 28), "2026-W53"),
    ],
)
def test_the_week_that_is_over(today: date, monday: date, name: str) -> None:
    """It goes from Monday to Sunday, and is called as ISO 8601 has it."""
    week = Week.before(today)

    assert (monday, name) == (week.monday, week.name)
    assert (6, 7) == ((week.sunday - monday).days, (monday - week.previous.monday).days)


def figures(**numbers: int) -> Figures:
    """Return figures with names as the database has them."""
    return Figures.of({name.replace("__", "."): number for name, number in numbers.items()})


def test_a_quiet_week_tells_nobody_apart() -> None:
    """Of fewer than five people nothing is told, neither how long they waited nor what they thought."""
    found = WeeklyFigures.of(
        figures(
            topic__other=3,
            crises=2,
            ended=1,
            messages=40,
            conversations=2,
            ratings=3,
            ratings_total=15,
            wait__2=3,
            waits__seconds=600,
        ),
        topics={"other": 0, "life_skills_growth": 0},
        conversations=2,
        counselors=2,
    )

    assert {"other": Withheld.FEW, "life_skills_growth": 0} == found.topics
    few = (found.requests, found.crises, found.started, found.ended, found.ratings, found.counselors)
    assert {Withheld.FEW} == {*few}
    assert {Withheld.LEFT_OUT} == {found.average_rating, found.wait_minutes, found.messages}


def test_a_busy_week_is_told() -> None:
    """Of five and more everything is told; half waited no longer than the median."""
    waits = Waits(seconds=3600, classes=(0, 0, 0, 10, *(0,) * 8))
    found = WeeklyFigures.of(
        Figures(topics={"other": 12}, crises=0, ended=9, messages=400, waits=waits, ratings=6, ratings_total=27),
        topics={},
        conversations=5,
        counselors=5,
    )

    assert (12, 0, 10, 9, 400, 6, 5) == (
        *(found.requests, found.crises, found.started, found.ended, found.messages, found.ratings, found.counselors),
    )
    assert (Decimal("4.5"), 8) == (found.average_rating, found.wait_minutes)


def test_crises_do_not_tell_what_their_topic_withholds() -> None:
    """Both are the same group, and all requests are told as what the topics are at least."""
    found = WeeklyFigures.of(Figures(topics={CRISIS: 3, "other": 20}, crises=3), topics={}, conversations=0, counselors=0)

    assert (Withheld.FEW, Withheld.FEW, AtLeast(21)) == (found.topics[CRISIS], found.crises, found.requests)


def test_nobody_and_nothing_are_no_secret() -> None:
    """A week in which nothing happened has zeros, and no average."""
    found = WeeklyFigures.of(Figures(), topics={"other": 0}, conversations=0, counselors=0)

    assert (0, 0, None, None) == (found.requests, found.messages, found.average_rating, found.wait_minutes)


# The letters


def test_whatever_the_picture_says_can_be_drawn() -> None:
    """There is a glyph for each letter of our labels, digits and marks; topics are drawn without their icons."""
    labels = [value.plain() for value in vars(weekly).values() if isinstance(value, Text) and "{" not in value.template]
    drawn = [*(topic.label for topic in texts.topics().values()), "2026-02-23 to 2026-03-01", "<5", "…", "4.5", "–", "22+"]
    shown = [weekly.BY_TOPIC, weekly.REQUESTS, weekly.STARTED, weekly.WAIT, weekly.RATING, weekly.THIS_WEEK, weekly.WEEK_BEFORE]

    assert labels
    assert [] == [text for text in (*drawn, *map(str, shown)) if lettering.plain(text) != text]
    assert ("Academic", "Cafe", None) == tuple(map(lettering.plain, ("📚 Academic", "Café", "ሰላም")))


def test_letters_are_strokes() -> None:
    """A text is paths and no text, so that no font is asked for; what cannot be drawn is a question mark."""
    written = lettering.write("a ሰ", x=0, y=20, size=10)

    assert (2, False) == (written.count("<path "), "<text" in written)
    assert lettering.width("wide", 10) > lettering.width("ill", 10) > 0
