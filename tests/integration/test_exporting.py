"""The daily figures as CSV and XLSX: what stands in them, and who may fetch them."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest

from bot.app import App
from bot.domain.analytics import Day
from bot.domain.errors import Conflict, NotAllowed, NotFound
from bot.domain.people import Actor
from bot.services.exporting import Exporting, Kind
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from tests.support import Cast, SteadyClock, change, one, rows


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """An admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin."""
    return await app.people.identify(9001)


@pytest.fixture
def exporting(app: App) -> Exporting:
    """What makes the files."""
    return app.executor.services.exporting


async def export(app: App) -> Result:
    """Run the task as the runner would."""
    task = TASKS["export_sheet"]
    return await task.run(RunContext(services=app.executor.services), task.parse({}))


async def two_days(app: App, cast: Cast, clock: SteadyClock) -> None:
    """On Monday six ask about studies and three about faith; on Tuesday nobody does. Each says in it what nobody may read."""
    for number in range(9):
        topic = "academic_career" if number < 6 else "life_skills_growth"
        await cast.request(await cast.student(1001 + number), topic, "My name is Sara Tesfaye.")
    clock.move(days=2)


async def test_the_files_hold_the_daily_figures(
    app: App, exporting: Exporting, cast: Cast, clock: SteadyClock, lensa: Actor
) -> None:
    """Both hold the same table, of every day that is over; few are not counted."""
    await two_days(app, cast, clock)
    result = await export(app)
    token = await exporting.new_address(lensa)
    table = list(csv.DictReader(io.StringIO((await exporting.open(token)).decode())))
    page = openpyxl.load_workbook(io.BytesIO(await exporting.open(token, Kind.XLSX))).worksheets[0]
    titles, *cells = page.iter_rows(values_only=True)

    assert ("Exported the figures of 2 days", {"days": 2}) == (result.summary, result.counts)
    assert ["2026-03-02", "2026-03-03"] == [row["Day"] for row in table]
    assert [datetime(2026, 3, 2), datetime(2026, 3, 3)] == [row[0] for row in cells]  # noqa: DTZ001 — a spreadsheet knows no zones
    assert list(titles) == list(table[0])
    assert ("9", "…", "…", "9") == tuple(
        table[0][title] for title in ("Requests", "Requests: 📚 Academic", "Requests: 🌱 Spiritual", "New students")
    )
    assert [9, 0] == [row[1] for row in cells]


async def test_nothing_of_anybody_is_in_them(
    app: App, exporting: Exporting, cast: Cast, clock: SteadyClock, lensa: Actor
) -> None:
    """No word, alias or id: all cells are a date, a number, or one of two signs."""
    await two_days(app, cast, clock)
    await export(app)
    content = (await exporting.open(await exporting.new_address(lensa))).decode()
    _, *lines = csv.reader(io.StringIO(content))
    cells = {cell for line in lines for cell in line[1:]}

    assert all(cell in {"", "<5", "…"} or cell.replace(".", "", 1).isdecimal() for cell in cells)
    assert not any(row["alias"] in content for row in await rows(app, "SELECT alias FROM session"))


async def test_the_address_is_one_secret(app: App, exporting: Exporting, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """Only its hash is kept; a new one makes the old one worthless, and so does taking it back. Each act is in the audit."""
    await two_days(app, cast, clock)
    await export(app)
    first, second = await exporting.new_address(lensa), await exporting.new_address(lensa)
    content = await exporting.open(second)
    kept = await one(app, "SELECT token_hash FROM export_address")
    await exporting.revoke(lensa)
    actions = [row["action"] for row in await rows(app, "SELECT action FROM audit ORDER BY id")]

    assert content
    assert 43 == len(second)
    assert second.encode() not in bytes(kept)
    for token in (first, second, "", "x" * 5_000, "\ud800"):
        with pytest.raises(NotFound):
            await exporting.open(token)
    assert ["make-export-address", "make-export-address", "revoke-export-address"] == actions


async def test_refusals(app: App, exporting: Exporting, cast: Cast, lensa: Actor) -> None:
    """Only admins make or take back an address; none can be taken back that is not there, nor a file be read."""
    sara = await cast.sara()
    token = await exporting.new_address(lensa)
    with pytest.raises(NotAllowed):
        await exporting.new_address(sara)
    with pytest.raises(NotAllowed):
        await exporting.revoke(sara)
    with pytest.raises(NotFound):
        await exporting.open(token)
    await exporting.revoke(lensa)
    with pytest.raises(Conflict):
        await exporting.revoke(lensa)

    assert 2 == await one(app, "SELECT count(*) FROM audit")


async def test_a_year_is_exported_and_the_newest_replaces_the_one_before(
    app: App, exporting: Exporting, clock: SteadyClock, lensa: Actor
) -> None:
    """366 days at most; the database holds one file of each kind."""
    async with app.db.transaction() as tx:
        for number in range(500):
            on = date(2026, 3, 1) - timedelta(days=number)
            sql = "INSERT INTO analytics_day (day_on, ends_at) VALUES (:day, :at)"
            await tx.execute(sql, day=on.isoformat(), at=clock() - timedelta(days=number))
    await export(app)
    await change(app, "DELETE FROM analytics_day WHERE day_on < '2026-01-01'")
    token = await exporting.new_address(lensa)
    before = (await exporting.open(token)).decode()
    result = await export(app)
    after = (await exporting.open(token)).decode()

    assert ("2025-03-01", 367) == (before.splitlines()[-366].split(",")[0], len(before.splitlines()))
    assert (60, 61) == (result.counts["days"], len(after.splitlines()))
    assert {("csv",), ("xlsx",)} == {tuple(row.values()) for row in await rows(app, "SELECT kind FROM export_file")}
    assert [Day(on=date(2026, 3, 1))] == await exporting.analytics.days(date(2026, 3, 1), date(2026, 3, 1))
