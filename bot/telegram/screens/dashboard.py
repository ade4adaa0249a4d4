"""What a counselor sees of their own work and profile."""

from __future__ import annotations

from bot import texts
from bot.domain.matching import FEWEST_RATINGS
from bot.domain.outgoing import Button
from bot.domain.people import CounselorStatus, Detail, Profile
from bot.domain.records import Record
from bot.domain.text import Text
from bot.services import buttons
from bot.services.profiles import Proposal
from bot.telegram.screens import Screen, details
from bot.telegram.screens import applying as application
from bot.texts import applying, dashboard, everyone, times

_TO_PROFILE = [Button(everyone.BACK, "profile")]
_TO_DASHBOARD = [Button(everyone.BACK, "dashboard")]


def main(profile: Profile, record: Record, *, capacity: int, notice: Text | None = None) -> Screen:
    """Return the dashboard; *notice* says what has just changed."""
    switch = (
        Button(dashboard.GO_OFFLINE, "dashboard.offline")
        if profile.is_online
        else Button(dashboard.GO_ONLINE, "dashboard.online")
    )
    text = dashboard.SCREEN(
        name=profile.name,
        state=dashboard.ONLINE if profile.is_online else dashboard.OFFLINE,
        topics=texts.topic_titles(profile.topics),
        offers=record.open_offers,
        active=record.active,
        capacity=capacity,
        rating=_rating(record),
        notice=notice or (dashboard.IS_ONLINE if profile.is_online else dashboard.IS_OFFLINE),
    )
    more = [Button(dashboard.MY_STATISTICS, "dashboard.statistics"), Button(dashboard.EDIT_PROFILE, "profile")]
    return text, [[switch], more, buttons.HOME]


def statistics(record: Record) -> Screen:
    """Return the figures of one's own work."""
    text = dashboard.STATISTICS(
        active=record.active,
        ended=record.ended,
        ended_week=record.ended_week,
        ended_month=record.ended_month,
        rating=_rating(record),
        accepted=record.accepted,
        declined=record.declined,
        lapsed=record.lapsed,
        answer=dashboard.NO_ANSWER if record.answer_time is None else times.span(record.answer_time),
    )
    return text, [_TO_DASHBOARD, buttons.HOME]


def profile(mine: Profile) -> Screen:
    """Return one's own profile, with a way to change each part of it."""
    if mine.status is not CounselorStatus.APPROVED:
        return application.mine(mine)
    return applying.MINE_AS_COUNSELOR(profile=details.of(mine)), [*details.edits("profile.edit"), _TO_DASHBOARD, buttons.HOME]


def saved(mine: Profile) -> Screen:
    """Return the profile after a change."""
    text, rows = profile(mine)
    return applying.SAVED(screen=text), rows


def question(detail: Detail, mine: Profile) -> Screen:
    """Return the question for one detail of the profile."""
    if detail is Detail.TOPICS:
        return topics(mine.topics)
    if detail is Detail.GENDER:
        return details.question(detail, None), [*details.genders("profile.gender"), _TO_PROFILE, buttons.HOME]
    asked = details.question(detail, mine.name if detail is Detail.NAME else mine.bio)
    is_counselor = mine.status is CounselorStatus.APPROVED  # and so may be in a conversation, with something to say there
    return applying.NOT_FOR_STUDENTS(question=asked) if is_counselor else asked, [_TO_PROFILE, buttons.HOME]


def topics(chosen: list[str] | tuple[str, ...]) -> Screen:
    """Return the question for the topics; they can be saved where there is one."""
    save = [[Button(applying.SAVE, "profile.topics")]] if chosen else []
    rows = [*details.topics(chosen, "profile.topic"), *save, _TO_PROFILE, buttons.HOME]
    return details.question(Detail.TOPICS, None), rows


def confirm(proposal: Proposal) -> Screen:
    """Return the question whether what was written is right."""
    value = proposal.value
    asked = applying.CONFIRM_NAME(value=value) if proposal.detail is Detail.NAME else applying.CONFIRM_BIO(value=value)
    save = [Button(applying.SAVE, "profile.save"), Button(applying.WRITE_AGAIN, "profile.edit", proposal.detail)]
    return asked, [save, _TO_PROFILE, buttons.HOME]


def _rating(record: Record) -> Text:
    if record.mean_rating is None:
        return dashboard.TOO_FEW_RATINGS(fewest=FEWEST_RATINGS, count=record.ratings)
    return dashboard.RATING(mean=str(record.mean_rating), count=record.ratings)
