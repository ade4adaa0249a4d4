"""The life of a session: its states, the moves between them, and why it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from bot.domain.ids import CounselorId, KeyId, OfferId, PersonId, SessionId
from bot.domain.people import Gender

DESCRIPTION_LENGTH = 1000  #: most characters of a description; a counselor reads it in one glance
STARS = range(1, 6)  #: of a rating
COMMENT_LENGTH = 1000  #: most characters of what is said with a rating


class SessionState(StrEnum):
    """``waiting → offered → active → ended``, and ``cancelled`` from the first two (PRODUCT.md, *Session life*)."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


class EndReason(StrEnum):
    """Why an active session ended."""

    STUDENT = "student"
    COUNSELOR = "counselor"
    ADMIN = "admin"
    TIMEOUT = "timeout"
    SAFETY = "safety"


class OfferOutcome(StrEnum):
    """What became of an offer; None while it is open."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Priority(IntEnum):
    """Need comes before age (CONTRACT.md, *Sessions and offers*)."""

    NORMAL = 0
    CRISIS = 10


class Side(StrEnum):
    """Who wrote a message of a session."""

    STUDENT = "student"
    COUNSELOR = "counselor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A request and the conversation that follows."""

    id: SessionId
    alias: str  #: what a counselor sees in place of a name; random, so that it says nothing
    student_id: PersonId
    counselor_id: CounselorId | None  #: set while active and afterwards
    state: SessionState
    topic: str  #: a key of the topics file
    priority: Priority
    student_gender: Gender
    key_id: KeyId
    requested_at: datetime  #: age counts from here, also after a return to the queue
    activated_at: datetime | None
    messages: int  #: of both sides
    last_message_at: datetime | None  #: of either side; at first when it became active
    ended_at: datetime | None
    end_reason: EndReason | None

    def side_of(self, person_id: PersonId) -> Side | None:
        """Return the side on which *person_id* takes part; None for a stranger."""
        if person_id == self.student_id:
            return Side.STUDENT
        return Side.COUNSELOR if person_id == self.counselor_id else None

    def other(self, person_id: PersonId) -> PersonId | None:
        """Return who is on the other side of *person_id*; None where nobody is."""
        return self.counselor_id if person_id == self.student_id else self.student_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A session shown to one counselor, with a deadline."""

    id: OfferId
    session_id: SessionId
    counselor_id: CounselorId
    score: int  #: of the pair, kept so that an admin can ask why (CONTRACT.md, *Score of a pair*)
    offered_at: datetime
    expires_at: datetime
    outcome: OfferOutcome | None
    answered_at: datetime | None
