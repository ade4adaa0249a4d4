"""What a run offers to whom: a crisis to all who are qualified, without taking from another crisis what it has."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from bot.domain.assignment import assign
from bot.domain.matching import Candidate, Waiting, resort
from bot.domain.planning import plan
from tests.batches import BATCHES, candidate, counselors, crisis, waiting

SPECIALIST, GENERALIST, STRANGER = "crisis_substance", "other", "academic_career"


def offers(sessions: list[Waiting], candidates: list[Candidate]) -> list[tuple[int, int]]:
    """Return what is offered to whom."""
    return [(match.session_id, match.counselor_id) for match in plan(sessions, candidates)]


def test_a_crisis_is_offered_to_all_specialists_at_once() -> None:
    """Not to generalists while there is one, nor to who has no room."""
    full = candidate(4, SPECIALIST, load=3)

    assert [(1, 2), (1, 1)] == offers(
        [crisis()], [candidate(1, SPECIALIST, load=2), candidate(2, SPECIALIST), candidate(3, GENERALIST), full]
    )


def test_without_specialists_all_generalists_and_without_these_everyone() -> None:
    """Each resort as a whole, and none before it is needed."""
    generalists, strangers = [candidate(1, GENERALIST), candidate(2, GENERALIST)], [candidate(3, STRANGER), candidate(4)]

    assert [(1, 1), (1, 2)] == offers([crisis()], generalists + strangers)
    assert [(1, 3), (1, 4)] == offers([crisis()], strangers)
    assert [] == offers([crisis()], [])


def test_who_refused_is_left_out_while_there_is_anyone_else() -> None:
    """A stranger comes before a specialist who refused; when all did, all of the best kind are asked again."""
    first, second, stranger = candidate(1, SPECIALIST), candidate(2, SPECIALIST), candidate(3, STRANGER)

    assert [(1, 2)] == offers([crisis(refused_by=counselors(1))], [first, second, stranger])
    assert [(1, 3)] == offers([crisis(refused_by=counselors(1, 2))], [first, second, stranger])
    assert [(1, 1), (1, 2)] == offers([crisis(refused_by=counselors(1, 2, 3))], [first, second, stranger])


def test_two_crises_share_few_counselors() -> None:
    """Each has one before either has two."""
    few = [candidate(1, SPECIALIST, capacity=1), candidate(2, SPECIALIST, capacity=1)]

    assert [(1, 1), (2, 2)] == offers([crisis(1), crisis(2)], few)
    assert [(1, 1), (1, 2), (2, 2), (2, 1)] == offers(
        [crisis(1), crisis(2)], [candidate(1, SPECIALIST), candidate(2, SPECIALIST)]
    )


def test_who_comes_online_is_asked_about_a_crisis_that_is_offered() -> None:
    """Where they are as qualified as who was asked; nobody is asked twice."""
    offered = crisis(offered_to=counselors(1))
    asked = candidate(1, SPECIALIST, load=1)

    assert [(1, 2)] == offers([offered], [asked, candidate(2, SPECIALIST), candidate(3, GENERALIST)])
    assert [(1, 2), (1, 3)] == offers([offered], [candidate(1, GENERALIST), candidate(2, SPECIALIST), candidate(3, GENERALIST)])


def test_who_was_asked_may_have_gone() -> None:
    """A crisis that is offered to somebody who is not online any more is offered to specialists."""
    assert [(1, 2)] == offers([crisis(offered_to=counselors(9))], [candidate(2, SPECIALIST), candidate(3, GENERALIST)])


def test_what_is_no_crisis_has_what_is_left() -> None:
    """A place that a crisis takes for its 90 seconds is not offered twice; what it does not take is."""
    both = candidate(1, SPECIALIST, "mental_emotional", capacity=1), candidate(2, SPECIALIST, "mental_emotional", capacity=2)

    assert [(1, 1), (1, 2), (2, 2)] == offers([waiting(2), crisis(1)], list(both))


@settings(max_examples=30)
@given(BATCHES)
def test_the_rules_hold(batch: tuple[list[Waiting], list[Candidate]]) -> None:
    """Nobody beyond their capacity, nothing twice, only a crisis to several; no crisis goes without whom it could have had."""
    sessions, candidates = batch
    planned = plan(sessions, candidates)
    by_session, by_counselor = {one.session_id: one for one in sessions}, {one.counselor_id: one for one in candidates}
    given_ = Counter(match.counselor_id for match in planned)
    times = Counter(match.session_id for match in planned)
    crises = [one for one in sessions if one.is_crisis]

    assert [] == [who for who, count in given_.items() if by_counselor[who].load + count > by_counselor[who].capacity]
    assert len(planned) == len({(match.session_id, match.counselor_id) for match in planned})
    assert [] == [number for number, count in times.items() if count > 1 and not by_session[number].is_crisis]
    assert [] == [one for one in planned if resort(by_session[one.session_id], by_counselor[one.counselor_id]) is None]
    assert {match.session_id for match in assign(crises, candidates)} == {one.session_id for one in crises} & times.keys()
