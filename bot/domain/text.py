"""A sentence for a person: a template that can be translated, and values that are always escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape

Translate = Callable[[str], str]

_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, init=False)
class Text:
    """A template in Telegram's HTML and what goes into its ``{names}``.

    The template is ours and may hold tags; each value is escaped when the text is rendered, so that ``<b>&_*`` in a name
    or a message arrives as typed. A value that is itself a ``Text`` is rendered, not escaped.
    """

    template: str  #: English, as the catalogues know it
    values: tuple[tuple[str, Text | str | int], ...]  #: by name, in the order in which they were given

    def __init__(self, template: str, /, **values: Text | str | int) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", tuple(values.items()))

    def __call__(self, **values: Text | str | int) -> Text:
        """Return the same template with these values in it."""
        return Text(self.template, **values)

    def render(self, translate: Translate = str) -> str:
        """Return the text as HTML in the language of *translate*.

        Raises:
            KeyError: The template names a value that was not given.
        """
        if not self.values:
            return _fixed(self.template, translate)
        filled = {name: _fill(value, translate) for name, value in self.values}
        return translate(self.template).format_map(filled)

    def plain(self, translate: Translate = str) -> str:
        """Return the text without marks, for where Telegram shows none."""
        return _plain(self.render(translate)) if self.values else _label(self.template, translate)

    def __str__(self) -> str:
        """Return the text in English, without marks."""
        return self.plain()


def shortened(text: str, most: int = 60) -> str:
    """Return what somebody typed, cut off where it would make a sentence that quotes it hard to read."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def joined(parts: Iterable[Text], separator: str = "\n") -> Text:
    """Return several texts as one, with *separator* between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Text(separator.join(f"{{{name}}}" for name in values), **values)


def _plain(html: str) -> str:
    return unescape(_TAG.sub("", html))


@lru_cache(maxsize=512)
def _fixed(template: str, translate: Translate) -> str:
    """Render a text without values: the same few, thousands of times."""
    return translate(template).format() if template else ""  # gettext answers an empty one with the head of its catalogue


@lru_cache(maxsize=512)
def _label(template: str, translate: Translate) -> str:
    """Return a text without values and without marks, as on a button."""
    return _plain(_fixed(template, translate))


def _fill(value: Text | str | int, translate: Translate) -> str:
    return value.render(translate) if isinstance(value, Text) else escape(str(value), quote=False)
