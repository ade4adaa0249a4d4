"""What somebody sees on the way to becoming a counselor."""

from __future__ import annotations

from bot.domain.outgoing import Button, Keyboard
from bot.domain.people import CounselorStatus, Detail, Gender, Profile
from bot.services import buttons
from bot.services.applying import Draft
from bot.telegram.screens import Screen, details
from bot.texts import applying, everyone

_CANCEL = [Button(applying.CANCEL, "home")]
SUMMARY = "summary"  #: in place of a detail, as what to go to
_DETAILS = list(Detail)


def draft(form: Draft) -> Screen:
    """Return the question that the form is at, or the summary."""
    if form.question is None:
        return _summary(form)
    text = details.question(form.question, _written(form, form.question))
    return text, [*_answers(form, form.question), *_back(form, form.question), _CANCEL]


def mine(profile: Profile) -> Screen:
    """Return an application that waits, was rejected, or led to what cannot be taken up again by oneself."""
    if profile.status is CounselorStatus.REJECTED:
        reason = applying.REASON(reason=profile.review_reason) if profile.review_reason else applying.NO_REASON
        return applying.REJECTED(reason=reason), [[Button(applying.AGAIN, "apply.again")], buttons.HOME]
    if profile.status is CounselorStatus.DEACTIVATED:
        return applying.DEACTIVATED, [buttons.HOME]
    return applying.WAITING(profile=details.of(profile)), waiting_buttons()


def waiting_buttons() -> Keyboard:
    """Return what can be done with an application that waits."""
    return [*details.edits("profile.edit"), [Button(applying.WITHDRAW, "apply.withdraw")], buttons.HOME]


def sent() -> Screen:
    """Return the thanks for an application."""
    return applying.SENT, [[Button(applying.MINE, "apply")], buttons.HOME]


def confirm_withdraw() -> Screen:
    """Return the question before an application is taken back."""
    yes, no = Button(applying.YES_WITHDRAW, "apply.withdraw.yes"), Button(applying.NO_KEEP, "apply")
    return applying.CONFIRM_WITHDRAW, [[yes, no], buttons.HOME]


def _summary(form: Draft) -> Screen:
    answers = form.answers
    profile = details.lines(form.topics, Gender(answers[Detail.GENDER]), answers[Detail.NAME], answers[Detail.BIO])
    rows = [[Button(applying.SEND, "apply.send")], *details.edits("apply.edit"), _CANCEL]
    return applying.SUMMARY(profile=profile), rows


def _written(form: Draft, question: Detail) -> str | None:
    return form.answers.get(question) if question in {Detail.NAME, Detail.BIO} else None


def _answers(form: Draft, question: Detail) -> list[list[Button]]:
    if question is Detail.TOPICS:
        next_ = [[Button(applying.NEXT, "apply.next")]] if form.topics else []
        return [*details.topics(form.topics, "apply.topic"), *next_]
    return details.genders("apply.gender") if question is Detail.GENDER else []


def _back(form: Draft, question: Detail) -> list[list[Button]]:
    """Return the way back: to the summary where there is one, else to the question before."""
    if form.is_complete:
        return [[Button(everyone.BACK, "apply.edit", SUMMARY)]]
    place = _DETAILS.index(question)
    return [[Button(everyone.BACK, "apply.edit", _DETAILS[place - 1])]] if place else []
