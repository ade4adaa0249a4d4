"""Sessions, as admins see them: everything but what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.pages import Page
from bot.domain.sessions import Priority, Session, SessionState
from bot.domain.text import Text, joined
from bot.services.steering import Choice, Details, ShownOffer
from bot.storage.session_pages import Event, SessionRow, Shown
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.texts import admin as texts_
from bot.texts import everyone, times

_MOST_SHOWN = 12  #: of events and of offers, the newest ones: a message holds 4,096 characters
_OPEN = {SessionState.WAITING, SessionState.OFFERED}


def sessions(shown: Shown, page: Page[SessionRow], *, at: datetime) -> Screen:
    """Return a page of sessions, each with a button, and the ways to the others."""
    filters = [[_filter(one, shown) for one in Shown]]
    name = texts_.SHOWN[shown]
    if not page.items:
        return texts_.NO_SESSIONS(shown=name), [*filters, BACK]
    rows = [[Button(_line(row, at), "admin.session", row.alias)] for row in page.items]
    title = paging.titled(texts_.SESSIONS_TITLE(shown=name), page.position)
    return title, [*rows, *paging.turn(page.position, "admin.sessions", shown), *filters, BACK]


def session(details: Details) -> Screen:
    """Return what happened to a session, and what can be done."""
    one = details.session
    state: Text = texts_.STATES[one.state]
    text = texts_.SESSION(
        alias=one.alias,
        topic=texts.topic_title(one.topic),
        priority=texts_.PRIORITY_CRISIS if one.priority is Priority.CRISIS else texts_.PRIORITY_NORMAL,
        state=texts_.STATE_BECAUSE(state=state, reason=one.end_reason) if one.end_reason else state,
        counselor=details.counselor or texts_.NOBODY,
        requested=times.moment(one.requested_at),
        last=times.moment(one.last_message_at) if one.messages and one.last_message_at else texts_.NO_MESSAGE,
        messages=one.messages,
        events=_listing([_event(event) for event in details.events]),
        offers=_listing([_offer(offer) for offer in details.offers]) if details.offers else texts_.NO_OFFERS,
    )
    return text, [*_deeds(details), _back_to_list(one.state), BACK]


def confirm_take(one: Session, name: str) -> Screen:
    """Return the question whether an admin takes a session up."""
    return texts_.CONFIRM_TAKE(alias=one.alias, name=name), _confirm(one, texts_.YES_TAKE, "admin.take.yes")


def confirm_end(one: Session) -> Screen:
    """Return the question whether a session shall be ended."""
    return texts_.CONFIRM_FORCE_END(alias=one.alias), _confirm(one, texts_.YES_FORCE_END, "admin.end.yes")


def done(text: Text, alias: str) -> Screen:
    """Return what is said behind a change, with the way back to the session."""
    return text, [[Button(everyone.BACK, "admin.session", alias)], BACK]


def choices(alias: str, page: Page[Choice]) -> Screen:
    """Return a page of the counselors to whom a session can be given."""
    to_session = [Button(everyone.BACK, "admin.session", alias)]
    if not page.items:
        return texts_.NOBODY_TO_ASSIGN(alias=alias), [to_session, BACK]
    rows = [[Button(_choice(one), "admin.assign.to", f"{alias}.{one.id}")] for one in page.items]
    title = paging.titled(texts_.ASSIGN_TITLE(alias=alias), page.position)
    return title, [*rows, *paging.turn(page.position, "admin.assign", alias), to_session, BACK]


def assigned(alias: str, name: str, patience: timedelta) -> Screen:
    """Return what is said when a session is offered to whom an admin chose."""
    return done(texts_.ASSIGNED(alias=alias, name=name, minutes=times.span(patience)), alias)


def _deeds(details: Details) -> list[list[Button]]:
    """Return the buttons for what can be done with a session as it is."""
    one = details.session
    take = [Button(texts_.ACCEPT_MYSELF, "admin.take", one.alias)]
    assign = [Button(texts_.ASSIGN, "admin.assign", one.alias)]
    end = [Button(texts_.FORCE_END, "admin.end", one.alias)]
    if one.state in _OPEN:
        return [assign, end] if details.is_mine else [[*take, *assign], end]
    return [end] if one.state is SessionState.ACTIVE else []


def _back_to_list(state: SessionState) -> list[Button]:
    shown = Shown.ENDED if state is SessionState.CANCELLED else Shown(state)
    return [Button(everyone.BACK, "admin.sessions", paging.reference(shown, 1))]


def _confirm(one: Session, label: Text, action: str) -> list[list[Button]]:
    return [[Button(label, action, one.alias)], [Button(texts_.NO_KEEP, "admin.session", one.alias)], BACK]


def _filter(one: Shown, shown: Shown) -> Button:
    name: Text = texts_.SHOWN[one]
    return Button(texts_.CHOSEN(name=name) if one is shown else name, "admin.sessions", paging.reference(one, 1))


def _line(row: SessionRow, at: datetime) -> Text:
    return texts_.SESSION_LINE(
        crisis=texts_.CRISIS if row.priority is Priority.CRISIS else texts_.NO_CRISIS,
        alias=row.alias,
        topic=texts.topic_title(row.topic),
        state=texts_.STATES[row.state],
        age=times.span(at - (row.ended_at or row.requested_at)),
    )


def _listing(lines: Sequence[Text]) -> Text:
    """Return the newest lines, one below the other, and how many were before them."""
    left_out = len(lines) - _MOST_SHOWN
    return joined([texts_.LEFT_OUT(count=left_out), *lines[left_out:]] if left_out > 0 else lines)


def _event(event: Event) -> Text:
    return texts_.EVENT(at=times.moment(event.at), state=texts_.STATES[event.after], reason=event.reason)


def _offer(shown: ShownOffer) -> Text:
    offer = shown.offer
    outcome = texts_.OUTCOMES[offer.outcome] if offer.outcome else texts_.OPEN_UNTIL(at=times.moment(offer.expires_at))
    parts = texts_.NO_PARTS
    if shown.parts is not None:
        named = [
            texts_.PART(name=texts_.PART_NAMES[name], points=points) for name, points in shown.parts.named().items() if points
        ]
        parts = texts_.PARTS(parts=joined(named, " + "))
    return texts_.OFFER(name=shown.name, outcome=outcome, score=offer.score, parts=parts)


def _choice(one: Choice) -> Text:
    mark = "🟢" if one.is_online else "⚪"
    return texts_.CANDIDATE(mark=mark, name=one.name, score=one.parts.score, load=one.load, capacity=one.capacity)
