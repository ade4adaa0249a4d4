"""What a counselor has on their hands and has done, in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from bot.domain.matching import FEWEST_RATINGS

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The figures of one counselor, as far back as the database remembers."""

    active: int  #: conversations right now
    ended: int  #: conversations that came to an end with them
    ended_week: int  #: of these, in the last ``WEEK``
    ended_month: int  #: of these, in the last ``MONTH``
    ratings: int
    ratings_total: int  #: sum of the ratings, 1 to 5 each
    open_offers: int
    accepted: int
    declined: int
    lapsed: int
    answer_times: Sequence[timedelta]  #: of the newest offers that they accepted or declined

    @property
    def mean_rating(self) -> Decimal | None:
        """The mean of the ratings with one digit, halves up; None where too few have rated, as for the score of a pair."""
        if self.ratings < FEWEST_RATINGS:
            return None
        return (Decimal(self.ratings_total) / self.ratings).quantize(_TENTH, ROUND_HALF_UP)

    @property
    def answer_time(self) -> timedelta | None:
        """The median time in which they answer an offer; None where they never did."""
        if not self.answer_times:
            return None
        return timedelta(seconds=median(time.total_seconds() for time in self.answer_times))
