"""The choice for a batch is the best there is: an independent solver finds none that is better."""

from __future__ import annotations

from hypothesis import given, settings

from bot.domain.assignment import assign
from bot.domain.matching import Candidate, Waiting, tier
from tests.batches import BATCHES, best, served, value


@settings(max_examples=300, deadline=None)
@given(BATCHES)
def test_it_is_the_optimum(batch: tuple[list[Waiting], list[Candidate]]) -> None:
    """The same sessions are served in the same tiers, and no choice that serves them is worth more."""
    sessions, candidates = batch
    matches = assign(sessions, candidates)
    by_session, by_counselor = {one.session_id: one for one in sessions}, {one.counselor_id: one for one in candidates}
    expected = served(sessions, candidates)
    tiers = {match.session_id: tier(by_session[match.session_id], by_counselor[match.counselor_id]) for match in matches}

    assert {session.session_id: number for session, number in expected} == tiers
    assert best(expected, candidates) == value(matches, sessions, candidates)
