"""A workbook that grows when it is read is refused before it fills the memory."""

from __future__ import annotations

import io
import tracemalloc

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
