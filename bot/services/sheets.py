"""Tables as files that any spreadsheet opens: CSV, and XLSX with one sheet for each table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from importlib import import_module
from typing import Any

Cell = str | int | float | Decimal | date | None

_WIDEST = 40  #: characters of a column
_DATE = "yyyy-mm-dd"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: how a text begins that a spreadsheet would compute (OWASP, CSV injection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table with a name; each row has as many cells as there are columns."""

    title: str  #: at most 31 characters (Excel)
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def to_csv(sheet: Sheet) -> bytes:
    """Return a table as CSV (RFC 4180) in UTF-8; takes a millisecond for a thousand cells, so call it in a thread.

    A text that a spreadsheet would take for a formula gets an apostrophe in front of it.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(sheet.columns)
    writer.writerows([_as_text(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode()


def to_xlsx(sheets: Sequence[Sheet], *, at: datetime) -> bytes:
    """Return tables as an Excel file; the same tables and the same instant give the same bytes. Call it in a thread.

    Args:
        sheets: In their order.
        at: When it was made, as its properties say.
    """
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    xlsxwriter: Any = import_module("xlsxwriter")  # 50 ms that only this needs; it has no types
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": at.replace(tzinfo=None)})
        bold, day = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"num_format": _DATE})
        for sheet in sheets:
            page = book.add_worksheet(sheet.title)
            page.freeze_panes(1, 0)
            page.write_row(0, 0, list(sheet.columns), bold)
            for number, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        page.write_datetime(number, column, datetime.combine(cell, time()), day)
                    else:
                        page.write(number, column, cell)
            for column, width in enumerate(_widths(sheet)):
                page.set_column(column, column, width)
    return content.getvalue()


def _as_text(cell: Cell) -> str | int | float | Decimal | None:
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _widths(sheet: Sheet) -> list[int]:
    """Return how wide each column has to be, in characters."""
    longest = [max(map(len, map(str, column))) for column in zip(sheet.columns, *sheet.rows, strict=True)]
    return [min(length + 2, _WIDEST) for length in longest]
