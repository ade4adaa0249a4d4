"""Who could get whom, and how good a pair they are: the values of matching, its tiers and its score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from bot.domain.ids import CounselorId, PersonId, SessionId
from bot.domain.sessions import Priority
from bot.domain.topics import CRISIS, GENERALIST

#: CONTRACT.md, *Score of a pair*.
FIRST_TOPIC, ANOTHER_TOPIC, GENERALIST_TOPIC = 50, 40, 20
FULL_LOAD, RATING_UNKNOWN, FEWEST_RATINGS, MOST_EXPERIENCE, CRISIS_TRAINING, WISH_MET = 20, 12, 3, 10, 10, 10

#: How long somebody who refused a session is left in peace, even where nobody else can take it: otherwise *Decline* would be
#: answered with the same offer at once.
REST_AFTER_REFUSAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a student would like in their counselor."""

    value: str
    is_must: bool = False  #: then nobody else will do


class Waiting(NamedTuple):
    """A session that waits for a counselor, or a crisis that is offered to some and may be offered to more.

    A tuple, since a long queue makes ten thousand of them for each match, in a quarter of the time that a dataclass takes.
    """

    session_id: SessionId
    student_id: PersonId
    topic: str
    priority: Priority
    requested_at: datetime
    refused_by: frozenset[CounselorId] = frozenset()  #: who declined it, let it lapse or went offline with it
    resting: frozenset[CounselorId] = frozenset()  #: those of them who refused it less than ``REST_AFTER_REFUSAL`` ago
    never: frozenset[CounselorId] = frozenset()  #: who had it already: it was handed on, and does not come back to them
    offered_to: frozenset[CounselorId] = frozenset()  #: who can answer it right now
    alarmed_at: datetime | None = None  #: when the admins were told that nobody can take it
    entries: int = 0  #: how many offers of it there were, and conversations that it was: none is ever taken back
    gender: Wish | None = None
    language: Wish | None = None

    @property
    def is_crisis(self) -> bool:
        """Whether it goes before all that is none."""
        return self.priority is Priority.CRISIS

    @property
    def need(self) -> tuple[int, datetime, SessionId]:
        """What sessions are sorted by: the highest priority first, then the oldest (CONTRACT.md, *Score of a pair*)."""
        return (-self.priority, self.requested_at, self.session_id)

    @property
    def excluded(self) -> frozenset[CounselorId]:
        """Who is not asked at first: who refused it, and those who are never asked."""
        return self.refused_by | self.never | {self.student_id}


class Candidate(NamedTuple):
    """A counselor who is approved and online; a tuple for the same reason."""

    counselor_id: CounselorId
    topics: tuple[str, ...]  #: their own first one first
    load: int  #: active sessions and open offers
    capacity: int
    ended: int = 0  #: sessions they brought to an end
    ratings: int = 0
    ratings_total: int = 0  #: sum of the ratings, 1 to 5 each
    gender: str | None = None
    languages: frozenset[str] = frozenset()

    @property
    def is_free(self) -> bool:
        """Whether one more fits."""
        return self.load < self.capacity


class Parts(NamedTuple):
    """What a score is the sum of (CONTRACT.md, *Score of a pair*); kept with the offer, so that an admin can ask why."""

    specialization: int
    load: int
    rating: int
    experience: int
    crisis: int
    wishes: int

    @property
    def score(self) -> int:
        """The sum."""
        return sum(self)

    def named(self) -> dict[str, int]:
        """Return each part under its name."""
        return self._asdict()


class Match(NamedTuple):
    """A session, a counselor it should be offered to, and why."""

    session_id: SessionId
    counselor_id: CounselorId
    parts: Parts

    @property
    def score(self) -> int:
        """How good the pair is; higher is better."""
        return self.parts.score


class Resort(IntEnum):
    """Whom a session is offered to, the first ones first: those further down only where it cannot be served by those before."""

    SPECIALIST = 0
    GENERALIST = 1
    ANYONE = 2  #: in a crisis only
    SPECIALIST_AGAIN = 3  #: who refused it, and had their rest since
    GENERALIST_AGAIN = 4
    ANYONE_AGAIN = 5  #: in a crisis only


def resort(waiting: Waiting, candidate: Candidate) -> Resort | None:
    """Return which resort a counselor is for a session; None where they are none at all.

    Nobody is one for themselves, for a session that they had before, against a wish that is a must, or while they rest.
    """
    who = candidate.counselor_id
    if who == waiting.student_id or who in waiting.never or who in waiting.resting or not _has_musts(waiting, candidate):
        return None
    if waiting.topic in candidate.topics:
        first = Resort.SPECIALIST
    elif GENERALIST in candidate.topics:
        first = Resort.GENERALIST
    elif waiting.is_crisis:
        first = Resort.ANYONE
    else:
        return None
    return Resort(first + Resort.SPECIALIST_AGAIN) if who in waiting.refused_by else first


def tier(waiting: Waiting, candidate: Candidate) -> int | None:
    """Return the tier of a pair, the lower the better; None where it may not be.

    A crisis goes to specialists, where there is none to generalists, then to anyone. What is no crisis weighs specialists against
    generalists by their scores. Each time those who refused come after all who did not.
    """
    found = resort(waiting, candidate)
    if found is None or waiting.is_crisis:
        return found
    return Resort.SPECIALIST if found < Resort.SPECIALIST_AGAIN else Resort.SPECIALIST_AGAIN


def parts(waiting: Waiting, candidate: Candidate, *, load: int | None = None) -> Parts:
    """Return what a pair scores, whether or not it may be (see ``tier``), with *load* in place of the candidate's own."""
    return Parts(
        specialization=_fit(waiting.topic, candidate.topics),
        load=load_points(candidate.load if load is None else load, candidate.capacity),
        rating=rating_points(candidate.ratings, candidate.ratings_total),
        experience=experience_points(candidate.ended),
        crisis=_training(waiting, candidate),
        wishes=_wishes_met(waiting, candidate),
    )


def fit_points(waiting: Waiting, candidate: Candidate) -> int:
    """Return what of the score depends on both."""
    return _fit(waiting.topic, candidate.topics) + _training(waiting, candidate) + _wishes_met(waiting, candidate)


def score(waiting: Waiting, candidate: Candidate) -> int | None:
    """Return the score of a pair, higher is better; None where it may not be."""
    return None if tier(waiting, candidate) is None else parts(waiting, candidate).score


def load_points(load: int, capacity: int) -> int:
    """Return what is left of the points for having nothing to do."""
    return FULL_LOAD * (capacity - load) // capacity


def rating_points(ratings: int, total: int) -> int:
    """Return 4 × the mean, rounded half up; a fixed middle where too few have rated."""
    return RATING_UNKNOWN if ratings < FEWEST_RATINGS else (8 * total + ratings) // (2 * ratings)


def experience_points(ended: int) -> int:
    """Return half the ended sessions, up to a bound."""
    return min(MOST_EXPERIENCE, ended // 2)


def _fit(topic: str, topics: tuple[str, ...]) -> int:
    if topic in topics:
        return FIRST_TOPIC if topics[0] == topic else ANOTHER_TOPIC
    return GENERALIST_TOPIC if GENERALIST in topics else 0


def _training(waiting: Waiting, candidate: Candidate) -> int:
    return CRISIS_TRAINING if waiting.is_crisis and CRISIS in candidate.topics else 0


def _wishes_met(waiting: Waiting, candidate: Candidate) -> int:
    return WISH_MET * sum(is_met for _, is_met in _wishes(waiting, candidate))


def _wishes(waiting: Waiting, candidate: Candidate) -> list[tuple[Wish, bool]]:
    """Return each wish, and whether it is met."""
    found = [(waiting.gender, {candidate.gender}), (waiting.language, candidate.languages)]
    return [(wish, wish.value in offered) for wish, offered in found if wish is not None]


def _has_musts(waiting: Waiting, candidate: Candidate) -> bool:
    return all(is_met for wish, is_met in _wishes(waiting, candidate) if wish.is_must)
