"""Reading and writing the roster as an xlsx workbook, or as a folder of CSV files named like its sheets."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from deploy import legible
from deploy.problem import Problem, sentence, unknown
from deploy.roster import SHEETS, OfficeRow, Roster, Row, heading, knots, titles
from escalation.people import TITLES, Role
from stream.workbook import FORMULA, NO_FORMULA, Grid, Unreadable, sheets

if TYPE_CHECKING:
    from openpyxl import Workbook

GUIDE = "填写说明"
"""A sheet for the reader; it is not taken in."""
GUIDE_FILE = Path(__file__).with_name("templates") / "roster_guide.toml"
Placed = dict[str, list[tuple[str, Row]]]
"""Table → rows with the place each came from; of a wrong row what can be read of it (see `deploy.legible`). A table
that cannot be read is missing."""


def read(path: Path) -> tuple[Placed, list[Problem]]:
    """Every row with its place, and everything that is wrong."""
    placed: Placed = {}
    problems: list[Problem] = []
    try:
        grids = dict(_grids(path))
    except FileNotFoundError:
        return {}, [Problem(path.name, "", "没有这个文件，请更正 accounts_file，或用 fengxin init 生成样表。")]
    except PermissionError:
        return {}, [Problem(path.name, "", "没有权限读，请让运行本系统的账号可以读它。")]
    except (Unreadable, OSError, UnicodeDecodeError):
        return {}, [
            Problem(path.name, "", "读不了：须为 xlsx 工作簿，或由 UTF-8 编码 CSV 组成的文件夹，请另存后再试。")
        ]
    known = [title for title, _ in SHEETS.values()]
    strange = [one for one in grids if one not in (*known, GUIDE)]
    problems += [Problem(path.name, f"工作表“{one}”", unknown(one, known)) for one in strange]
    for table, (title, row) in SHEETS.items():
        if title not in grids:
            problems.append(Problem(path.name, "", f"缺少工作表“{title}”，请照样表补上（可以没有数据行）。"))
            continue
        rows, wrong = _rows(grids[title], row, f"{path.name} 工作表“{title}”")
        if rows is not None:
            placed[table] = rows
        problems += wrong
    return placed, problems


def _grids(path: Path) -> Iterator[tuple[str, Grid]]:
    if path.is_dir():
        for file in sorted(path.glob("*.csv")):
            with file.open(encoding="utf-8-sig", newline="") as lines:
                yield file.stem, [tuple(line) for line in csv.reader(lines)]
        return
    yield from sheets(path.read_bytes()).items()


def _rows(grid: Grid, row: type[Row], sheet: str) -> tuple[list[tuple[str, Row]] | None, list[Problem]]:
    fields = titles(row)
    head = [str(cell).strip().rstrip("*") if cell is not None else "" for cell in (grid[0] if grid else ())]
    needed = [str(info.title) for info in row.model_fields.values() if info.is_required()]
    problems = [
        Problem(f"{sheet} 第 1 行", f"“{name}”列", unknown(name, fields))
        for name in head
        if name and name not in fields
    ]
    problems += [
        Problem(f"{sheet} 第 1 行", f"“{name}”列", "缺少这一列，请补上。") for name in needed if name not in head
    ]
    if problems:
        return None, problems
    placed: list[tuple[str, Row]] = []
    for number, cells in enumerate(grid[1:], 2):
        values = {
            fields[name]: cell for name, cell in zip(head, cells, strict=False) if name and cell not in (None, "")
        }
        if not values or str(cells[0] or "").startswith("#"):
            continue
        place = f"{sheet} 第 {number} 行"
        formulas = [name for name, cell in values.items() if cell == FORMULA]
        if formulas:
            problems += [Problem(place, f"“{heading(row, name)}”列", NO_FORMULA) for name in formulas]
            placed.append((place, legible.row(row, {n: v for n, v in values.items() if n not in formulas})))
            continue
        try:
            placed.append((place, row.model_validate(values)))
        except ValidationError as error:
            problems += [Problem(place, f"“{heading(row, one['loc'][0])}”列", sentence(one)) for one in error.errors()]
            placed.append((place, legible.row(row, values)))
    return placed, problems


def assemble(placed: Mapping[str, Sequence[tuple[str, Row]]], unread: frozenset[str]) -> tuple[Roster, list[Problem]]:
    """The roster of all rows, and what does not fit between them, by the place each row came from. `unread`: tables
    that could not be read."""
    rows_of = {table: tuple(row for _, row in rows) for table, rows in placed.items()}
    roster = Roster.model_construct(_fields_set=None, **rows_of)
    problems = [
        Problem(placed[table][index][0], f"“{heading(SHEETS[table][1], name)}”列", text)
        for table, index, name, text in knots(roster, unread)
    ]
    return roster, problems


def unknown_roles(offices: Sequence[tuple[str, Row]], known: Mapping[str, str]) -> list[Problem]:
    """Offices whose role neither the pack nor the desk knows, by the place each row came from."""
    words = "；".join(dict.fromkeys(word for word in known if not word.isascii()))  # a name may hold “、”
    return [
        Problem(place, "“角色”列", f"规程包里没有“{row.role}”，可写：{words}。")
        for place, row in offices
        if isinstance(row, OfficeRow) and getattr(row, "role", None) not in (None, *known)
    ]


def write(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write a workbook with every sheet: headings (a star marks what is needed), then `rows` by field name."""
    from openpyxl import Workbook  # 0.1 s, and every process reads this module
    from openpyxl.styles import Font

    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for table, (title, row) in SHEETS.items():
        sheet = book.create_sheet(title)
        sheet.append([f"{info.title}{'*' if info.is_required() else ''}" for info in row.model_fields.values()])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = 20
        sheet.freeze_panes = "A2"
        for values in rows.get(table, ()):
            sheet.append([values.get(name) for name in row.model_fields])
    _explain(book)
    book.save(path)


def _explain(book: Workbook) -> None:
    """A further sheet that says how each column is filled in, and the roles that each shipped pack knows."""
    from openpyxl.styles import Alignment, Font

    from escalation.procedure import codes, load

    guide = tomllib.loads(GUIDE_FILE.read_text("utf-8"))
    sheet = book.create_sheet(GUIDE)
    sheet.append(["工作表", "列", "要求", "说明"])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for title, row in SHEETS.values():
        for info in row.model_fields.values():
            needed = "必填" if info.is_required() else "选填"
            sheet.append([title, info.title, needed, guide[title][info.title]])
    for code in codes():
        pack = load(code)
        words = dict.fromkeys(one.words[0] for one in pack.office)
        sheet.append(["任职", "可写的角色", f"规程包 {code}", "；".join((*words, TITLES[Role.ADMINISTRATOR]))])
    for note in guide["notes"]:
        sheet.append(["", "", "", note])
    for letter, width in {"A": 10, "B": 16, "C": 18, "D": 100}.items():
        sheet.column_dimensions[letter].width = width
    for line in sheet.iter_rows(min_row=2, min_col=4, max_col=4):
        line[0].alignment = Alignment(wrap_text=True, vertical="top")
