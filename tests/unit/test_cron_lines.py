"""How a crontab line is written, and the sentence for each way in which it can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.cron_lines import canonical
from bot.domain.crontab import read
from bot.domain.errors import InvalidInput

ALIENS = "L, W, #, ?, ~ and H belong to other schedulers, a crontab has none of them"
ALIASES = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"
TOO_FAR = "a step of 90 skips all but the first; for long gaps write an interval, such as 36h"
RANGE = "it is neither a star, a value, a range such as 1-5 nor one of these with a step such as */2"
MINUTE, HOUR, DAY = "For example: */10 * * * *", "For example: 0 9-17 * * *", "For example: 0 3 1,15 * *"
MONTH, WEEKDAY = "For example: 0 3 1 jan,jul *", "For example: 0 3 * * mon-fri"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("60 * * * *", f'The minute of a cron line cannot be "60": it goes from 0 to 59. {MINUTE}'),
        ("0 24 * * *", f'The hour of a cron line cannot be "24": it goes from 0 to 23. {HOUR}'),
        ("0 0 0 * *", f'The day of the month of a cron line cannot be "0": it goes from 1 to 31. {DAY}'),
        ("0 0 * 13 *", f'The month of a cron line cannot be "13": it goes from 1 to 12, or by name jan – dec. {MONTH}'),
        ("0 0 * * 8", f'The day of the week of a cron line cannot be "8": it goes from 0 to 7, or by name sun – sat. {WEEKDAY}'),
        ("0 mon * * *", f'The hour of a cron line cannot be "mon": it goes from 0 to 23. {HOUR}'),
        (
            "0 0 * * monday",
            f'The day of the week of a cron line cannot be "monday": a name has three letters, so write "mon". {WEEKDAY}',
        ),
        ("0 0 * april *", f'The month of a cron line cannot be "april": a name has three letters, so write "apr". {MONTH}'),
        ("0 22-2 * * *", f'The hour of a cron line cannot be "22-2": it runs backwards, so write "22-23,0-2". {HOUR}'),
        (
            "0 0 * * fri-sun",
            f'The day of the week of a cron line cannot be "fri-sun": it runs backwards, so write "5-7". {WEEKDAY}',
        ),
        (
            "0 0 * * sat-mon",
            f'The day of the week of a cron line cannot be "sat-mon": it runs backwards, so write "6,0-1". {WEEKDAY}',
        ),
        ("*/0 * * * *", f'The minute of a cron line cannot be "*/0": a step is at least 1. {MINUTE}'),
        (
            "5/15 * * * *",
            f'The minute of a cron line cannot be "5/15": a step follows a star or a range, so write "5-59/15". {MINUTE}',
        ),
        (
            "*/90 * * * *",
            f'The minute of a cron line cannot be "*/90": {TOO_FAR}. {MINUTE}',
        ),
        ("0,,5 * * * *", f'The minute of a cron line cannot be "": a comma stands between two values. {MINUTE}'),
        ("0 -3 * * *", f'The hour of a cron line cannot be "-3": {RANGE}. {HOUR}'),
        ("0 1-2-3 * * *", f'The hour of a cron line cannot be "1-2-3": {RANGE}. {HOUR}'),
        ("٣ * * * *", f'The minute of a cron line cannot be "٣": {RANGE}. {MINUTE}'),
        ("<b> * * * *", f'The minute of a cron line cannot be "<b>": {RANGE}. {MINUTE}'),
        ("0 0 L * *", f'The day of the month of a cron line cannot be "l": {ALIENS}. {DAY}'),
        ("0 0 LW * *", f'The day of the month of a cron line cannot be "lw": {ALIENS}. {DAY}'),
        ("0 0 15W * *", f'The day of the month of a cron line cannot be "15w": {ALIENS}. {DAY}'),
        ("0 0 ? * *", f'The day of the month of a cron line cannot be "?": {ALIENS}. {DAY}'),
        ("0 0 * * 5L", f'The day of the week of a cron line cannot be "5l": {ALIENS}. {WEEKDAY}'),
        ("0 0 * * friL", f'The day of the week of a cron line cannot be "fril": {ALIENS}. {WEEKDAY}'),
        ("0 0 * * 5#2", f'The day of the week of a cron line cannot be "5#2": {ALIENS}. {WEEKDAY}'),
        ("H 3 * * *", f'The minute of a cron line cannot be "h": {ALIENS}. {MINUTE}'),
        ("0~59 3 * * *", f'The minute of a cron line cannot be "0~59": {ALIENS}. {MINUTE}'),
        ("0 0 30 2 *", f'The day of the month of a cron line cannot be "30": no month in "2" has such a day. {DAY}'),
        (
            "0 0 31 2,4,6,9,11 *",
            f'The day of the month of a cron line cannot be "31": no month in "2,4,6,9,11" has such a day. {DAY}',
        ),
        (
            "@reboot",
            f'"@reboot" names no time. These do: {ALIASES}. An interval is written without @, for example 5m.',
        ),
    ],
)
def test_each_mistake_has_its_sentence(line: str, sentence: str) -> None:
    """It says what is wrong, where, and what would be right."""
    with pytest.raises(InvalidInput) as refused:
        read(line)

    assert sentence == str(refused.value)


@pytest.mark.parametrize(("line", "count"), [("", 0), ("0 3 * *", 4), ("0 0 3 * * *", 6), ("0 3 * * * backup", 6)])
def test_five_fields_are_needed(line: str, count: int) -> None:
    """Neither a sixth for seconds nor a command belongs to a line."""
    with pytest.raises(
        InvalidInput, match=rf"^A cron line has five fields \(minute, .*\), and this one has {count}\. For example: "
    ):
        read(line)


@pytest.mark.parametrize(
    ("alias", "line"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_an_alias_stands_for_a_line(alias: str, line: str) -> None:
    """The seven of crontab(5); @reboot is no time."""
    assert line == canonical(alias)


@pytest.mark.parametrize(
    "example", ["*/10 * * * *", "0 9-17 * * *", "0 3 1,15 * *", "0 3 1 jan,jul *", "0 3 * * mon-fri", "0 3 * * sun"]
)
def test_the_examples_are_right(example: str) -> None:
    """What a refusal tells to write can be written, and stays as it is."""
    assert example == read(example).line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("05 03 * * *", "05 03 * * *"), ("* * 5-5/10 * Sun-7", "* * 5 * sun-7"), ("*/60 */24 * * *", "*/60 */24 * * *")],
)
def test_a_line_is_kept_as_typed(typed: str, kept: str) -> None:
    """In small letters; only a range of one value becomes that value."""
    assert kept == read(typed).line


@given(
    st.text(alphabet="0123456789*/,-abcjnlw#? @", max_size=30)
    | st.lists(st.text("0159*/,-slun", max_size=4), min_size=5, max_size=5).map(" ".join)
)
def test_anything_else_is_refused(text: str) -> None:
    """Whatever is typed is a line that comes true, or refused with a sentence; nothing else happens."""
    try:
        table = read(text)
    except InvalidInput as error:
        sentence = str(error)
    else:
        sentence = "for example a line"
        assert table.line == read(table.line).line

    assert "example" in sentence
