"""Every sentence a person reads, and the files that can be edited without touching code."""

from __future__ import annotations

import gettext
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.domain.text import Text, Translate
from bot.domain.topics import Topic

_FOLDER = Path(__file__).parent
_CATALOGUES = _FOLDER / "locale"


@lru_cache
def translator(language: str) -> Translate:
    """Return what translates a template into *language*; English, in which templates are written, where there is no catalogue."""
    return gettext.translation("bot", _CATALOGUES, languages=[language], fallback=True).gettext


@lru_cache
def topics() -> dict[str, Topic]:
    """Return the topics by key, in the order of their file."""
    entries = _read("topics.toml")["topic"]
    return {entry["key"]: _to_topic(**entry) for entry in entries}


def _to_topic(*, keywords: list[str], **entry: str) -> Topic:
    return Topic(**entry, keywords=tuple(keywords))


def topic_title(key: str) -> str:
    """Return icon and label of a topic; the key itself where a topic was taken out of the file."""
    topic = topics().get(key)
    return topic.title if topic else key


def topic_titles(keys: Iterable[str]) -> str:
    """Return icons and labels of topics, in their order."""
    return ", ".join(topic_title(key) for key in keys)


@lru_cache
def help_lines() -> Text:
    """Return whom somebody in danger can reach at once."""
    lines = "\n".join(f"• {line['name']}: {line['contact']}" for line in _read("help_lines.toml")["line"])
    return Text(
        "<b>You matter, and there is help right now.</b>\nIf you are in danger, please contact one of these:\n\n{lines}\n\n"
        "You need not be alone with this: go to somebody near you and stay with them.",
        lines=lines,
    )


def unverified_help_lines() -> int:
    """Return how many help lines nobody has called and dated (``verified_on``)."""
    return sum("verified_on" not in line for line in _read("help_lines.toml")["line"])


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))
