"""The xlsx file of a rota to fill in: its sheets with their headings, and one that explains them."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.styles import Font

from escalation.duty import arrangement
from escalation.duty.rota_file import SHEETS


def template() -> bytes:
    """The file to fill in: every sheet with its headings (a star marks what is needed) and one that explains them."""
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for title, columns in SHEETS.items():
        sheet = book.create_sheet(title)
        sheet.append([f"{column.title}{'*' if column.needed else ''}" for column in columns.values()])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = 22
        sheet.freeze_panes = "A2"
    guide = book.create_sheet("填写说明")
    guide.append(["工作表", "列", "要求", "说明"])
    for title, columns in SHEETS.items():
        for column in columns.values():
            guide.append([title, column.title, "必填" if column.needed else "选填", column.guide])
    guide.append(
        ["", "", "", "三个工作表填一个即可。有一处不对，整份都不录入；导入只替换所涉时段的班次，此前的班次不动。"]
    )
    guide.append(
        ["", "", "", f"节假日：{arrangement.YEARS[1]} 年及以前{arrangement.SOURCE}，只填与之不同的和以后年份的。"]
    )
    guide.column_dimensions["D"].width = 80
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
