"""Who should get whom: the score of a pair, and the choice for a batch of waiting sessions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from bot.domain.ids import CounselorId, PersonId, SessionId
from bot.domain.sessions import Priority
from bot.domain.topics import CRISIS, GENERALIST

#: CONTRACT.md, *Score of a pair*.
FIRST_TOPIC, ANOTHER_TOPIC, GENERALIST_TOPIC = 50, 40, 20
FULL_LOAD, RATING_UNKNOWN, FEWEST_RATINGS, MOST_EXPERIENCE, CRISIS_TRAINING = 20, 12, 3, 10, 10

#: How long somebody who refused a session is left in peace, even where nobody else can take it: otherwise *Decline* would be
#: answered with the same offer at once.
REST_AFTER_REFUSAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A session that waits for a counselor."""

    session_id: SessionId
    student_id: PersonId
    topic: str
    priority: Priority
    requested_at: datetime
    refused_by: frozenset[CounselorId] = frozenset()  #: who declined it, let it lapse or went offline with it
    resting: frozenset[CounselorId] = frozenset()  #: those of them who refused it less than ``REST_AFTER_REFUSAL`` ago


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A counselor who is approved and online."""

    counselor_id: CounselorId
    topics: tuple[str, ...]  #: their own first one first
    load: int  #: active sessions and open offers
    capacity: int
    ended: int = 0  #: sessions they brought to an end
    ratings: int = 0
    ratings_total: int = 0  #: sum of the ratings, 1 to 5 each

    @property
    def is_free(self) -> bool:
        """Whether one more fits."""
        return self.load < self.capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A session, the counselor it should be offered to, and why."""

    session_id: SessionId
    counselor_id: CounselorId
    score: int


def score(waiting: Waiting, candidate: Candidate, *, anyone: bool = False) -> int | None:
    """Return the score of a pair, higher is better; None where it may not be.

    With *anyone*, who has neither the topic nor the general one counts with 0 for it: the last resort in a crisis.
    """
    fit = _fit(waiting.topic, candidate.topics)
    if waiting.student_id == candidate.counselor_id or (fit is None and not anyone):
        return None
    crisis = CRISIS_TRAINING if waiting.priority is Priority.CRISIS and CRISIS in candidate.topics else 0
    experience = min(MOST_EXPERIENCE, candidate.ended // 2)
    return (fit or 0) + _load_score(candidate) + _rating_score(candidate) + experience + crisis


def assign(waiting: Iterable[Waiting], candidates: Iterable[Candidate]) -> list[Match]:
    """Choose a counselor for each session, by need: the highest priority first, then the oldest.

    Each gets the candidate with the highest score (then the lower load, then the lower id) who has not refused it, while
    there is one; only then is it shown again to somebody who has.
    """
    free = {candidate.counselor_id: candidate for candidate in candidates if candidate.is_free}
    matches: list[Match] = []
    for session in sorted(waiting, key=lambda one: (-one.priority, one.requested_at, one.session_id)):
        best = _best(session, list(free.values()))
        if best is None:
            continue
        matches.append(best)
        chosen = replace(free[best.counselor_id], load=free[best.counselor_id].load + 1)
        free[best.counselor_id] = chosen
        if not chosen.is_free:
            del free[best.counselor_id]
    return matches


def _best(session: Waiting, candidates: Sequence[Candidate]) -> Match | None:
    """Try the willing, then those who refused a while ago; in a crisis each time also whoever there is."""
    willing = [one for one in candidates if one.counselor_id not in session.refused_by]
    rested = [one for one in candidates if one.counselor_id not in session.resting]
    last_resorts = (False, True) if session.priority is Priority.CRISIS else (False,)
    tiers = ((group, anyone) for group in (willing, rested) for anyone in last_resorts)
    return next((match for group, anyone in tiers if (match := _highest(session, group, anyone=anyone))), None)


def _highest(session: Waiting, candidates: Sequence[Candidate], *, anyone: bool) -> Match | None:
    scored = [(value, one) for one in candidates if (value := score(session, one, anyone=anyone)) is not None]
    if not scored:
        return None
    value, chosen = max(scored, key=lambda pair: (pair[0], -pair[1].load, -pair[1].counselor_id))
    return Match(session_id=session.session_id, counselor_id=chosen.counselor_id, score=value)


def _fit(topic: str, topics: tuple[str, ...]) -> int | None:
    if topic in topics:
        return FIRST_TOPIC if topics[0] == topic else ANOTHER_TOPIC
    return GENERALIST_TOPIC if GENERALIST in topics else None


def _load_score(candidate: Candidate) -> int:
    return FULL_LOAD * (candidate.capacity - candidate.load) // candidate.capacity


def _rating_score(candidate: Candidate) -> int:
    """4 × the mean, rounded half up; a fixed middle where too few have rated."""
    if candidate.ratings < FEWEST_RATINGS:
        return RATING_UNKNOWN
    return int(4 * Fraction(candidate.ratings_total, candidate.ratings) + Fraction(1, 2))
