"""The weekly report: what it tells, to whom, and that nobody gets it twice."""

from __future__ import annotations

import base64
import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.services.mailing import MailDelayed
from bot.services.weekly_report import Sent, WeeklyReports
from bot.storage import analytics
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from tests.integration.test_mailing import to
from tests.mail import mail_server
from tests.support import Cast, SteadyClock, one

ADDIS = ZoneInfo("Africa/Addis_Ababa")
MONDAY = date(2026, 2, 23)  #: of the last week before the clock of the tests, which begins on the Monday after it


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Two admins, and days as they are in Addis Ababa."""
    return {**environment, "ADMIN_IDS": "9001,9002", "TIMEZONE": str(ADDIS)}


@pytest.fixture
async def admins(app: App) -> list[Actor]:
    """Lensa and Martha."""
    return [await app.people.identify(telegram_id) for telegram_id in (9001, 9002)]


@pytest.fixture
def reports(app: App) -> WeeklyReports:
    """What makes and sends the report; without e-mail."""
    return app.executor.services.weekly_reports


async def go_on() -> None:
    """Nothing stops the work."""


async def count_days(app: App, weeks: Mapping[date, Mapping[str, int]]) -> None:
    """Have two weeks rolled up: on each Monday these figures, and nothing on the other days."""
    for monday, numbers in sorted(weeks.items()):
        for day in (monday + timedelta(days=number) for number in range(7)):
            ends_at = datetime.combine(day + timedelta(days=1), time(), ADDIS)
            async with app.db.transaction() as tx:
                await analytics.add(tx, day, numbers if day == monday else {}, ends_at=ends_at)


BUSY = {
    "topic.mental_emotional": 12,
    "topic.academic_career": 9,
    "topic.crisis_substance": 3,
    "crises": 3,
    "ended": 14,
    "messages": 431,
    "conversations": 16,
    "ratings": 6,
    "ratings_total": 27,
    "wait.3": 15,
    "waits.seconds": 9000,
}
QUIET = {"topic.mental_emotional": 2, "topic.other": 8, "ended": 4, "wait.0": 4, "messages": 30, "conversations": 4}


async def payloads(app: App, cast: Cast, admin: Actor) -> list[dict[str, Any]]:
    """Return what waits for an admin."""
    owed = await cast.owed(admin)
    async with app.db.reading() as tx:
        return [await app.outbox.open(tx, delivery) for delivery in owed]


def content(payload: dict[str, Any]) -> bytes:
    """Return the file in a payload."""
    return base64.b64decode(payload["attachment"]["content"])


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Return width and height of a picture of ours, and its rows as PNG filters them."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    position, data, size = 8, b"", (0, 0)
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        body = png[position + 8 : position + 8 + length]
        size = struct.unpack(">II", body[:8]) if kind == b"IHDR" else size
        data += body if kind == b"IDAT" else b""
        position += 12 + length
    raw = zlib.decompress(data)
    step = len(raw) // size[1]
    return size[0], size[1], [raw[start : start + step] for start in range(0, len(raw), step)]


async def test_the_admins_get_text_picture_and_tables(app: App, cast: Cast, admins: list[Actor]) -> None:
    """Each of them the same four messages: figures beside those of the week before, and of few people only that they were few."""
    await count_days(app, {MONDAY: BUSY, MONDAY - timedelta(days=7): QUIET})
    result = await TASKS["weekly_report"].run(RunContext(services=app.executor.services), TASKS["weekly_report"].parse({}))
    lensa, martha = [await payloads(app, cast, admin) for admin in admins]
    text, picture, table, book = lensa

    assert ("Sent the report of 2026-W09 to 2 admins and 0 e-mail addresses", {"admins": 2, "addresses": 0}) == (
        result.summary,
        result.counts,
    )
    assert lensa == martha
    assert [
        "<b>Weekly report: 2026-02-23 to 2026-03-01</b>",
        "In brackets: the week before.",
        "",
        "Requests: <b>22+</b> (9+)",
        "– 📚 Academic: <b>9</b> (0)",
        "– 🧠 Psychological: <b>12</b> (&lt;5)",
        "– 💑 Life Skills: <b>0</b> (0)",
        "– 🌱 Spiritual: <b>0</b> (0)",
        "– 🆘 Addiction and Crises: <b>&lt;5</b> (0)",
        "– 💬 Other Counseling: <b>0</b> (8)",
        "Requests in a crisis: <b>&lt;5</b> (0)",
        "Conversations begun: <b>15</b> (&lt;5)",
        "Conversations ended: <b>14</b> (&lt;5)",
        "Median wait in minutes: <b>8</b> (…)",
        "Messages: <b>…</b> (…)",
        "Ratings: <b>6</b> (0)",
        "Average rating, of 5: <b>4.5</b> (–)",
        "Counselors at work: <b>0</b> (0)",
    ] == text["text"].splitlines()[:-2]
    assert ["weekly-report-2026-W09.png", "weekly-report-2026-W09.csv", "weekly-report-2026-W09.xlsx"] == [
        one["attachment"]["name"] for one in (picture, table, book)
    ]
    assert ["photo", "document", "document"] == [one["attachment"]["kind"] for one in (picture, table, book)]


async def test_the_files_say_the_same(app: App, cast: Cast, admins: list[Actor]) -> None:
    """The table of each format holds the figures, and the picture is one: of the right size, with bars, letters and white."""
    await count_days(app, {MONDAY: BUSY, MONDAY - timedelta(days=7): QUIET})
    await app.executor.services.weekly_reports.send(between=go_on)
    picture, table, book = [content(one) for one in (await payloads(app, cast, admins[0]))[1:]]
    rows = list(csv.reader(io.StringIO(table.decode())))
    with zipfile.ZipFile(io.BytesIO(book)) as opened:
        sheet, strings = (opened.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    width, height, lines = pixels(picture)

    assert ["Figure", "2026-02-23 to 2026-03-01", "2026-02-16 to 2026-02-22"] == rows[0]
    assert ["Requests", "22+", "9+"] in rows
    assert ["Requests: Addiction and Crises", "<5", "0"] in rows
    assert ["Average rating, of 5", "4.5", ""] in rows
    assert {"12", "14", "4.5"} <= set(re.findall(r"<v>([^<]*)</v>", sheet))
    assert "Requests: Psychological" in strings
    assert (1000, 612) == (width, height)
    assert len(set(lines)) > height / 3


async def test_a_week_as_it_was_lived(app: App, cast: Cast, clock: SteadyClock, admins: list[Actor]) -> None:
    """What people did is counted, also where no night has rolled it up yet, and by the days of the time zone."""
    students = [await cast.student(3000 + number) for number in range(6)]
    dawit = await cast.dawit()
    for student in students[:5]:
        await cast.conversation(student, dawit)
        await cast.say(student, "hello")
        clock.move(minutes=1)
        await app.closing.end(dawit, await one(app, "SELECT alias FROM session WHERE state = 'active'"))
    clock.at = datetime(2026, 3, 8, 21, 30, tzinfo=clock.at.tzinfo)  # a Monday already, in Addis Ababa
    await cast.request(students[5])
    clock.move(hours=5)
    sent = await app.executor.services.weekly_reports.send(between=go_on)
    text = (await payloads(app, cast, admins[0]))[-4]["text"]

    assert "2026-W10" == sent.week.name
    assert "Requests: <b>5</b> (0)" in text
    assert "Conversations ended: <b>5</b> (0)" in text
    assert "Messages: <b>5</b> (0)" in text
    assert "Counselors at work: <b>&lt;5</b> (0)" in text


async def test_nobody_gets_it_twice(
    app: App, cast: Cast, clock: SteadyClock, admins: list[Actor], reports: WeeklyReports
) -> None:
    """An attempt that is repeated goes on where the one before it died; a week later there is another report."""
    steps = 0

    async def die() -> None:
        nonlocal steps
        steps += 1
        if steps == 2:  # behind the files, and the first admin
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await reports.send(between=die)
    after_death = [len(await cast.owed(admin)) for admin in admins]
    rest, again = await reports.send(between=go_on), await reports.send(between=go_on)
    clock.move(days=7)
    next_week = await reports.send(between=go_on)

    assert [4, 0] == after_death
    assert (1, 0, 2) == (rest.admins, again.admins, next_week.admins)
    assert [8, 8] == [len(await cast.owed(admin)) for admin in admins]


async def test_e_mail_that_has_to_wait(app: App, cast: Cast, admins: list[Actor], reports: WeeklyReports) -> None:
    """The admins have the report at once, and only once; the e-mail follows with the next attempt, and then never again."""
    async with mail_server() as box:
        mailed: WeeklyReports = replace(reports, mailing=to(box))
        box.answers.append("451 try later")
        with pytest.raises(MailDelayed):
            await mailed.send(between=go_on)
        sent: list[Sent] = [await mailed.send(between=go_on) for _ in range(2)]
    (letter,) = box.taken

    assert [(0, 2), (0, 0)] == [(one.admins, one.addresses) for one in sent]
    assert [4, 4] == [len(await cast.owed(admin)) for admin in admins]
    assert "HU Counseling: weekly report 2026-W09" == letter["Subject"]
    assert [f"weekly-report-2026-W09.{kind}" for kind in ("png", "csv", "xlsx")] == [
        one.get_filename() for one in letter.iter_attachments()
    ]


async def test_an_e_mail_that_is_handed_in_again_can_be_recognised(app: App, reports: WeeklyReports) -> None:
    """Where the process died before it was noted, it comes a second time under the same id, of which other bots have another."""
    async with mail_server() as box:
        mailed = replace(reports, mailing=to(box))
        await mailed.send(between=go_on)
        async with app.db.transaction() as tx:
            await tx.execute("DELETE FROM report_copy")
        await mailed.send(between=go_on)
    ids = [letter["Message-ID"] for letter in box.taken]

    assert 2 == len(ids)
    assert ids[0] == ids[1]
    assert re.fullmatch(r"<weekly-report\.2026-W09\.[0-9a-f]{16}@example\.org>", ids[0])
