"""Who should get whom: each term of the score (CONTRACT.md), and the choice for a batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import PersonId, SessionId
from bot.domain.matching import Candidate, Waiting, assign, score
from bot.domain.sessions import Priority

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: Of a candidate below: nothing open of 3, too few ratings, no experience.
BASE = 20 + 12


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


def candidate(number: int = 1, *topics: str, **more: Any) -> Candidate:
    """Return a counselor with nothing to do."""
    given: dict[str, Any] = {
        "counselor_id": PersonId(number),
        "topics": topics or ("mental_emotional",),
        "load": 0,
        "capacity": 3,
    }
    return Candidate(**{**given, **more})


def pairs(sessions: list[Waiting], candidates: list[Candidate]) -> list[tuple[int, int]]:
    """Return who gets whom."""
    return [(match.session_id, match.counselor_id) for match in assign(sessions, candidates)]


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (("mental_emotional", "other"), 50),
        (("academic_career", "mental_emotional"), 40),
        (("other", "mental_emotional"), 40),
        (("other",), 20),
        (("academic_career", "other"), 20),
    ],
)
def test_specialization(topics: tuple[str, ...], expected: int) -> None:
    """The first topic counts 50, another of theirs 40, a generalist 20."""
    assert expected + BASE == score(waiting(), candidate(1, *topics))


def test_who_has_neither_the_topic_nor_the_general_one_is_no_candidate() -> None:
    """Somebody else's specialist is not asked."""
    assert score(waiting(), candidate(1, "academic_career")) is None


def test_other_is_a_topic_like_any() -> None:
    """A request for the general topic finds its counselors by their place for it."""
    assert [50 + BASE, 40 + BASE] == [
        score(waiting(topic="other"), candidate(1, *topics)) for topics in (("other",), ("academic_career", "other"))
    ]


@pytest.mark.parametrize(
    ("load", "capacity", "expected"), [(0, 3, 20), (1, 3, 13), (2, 3, 6), (3, 3, 0), (1, 7, 17), (6, 7, 2), (1, 20, 19)]
)
def test_load(load: int, capacity: int, expected: int) -> None:
    """20 − 20 × open ÷ capacity, rounded down."""
    assert 50 + 12 + expected == score(waiting(), candidate(1, load=load, capacity=capacity))


@pytest.mark.parametrize(
    ("ratings", "total", "expected"),
    [
        (0, 0, 12),
        (2, 2, 12),
        (3, 3, 4),
        (3, 15, 20),
        (8, 25, 13),
        (8, 23, 12),
        (3, 10, 13),
        (3, 11, 15),
        (16, 50, 13),
        (7, 24, 14),
    ],
)
def test_rating(ratings: int, total: int, expected: int) -> None:
    """4 × the mean, rounded half up; 12 where fewer than three have rated."""
    assert 50 + 20 + expected == score(waiting(), candidate(1, ratings=ratings, ratings_total=total))


@pytest.mark.parametrize(("ended", "expected"), [(0, 0), (1, 0), (2, 1), (19, 9), (20, 10), (500, 10)])
def test_experience(ended: int, expected: int) -> None:
    """Half the ended sessions, rounded down, at most 10."""
    assert 50 + BASE + expected == score(waiting(), candidate(1, ended=ended))


def test_crisis_training_counts_in_a_crisis_only() -> None:
    """+10 for the crisis specialization, where the session is one."""
    trained = candidate(1, "mental_emotional", "crisis_substance")

    assert 50 + BASE + 10 == score(waiting(priority=Priority.CRISIS), trained)
    assert 50 + BASE == score(waiting(), trained)


def test_nobody_is_matched_with_themselves() -> None:
    """Not even as the last resort in a crisis."""
    session = waiting(student_id=PersonId(1), priority=Priority.CRISIS)

    assert score(session, candidate(1)) is None
    assert score(session, candidate(1), anyone=True) is None
    assert [] == assign([session], [candidate(1)])


def test_the_highest_score_then_the_lower_load_then_the_lower_id() -> None:
    """Ties are not left to chance."""
    same_score = [candidate(1, load=1, ended=14), candidate(2)]

    assert [(1, 3)] == pairs([waiting()], [candidate(2, "other"), candidate(3)])
    assert len({score(waiting(), one) for one in same_score}) == 1
    assert [(1, 2)] == pairs([waiting()], same_score)
    assert [(1, 4)] == pairs([waiting()], [candidate(9), candidate(4), candidate(7)])


def test_need_comes_first() -> None:
    """With room for one, a crisis goes before age, and age before the number."""
    old, new = waiting(1, requested_at=NOON - timedelta(hours=3)), waiting(2)
    crisis = waiting(3, priority=Priority.CRISIS, requested_at=NOON + timedelta(hours=1))
    one_place = [candidate(1, capacity=1)]

    assert [(3, 1)] == pairs([old, new, crisis], one_place)
    assert [(1, 1)] == pairs([new, old], one_place)
    assert [(2, 1)] == pairs([waiting(5), waiting(2)], one_place)


def test_who_is_given_something_has_more_to_do_for_the_next() -> None:
    """Equal counselors share a batch."""
    assert [(1, 1), (2, 2), (3, 1), (4, 2)] == pairs([waiting(number) for number in range(1, 5)], [candidate(1), candidate(2)])


def test_a_session_that_nobody_can_take_holds_up_nobody() -> None:
    """The next one is served all the same."""
    assert [(2, 1)] == pairs([waiting(1, topic="academic_career"), waiting(2)], [candidate(1)])


def test_who_refused_it_comes_after_everybody_else() -> None:
    """A worse fit who has not seen it goes before the better one who has refused."""
    session = waiting(refused_by=frozenset({PersonId(1)}))

    assert [(1, 2)] == pairs([session], [candidate(1), candidate(2, "other")])
    assert [(1, 1)] == pairs([session], [candidate(1)])


def test_who_refused_it_a_moment_ago_is_left_in_peace() -> None:
    """Also where nobody else can take it."""
    refused = frozenset({PersonId(1)})

    assert [] == pairs([waiting(refused_by=refused, resting=refused)], [candidate(1)])


def test_in_a_crisis_anybody_is_better_than_nobody() -> None:
    """Who lacks the topic is asked in a crisis where no one else can be; what they lack counts nothing."""
    stranger = candidate(1, "academic_career")
    crisis = waiting(topic="crisis_substance", priority=Priority.CRISIS)

    assert [] == assign([waiting()], [stranger])
    assert [BASE] == [match.score for match in assign([crisis], [stranger])]


def test_in_a_crisis_who_can_goes_before_who_can_not() -> None:
    """A generalist with little room goes before a stranger; a stranger who has not seen it before one who refused it."""
    crisis = waiting(topic="crisis_substance", priority=Priority.CRISIS)
    seen = waiting(topic="crisis_substance", priority=Priority.CRISIS, refused_by=frozenset({PersonId(1)}))
    generalist, stranger = candidate(1, "other", load=2), candidate(2, "academic_career", ended=100)

    assert [(1, 1)] == pairs([crisis], [generalist, stranger])
    assert [(1, 2)] == pairs([seen], [generalist, stranger])


_SESSIONS = st.builds(
    waiting,
    st.integers(1, 12),
    topic=st.sampled_from(["mental_emotional", "academic_career", "other"]),
    priority=st.sampled_from(list(Priority)),
    requested_at=st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    student_id=st.integers(1, 20).map(PersonId),
    refused_by=st.frozensets(st.integers(1, 6).map(PersonId)),
)
_CANDIDATES = st.builds(
    candidate,
    st.integers(1, 6),
    st.sampled_from(["mental_emotional", "academic_career", "other"]),
    load=st.integers(0, 4),
    capacity=st.integers(1, 3),
)


@given(
    st.lists(_SESSIONS, unique_by=lambda one: one.session_id),
    st.lists(_CANDIDATES, unique_by=lambda one: one.counselor_id),
)
def test_a_batch_keeps_the_rules(sessions: list[Waiting], candidates: list[Candidate]) -> None:
    """Each session once, nobody beyond their capacity, nobody with themselves, nobody outside their topics but in a crisis."""
    by_session = {one.session_id: one for one in sessions}
    by_counselor = {one.counselor_id: one for one in candidates}
    matches = assign(sessions, candidates)
    given = [match.counselor_id for match in matches]

    assert len(matches) == len({match.session_id for match in matches})
    assert [] == [one for one in set(given) if by_counselor[one].load + given.count(one) > by_counselor[one].capacity]
    assert [] == [match for match in matches if by_session[match.session_id].student_id == match.counselor_id]
    assert [] == [
        match
        for match in matches
        if by_session[match.session_id].priority is Priority.NORMAL
        and score(by_session[match.session_id], by_counselor[match.counselor_id]) is None
    ]
