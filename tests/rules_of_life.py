"""The rules of PRODUCT.md, *Session life*, as the tests hold them against what is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, LiteralString

from bot.app import App
from bot.storage.database import Row
from tests.support import rows
from tests.view import BY_ADMIN, CRISIS, GENERALIST, View

#: Each finds what must never be, whatever anybody does at any moment.
INVARIANTS: dict[str, LiteralString] = {
    "more than one open session of a student": """
        SELECT student_id FROM session WHERE state IN ('waiting', 'offered', 'active') GROUP BY student_id HAVING count(*) > 1
    """,
    "somebody with themselves": """
        SELECT session.id FROM session LEFT JOIN offer ON offer.session_id = session.id
         WHERE session.counselor_id = session.student_id OR offer.counselor_id = session.student_id
    """,
    "somebody beyond the capacity": """
        SELECT id FROM person
         WHERE (SELECT count(*) FROM session WHERE counselor_id = person.id AND state = 'active')
             + (SELECT count(*) FROM offer WHERE counselor_id = person.id AND outcome IS NULL) > :capacity
    """,
    "an open offer of what is not offered": """
        SELECT offer.id FROM offer JOIN session ON session.id = offer.session_id
         WHERE offer.outcome IS NULL AND session.state <> 'offered'
    """,
    "offered without an open offer, or no crisis with more than one": """
        SELECT id FROM session WHERE state = 'offered'
           AND (SELECT count(*) FROM offer WHERE session_id = session.id AND outcome IS NULL)
               NOT BETWEEN 1 AND CASE WHEN priority = 10 THEN 1000 ELSE 1 END
    """,
    "an open offer to somebody who is not there": """
        SELECT offer.id FROM offer JOIN counselor ON counselor.id = offer.counselor_id JOIN person ON person.id = counselor.id
         WHERE outcome IS NULL
           AND (status <> 'approved' OR deleted_at IS NOT NULL OR NOT is_reachable
                OR NOT is_online AND NOT EXISTS (
                    SELECT 1 FROM audit
                     WHERE action = 'assign-session' AND at = offered_at
                       AND subject = 'session ' || offer.session_id || ' to person ' || offer.counselor_id))
    """,
    "an offer that no message shows": "SELECT id FROM offer WHERE delivery_id IS NULL",
    "an active session that its counselor did not accept, nor an admin take": """
        SELECT id FROM session WHERE state IN ('active', 'ended') AND counselor_id IS DISTINCT FROM (
               SELECT actor_id FROM session_event WHERE session_id = session.id AND to_state = 'active' ORDER BY id DESC LIMIT 1)
    """,
    "an acceptance that the offers do not know of, or the events": """
        SELECT id FROM session
         WHERE (SELECT count(*) FROM offer WHERE session_id = session.id AND outcome = 'accepted')
            <> (SELECT count(*) FROM session_event WHERE session_id = session.id AND reason = 'accepted')
    """,
    "back with somebody who had it before, who is no admin and took it up": """
        SELECT again.id FROM session_event AS again JOIN session_event AS before USING (session_id, actor_id, to_state)
         WHERE to_state = 'active' AND before.id < again.id AND again.reason <> 'taken by an admin'
    """,
    "offered to somebody who had it before": """
        SELECT offer.id FROM offer JOIN session_event ON session_event.session_id = offer.session_id
         WHERE to_state = 'active' AND actor_id = counselor_id AND offer.outcome IS NULL
    """,
    "a conversation with somebody who is neither counselor nor admin": """
        SELECT session.id FROM session
          JOIN person ON person.id = session.counselor_id LEFT JOIN counselor ON counselor.id = person.id
         WHERE state = 'active' AND NOT is_admin AND coalesce(status, '') <> 'approved' AND person.id <> :admin
    """,
    "ended without a reason or a time": """
        SELECT id FROM session
         WHERE (state = 'ended') <> (end_reason IS NOT NULL) OR (state IN ('ended', 'cancelled')) <> (ended_at IS NOT NULL)
    """,
    "rated before its end, or without stars": """
        SELECT id FROM session
         WHERE (rating IS NOT NULL AND state <> 'ended') OR (rating IS NULL) <> (rated_at IS NULL)
            OR (rating IS NULL AND rating_comment IS NOT NULL)
    """,
    "silent since never": "SELECT id FROM session WHERE (state = 'active') <> (last_message_at IS NOT NULL) AND state <> 'ended'",
    "reminded of what is not active": "SELECT id FROM session WHERE reminded_at IS NOT NULL AND state NOT IN ('active', 'ended')",
    "somebody means a conversation that they are not in": """
        SELECT person.id FROM person JOIN session ON session.id = person.current_session_id
         WHERE state <> 'active' OR person.id NOT IN (session.counselor_id, session.student_id)
    """,
    "a state that no event led to": """
        SELECT session.id FROM session
         WHERE state <> (SELECT to_state FROM session_event AS last WHERE last.session_id = session.id ORDER BY id DESC LIMIT 1)
    """,
    "an event that does not follow from the one before": """
        SELECT later.id FROM session_event AS later
         WHERE coalesce(later.from_state, '') <> coalesce((
               SELECT earlier.to_state FROM session_event AS earlier
                WHERE earlier.session_id = later.session_id AND earlier.id < later.id ORDER BY earlier.id DESC LIMIT 1), '')
    """,
    "a move that there is not": """
        SELECT id FROM session_event
         WHERE coalesce(from_state, '') || '→' || to_state NOT IN (
               '→waiting', 'waiting→offered', 'offered→waiting', 'offered→active', 'waiting→active', 'active→waiting',
               'active→ended', 'waiting→cancelled', 'offered→cancelled')
            OR (coalesce(from_state, '') || '→' || to_state = 'waiting→active' AND reason <> 'taken by an admin')
    """,
    "messages that are not numbered one after another": """
        SELECT session.id FROM session
         WHERE messages <> (SELECT count(*) FROM message WHERE session_id = session.id)
            OR messages <> (SELECT coalesce(max(seq), 0) FROM message WHERE session_id = session.id)
    """,
    "a message from when nobody was there": """
        SELECT message.session_id FROM message JOIN session ON session.id = message.session_id
         WHERE sent_at > coalesce(ended_at, sent_at)
            OR sent_at < (SELECT min(at) FROM session_event WHERE session_id = session.id AND to_state = 'active')
    """,
    "more than one match that waits": "SELECT task FROM run WHERE state = 'scheduled' GROUP BY task HAVING count(*) > 1",
    "a run that failed": "SELECT id FROM run WHERE error IS NOT NULL",
}
_ALL: Any = " UNION ALL ".join(f"SELECT '{name}' AS broken WHERE EXISTS ({sql})" for name, sql in INVARIANTS.items())


async def violated(app: App, *, capacity: int, admin: int) -> list[str]:
    """Return which invariants do not hold; *admin* is the person of ``ADMIN_IDS``."""
    return [row["broken"] for row in await rows(app, _ALL, capacity=capacity, admin=admin)]


def untold(before: View, after: View, *, is_alone: bool) -> list[str]:
    """Return what happened from one look to the next of which somebody was not told who must be.

    Args:
        before: The look before.
        after: The look behind.
        is_alone: Whether one thing happened in between; else somebody who blocked the bot may be there again.
    """
    said = {row["person_id"] for row in after.deliveries if row["method"] == "say"}
    edited = {row["target_id"] for row in after.deliveries if row["method"] == "edit"}
    missing = [
        f"{event['from_state']} → {event['to_state']} ({event['reason']}): {who}"
        for event in _new(before.events, after.events)
        for who in _concerned(after, event) - said
    ]
    open_before = {row["id"] for row in before.offers if row["outcome"] is None}
    for offer in after.offers:
        who = after.person(offer["counselor_id"])
        can_be_told = who["is_reachable"] and (is_alone or offer["outcome"] != "withdrawn")
        if offer["outcome"] is not None and offer["id"] in open_before and can_be_told and offer["delivery_id"] not in edited:
            missing.append(f"offer {offer['outcome']}: {who['id']}")
    return missing


def _concerned(view: View, event: Row) -> set[int]:
    """Return who must be told of a move: whoever it concerns and did not make it."""
    session = view.session(event["session_id"])
    student = session["student_id"]
    begun = [row for row in view.events if row["session_id"] == session["id"] and row["to_state"] == "active"]
    counselor = next((row["actor_id"] for row in reversed(begun) if row["id"] <= event["id"]), None)
    move, reason = (event["from_state"], event["to_state"]), event["reason"]
    if event["to_state"] == "active":
        return {student, counselor}
    if move == ("active", "waiting"):
        return {student} if reason == "transferred" else {student, counselor}
    if event["to_state"] == "ended":
        return {"student": {counselor}, "counselor": {student}}.get(reason, {student, counselor})
    return {student} if event["to_state"] == "cancelled" and reason != "student" else set()


def overheard(before: View, after: View, *, is_alone: bool) -> list[str]:
    """Return what of a conversation was said to somebody who takes no part in it."""
    found: list[str] = []
    was_active = {row["id"] for row in before.sessions if row["state"] == "active"}
    for row in after.deliveries:
        if row["session_id"] is None:
            continue
        session = after.session(row["session_id"])
        sides = {session["student_id"], *after.had(session["id"])}
        if row["message_seq"] is not None:
            now = {session["student_id"], session["counselor_id"]}
            sides = now if session["state"] == "active" and session["id"] in was_active and is_alone else sides
            if row["sender_id"] not in sides or row["sender_id"] == row["person_id"]:
                found.append(f"message {row['message_seq']} of {session['id']} from {row['sender_id']}")
            if session["student_id"] not in {row["sender_id"], row["person_id"]}:
                found.append(f"message {row['message_seq']} of {session['id']} between counselors")
        if row["person_id"] not in sides:
            found.append(f"delivery of {session['id']} to {row['person_id']}")
    return found


def miscounted(before: View, after: View, moves: Sequence[tuple[int, str, int]]) -> list[str]:
    """Return moves that somebody was told they made and of which there is not exactly one event, or the other way round."""
    made = Counter(moves)
    events = Counter(
        (row["session_id"], BY_ADMIN if row["reason"] == "admin" else row["to_state"], row["actor_id"])
        for row in _new(before.events, after.events)
        if row["from_state"] != "offered" or row["to_state"] != "waiting"
    )
    return [f"{move}: {events[move]} events, {number} successes" for move, number in made.items() if events[move] != number]


def forgotten(view: View) -> list[str]:
    """Return whom nobody will ask although they are free: no match waits to be run."""
    if view.matches:
        return []
    return [f"{session['id']} for {who}" for session, who, is_again in view.unasked() if not is_again]


def unserved(view: View) -> list[str]:
    """Return, behind a match, what could be offered and is not, and crises that wait and nobody was told of."""
    left = [f"{session['id']} for {who}" for session, who, _ in view.unasked()]
    silent = [row for row in view.sessions if row["state"] == "waiting" and row["topic"] == CRISIS and row["alarmed_at"] is None]
    return left + [f"{row['id']}: a crisis that nobody was told of" for row in silent]


def unalarmed(before: View, after: View, admins: Collection[int]) -> list[str]:
    """Return, behind a match, who was not told of a crisis of which it was recorded that they were."""
    said = {row["person_id"] for row in after.deliveries if row["method"] == "say"}
    known = {row["id"]: row["alarmed_at"] for row in before.sessions}
    news = [
        row for row in after.sessions if row["topic"] == CRISIS and row["alarmed_at"] is not None and known[row["id"]] is None
    ]
    return [f"{row['id']}: {who}" for row in news for who in {row["student_id"], *admins} - said]


def passed_over(before: View, after: View) -> list[str]:
    """Return, behind a match, the offers that should have gone to somebody else, who is still free: they were made too far down.

    First to who did not refuse the session, and of a crisis first to specialists, then to generalists.
    """
    found: list[str] = []
    free = [row["id"] for row in after.people if after.is_free(row["id"])]
    for offer in _new(before.offers, after.offers):
        session = before.session(offer["session_id"])
        asked = {row["counselor_id"] for row in after.offers_of(session["id"], None)}
        resort = _resort(before, session, offer["counselor_id"])
        better = [
            who for who in free if who not in asked and before.suits(session, who) and _resort(before, session, who) < resort
        ]
        if better and (session["state"] == "waiting" or resort[0]):
            found.append(f"{session['id']} to {offer['counselor_id']} and not to {better}")
    return found


def _resort(view: View, session: Row, who: int) -> tuple[bool, int]:
    topics = view.specialties.get(who, [])
    is_crisis = session["topic"] == CRISIS
    kind = 0 if session["topic"] in topics or not is_crisis else 1 if GENERALIST in topics else 2
    return who in view.refused(session["id"]), kind


def undone(view: View, *, patience_hours: float = 12) -> list[str]:
    """Return, behind a tick of the clock, what was due and is not done."""
    late = [row for row in view.offers if row["outcome"] is None and row["expires_at"] <= view.at]
    silent: list[Row] = []
    for row in view.sessions:
        since = row["reminded_at"] or row["last_message_at"]
        if row["state"] == "active" and (view.at - since).total_seconds() >= patience_hours * 3600:
            silent.append(row)
    return [f"offer {row['id']}" for row in late] + [f"session {row['id']}" for row in silent]


def _new(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    known = {row["id"] for row in before}
    return [row for row in after if row["id"] not in known]
