"""Applications and counselors, as admins see them."""

from __future__ import annotations

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.pages import Page
from bot.domain.people import CounselorStatus
from bot.domain.records import Record
from bot.domain.text import Text, joined
from bot.services.moderating import REASON_LENGTH, Card
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.texts import admin as texts_
from bot.texts import everyone, times
from bot.texts.student import GENDERS

_TO_APPLICATIONS = [[Button(everyone.BACK, "admin.applications")], BACK]
_TO_COUNSELORS = [[Button(everyone.BACK, "admin.counselors")], BACK]


def applications(page: Page[Card]) -> Screen:
    """Return a page of those who wait for a decision, each with a button."""
    if not page.items:
        return texts_.NO_APPLICATIONS, [BACK]
    rows = [[Button(texts_.LINE(line=card.name), "admin.application", str(card.id))] for card in page.items]
    title = paging.titled(texts_.APPLICATIONS_TITLE, page.position)
    return title, [*rows, *paging.turn(page.position, "admin.applications"), BACK]


def application(card: Card) -> Screen:
    """Return an application, with what can be decided."""
    sent = times.moment(card.applied_at) if card.applied_at is not None else ""
    approve = Button(texts_.APPROVE, "admin.approve", f"{card.id}.{card.version}")
    decide = [approve, _about(texts_.REJECT, "admin.reject", card)]
    return texts_.APPLICATION(profile=_profile(card), at=sent), [decide, *_TO_APPLICATIONS]


def changed(card: Card) -> Screen:
    """Return an application once more that the applicant has changed while it was read."""
    text, rows = application(card)
    return texts_.CHANGED_MEANWHILE(application=text), rows


def approved(card: Card) -> Screen:
    """Return what is said behind an approval."""
    return texts_.APPROVED(name=card.name), _TO_APPLICATIONS


def ask_reason(card: Card) -> Screen:
    """Return the question why somebody is rejected."""
    back = Button(everyone.BACK, "admin.application", str(card.id))
    rows = [[_about(texts_.WITHOUT_REASON, "admin.reject.bare", card)], [back], BACK]
    return texts_.ASK_REASON(name=card.name, most=REASON_LENGTH), rows


def confirm_reason(card: Card, reason: str) -> Screen:
    """Return the question whether an applicant is to read this."""
    rows = [[_about(texts_.YES_REJECT, "admin.reject.yes", card)], [_about(texts_.WRITE_AGAIN, "admin.reject", card)], BACK]
    return texts_.CONFIRM_REASON(name=card.name, reason=reason), rows


def rejected(card: Card) -> Screen:
    """Return what is said behind a rejection."""
    return texts_.REJECTED(name=card.name), _TO_APPLICATIONS


def counselors(page: Page[Card]) -> Screen:
    """Return a page of the counselors, each with a button that shows state and load."""
    if not page.items:
        return texts_.NO_COUNSELORS, [BACK]
    rows = [[_about(_line(card), "admin.counselor", card)] for card in page.items]
    title = paging.titled(texts_.COUNSELORS_TITLE, page.position)
    return title, [*rows, *paging.turn(page.position, "admin.counselors"), BACK]


def counselor(card: Card, record: Record) -> Screen:
    """Return a counselor with their figures, and what can be done."""
    mean = record.mean_rating
    few = texts_.FEW_RATINGS(count=record.ratings)
    text = texts_.COUNSELOR(
        profile=_profile(card),
        state=_state(card),
        admin=texts_.IS_ADMIN if card.is_admin else texts_.IS_NO_ADMIN,
        active=record.active,
        offers=record.open_offers,
        ended=record.ended,
        week=record.ended_week,
        month=record.ended_month,
        rating=texts_.RATING(mean=str(mean), count=record.ratings) if mean is not None else few,
        accepted=record.accepted,
        declined=record.declined,
        lapsed=record.lapsed,
    )
    is_approved = card.status is CounselorStatus.APPROVED
    switch = (texts_.DEACTIVATE, "admin.deactivate") if is_approved else (texts_.REACTIVATE, "admin.reactivate")
    rows = [[_about(*switch, card), _about(texts_.DELETE, "admin.delete", card)]]
    appoint = [] if card.is_admin else [[_about(texts_.APPOINT, "admin.promote", card)]]
    return text, [*rows, *appoint, *_TO_COUNSELORS]


def confirm_deactivate(card: Card, record: Record) -> Screen:
    """Return the question whether a counselor shall be deactivated."""
    text = texts_.CONFIRM_DEACTIVATE(name=card.name, active=record.active)
    return text, _confirm(card, texts_.YES_DEACTIVATE, "admin.deactivate.yes")


def confirm_delete(card: Card, record: Record) -> Screen:
    """Return the question whether a counselor shall be deleted."""
    return texts_.CONFIRM_DELETE(name=card.name, active=record.active), _confirm(card, texts_.YES_DELETE, "admin.delete.yes")


def confirm_appoint(card: Card) -> Screen:
    """Return the question whether a counselor shall be an admin too."""
    return texts_.CONFIRM_APPOINT(name=card.name), _confirm(card, texts_.YES_APPOINT, "admin.promote.yes")


def done(text: Text, card: Card) -> Screen:
    """Return what is said behind a change, with the way back to the counselor."""
    return text, [[Button(everyone.BACK, "admin.counselor", str(card.id))], BACK]


def deleted(card: Card) -> Screen:
    """Return what is said when a counselor is deleted."""
    return texts_.DELETED(name=card.name), _TO_COUNSELORS


def _confirm(card: Card, label: Text, action: str) -> list[list[Button]]:
    return [[_about(label, action, card)], [_about(texts_.NO_KEEP, "admin.counselor", card)], BACK]


def _about(label: Text, action: str, card: Card) -> Button:
    return Button(label, action, str(card.id))


def _profile(card: Card) -> Text:
    return texts_.PROFILE(
        name=card.name,
        gender=GENDERS[card.gender],
        topics=texts.topic_titles(card.topics),
        about=card.bio or texts_.NO_BIO,
    )


def _state(card: Card) -> Text:
    if card.status is CounselorStatus.DEACTIVATED:
        return texts_.OUT_OF_SERVICE
    online = texts_.ONLINE if card.is_online else texts_.OFFLINE
    return online if card.is_reachable else joined([online, texts_.UNREACHABLE], ", ")


def _line(card: Card) -> Text:
    return texts_.COUNSELOR_LINE(mark=_mark(card), name=card.name, load=card.load)


def _mark(card: Card) -> str:
    """Return the sign that says at a glance whether somebody can be asked."""
    if card.status is CounselorStatus.DEACTIVATED:
        return "⛔"
    if not card.is_reachable:
        return "🚫"
    return "🟢" if card.is_online else "⚪"
