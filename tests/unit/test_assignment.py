"""The choice for a batch: by need, then by score, then by load and id; that it is the best there is, see ``test_optimum``."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.assignment import assign
from bot.domain.matching import Candidate, Waiting
from bot.domain.sessions import Priority
from tests.batches import BATCHES, NOON, candidate, counselors, crisis, waiting

Batch = tuple[list[Waiting], list[Candidate]]


def pairs(sessions: list[Waiting], candidates: list[Candidate]) -> list[tuple[int, int]]:
    """Return who gets whom."""
    return [(match.session_id, match.counselor_id) for match in assign(sessions, candidates)]


@settings(max_examples=30)
@given(BATCHES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(batch: Batch, chance: Random) -> None:
    """Two runs over the same rows choose the same pairs."""
    sessions, candidates = batch
    expected = assign(sessions, candidates)
    chance.shuffle(sessions)
    chance.shuffle(candidates)

    assert expected == assign(sessions, candidates)


def test_who_is_served_moves_so_that_one_more_can_be() -> None:
    """The neediest fits Dawit best, and goes to Hana all the same, because Dawit is the only one for the next."""
    sessions = [waiting(1), waiting(2, topic="academic_career")]
    dawit = candidate(1, "mental_emotional", "academic_career", capacity=1)
    hana = candidate(2, "other", "mental_emotional", capacity=1, load=0)

    assert [(1, 2), (2, 1)] == pairs(sessions, [dawit, hana])


def test_need_goes_before_number() -> None:
    """One crisis is served and two others are not, where it is either this or that."""
    one = candidate(1, "mental_emotional", capacity=1)
    older = [waiting(number, requested_at=NOON - timedelta(hours=number)) for number in (2, 3)]

    assert [(1, 1)] == pairs([waiting(1, priority=Priority.CRISIS), *older], [one])


def test_the_total_counts_and_not_the_first() -> None:
    """The older one goes to a counselor who fits it a little less, where the other gains more by it."""
    specialist = candidate(1, "mental_emotional", "academic_career", capacity=1)  # 50 for the one, 40 for the other
    generalist = candidate(2, "mental_emotional", "other", capacity=1)  # 50 for the one, 20 for the other
    sessions = [waiting(1), waiting(2, topic="academic_career")]

    assert [(1, 2), (2, 1)] == pairs(sessions, [specialist, generalist])


def test_each_session_of_a_counselor_counts_the_ones_before() -> None:
    """Two good sessions for one counselor are worth less than one for each of two, where the second is little worse."""
    matches = assign([waiting(1), waiting(2)], [candidate(1, ended=10), candidate(2)])

    assert [(1, 1, 20), (2, 2, 20)] == [(match.session_id, match.counselor_id, match.parts.load) for match in matches]


def test_the_needier_of_equals_has_the_first_choice() -> None:
    """Of two that are alike the older one gets the better counselor, whom the other may not have."""
    sessions = [waiting(1), waiting(2, never=counselors(1))]

    assert [(1, 1), (2, 2)] == pairs(sessions, [candidate(1, capacity=1), candidate(2, capacity=1, load=0, ended=0)])


def test_equals_exchange_what_one_of_them_may_not_have() -> None:
    """The older one cannot have the better counselor, so the younger one does."""
    sessions = [waiting(1, refused_by=counselors(1)), waiting(2)]

    assert [(1, 2), (2, 1)] == pairs(sessions, [candidate(1, capacity=1, ended=20), candidate(2, capacity=1)])


def test_who_refused_is_asked_before_nobody_is() -> None:
    """A needy session takes who refused it long ago only where nobody else can be had; the others keep theirs."""
    sessions = [waiting(1, refused_by=counselors(1)), waiting(2, never=counselors(2))]

    assert [(1, 2), (2, 1)] == pairs(sessions, [candidate(1, capacity=1), candidate(2, capacity=1)])
    assert [(1, 1)] == pairs(sessions[:1], [candidate(1)])


def test_it_never_goes_back() -> None:
    """Who had it does not get it again, not in a crisis, and not where nobody else is there."""
    had = counselors(1)

    assert [] == pairs([waiting(1, never=had), crisis(2, never=had, refused_by=had)], [candidate(1, "crisis_substance", "other")])


def test_a_queue_of_which_everybody_refused_is_solved_too() -> None:
    """However many exclude the same counselors, each of them gets somebody else."""
    sessions = [waiting(number, refused_by=counselors(1, 2)) for number in range(1, 10)]
    everyone = [candidate(1, ended=20), candidate(2, ended=20), *(candidate(number) for number in range(3, 6))]

    assert [number for _ in range(3) for number in (3, 4, 5)] == [counselor for _, counselor in pairs(sessions, everyone)]
