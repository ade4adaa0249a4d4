"""What one run of the matching offers to whom: crises to all who are qualified, then the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.domain.assignment import assign
from bot.domain.ids import CounselorId, SessionId
from bot.domain.matching import Candidate, Match, Resort, Waiting, parts, resort
from bot.domain.topics import GENERALIST


def plan(queue: Iterable[Waiting], candidates: Iterable[Candidate]) -> list[Match]:
    """Return the offers to be made, those of the greatest need first.

    1. Each crisis that is offered to nobody gets one counselor, all of them together (see ``assign``): so the offers of one
       never take the only counselor whom another could have.
    2. Then each crisis, by need, is offered to everybody who is as qualified as those who can answer it already and has room: to
       all specialists; where none could be had, to all generalists; where there is none of these either, to everyone. That goes
       for crises that were offered before, too: who comes online or becomes free is asked at once.
    3. What is no crisis shares what room is left. It never loses it for long: the offers of 2 are open for
       ``CRISIS_OFFER_TIMEOUT_SECONDS`` at most, all but one of them are withdrawn as soon as somebody accepts, and who let one
       lapse is not asked again for this crisis for ``REST_AFTER_REFUSAL``.
    """
    crises, others = list[Waiting](), list[Waiting]()
    for session in queue:
        (crises if session.is_crisis else others).append(session)
    crises.sort(key=lambda crisis: crisis.need)
    counselors = {one.counselor_id: one for one in sorted(candidates, key=lambda one: one.counselor_id)}
    offers: dict[SessionId, list[Match]] = {crisis.session_id: [] for crisis in crises}
    for match in assign([crisis for crisis in crises if not crisis.offered_to], counselors.values()):
        offers[match.session_id].append(match)
        _take(counselors, match.counselor_id)
    room = _Room(counselors)
    for crisis in crises:
        asked = crisis.offered_to | {match.counselor_id for match in offers[crisis.session_id]}
        if asked:
            offers[crisis.session_id] += room.broadcast(crisis, asked)
    rest = assign(others, counselors.values())
    return [match for made in offers.values() for match in made] + rest


class _Room:
    """The room that is left for asking more than one counselor about a crisis."""

    def __init__(self, counselors: dict[CounselorId, Candidate]) -> None:
        self._counselors = counselors
        self._qualified: dict[tuple[str, Resort], list[CounselorId]] = {}  #: those with room, when last looked at

    def broadcast(self, crisis: Waiting, asked: Collection[CounselorId]) -> list[Match]:
        """Offer a crisis to each who has room, is not among those who were *asked*, and no later resort than these."""
        found = [resort(crisis, self._counselors[who]) for who in asked if who in self._counselors]
        furthest = max((one for one in found if one is not None), default=Resort.SPECIALIST)
        made: list[Match] = []
        for one in self._with_room(crisis.topic, furthest):
            kind = None if one.counselor_id in asked else resort(crisis, one)
            if kind is not None and kind <= furthest:
                made.append(Match(session_id=crisis.session_id, counselor_id=one.counselor_id, parts=parts(crisis, one)))
                _take(self._counselors, one.counselor_id)
        return made

    def _with_room(self, topic: str, furthest: Resort) -> list[Candidate]:
        """Return who may be qualified and has room; whoever has none any more is not looked at again."""
        known = self._qualified.get((topic, furthest))
        if known is None:
            known = [who for who, one in self._counselors.items() if _is_within(furthest, topic, one)]
        self._qualified[topic, furthest] = [who for who in known if self._counselors[who].is_free]
        return [self._counselors[who] for who in self._qualified[topic, furthest]]


def _is_within(furthest: Resort, topic: str, one: Candidate) -> bool:
    """Return whether a counselor can be a resort so far down, whoever refused what."""
    return furthest > Resort.GENERALIST or topic in one.topics or (furthest is Resort.GENERALIST and GENERALIST in one.topics)


def _take(counselors: dict[CounselorId, Candidate], who: CounselorId) -> None:
    """Count an offer to the load of a counselor."""
    counselors[who] = counselors[who]._replace(load=counselors[who].load + 1)
