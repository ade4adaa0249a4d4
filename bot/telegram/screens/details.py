"""The questions for what a counselor says of themselves: the same in an application and in a profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot import texts
from bot.domain.outgoing import Button
from bot.domain.people import Detail, Gender, Profile
from bot.domain.text import Text
from bot.texts import applying
from bot.texts.student import GENDERS

LABELS = {
    Detail.TOPICS: applying.TOPICS,
    Detail.GENDER: applying.GENDER,
    Detail.NAME: applying.NAME,
    Detail.BIO: applying.BIO,
}


def topics(chosen: Sequence[str], action: str) -> list[list[Button]]:
    """Return a button for each topic; what is chosen shows its place."""
    return [[Button(_topic(topic.key, topic.title, chosen), action, topic.key)] for topic in texts.topics().values()]


def genders(action: str) -> list[list[Button]]:
    """Return a button for each gender."""
    return [[Button(label, action, gender)] for gender, label in GENDERS.items()]


def edits(action: str) -> list[list[Button]]:
    """Return a button for each detail that leads to its question."""
    rows = ((Detail.TOPICS, Detail.GENDER), (Detail.NAME, Detail.BIO))
    return [[Button(LABELS[detail], action, detail) for detail in row] for row in rows]


def question(detail: Detail, now: str | None) -> Text:
    """Return the question for a detail, with what was said so far where it is a text."""
    shown = applying.NOW(value=now) if now else applying.NOT_YET
    if detail is Detail.TOPICS:
        return applying.CHOOSE_TOPICS
    if detail is Detail.GENDER:
        return applying.CHOOSE_GENDER
    return applying.WRITE_NAME(now=shown) if detail is Detail.NAME else applying.WRITE_BIO(now=shown)


def lines(keys: Iterable[str], gender: Gender, name: str, bio: str | None) -> Text:
    """Return all details, one on a line."""
    about: Text | str = bio or applying.NOTHING_YET
    return applying.PROFILE(topics=texts.topic_titles(keys), gender=GENDERS[gender], name=name, bio=about)


def of(profile: Profile) -> Text:
    """Return all details of a profile, one on a line."""
    return lines(profile.topics, profile.gender, profile.name, profile.bio)


def _topic(key: str, title: str, chosen: Sequence[str]) -> Text:
    if key not in chosen:
        return applying.NOT_CHOSEN(title=title)
    return applying.CHOSEN(number=list(chosen).index(key) + 1, title=title)
