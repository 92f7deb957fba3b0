"""A workbook that grows when it is read is refused before it fills the memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from stream import workbook
from stream.workbook import COLUMN_LIMIT, Unreadable, sheets

LAST_COLUMN = 16_384


def _wide(rows: int, *, value: str | None, sheets_: int = 1) -> bytes:
    """Sheets whose rows have one cell in the last column; without a value it is only formatted."""
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for _ in range(sheets_):
        sheet = book.create_sheet()
        for number in range(1, rows + 1):
            sheet.cell(number, 1, "甲")
            sheet.cell(number, LAST_COLUMN, value).font = Font(bold=True)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_value_in_the_last_column_is_refused_with_its_row() -> None:
    with pytest.raises(Unreadable, match="第 1 行超过 64 列，请删去右侧多余的列"):
        sheets(_wide(1, value="x"))


def test_formatted_blank_cells_far_to_the_right_are_cut_off() -> None:
    (grid,) = sheets(_wide(2, value=None)).values()
    assert [len(line) for line in grid] == [COLUMN_LIMIT, COLUMN_LIMIT]
    assert [line[0] for line in grid] == ["甲", "甲"]


@pytest.mark.parametrize("over", [1, 4])
def test_cells_are_counted_over_all_sheets_and_the_memory_stays_small(over: int) -> None:
    data = _wide(2_000 // over, value=None, sheets_=over)
    assert len(data) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="超过 100 万个单元格"):
            sheets(data)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_as_many_cells_as_the_limit_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "CELL_LIMIT", 2 * LAST_COLUMN)
    assert sheets(_wide(2, value=None))
    with pytest.raises(Unreadable, match="个单元格"):
        sheets(_wide(3, value=None))


SHEET = "xl/worksheets/sheet1.xml"
CELL = b'<c t="inlineStr"><is><t>' + b"x" * 1000 + b"</t></is></c>"


def _swollen(part: str, of: bytes, times: int, around: tuple[bytes, bytes]) -> bytes:
    """A small workbook of which one part is `around` with something in it, again and again."""
    held, made = io.BytesIO(_wide(1, value=None)), io.BytesIO()
    with zipfile.ZipFile(held) as whole, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as swollen:
        for one in whole.infolist():
            if one.filename != part:
                swollen.writestr(one.filename, whole.read(one))
        swollen.writestr(part, around[0] + of * times + around[1])
    return made.getvalue()


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
IN_A_ROW = (b"<worksheet " + MAIN + b'><sheetData><row r="1">', b"</row></sheetData></worksheet>")


@pytest.mark.parametrize(
    ("part", "of", "times", "around"),
    [
        (SHEET, CELL, 9_000, IN_A_ROW),
        (SHEET, b"<!--<row>-->" + CELL, 9_000, IN_A_ROW),
        (SHEET, CELL.replace(b"<", b"<z:").replace(b"<z:/", b"</z:"), 9_000, (
            b'<z:worksheet xmlns:z="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><z:sheetData><z:row>',
            b"</z:row></z:sheetData></z:worksheet>",
        )),
        (SHEET, b"<a/>", 2_200_000, (b"<worksheet " + MAIN + b">", b"</worksheet>")),
        (SHEET, b"x" * 1_000_000, 9, IN_A_ROW),
        ("xl/sharedStrings.xml", b"<r><t>x</t></r>", 600_000, (b"<sst " + MAIN + b"><si>", b"</si></sst>")),
        ("xl/styles.xml", b"<font/>", 2_400_000, (b"<styleSheet " + MAIN + b"><fonts>", b"</fonts></styleSheet>")),
        (SHEET, b" ", 8_400_000, (b"<worksheet>" + b" " * 5000 + b"</worksheet><!DOCTYPE x>", b"")),
    ],
    ids=["cells", "behind comments", "of a prefix", "beside rows", "text", "string", "styles", "doctype"],
)  # fmt: skip
def test_what_would_be_held_at_once_is_refused_before_it_is_read(
    part: str, of: bytes, times: int, around: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SIZE_LIMIT", 50_000_000)
    data = _swollen(part, of, times, around)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=r"异常大|已损坏"):
            sheets(data)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_large_sheet_of_ordinary_rows_passes_the_measure() -> None:
    row = b"<row>" + CELL * 10 + b"</row>"
    around = (b"<worksheet " + MAIN + b"><sheetData>", b"</sheetData></worksheet>")
    data = _swollen(SHEET, row, 900, around)
    assert len(data) > 9_000_000
    (grid,) = sheets(data).values()
    assert (len(grid), len(grid[0])) == (900, 10)
