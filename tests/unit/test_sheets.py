"""Tables as files."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.services.sheets import Cell, Sheet, to_csv, to_xlsx

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def sheet(*row: Cell) -> Sheet:
    """Return a table with one row."""
    return Sheet(title="Week", columns=[f"column {number}" for number in range(len(row))], rows=[row])


def parts(content: bytes) -> tuple[str, str]:
    """Return what an Excel file says of its first page: the cells, and the texts in them."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()


def test_a_table_as_csv() -> None:
    """Days, numbers and texts as any spreadsheet reads them, an empty cell for what there is not."""
    found = to_csv(sheet(date(2026, 3, 2), 7, Decimal("4.5"), None, 'a, "b"\nሰላም'))

    assert 'column 0,column 1,column 2,column 3,column 4\r\n2026-03-02,7,4.5,,"a, ""b""\nሰላም"\r\n' == found.decode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "http://example.org"])
def test_no_text_is_computed(text: str) -> None:
    """A spreadsheet takes no text for a formula, and none for a link."""
    cells, texts = parts(to_xlsx([sheet(text)], at=AT))
    (row,) = to_csv(sheet(text)).decode().splitlines()[1:]

    assert ("<f>" in cells, "<hyperlink" in cells) == (False, False)
    assert text.strip() in texts
    assert row == (text if text.startswith("http") else f"'{text}")


def test_a_table_as_xlsx() -> None:
    """Numbers are numbers, a day is one, and the title is the page's."""
    cells, texts = parts(to_xlsx([sheet(date(2026, 3, 2), 7, Decimal("4.5"), None, "<5")], at=AT))

    assert {"46083", "7", "4.5"} <= set(re.findall(r"<v>([^<]*)</v>", cells))
    assert "&lt;5" in texts


def test_the_same_table_is_the_same_file() -> None:
    """So that an attempt that is repeated sends what the first one did."""
    assert to_xlsx([sheet(1, "a")], at=AT) == to_xlsx([sheet(1, "a")], at=AT)
