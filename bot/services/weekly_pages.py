"""The weekly report as a text, a picture and tables."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot import texts
from bot.domain.outgoing import OwnFile
from bot.domain.suppression import AtLeast, Withheld
from bot.domain.text import Text, joined
from bot.domain.weekly import Week, WeeklyFigures
from bot.services import charts, lettering, sheets
from bot.services.charts import Bar, Tile
from bot.services.sheets import Sheet
from bot.texts import weekly

Figure = int | Decimal | Withheld | AtLeast | None


@dataclass(frozen=True, slots=True)
class _Row:
    label: Text
    now: Figure
    before: Figure
    topic: str | None = None  #: where it is a part of the row above


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of a week beside those of the week before."""

    week: Week
    now: WeeklyFigures
    before: WeeklyFigures

    @property
    def text(self) -> Text:
        """What a person reads."""
        return joined([weekly.HEAD(since=self._since, until=self._until), *map(_line, self._rows()), weekly.FOOT])

    @property
    def caption(self) -> Text:
        """What stands under the picture."""
        return weekly.CAPTION(since=self._since, until=self._until)

    async def picture(self) -> OwnFile:
        """Return the figures as a picture; in English, as the file goes to everybody.

        Raises:
            ChartFailed: It cannot be drawn.
        """
        return OwnFile(f"weekly-report-{self.week.name}.png", await charts.to_png(self._svg()))

    async def tables(self, *, at: datetime) -> tuple[OwnFile, OwnFile]:
        """Return the figures as CSV and as XLSX, in English; *at* is when they were made."""
        sheet = self._sheet()
        csv, xlsx = await asyncio.gather(
            asyncio.to_thread(sheets.to_csv, sheet), asyncio.to_thread(sheets.to_xlsx, [sheet], at=at)
        )
        name = f"weekly-report-{self.week.name}"
        return OwnFile(f"{name}.csv", csv), OwnFile(f"{name}.xlsx", xlsx)

    @property
    def _since(self) -> str:
        return self.week.monday.isoformat()

    @property
    def _until(self) -> str:
        return self.week.sunday.isoformat()

    def _rows(self) -> Iterator[_Row]:
        now, before = self.now, self.before
        yield _Row(weekly.REQUESTS, now.requests, before.requests)
        for topic in self._topics():
            title = Text("{title}", title=texts.topic_title(topic))
            yield _Row(title, now.topics.get(topic, 0), before.topics.get(topic, 0), topic)
        yield _Row(weekly.CRISES, now.crises, before.crises)
        yield _Row(weekly.STARTED, now.started, before.started)
        yield _Row(weekly.ENDED, now.ended, before.ended)
        yield _Row(weekly.WAIT, now.wait_minutes, before.wait_minutes)
        yield _Row(weekly.MESSAGES, now.messages, before.messages)
        yield _Row(weekly.RATINGS, now.ratings, before.ratings)
        yield _Row(weekly.RATING, now.average_rating, before.average_rating)
        yield _Row(weekly.COUNSELORS, now.counselors, before.counselors)

    def _topics(self) -> list[str]:
        """Return the topics in the order of their file; behind them those that were taken out of it."""
        return list(dict.fromkeys([*texts.topics(), *self.now.topics, *self.before.topics]))

    def _sheet(self) -> Sheet:
        weeks = (self.week, self.week.previous)
        columns = [str(weekly.RANGE(since=str(week.monday), until=str(week.sunday))) for week in weeks]
        rows = [
            (f"{weekly.REQUESTS}: {_label(row.topic)}" if row.topic else str(row.label), _cell(row.now), _cell(row.before))
            for row in self._rows()
        ]
        return Sheet(title=str(weekly.SHEET), columns=[str(weekly.FIGURE), *columns], rows=rows)

    def _svg(self) -> str:
        now, before = self.now, self.before
        tiles = [
            _tile(weekly.REQUESTS, now.requests, before.requests),
            _tile(weekly.STARTED, now.started, before.started),
            _tile(weekly.WAIT, now.wait_minutes, before.wait_minutes),
            _tile(weekly.RATING, now.average_rating, before.average_rating),
        ]
        bars = [Bar(_label(topic), now.topics.get(topic, 0), before.topics.get(topic, 0)) for topic in self._topics()]
        legend = (str(weekly.THIS_WEEK), str(weekly.WEEK_BEFORE))
        title = str(weekly.RANGE(since=self._since, until=self._until))
        return charts.comparison(title, tiles, str(weekly.BY_TOPIC), bars, legend=legend)


def _line(row: _Row) -> Text:
    now, before = _figure(row.now), _figure(row.before)
    if row.topic:
        return weekly.PART(label=row.label, now=now, before=before)
    return weekly.LINE(label=row.label, now=now, before=before)


def _tile(label: Text, now: Figure, before: Figure) -> Tile:
    return Tile(str(label), str(_figure(now)), str(weekly.BEFORE(figure=_figure(before))))


def _figure(value: Figure) -> Text:
    return weekly.NO_FIGURE if value is None else Text("{value}", value=str(value))


def _cell(value: Figure) -> str | int | Decimal | None:
    return str(value) if isinstance(value, Withheld | AtLeast) else value


def _label(topic: str) -> str:
    """Return how a topic is called where there are no icons; its key where our letters do not do."""
    known = texts.topics().get(topic)
    return (lettering.plain(known.label) if known else None) or topic
