"""Who should get whom: each term of the score (CONTRACT.md), and the choice for a batch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.assignment import assign
from bot.domain.ids import PersonId
from bot.domain.matching import Candidate, Waiting, Wish, parts, score
from bot.domain.sessions import Priority
from tests.batches import NOON, candidate, waiting

#: Of a candidate below: nothing open of 3, too few ratings, no experience.
BASE = 20 + 12


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
    assert score(session, candidate(1, "academic_career")) is None
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


@pytest.mark.parametrize(
    ("value", "is_must", "expected"),
    [("female", False, 10), ("female", True, 10), ("male", False, 0), ("male", True, None)],
)
def test_a_wish_that_is_met_adds_and_a_must_that_is_not_rules_out(value: str, is_must: bool, expected: int | None) -> None:
    """+10 for each; also in a crisis, and for who would be the last resort."""
    hana = candidate(1, gender="female", languages=frozenset({"en", "am"}))
    wish = Wish(value=value, is_must=is_must)
    total = None if expected is None else 50 + BASE + expected

    assert total == score(waiting(gender=wish), hana)
    assert total == score(waiting(gender=wish, priority=Priority.CRISIS), hana)


def test_wishes_add_up() -> None:
    """A counselor's language counts beside their gender."""
    hana = candidate(1, gender="female", languages=frozenset({"en", "am"}))

    assert 50 + BASE + 20 == score(waiting(gender=Wish(value="female"), language=Wish(value="am")), hana)
    assert 50 + BASE + 10 == score(waiting(gender=Wish(value="female"), language=Wish(value="or")), hana)


def test_who_had_it_before_is_no_candidate() -> None:
    """It never goes back to the same counselor, not even in a crisis."""
    had = frozenset({PersonId(1)})

    assert score(waiting(never=had), candidate(1)) is None
    assert score(waiting(never=had, priority=Priority.CRISIS), candidate(1)) is None


def test_a_score_is_the_sum_of_its_parts() -> None:
    """Each is kept under its name, so that an admin can see why."""
    session = waiting(priority=Priority.CRISIS, gender=Wish(value="male"))
    dawit = candidate(1, "other", "crisis_substance", load=1, ended=6, ratings=3, ratings_total=15, gender="male")
    expected = {"specialization": 20, "load": 13, "rating": 20, "experience": 3, "crisis": 10, "wishes": 10}

    assert (expected, sum(expected.values())) == (parts(session, dawit).named(), score(session, dawit))
