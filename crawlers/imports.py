"""Imports: leads from a CSV or xlsx file, with limits: a hostile or huge file is refused and never half read."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from crawlers.lead import (
    ACCOUNT,
    COLUMNS,
    LINK,
    PLATFORM,
    PLATFORMS,
    PUBLISHED,
    SEEN,
    TEXT,
    Problem,
    Taken,
    take_rows,
)
from stream.log import Log
from stream.store import Store
from stream.workbook import LAST_ROW, ROW_LIMIT, SIZE_LIMIT, Room, Unreadable, check, lines

GUIDE = (
    (PLATFORM, "选填", "如：" + "、".join(list(PLATFORMS)[:8]) + " 等；不填按“其他”"),
    (ACCOUNT, "选填", "登记册中的账号名称；不填按学校主账号归口（同平台的在前，再按编号），事件中不写账号"),
    (LINK, "与原文至少填一项", "完整网址，以 http:// 或 https:// 开头"),
    (TEXT, "与链接至少填一项", "照抄原文；手机号、学号等个人信息会自动隐去，请勿填写评论者姓名或昵称"),
    (PUBLISHED, "选填", "如 2026-11-03 18:02（北京时间）；不填按看到时间"),
    (SEEN, "选填", "如 2026-11-03 18:20（北京时间）；不填按导入时刻。十日以前看到的按历史处理，不立事件、不发通知"),
)


def take_file(
    store: Store, log: Log, school: str, name: str, data: bytes, now: datetime
) -> Taken | tuple[Problem, ...]:
    """Take every row of a .csv or .xlsx file, or none and every problem. Raises LogUnavailable, StoreUnavailable."""
    try:
        rows = list(read_file(name, data))
    except Unreadable as error:
        return (Problem(0, "文件", str(error)),)
    if not rows:
        return (Problem(0, "文件", "文件中没有可导入的数据行，请从第二行起填写"),)
    return take_rows(store, log, school, rows, now)


def read_file(name: str, data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their number as the spreadsheet shows it; blank ones are left out. Raises Unreadable."""
    if len(data) > SIZE_LIMIT:
        raise Unreadable(f"文件 {len(data) / 1_048_576:.1f} MB，超过 10 MB，请拆分后再导入")
    if name.lower().endswith(".xlsx"):
        return _rows(_sheet(data))
    if name.lower().endswith(".csv"):
        return _rows(_table(data))
    raise Unreadable("只支持 .xlsx 与 .csv 文件；.xls 请先另存为 .xlsx")


def _rows(lines: Iterable[Sequence[Any]]) -> Iterator[tuple[int, dict[str, str]]]:
    heads: list[str] = []
    taken = 0
    for number, line in enumerate(lines, start=1):
        cells = [_text(cell) for cell in line]
        if not heads:
            if not any(cells):
                continue
            heads = [cell.strip().lstrip("\ufeff") for cell in cells]
            _check_heads(heads)
            continue
        row = {head: cell for head, cell in zip(heads, cells, strict=False) if head in COLUMNS}
        if not any(value.strip() for value in row.values()):
            continue
        taken += 1
        if taken > ROW_LIMIT:
            raise Unreadable(f"超过 {ROW_LIMIT} 行，请拆分后再导入")
        yield number, row
    if not heads:
        raise Unreadable("文件是空的，请下载模板填写")


def _check_heads(heads: Sequence[str]) -> None:
    named = [head for head in heads if head]
    if unknown := [head for head in named if head not in COLUMNS]:
        raise Unreadable(f"不认识的列：{'、'.join(one[:20] for one in unknown[:10])}；可用的列：{'、'.join(COLUMNS)}")
    if twice := sorted({head for head in named if named.count(head) > 1}):
        raise Unreadable(f"列名重复：{'、'.join(twice)}")
    if TEXT not in named and LINK not in named:
        raise Unreadable(f"第一行须为列名，且至少有“{TEXT}”或“{LINK}”一列；请下载模板填写")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _table(data: bytes) -> Iterator[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable("文件编码无法识别，请另存为 UTF-8 编码的 CSV，或改用 .xlsx")
    first = text.partition("\n")[0]
    delimiter = max((",", "\t", ";"), key=first.count)
    old = csv.field_size_limit(SIZE_LIMIT)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise Unreadable(f"CSV 格式有误（{error}），请检查引号是否成对，或改用 .xlsx") from error
    finally:
        csv.field_size_limit(old)


def _sheet(data: bytes) -> Iterator[tuple[Any, ...]]:
    check(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            yield from lines(book.worksheets[0], Room(), LAST_ROW)
        finally:
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError, EOFError) as error:
        raise Unreadable("文件已损坏或不是 xlsx 表格，请用表格软件重新另存为 .xlsx") from error


def template() -> bytes:
    """An xlsx file with the columns and a sheet that explains them."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 (a new workbook has one)
    sheet.title = "线索"
    sheet.append(list(COLUMNS))
    for letter, width in zip("ABCDEF", (12, 24, 40, 60, 20, 20), strict=True):
        sheet.column_dimensions[letter].width = width
    guide = book.create_sheet("填写说明")
    guide.append(["列", "要求", "说明"])
    for line in GUIDE:
        guide.append(list(line))
    guide.append(["", "", "任何一行有误，整份文件都不会导入；请按提示改好后重新上传。"])
    guide.column_dimensions["B"].width, guide.column_dimensions["C"].width = 20, 80
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
