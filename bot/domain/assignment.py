"""The choice for a batch: which waiting sessions can be served, and by whom they are served best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.domain.ids import CounselorId, PersonId
from bot.domain.market import Market
from bot.domain.matching import (
    Candidate,
    Match,
    Waiting,
    experience_points,
    fit_points,
    load_points,
    parts,
    rating_points,
    tier,
)

_NOBODY = PersonId(0)

_Grade = tuple[int, int] | None  #: the tier of a pair and what of its score depends on both; None where it may not be


class _Place(NamedTuple):
    """Room for one more session at a counselor."""

    value: int  #: what of a score depends on nothing but the place, and below it what decides between equal totals
    candidate: Candidate
    load: int  #: what they have when this place is taken


def assign(waiting: Iterable[Waiting], candidates: Iterable[Candidate]) -> list[Match]:
    """Choose a counselor for each session that can have one, under the free capacity of each; return them by need.

    1. *Whom to serve.* Each session, by need (priority, then age, then id), is served in the lowest tier (see ``tier``) in which
       it can be together with all those before it, which keep theirs. The sets that can be served together are the independent
       sets of a transversal matroid, and so this is the lexicographically best choice.
    2. *By whom.* Among the assignments that serve these, each in its tier, one with the highest total score. The load part falls
       with each session that a counselor gets: their first is scored with the load that they have, the next with one more.
    3. *Between equal totals* the lower loads, then the lower ids: the smallest sum of the loads in 2, then the smallest sum of
       the counselors' places in the order of ids. The order of the input has no influence.

    Equal sessions are one kind, equal counselors one type (see ``Market``). A session that somebody refused differs from its like
    only in regard to them. So whom sessions exclude is overlooked at first. Where a session would then go to somebody whom it
    excludes, and no exchange among its like helps, who excludes these counselors is told apart, and all is solved again. The best
    choice under fewer rules is the best under all of them where it breaks none.
    """
    queue = sorted(waiting, key=lambda session: session.need)
    free = sorted((one for one in candidates if one.is_free), key=lambda candidate: candidate.counselor_id)
    named = frozenset[CounselorId]()
    while True:
        dealt = [_deal(sessions, places, named) for sessions, places in _solve(queue, free, named)]
        wrong = frozenset(who for _, excluded in dealt for who in excluded)
        if not wrong:
            pairs = [pair for served, _ in dealt for pair in served]
            return [_match(session, place) for session, place in sorted(pairs, key=lambda pair: pair[0].need)]
        named |= wrong


def _solve(
    queue: Sequence[Waiting], free: Sequence[Candidate], named: frozenset[CounselorId]
) -> list[tuple[list[Waiting], list[_Place]]]:
    """Return the sessions that are served, alike ones together, each group with its places; both the first ones first."""
    kinds = [_kind(session, named) for session in queue]
    samples: dict[tuple[object, ...], Waiting] = {}
    for kind, session in zip(kinds, queue, strict=True):
        samples.setdefault(kind, session)
    types = _types(free, [_reduced(session, named) for session in samples.values()], named)
    scale, places = _places(free, list(types.values()))
    market = Market([[place.value for place in group] for group in places])
    nodes = {kind: _nodes(market, [grades[number] for grades in types], scale) for number, kind in enumerate(samples)}
    served: defaultdict[int, list[Waiting]] = defaultdict(list)
    for session, kind in zip(queue, kinds, strict=True):
        while nodes[kind] and not market.place(nodes[kind][0]):
            nodes[kind].pop(0)  # what cannot be served beside these cannot be served beside more either
        if nodes[kind]:
            served[nodes[kind][0]].append(session)
    return [(served[node], _sold(market.held(node), places)) for node in sorted(served)]


def _kind(session: Waiting, named: frozenset[CounselorId]) -> tuple[object, ...]:
    """Return what a session has in common with those that may go to the same counselors for the same scores."""
    kind = (session.topic, session.priority, session.gender, session.language)
    if not named or named.isdisjoint(session.excluded):
        return kind
    return (*kind, session.refused_by & named, session.resting & named, session.never & named, named & {session.student_id})


def _reduced(session: Waiting, named: frozenset[CounselorId]) -> Waiting:
    """Return a session that excludes nobody but who is *named*."""
    return session._replace(
        student_id=session.student_id if session.student_id in named else _NOBODY,
        refused_by=session.refused_by & named,
        resting=session.resting & named,
        never=session.never & named,
    )


def _types(
    free: Sequence[Candidate], samples: Sequence[Waiting], named: frozenset[CounselorId]
) -> dict[tuple[_Grade, ...], list[Candidate]]:
    """Return the counselors by their grades for each kind of session."""
    known: dict[object, tuple[_Grade, ...]] = {}
    types: defaultdict[tuple[_Grade, ...], list[Candidate]] = defaultdict(list)
    for one in free:
        looks = (one.topics, one.gender, one.languages, one.counselor_id if one.counselor_id in named else None)
        if looks not in known:
            known[looks] = tuple(_grade(sample, one) for sample in samples)
        types[known[looks]].append(one)
    return types


def _grade(session: Waiting, candidate: Candidate) -> _Grade:
    found = tier(session, candidate)
    return None if found is None else (found, fit_points(session, candidate))


def _places(free: Sequence[Candidate], types: Sequence[Sequence[Candidate]]) -> tuple[int, list[list[_Place]]]:
    """Return the places of each type, the best one first, and by what a point of the score is multiplied.

    The value of a place is its points, less its load, less its counselor's place in the order of ids; each counts for more than
    all of the next together can.
    """
    loads = [load for one in free for load in range(one.load, one.capacity)]
    rank = {one.counselor_id: number for number, one in enumerate(free)}
    per_load = 1 + len(loads) * len(free)
    per_point = per_load * (1 + sum(loads))

    def place(one: Candidate, load: int) -> _Place:
        points = load_points(load, one.capacity) + rating_points(one.ratings, one.ratings_total) + experience_points(one.ended)
        return _Place(points * per_point - load * per_load - rank[one.counselor_id], one, load)

    found = [[place(one, load) for one in group for load in range(one.load, one.capacity)] for group in types]
    return per_point, [sorted(group, key=lambda place: -place.value) for group in found]


def _nodes(market: Market, grades: Sequence[_Grade], scale: int) -> list[int]:
    """Add a kind of sessions to the market, once for each tier that it has; *grades* are those of each type of counselors."""
    tiers: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for type_, grade in enumerate(grades):
        if grade is not None:
            tiers[grade[0]][type_] = grade[1] * scale
    return [market.add_kind(tiers[number]) for number in sorted(tiers)]


def _sold(held: dict[int, int], places: Sequence[list[_Place]]) -> list[_Place]:
    """Take so many places of each type, the best ones first."""
    sold = [places[type_].pop(0) for type_, number in sorted(held.items()) for _ in range(number)]
    return sorted(sold, key=lambda place: -place.value)


def _deal(
    sessions: list[Waiting], places: list[_Place], named: frozenset[CounselorId]
) -> tuple[list[tuple[Waiting, _Place]], set[CounselorId]]:
    """Give each of some sessions that are alike one of their places, the needier one the better.

    Also return the counselors because of whom that does not succeed: who is not *named* and excluded by the session to which
    they would have to go.
    """

    def may(session: Waiting, place: _Place) -> bool:
        who = place.candidate.counselor_id
        return who in named or who not in session.excluded

    wrong = set[CounselorId]()
    for number, session in enumerate(sessions):
        left = range(number, len(places))
        best = next((other for other in left if may(session, places[other])), None)
        if best is not None:
            places.insert(number, places.pop(best))
            continue
        before = (other for other in range(number) if may(session, places[other]) and may(sessions[other], places[number]))
        other = next(before, None)
        if other is None:
            wrong |= {places[other].candidate.counselor_id for other in left}
        else:
            places[other], places[number] = places[number], places[other]
    return list(zip(sessions, places, strict=True)), wrong


def _match(session: Waiting, place: _Place) -> Match:
    found = parts(session, place.candidate, load=place.load)
    return Match(session_id=session.session_id, counselor_id=place.candidate.counselor_id, parts=found)
