"""A week and its figures, as they may leave the circle of the admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.domain.analytics import Figures, Waits
from bot.domain.suppression import LEAST, AtLeast, Told, Withheld, told, told_sum

_WEEK, _LAST = timedelta(days=7), timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days from a Monday on."""

    monday: date

    @classmethod
    def before(cls, today: date) -> Week:
        """Return the last week that was over when *today* began."""
        return cls(today - timedelta(days=today.weekday()) - _WEEK)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + _LAST

    @property
    def previous(self) -> Week:
        """The week before it."""
        return Week(self.monday - _WEEK)

    @property
    def name(self) -> str:
        """The name that ISO 8601 gives it: 2026-W09."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyFigures:
    """What is told of a week: no group of one to four, and nothing that such a group could be worked out from."""

    topics: Mapping[str, Told]  #: requests by topic
    requests: int | Withheld | AtLeast
    crises: Told
    started: Told
    ended: Told
    messages: Told
    ratings: Told
    average_rating: Decimal | Withheld | None  #: None where there is none
    wait_minutes: int | Withheld | None  #: half of those who met a counselor waited no longer
    counselors: Told

    @classmethod
    def of(cls, figures: Figures, *, topics: Mapping[str, int], conversations: int, counselors: int) -> WeeklyFigures:
        """Return what may be told.

        Args:
            figures: The sums of the days.
            topics: Those that are listed whether anybody asked for them or not, each with 0.
            conversations: In how many different ones something was said, as far as that is still there.
            counselors: How many different ones were at work.
        """
        requests, parts = told_sum({**topics, **figures.topics})
        return cls(
            topics=parts,
            requests=requests,
            crises=told(figures.crises),
            started=told(figures.started),
            ended=told(figures.ended),
            messages=Withheld.LEFT_OUT if figures.messages and conversations < LEAST else figures.messages,
            ratings=told(figures.ratings),
            average_rating=Withheld.LEFT_OUT if isinstance(told(figures.ratings), Withheld) else figures.average_rating,
            wait_minutes=_median(figures.waits),
            counselors=told(counselors),
        )


def _median(waits: Waits) -> int | Withheld | None:
    """Return within how many minutes half of them were served; None where nobody was."""
    median = waits.within(0.5)
    if median is None:
        return None
    return Withheld.LEFT_OUT if isinstance(told(waits.count), Withheld) else round(median / timedelta(minutes=1))
