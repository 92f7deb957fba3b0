"""Workbooks: xlsx files that people hand in, read with limits; a hostile or huge one is refused and never half read.

A formula is never run and never trusted: its cell is `FORMULA`. The readers of single cells stand here too.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from stream.workbook_part import TooLarge, measure

SIZE_LIMIT = 10 * 1024 * 1024
UNPACKED_LIMIT = 200 * 1024 * 1024
RATIO_LIMIT = 200
PARTS_LIMIT = 2000
ROW_LIMIT = 50_000
COLUMN_LIMIT = 64
CELL_LIMIT = 1_000_000
"""Cells of all sheets together, with the blank ones left of a typed one: a row padded to the last column is 16 384."""
LAST_ROW = 1_048_576
"""What a spreadsheet can hold at most; a file may claim more."""
FORMULA = "\x00="
"""Stands for a cell that holds a formula."""
NO_FORMULA = "是公式，请改为直接填写的值。"
SHANGHAI = ZoneInfo("Asia/Shanghai")
Grid = list[tuple[Any, ...]]


class Unreadable(Exception):
    """The file as a whole can not be taken; the text is a Chinese sentence with the cure."""


def sheets(data: bytes) -> dict[str, Grid]:
    """Every sheet with its rows, as typed. Raises Unreadable."""
    if len(data) > SIZE_LIMIT:
        raise Unreadable(f"文件 {len(data) / 1_048_576:.1f} MB，超过 10 MB，请拆分后再导入")
    check(data)
    from openpyxl import load_workbook  # 0.1 s, and few processes ever read a workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            room = Room()
            return {sheet.title: list(lines(sheet, room, ROW_LIMIT)) for sheet in book.worksheets}
        finally:
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError, EOFError) as error:
        raise Unreadable("文件已损坏或不是 xlsx 表格，请用表格软件重新另存为 .xlsx") from error


class Room:
    """How many cells a workbook may still have."""

    def __init__(self) -> None:
        """A whole workbook's."""
        self.left = CELL_LIMIT


def lines(sheet: Any, room: Room, most: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a read-only sheet, blank ones too, each cut at COLUMN_LIMIT; `most`: so many rows. Raises Unreadable.

    A row is as wide as its last cell: one in the last column makes 16 384, which count before they are kept.
    """
    sheet.reset_dimensions()
    for number, line in enumerate(sheet.iter_rows(), 1):
        if number > most:
            raise Unreadable(f"工作表“{sheet.title}”超过 {most} 行，请拆分后再导入")
        if any(cell.value is not None for cell in line[COLUMN_LIMIT:]):
            raise Unreadable(f"工作表“{sheet.title}”第 {number} 行超过 {COLUMN_LIMIT} 列，请删去右侧多余的列后再导入")
        room.left -= len(line)
        if room.left < 0:
            raise Unreadable(f"文件超过 {CELL_LIMIT // 10_000} 万个单元格，请删去多余的空白行列，或拆分后再导入")
        yield tuple(FORMULA if cell.data_type == "f" else cell.value for cell in line[:COLUMN_LIMIT])


def check(data: bytes) -> None:
    """Refuse an archive that grows too large, has too many parts or one too large to read, or names outside entities.

    Raises Unreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > PARTS_LIMIT or unpacked > UNPACKED_LIMIT or unpacked > max(len(data), 50_000) * RATIO_LIMIT:
                raise Unreadable("文件解压后过大，疑似异常文件，已拒绝")
            for part in parts:
                with archive.open(part) as opened:
                    start = opened.read(4096)
                with archive.open(part) as opened:
                    measure(part.filename, part.file_size, opened)
                if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                    raise Unreadable("文件含有外部实体声明，已拒绝；请用表格软件重新另存为 .xlsx")
    except TooLarge as error:
        raise Unreadable("文件中有一行或一处内容异常大，已拒绝；请删去多余内容，或拆分后再导入") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable("文件已损坏、已加密或不是 xlsx 表格，请用表格软件重新另存为 .xlsx") from error


def read_text(value: object) -> str:
    """A cell or TOML value as text; a number typed into a sheet (工号 2016001) loses its `.0`. Raises ValueError."""
    if value is None:
        return ""
    if value == FORMULA:
        raise ValueError(NO_FORMULA)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def read_flag(value: object) -> bool:
    """是 or 否 (also true/false, 1/0, √). Raises ValueError."""
    text = read_text(value).lower()
    if text in ("是", "true", "1", "√", "y", "yes"):
        return True
    if text in ("否", "false", "0", "", "×", "n", "no"):
        return False
    raise ValueError(f"“{text}”读不懂，请写“是”或“否”。")


def read_moment(value: object) -> datetime:
    """A date or time; without an offset it is Asia/Shanghai. Raises ValueError."""
    if value == FORMULA:
        raise ValueError(NO_FORMULA)
    if isinstance(value, str):
        text = value.strip()
        try:
            value = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            raise ValueError(f"“{text}”不是时间，请写成 2026-11-21 08:00。") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 (the zone follows)
    if not isinstance(value, datetime):
        raise ValueError("应为时间，请写成 2026-11-21 08:00。")
    return value if value.tzinfo else value.replace(tzinfo=SHANGHAI)


def read_day(value: object) -> date:
    """A day: 2026-11-21, 2026/11/21 or a date cell. Raises ValueError."""
    try:
        return read_moment(value).astimezone(SHANGHAI).date()
    except ValueError as error:
        if value == FORMULA:
            raise
        raise ValueError(f"“{str(value)[:20]}”不是日期，请写成 2026-11-21。") from error


def read_clock(value: object) -> time:
    """A time of day: 08:00 or a time cell. Raises ValueError."""
    if isinstance(value, datetime):
        value = value.time()
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    text = read_text(value)
    try:
        return time.fromisoformat(text if len(text) > 4 else f"0{text}")
    except ValueError:
        raise ValueError(f"“{text}”不是钟点，请写成 08:00。") from None
