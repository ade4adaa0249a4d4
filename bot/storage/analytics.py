"""The tables ``analytics_day`` and ``analytics_figure``: what happened on each local day, as numbers with names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.storage.database import Row, Transaction, spread

_BEFORE = "0000-00-00"  #: the sums of the days whose own figures are deleted


async def last_day(tx: Transaction) -> tuple[date, datetime] | None:
    """Return the last day that is rolled up, and the instant at which it ends; None where none is."""
    row = await tx.fetch_one("SELECT day_on, ends_at FROM analytics_day ORDER BY day_on DESC LIMIT 1")
    return (date.fromisoformat(row["day_on"]), row["ends_at"]) if row else None


async def first_moment(tx: Transaction) -> datetime | None:
    """Return when anything happened first that is still known; None where nothing did."""
    row = await tx.fetch_one("SELECT min(at) AS first_at FROM session_event")
    return row["first_at"] if row else None


async def add(tx: Transaction, day: date, numbers: Mapping[str, int], *, ends_at: datetime) -> bool:
    """Keep the figures of a day; False where somebody was faster."""
    is_new = await tx.execute(
        "INSERT INTO analytics_day (day_on, ends_at) VALUES (:day, :ends_at) ON CONFLICT (day_on) DO NOTHING",
        day=day.isoformat(),
        ends_at=ends_at,
    )
    if not is_new or not numbers:
        return bool(is_new)
    sql, values = spread(
        "INSERT INTO analytics_figure (day_on, name, number) VALUES :rows",
        rows=[(day.isoformat(), name, number) for name, number in numbers.items()],
    )
    await tx.execute(sql, **values)
    return True


async def days(tx: Transaction, since: date, until: date) -> list[Row]:
    """Return the figures of the days from *since* to *until* that are rolled up; a day without any has a row of 0."""
    return await tx.fetch_all(
        """
        SELECT analytics_day.day_on, coalesce(name, '') AS name, coalesce(number, 0) AS number
          FROM analytics_day LEFT JOIN analytics_figure ON analytics_figure.day_on = analytics_day.day_on
         WHERE analytics_day.day_on >= :since AND analytics_day.day_on <= :until
         ORDER BY analytics_day.day_on
        """,
        since=since.isoformat(),
        until=until.isoformat(),
    )


async def sums(tx: Transaction, since: date | None = None, until: date | None = None) -> dict[str, int]:
    """Return the sums over the days from *since* to *until*; over all that were ever rolled up where neither is given."""
    rows = await tx.fetch_all(
        "SELECT name, sum(number) AS number FROM analytics_figure WHERE day_on >= :since AND day_on <= :until GROUP BY name",
        since=since.isoformat() if since else _BEFORE,
        until=(until or date.max).isoformat(),
    )
    return {row["name"]: int(row["number"]) for row in rows}


async def oldest_before(tx: Transaction, before: date) -> date | None:
    """Return the oldest day before a date that has figures of its own, and is not the last day of all."""
    row = await tx.fetch_one(
        """
        SELECT min(day_on) AS day_on FROM analytics_day
         WHERE day_on < :before AND day_on < (SELECT max(day_on) FROM analytics_day)
        """,
        before=before.isoformat(),
    )
    return date.fromisoformat(row["day_on"]) if row and row["day_on"] else None


async def fold(tx: Transaction, day: date) -> None:
    """Delete a day; its figures go into the sums of all that are deleted."""
    if not await tx.execute("DELETE FROM analytics_day WHERE day_on = :day", day=day.isoformat()):
        return
    await tx.execute(
        """
        INSERT INTO analytics_figure (day_on, name, number)
        SELECT :all_before, name, number FROM analytics_figure WHERE day_on = :day
        ON CONFLICT (day_on, name) DO UPDATE SET number = analytics_figure.number + excluded.number
        """,
        all_before=_BEFORE,
        day=day.isoformat(),
    )
    await tx.execute("DELETE FROM analytics_figure WHERE day_on = :day", day=day.isoformat())


async def delete_ending_after(tx: Transaction, at: datetime) -> None:
    """Delete the days that end after an instant."""
    await tx.execute("DELETE FROM analytics_figure WHERE day_on IN (SELECT day_on FROM analytics_day WHERE ends_at > :at)", at=at)
    await tx.execute("DELETE FROM analytics_day WHERE ends_at > :at", at=at)
