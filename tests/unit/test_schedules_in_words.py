"""When a task runs, as a person would say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.domain.schedules import Cron, parse
from bot.texts.schedules import in_words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDIS = "Africa/Addis_Ababa"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1m", "every minute"),
        ("5m", "every 5 minutes"),
        ("90s", "every 90 seconds"),
        ("1d", "every day"),
        ("1w", "every week"),
        ("1h30m", "every 1 hour and 30 minutes"),
        ("1d2h3s", "every 1 day, 2 hours and 3 seconds"),
    ],
)
def test_an_interval(typed: str, words: str) -> None:
    """It is the same in every zone."""
    assert words == str(in_words(parse(typed, ADDIS, now=NOW)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2026-12-24 18:00", "once on Thursday 24 December 2026 at 18:00, Europe/Berlin"),
        ("2026-12-27 18:00:30", "once on Sunday 27 December 2026 at 18:00:30, Europe/Berlin"),
        ("2026-10-25 02:30+01:00", "once on Sunday 25 October 2026 at 02:30 (UTC+01:00), Europe/Berlin"),
    ],
)
def test_a_single_time(typed: str, words: str) -> None:
    """It says the local time, and which one where that comes twice."""
    assert words == str(in_words(parse(typed, "Europe/Berlin", now=NOW)))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 3 * * sun", "every Sunday at 03:00"),
        ("0 3 * * 7", "every Sunday at 03:00"),
        ("0 1 * * *", "every day at 01:00"),
        ("0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"),
        ("0 9,17 * * sat,sun", "every Saturday and Sunday at 09:00 and 17:00"),
        ("0 9 * * mon-fri", "every day from Monday to Friday at 09:00"),
        ("0 3 * * sun-thu", "every Monday, Tuesday, Wednesday, Thursday and Sunday at 03:00"),
        ("0 0 * 6-8 *", "every day in June to August at 00:00"),
        ("0 0 * 1 mon", "every Monday in January at 00:00"),
        ("0 0 1 * *", "on the 1st of every month at 00:00"),
        ("0 0 2,3,4,11-13,22 * *", "on the 2nd to 4th, 11th to 13th and 22nd of every month at 00:00"),
        ("0 0 29 2 *", "on the 29th of February at 00:00"),
        ("0 0 13 * 5", "on the 13th of every month and every Friday at 00:00"),
        ("0 0 13 1,2 5", "on the 13th of January and February and every Friday in January and February at 00:00"),
        ("0 0 */10 * 1,2", "on the 1st, 11th, 21st and 31st of every month, if that is a Monday or Tuesday, at 00:00"),
        ("0 0 1-31 * 1", "every day at 00:00"),
        ("0 0 13 5 0-7", "every day in May at 00:00"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/7 * * * *", "every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56"),
        ("0-10 * * * *", "every hour at minutes 0 to 10"),
        ("@hourly", "every hour"),
        ("15 * * * *", "every hour at minute 15"),
        ("15 */2 * * *", "every 2 hours from 00:15"),
        ("15 1-23/2 * * *", "at minute 15 of the hours 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 and 23"),
        ("* 3 * * *", "every minute from 03:00 to 03:59"),
        ("*/5 9-17 * * 1-5", "every 5 minutes from 09:00 to 17:55, every day from Monday to Friday"),
        ("30 9-17 * * *", "every hour from 09:30 to 17:30"),
        ("1-3,7,11,19,23 3 * * *", "at minutes 1 to 3, 7, 11, 19 and 23 of hour 3"),
        ("5,10,20 1,2,3,7 * * *", "at minutes 5, 10 and 20 of the hours 1 to 3 and 7"),
    ],
)
def test_a_cron_line(line: str, words: str) -> None:
    """Days first where there are few times in a day, and otherwise how often; always with the zone."""
    assert f"{words}, {ADDIS}" == str(in_words(Cron(line, ADDIS)))
