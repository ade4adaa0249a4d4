"""What stands in the database about the life of sessions, read at once, and what it means: for the tests that watch it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.app import App
from bot.storage.database import Row

OPEN = ("waiting", "offered", "active")
QUEUE = ("waiting", "offered")
BY_ADMIN = "ended or cancelled"  #: by an admin, whichever it needed at that moment
CRISIS, GENERALIST = "crisis_substance", "other"
REST = timedelta(minutes=5)  #: CONTRACT.md says that who refused is not asked again before

_SELECTS: dict[str, Any] = {
    "sessions": "SELECT * FROM session ORDER BY id",
    "offers": "SELECT * FROM offer ORDER BY id",
    "events": "SELECT id, session_id, from_state, to_state, reason, actor_id, at AS moved_at FROM session_event ORDER BY id",
    "messages": "SELECT session_id, seq, side, source_message_id FROM message ORDER BY session_id, seq",
    "topics": "SELECT counselor_id, topic FROM counselor_topic ORDER BY counselor_id, position",
    "dialogs": "SELECT person_id, step FROM dialog",
    "people": """
        SELECT person.id, person.is_reachable, person.is_admin, counselor.status,
               coalesce(counselor.is_online, FALSE) AS is_online, counselor.deleted_at
          FROM person LEFT JOIN counselor ON counselor.id = person.id
    """,
    "matches": "SELECT id FROM run WHERE task = 'match' AND state IN ('scheduled', 'retrying')",
    "deliveries": "SELECT id, person_id, method, target_id, session_id, message_seq, sender_id FROM delivery WHERE id > :known",
}


@dataclass
class View:
    """One look at what is committed."""

    at: datetime
    capacity: int
    sessions: list[Row]
    offers: list[Row]
    events: list[Row]
    messages: list[Row]
    topics: list[Row]
    dialogs: list[Row]
    people: list[Row]
    matches: list[Row]  #: that wait to be run
    deliveries: list[Row]  #: those that are new since the look before
    newest_delivery: int = 0
    specialties: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: defaultdict[int, list[str]] = defaultdict(list)
        for row in self.topics:
            found[row["counselor_id"]].append(row["topic"])
        self.specialties = dict(found)

    def session(self, session_id: int) -> Row:
        """Return a session."""
        return next(row for row in self.sessions if row["id"] == session_id)

    def person(self, person_id: int) -> Row:
        """Return a person, with where they stand as a counselor."""
        return next(row for row in self.people if row["id"] == person_id)

    def offers_of(self, session_id: int, *outcomes: str | None) -> list[Row]:
        """Return the offers of a session with one of these outcomes; None is open."""
        return [row for row in self.offers if row["session_id"] == session_id and row["outcome"] in outcomes]

    def active_of(self, person_id: int) -> list[Row]:
        """Return the conversations in which somebody is the counselor."""
        return [row for row in self.sessions if row["state"] == "active" and row["counselor_id"] == person_id]

    def load(self, person_id: int, *, without: int | None = None) -> int:
        """Return how many conversations and open offers somebody has; not counting offers of the session *without*."""
        theirs = [row for row in self.offers if row["outcome"] is None and row["counselor_id"] == person_id]
        return len(self.active_of(person_id)) + sum(row["session_id"] != without for row in theirs)

    def is_counselor(self, person_id: int) -> bool:
        """Return whether somebody is in service."""
        return self.person(person_id)["status"] == "approved"

    def is_free(self, person_id: int) -> bool:
        """Return whether somebody is in service, there, and has room."""
        row = self.person(person_id)
        is_there = row["status"] == "approved" and row["is_online"] and row["is_reachable"]
        return bool(is_there) and self.load(person_id) < self.capacity

    def had(self, session_id: int) -> set[int]:
        """Return who has had a session as its counselor."""
        return {row["actor_id"] for row in self.events if row["session_id"] == session_id and row["to_state"] == "active"}

    def refused(self, session_id: int, *, resting: bool = False) -> set[int]:
        """Return who declined a session, let it lapse, or went with it; only those who are left in peace where *resting*."""
        begun = {row["moved_at"] for row in self.events if row["session_id"] == session_id and row["to_state"] == "active"}
        found = self.offers_of(session_id, "declined", "lapsed")
        if resting:
            return {row["counselor_id"] for row in found if row["answered_at"] > self.at - REST}
        gone = [row for row in self.offers_of(session_id, "withdrawn") if row["answered_at"] not in begun]
        return {row["counselor_id"] for row in [*found, *gone]}

    def suits(self, session: Row, person_id: int) -> bool:
        """Return whether a session may be offered to somebody at all, by its topic and by what was before."""
        if person_id == session["student_id"] or person_id in self.had(session["id"]):
            return False
        if person_id in self.refused(session["id"], resting=True):
            return False
        topics = self.specialties.get(person_id, [])
        return session["topic"] in topics or GENERALIST in topics or session["topic"] == CRISIS

    def unasked(self) -> Iterator[tuple[Row, int, bool]]:
        """Yield each session with who should be asked about it and is not, and whether they refused it before.

        That is who is free and suits, for what waits; and for a crisis that is offered, the specialists among these.
        """
        free = [row["id"] for row in self.people if self.is_free(row["id"])]
        for session in self.sessions:
            if session["state"] not in QUEUE:
                continue
            asked = {row["counselor_id"] for row in self.offers_of(session["id"], None)}
            refused = self.refused(session["id"])
            for who in free:
                is_specialist = session["topic"] == CRISIS and CRISIS in self.specialties.get(who, [])
                is_due = session["state"] == "waiting" or (is_specialist and who not in refused)
                if is_due and who not in asked and self.suits(session, who):
                    yield session, who, who in refused


async def look(app: App, *, capacity: int, known: int = 0) -> View:
    """Read everything; of the deliveries those that are newer than *known*."""
    async with app.db.reading() as tx:
        found: dict[str, list[Row]] = {
            name: await tx.fetch_all(sql, **({"known": known} if name == "deliveries" else {})) for name, sql in _SELECTS.items()
        }
    newest = max((row["id"] for row in found["deliveries"]), default=known)
    return View(at=app.clock(), capacity=capacity, newest_delivery=newest, **found)
