"""The rota as an xlsx file: single shifts (值班), recurring ones (轮值) and special days (节假日), read in one round.

Every mistake of the file is told by sheet, row and column; formulas are refused; with one mistake nothing is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from escalation.clock_words import SHANGHAI
from escalation.duty.calendar import SpecialDay, say_untold, span, untold, works
from escalation.duty.coverage import Turn
from escalation.duty.rota import Plan
from stream.workbook import Grid, Unreadable, read_clock, read_day, read_flag, read_moment, read_text, sheets

SHIFTS, PATTERNS, DAYS = "值班", "轮值", "节假日"
EVERY, WORKING, FREE = "每天", "工作日", "休息日"
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
LONGEST_PATTERN = timedelta(days=400)
MOST = 5_000
MOST_DAYS = 100_000
"""Days that the patterns of one file may look through: a year for each of 270 rows."""
CURE = "请在“节假日”表填写该年的放假与调休，或把“适用”写成每天、周一至周日。"
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where: sheet, row as the spreadsheet counts (0: the whole), column."""

    sheet: str
    row: int
    column: str
    sentence: str

    def __str__(self) -> str:
        place = f"工作表“{self.sheet}”" if self.sheet else "文件"
        place += f" 第 {self.row} 行" if self.row else ""
        return f"{place}，“{self.column}”列：{self.sentence}" if self.column else f"{place}：{self.sentence}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, how its cell is read, whether it must be filled in, what the template says of it."""

    title: str
    read: Callable[[object], Any]
    needed: bool
    guide: str


def _ids(value: object) -> tuple[str, ...]:
    text = read_text(value).replace(",", "、").replace("，", "、").replace(";", "、").replace("；", "、")
    found = tuple(one.strip() for one in text.split("、") if one.strip())
    if not found:
        raise ValueError("不能为空，请填写工号，多人用顿号分开。")
    return found


def _when(value: object) -> frozenset[str]:
    words = frozenset(_ids(value)) if read_text(value) else frozenset({EVERY})
    unknown = sorted(words - {EVERY, WORKING, FREE, *WEEKDAYS})
    if unknown:
        known = "、".join((EVERY, WORKING, FREE, *WEEKDAYS))
        raise ValueError(f"不认识“{'、'.join(unknown)[:40]}”，可写：{known}。")
    return words


def _times(value: object) -> int:
    text = read_text(value) or "1"
    if not text.isdecimal() or not 1 <= int(text) <= 31:
        raise ValueError(f"“{text[:20]}”不是 1 到 31 的整数。")
    return int(text)


def _working(value: object) -> bool:
    text = read_text(value)
    if text in ("休", "放假", "休息"):
        return False
    if text in ("班", "上班", "调休上班"):
        return True
    raise ValueError(f"“{text[:20]}”读不懂，请写“休”或“班”。")


SHEETS: Mapping[str, Mapping[str, Column]] = {
    SHIFTS: {
        "person": Column("工号", read_text, True, "名册“人员”表里的工号"),
        "starts_at": Column("开始", read_moment, True, "如 2026-11-21 08:00（北京时间）"),
        "ends_at": Column("结束", read_moment, True, "如 2026-11-21 20:00；跨夜写次日"),
        "leads": Column("带班领导", read_flag, False, "是 或 否；不填为否"),
    },
    PATTERNS: {
        "first": Column("从", read_day, True, "第一天，如 2026-12-01"),
        "last": Column("至", read_day, True, "最后一天，如 2026-12-31"),
        "when": Column("适用", _when, False, "每天、工作日、休息日、周一至周日，可写几样，用顿号分开；不填为每天"),
        "starts": Column("开始", read_clock, True, "如 08:00"),
        "ends": Column("结束", read_clock, True, "如 20:00；不晚于开始的算到次日"),
        "persons": Column("轮值人员", _ids, True, "工号，按先后顺序，用顿号分开，轮完再从头"),
        "each": Column("每人连值", _times, False, "一人连值几班后换人；不填为 1"),
        "leads": Column("带班领导", read_flag, False, "是 或 否；不填为否"),
    },
    DAYS: {
        "day": Column("日期", read_day, True, "如 2027-01-01"),
        "working": Column("安排", _working, True, "休（放假）或 班（调休上班）"),
        "name": Column("名称", read_text, False, "如 元旦"),
    },
}  # fmt: skip


def read(data: bytes, known: Collection[str], special: Mapping[date, SpecialDay]) -> tuple[Plan, list[Problem]]:
    """The plan of a file, or everything that is wrong with it and no plan.

    `known`: ids of the people who work here; `special`: the calendar as it stands, `calendar.read`.
    """
    try:
        grids = sheets(data)
    except Unreadable as error:
        return Plan(), [Problem("", 0, "", f"{error}。")]
    problems = [
        Problem(title, 0, "", f"没有这个工作表，可用：{'、'.join(SHEETS)}。")
        for title in grids if title not in SHEETS and title != "填写说明"
    ]  # fmt: skip
    rows: dict[str, list[tuple[int, Values]]] = {}
    for title, columns in SHEETS.items():
        rows[title] = _rows(grids.get(title, []), title, columns, problems) if title in grids else []
    if not any(rows.values()) and not problems:
        problems.append(Problem("", 0, "", "没有任何数据行，请按模板填写。"))
    days = _days(rows[DAYS], problems)
    placed = [(SHIFTS, number, _turn(row)) for number, row in rows[SHIFTS] if _in_order(number, row, problems)]
    worked = {**special, **{one.day: one for one in days}}
    _expand(rows[PATTERNS], worked, placed, problems)
    problems += _strangers(rows, known)
    problems += _clashes(placed)
    problems.sort(key=lambda one: (list(SHEETS).index(one.sheet) if one.sheet in SHEETS else -1, one.row))
    plan = Plan() if problems else Plan(tuple(turn for _, _, turn in placed), tuple(days))
    return plan, problems


def _rows(grid: Grid, title: str, columns: Mapping[str, Column], problems: list[Problem]) -> list[tuple[int, Values]]:
    named = {column.title: name for name, column in columns.items()}
    head = [str(cell).strip().rstrip("*") if cell is not None else "" for cell in (grid[0] if grid else ())]
    wrong = [
        Problem(title, 1, one[:30], f"没有这一列，可用：{'、'.join(named)}。")
        for one in head
        if one and one not in named
    ]
    wrong += [
        Problem(title, 1, column.title, "缺少这一列，请补上。")
        for column in columns.values() if column.needed and column.title not in head
    ]  # fmt: skip
    problems += wrong
    found: list[tuple[int, Values]] = []
    for number, cells in enumerate(() if wrong else grid[1:], 2):
        given = {named[one]: cell for one, cell in zip(head, cells, strict=False) if one and cell not in (None, "")}
        if given and not str(cells[0] or "").startswith("#"):
            found.append((number, _read(title, number, columns, given, problems)))
    return found


def _read(title: str, number: int, columns: Mapping[str, Column], given: Values, problems: list[Problem]) -> Values:
    """The cells that can be read; what cannot is told."""
    values: Values = {}
    for name, column in columns.items():
        if name not in given and column.needed:
            problems.append(Problem(title, number, column.title, "缺少这一项，请补上。"))
            continue
        try:
            values[name] = column.read(given.get(name))
        except ValueError as error:
            problems.append(Problem(title, number, column.title, str(error)))
    return values


def _days(rows: list[tuple[int, Values]], problems: list[Problem]) -> list[SpecialDay]:
    found: dict[date, SpecialDay] = {}
    for number, row in rows:
        if "day" not in row or "working" not in row:
            continue
        if row["day"] in found:
            problems.append(Problem(DAYS, number, "日期", f"{row['day']} 写了两遍，请删去其一。"))
        found[row["day"]] = SpecialDay(row["day"], row["working"], row.get("name", "")[:32])
    return list(found.values())


def _in_order(number: int, row: Values, problems: list[Problem]) -> bool:
    if not {"person", "starts_at", "ends_at"} <= row.keys():
        return False
    if row["ends_at"] <= row["starts_at"]:
        problems.append(Problem(SHIFTS, number, "结束", "不晚于开始，请更正。"))
        return False
    return True


def _pattern_in_order(number: int, row: Values, problems: list[Problem]) -> bool:
    if not {"first", "last", "when", "starts", "ends", "persons", "each"} <= row.keys():
        return False
    if row["last"] < row["first"]:
        problems.append(Problem(PATTERNS, number, "至", "早于“从”，请更正。"))
        return False
    if row["last"] - row["first"] > LONGEST_PATTERN:
        problems.append(Problem(PATTERNS, number, "至", f"一行至多 {LONGEST_PATTERN.days} 天，请分成几行。"))
        return False
    return True


def _expand(
    rows: list[tuple[int, Values]], worked: Mapping[date, SpecialDay], placed: list[tuple[str, int, Turn]],
    problems: list[Problem],
) -> None:  # fmt: skip
    """Place the shifts of the patterns behind those that are placed; stops at the first shift or day too many."""
    days = 0
    for number, row in rows:
        if not _pattern_in_order(number, row, problems) or not _is_told(number, row, worked, problems):
            continue
        days += (row["last"] - row["first"]).days + 1
        if days > MOST_DAYS:
            problems.append(Problem(PATTERNS, number, "", f"到这一行共 {days} 天，超过 {MOST_DAYS} 天，请分期导入。"))
            return
        placed += [(PATTERNS, number, turn) for turn in recurring(row, worked)]
        if len(placed) > MOST:
            break
    if len(placed) > MOST:
        problems.append(Problem("", 0, "", f"超过 {MOST} 班，请分期导入。"))


def _is_told(number: int, row: Values, worked: Mapping[date, SpecialDay], problems: list[Problem]) -> bool:
    """Whether the days off of every year of this pattern are known, where it goes by working days; else asked for."""
    if not row["when"] & {WORKING, FREE}:
        return True
    lacking = {year: untold(year, worked) for year in range(row["first"].year, row["last"].year + 1)}
    found = [
        Problem(PATTERNS, number, "适用", f"{say_untold(year, names)}。{CURE}")
        for year, names in lacking.items()
        if names
    ]
    problems += found
    return not found


def _turn(row: Values) -> Turn:
    return Turn(row["person"], row["starts_at"], row["ends_at"], row.get("leads", False))


def recurring(row: Values, special: Mapping[date, SpecialDay]) -> list[Turn]:
    """The shifts of one pattern: each day that it is for, the people in turn, `each` shifts after one another."""
    wanted: frozenset[str] = row["when"]
    days = [
        one for one in span(row["first"], row["last"])
        if EVERY in wanted or WEEKDAYS[one.weekday()] in wanted
        or (WORKING if works(one, special) else FREE) in wanted
    ]  # fmt: skip
    persons: tuple[str, ...] = row["persons"]
    found = []
    for n, day in enumerate(days):
        begins, ends = _at(day, row["starts"]), _at(day, row["ends"])
        ends = ends if ends > begins else _at(day + timedelta(days=1), row["ends"])
        found.append(Turn(persons[n // row["each"] % len(persons)], begins, ends, row.get("leads", False)))
    return found


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=SHANGHAI)


def _strangers(rows: Mapping[str, list[tuple[int, Values]]], known: Collection[str]) -> list[Problem]:
    """People whom the roster does not know, also in rows of which another cell cannot be read."""
    named = [(SHIFTS, number, "工号", (row["person"],)) for number, row in rows[SHIFTS] if row.get("person")]
    named += [(PATTERNS, number, "轮值人员", row["persons"]) for number, row in rows[PATTERNS] if "persons" in row]
    return [
        Problem(sheet, number, column, f"名册里没有在岗的工号“{one[:64]}”，请更正或先在名册中补上。")
        for sheet, number, column, ids in named for one in dict.fromkeys(ids) if one not in known
    ]  # fmt: skip


def _clashes(placed: list[tuple[str, int, Turn]]) -> list[Problem]:
    """Somebody who would be on two shifts at once; each pair of rows is told once."""
    by_person: dict[str, list[tuple[str, int, Turn]]] = {}
    for one in placed:
        by_person.setdefault(one[2].person, []).append(one)
    found: dict[tuple[str, int, str, int], Problem] = {}
    for own in by_person.values():
        own.sort(key=lambda one: one[2].starts_at)
        for before, after in pairwise(own):
            if after[2].starts_at < before[2].ends_at:
                words = f"{after[2].person} 与工作表“{before[0]}”第 {before[1]} 行的班次重叠，请更正。"
                column = "开始"
                found.setdefault((*before[:2], *after[:2]), Problem(after[0], after[1], column, words))
    return list(found.values())


def digest(plan: Plan) -> str:
    """What tells one plan from another."""
    text = "\n".join(
        f"{one.person} {one.starts_at.isoformat()} {one.ends_at.isoformat()} {one.leads}" for one in plan.turns
    )
    return hashlib.sha256(text.encode()).hexdigest()
