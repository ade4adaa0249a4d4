"""How a crontab line is written: five fields as in crontab(5) of Debian's cron, each checked before anything reckons with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.errors import InvalidInput
from bot.domain.text import Text

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_VALUE = r"[0-9]{1,9}|[a-z]+"
_TERM = re.compile(rf"(?:\*|(?P<first>{_VALUE})(?:-(?P<last>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,9}}))?")
_EXTENSION = re.compile(r"[0-9]*l|l-[0-9]+|lw|[0-9]*w|[a-z]{3}l|h(?:\(.*\))?(?:/[0-9]+)?|.*[#?~].*")
_NAME_LETTERS = 3
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class Place:
    """One of the five fields."""

    name: Text
    low: int
    high: int
    example: str  #: a line in which it says something
    names: tuple[str, ...] = ()  #: in order, the first for *low*

    def number(self, text: str) -> int | None:
        """Return what a number or a name stands for; None where it is neither, or out of range."""
        if text in self.names:
            return self.names.index(text) + self.low
        return int(text) if text.isdecimal() and self.low <= int(text) <= self.high else None

    def wrong(self, term: str, why: Text) -> InvalidInput:
        """Return the refusal of what stands in this place."""
        return InvalidInput(
            Text(
                'The {field} of a cron line cannot be "{term}": {why}. For example: {example}',
                field=self.name,
                term=term,
                why=why,
                example=self.example,
            )
        )


PLACES = (
    Place(Text("minute"), 0, 59, "*/10 * * * *"),
    Place(Text("hour"), 0, 23, "0 9-17 * * *"),
    Place(Text("day of the month"), 1, 31, "0 3 1,15 * *"),
    Place(Text("month"), 1, 12, "0 3 1 jan,jul *", _MONTHS),
    Place(Text("day of the week"), 0, 7, "0 3 * * mon-fri", _WEEKDAYS),
)


def canonical(text: str) -> str:
    """Return a line with one blank between its five fields, in small letters; that of an alias where it is one.

    Raises:
        InvalidInput: It is no such line; the sentence says which part of it, why, and what would be right.
    """
    words = text.lower().split()
    if words and words[0].startswith("@"):
        return _meant_by(" ".join(words))
    if len(words) != len(PLACES):
        raise InvalidInput(
            Text(
                "A cron line has five fields (minute, hour, day of the month, month, day of the week), and this one has {count}. "
                "For example: 0 3 * * sun. There are no seconds in it: for those write an interval, such as 90s.",
                count=len(words),
            )
        )
    fields = zip(PLACES, words, strict=True)
    return " ".join(",".join(_checked(place, term) for term in word.split(",")) for place, word in fields)


def _meant_by(alias: str) -> str:
    if alias not in _ALIASES:
        raise InvalidInput(
            Text(
                '"{alias}" names no time. These do: {aliases}. An interval is written without @, for example 5m.',
                alias=alias,
                aliases=", ".join(_ALIASES),
            )
        )
    return _ALIASES[alias]


def _checked(place: Place, term: str) -> str:
    """Return a star, a value or a range, with or without a step; a range of one value as that value."""
    if term not in place.names and _EXTENSION.fullmatch(term):
        raise place.wrong(term, Text("L, W, #, ?, ~ and H belong to other schedulers, a crontab has none of them"))
    found = _TERM.fullmatch(term)
    if found is None:
        raise place.wrong(term, _unreadable(term))
    numbers = [_number(place, term, value) for value in (found["first"], found["last"]) if value]
    if numbers != sorted(numbers):
        raise place.wrong(term, Text('it runs backwards, so write "{right}"', right=_around(place, *numbers)))
    if found["step"]:
        _check_step(place, term, int(found["step"]), numbers)
    return found["first"] if len(set(numbers)) == 1 else term  # cronsim would take the step in 5-5/10 up to the highest value


def _unreadable(term: str) -> Text:
    if not term:
        return Text("a comma stands between two values")
    return Text("it is neither a star, a value, a range such as 1-5 nor one of these with a step such as */2")


def _number(place: Place, term: str, value: str) -> int:
    number = place.number(value)
    if number is not None:
        return number
    short = value[:_NAME_LETTERS]
    if short in place.names:
        raise place.wrong(term, Text('a name has three letters, so write "{short}"', short=short))
    if place.names:
        names = f"{place.names[0]} – {place.names[-1]}"
        raise place.wrong(
            term, Text("it goes from {low} to {high}, or by name {names}", low=place.low, high=place.high, names=names)
        )
    raise place.wrong(term, Text("it goes from {low} to {high}", low=place.low, high=place.high))


def _around(place: Place, first: int, last: int) -> str:
    """Return what was probably meant by a range that runs backwards."""
    if place is PLACES[-1]:
        if last == 0:
            return _range(first, place.high)  # until Sunday, which is 7 as well
        return f"{_range(first, place.high - 1)},{_range(place.low, last)}"
    return f"{_range(first, place.high)},{_range(place.low, last)}"


def _range(first: int, last: int) -> str:
    return f"{first}-{last}" if first < last else str(first)


def _check_step(place: Place, term: str, step: int, numbers: list[int]) -> None:
    count = place.high - place.low + 1
    if step == 0:
        raise place.wrong(term, Text("a step is at least 1"))
    if len(numbers) == 1:
        right = f"{numbers[0]}-{place.high}/{step}"
        raise place.wrong(term, Text('a step follows a star or a range, so write "{right}"', right=right))
    if step > count:
        raise place.wrong(
            term, Text("a step of {step} skips all but the first; for long gaps write an interval, such as 36h", step=step)
        )
