"""Sessions that wait and counselors who are there, made up; and the best choice for them, found without a line of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from bot.domain.ids import PersonId, SessionId
from bot.domain.matching import Candidate, Match, Waiting, Wish, parts, tier
from bot.domain.sessions import Priority

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COUNSELORS = 5
_IMPOSSIBLE = -(10**12)

Place = tuple[Candidate, int]  #: a counselor, and their load when it is taken


def waiting(number: int = 1, **more: Any) -> Waiting:
    """Return a session that waits."""
    given: dict[str, Any] = {
        "session_id": SessionId(number),
        "student_id": PersonId(1000 + number),
        "topic": "mental_emotional",
        "priority": Priority.NORMAL,
        "requested_at": NOON,
    }
    return Waiting(**{**given, **more})


def crisis(number: int = 1, **more: Any) -> Waiting:
    """Return a crisis that waits."""
    return waiting(number, **{"topic": "crisis_substance", "priority": Priority.CRISIS, **more})


def candidate(number: int = 1, *topics: str, **more: Any) -> Candidate:
    """Return a counselor with nothing to do."""
    given: dict[str, Any] = {
        "counselor_id": PersonId(number),
        "topics": topics or ("mental_emotional",),
        "load": 0,
        "capacity": 3,
    }
    return Candidate(**{**given, **more})


def counselors(*numbers: int) -> frozenset[PersonId]:
    """Return their ids."""
    return frozenset(PersonId(number) for number in numbers)


# Anything that can happen

_TOPICS = ["mental_emotional", "academic_career", "crisis_substance", "other"]
_SOME = st.frozensets(st.integers(1, COUNSELORS).map(PersonId), max_size=3)
_WISHES = st.none() | st.builds(Wish, value=st.sampled_from(["male", "female"]), is_must=st.booleans())


@st.composite
def _sessions(draw: st.DrawFn) -> Waiting:
    refused = draw(st.just(counselors()) | _SOME)
    return waiting(
        draw(st.integers(1, 12)),
        topic=draw(st.sampled_from(_TOPICS)),
        priority=draw(st.sampled_from([Priority.NORMAL, Priority.NORMAL, Priority.CRISIS])),
        requested_at=NOON + timedelta(minutes=draw(st.integers(0, 5))),
        student_id=PersonId(draw(st.integers(1, 30))),
        refused_by=refused,
        resting=frozenset(draw(st.sets(st.sampled_from(sorted(refused)))) if refused else ()),
        never=draw(st.just(counselors()) | _SOME),
        gender=draw(_WISHES),
    )


_CANDIDATES = st.builds(
    lambda number, topics, load, more: candidate(number, *topics, load=load, **more),
    st.integers(1, COUNSELORS),
    st.lists(st.sampled_from(_TOPICS), min_size=1, max_size=3, unique=True),
    st.integers(0, 3),
    st.fixed_dictionaries(
        {
            "capacity": st.integers(1, 3),
            "ended": st.sampled_from([0, 0, 3, 9]),
            "ratings": st.sampled_from([0, 4]),
            "ratings_total": st.integers(4, 20),
            "gender": st.sampled_from(["male", "female"]),
        }
    ),
)

#: Any sessions, and any counselors.
BATCHES = st.tuples(
    st.lists(_sessions(), max_size=9, unique_by=lambda one: one.session_id),
    st.lists(_CANDIDATES, max_size=COUNSELORS, unique_by=lambda one: one.counselor_id),
)


# The oracle: scipy, over single sessions and single places


def served(sessions: Sequence[Waiting], candidates: Sequence[Candidate]) -> list[tuple[Waiting, int]]:
    """Return who is served and in which tier: each by need, in the lowest in which all those before it can be served too."""
    places = _places(candidates)
    chosen: list[tuple[Waiting, int]] = []
    for session in sorted(sessions, key=lambda one: one.need):
        tiers = sorted({found for one, _ in places if (found := tier(session, one)) is not None})
        possible = (number for number in tiers if _can_be_served([*chosen, (session, number)], places))
        chosen += [(session, number) for number in [next(possible, None)] if number is not None]
    return chosen


def best(chosen: Sequence[tuple[Waiting, int]], candidates: Sequence[Candidate]) -> int:
    """Return the highest value of an assignment that serves these, each in its tier (see ``value``)."""
    places = _places(candidates)
    values = [
        [_value(session, place, candidates) if tier(session, place[0]) == number else _IMPOSSIBLE for place in places]
        for session, number in chosen
    ]
    rows, columns = linear_sum_assignment(np.array(values, dtype=np.int64), maximize=True) if chosen else ((), ())
    return sum(values[row][column] for row, column in zip(rows, columns, strict=True))


def value(matches: Sequence[Match], sessions: Sequence[Waiting], candidates: Sequence[Candidate]) -> int:
    """Return what a choice is worth: its score, where that is equal the lower loads, then the lower ids."""
    by_session, by_counselor = {one.session_id: one for one in sessions}, {one.counselor_id: one for one in candidates}
    taken: list[PersonId] = []
    total = 0
    for match in matches:
        one = by_counselor[match.counselor_id]
        total += _value(by_session[match.session_id], (one, one.load + taken.count(one.counselor_id)), candidates)
        taken.append(one.counselor_id)
    return total


def _places(candidates: Sequence[Candidate]) -> list[Place]:
    return [(one, load) for one in candidates for load in range(one.load, one.capacity)]


def _can_be_served(chosen: Sequence[tuple[Waiting, int]], places: Sequence[Place]) -> bool:
    edges = np.array([[tier(session, one) == number for one, _ in places] for session, number in chosen], dtype=np.int8)
    return bool((maximum_bipartite_matching(csr_matrix(edges), perm_type="column") >= 0).all())


def _value(session: Waiting, place: Place, candidates: Sequence[Candidate]) -> int:
    one, load = place
    rank = sorted(each.counselor_id for each in candidates if each.is_free).index(one.counselor_id)
    return 1_000_000 * parts(session, one, load=load).score - 1_000 * load - rank
