"""The chapter on consultations 咨询: what was asked, answered in time, promised, and what still waits past its time.

A consultation belongs to the week in which it was first asked. What a person said was none counts nowhere. Where the
school's document has no clause nothing is owed: then nothing is in time and nothing late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from escalation.consultation import consultations, matter_of
from escalation.consultation.state import STATE_WORDS, WAITING, State
from escalation.notice.docket import dockets
from escalation.report import words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from stream.account import accounts

HEAD = ("编号", "账号", "责任单位", "提问", "应答复", "承诺", "答复", "状态", "依据")


@dataclass(frozen=True, slots=True)
class Asked:
    """One consultation of the week. `due_at` None: nothing is owed. `seen`: the reply was seen by the machine."""

    id: int
    number: str
    account: str
    unit: str
    private: bool
    state: State
    asked_at: datetime
    due_at: datetime | None
    promised_for: datetime | None
    answered_at: datetime | None
    late_at: datetime | None
    article: str
    default: bool
    seen: bool = False


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One line of the table by unit; the figures are keys of the chapter's lists."""

    unit: str
    key: str


def fetch(conn: Connection, school: str, week: Week) -> tuple[Asked, ...]:
    """What was asked within the week and is a consultation."""
    rows = conn.execute(
        select(consultations, accounts.c.name)
        .outerjoin(accounts, and_(accounts.c.school == school, accounts.c.id == consultations.c.account_id))
        .where(consultations.c.school == school, consultations.c.state != State.NOT_ONE)
        .where(consultations.c.first_asked_at >= week.starts, consultations.c.first_asked_at < week.ends)
        .order_by(consultations.c.first_asked_at, consultations.c.id)
    ).all()
    numbered = select(dockets.c.matter, dockets.c.number).where(dockets.c.school == school)
    matters = [matter_of(row.id) for row in rows]
    numbers = {row.matter: row.number for row in conn.execute(numbered.where(dockets.c.matter.in_(matters)))}
    return tuple(
        Asked(
            row.id, numbers.get(matter_of(row.id), ""), row.name or row.account_id, row.unit, row.private,
            State(row.state), row.first_asked_at, row.due_at, row.promised_for, row.answered_at,
            row.late_at or row.overdue_at, row.article, row.source == "default", row.ended_by == "machine",
        )
        for row in rows
    )  # fmt: skip


def write(rows: tuple[Asked, ...], week_rows: WeekRows, now: datetime) -> Written:
    """The lists and what is said about them."""
    del week_rows
    answered = [one for one in rows if one.state is State.ANSWERED]
    lists = {
        "asked": _items("本周咨询", rows),
        "answered": _items("已答复", answered),
        "in-time": _items("按时答复", [one for one in answered if _in_time(one)]),
        "late": _items("逾期后答复", [one for one in answered if one.due_at is not None and not _in_time(one)]),
        "promised": _items("已承诺、尚未答复", [one for one in rows if one.state is State.PROMISED]),
        "waiting": _items("待答复", [one for one in rows if one.state in WAITING]),
        "overdue": _items("逾期未答复", [one for one in rows if _is_overdue(one, now)]),
        "lapsed": _items("未答复而失效", [one for one in rows if one.state is State.LAPSED]),
        "private": _items("其中私信", [one for one in rows if one.private]),
        "seen": _items("采集见到官方回复", [one for one in answered if one.seen]),
    }
    units = list(dict.fromkeys(one.unit for one in rows))
    for n, unit in enumerate(units, start=1):
        own = [one for one in rows if one.unit == unit]
        lists |= {
            f"asked-{n}": _items(f"{unit}：咨询", own),
            f"answered-{n}": _items(f"{unit}：已答复", [one for one in own if one.state is State.ANSWERED]),
            f"overdue-{n}": _items(f"{unit}：逾期未答复", [one for one in own if _is_overdue(one, now)]),
        }
    took = [one.answered_at - one.asked_at for one in answered if one.answered_at and one.answered_at > one.asked_at]
    said = {
        "owed": any(one.due_at is not None for one in rows), "took": words.middle(took),
        "default": any(one.default for one in rows), "article": next((one.article for one in rows if one.article), ""),
        "units": [UnitLine(unit, str(n)) for n, unit in enumerate(units, start=1)],
    }  # fmt: skip
    return Written(lists, said)


def _in_time(one: Asked) -> bool:
    return one.due_at is not None and one.late_at is None


def _is_overdue(one: Asked, now: datetime) -> bool:
    due = one.promised_for or one.due_at
    return one.state in WAITING and due is not None and due <= now


def _items(title: str, found: Sequence[Asked]) -> Items:
    lines = []
    for one in found:
        answered = words.month_day_time(one.answered_at) if one.answered_at else "—"
        lines.append((
            Cell(one.number, f"/consultations/{one.id}"), Cell(one.account), Cell(one.unit),
            Cell(words.month_day_time(one.asked_at) + ("（私信）" if one.private else "")),
            Cell(words.month_day_time(one.due_at) if one.due_at else "校规未规定"),
            Cell(words.month_day_time(one.promised_for) if one.promised_for else "—"), Cell(answered),
            Cell(STATE_WORDS[one.state]), Cell(f"{one.article}{'*' if one.default else ''}"),
        ))  # fmt: skip
    return Items(title, HEAD, tuple(lines), len(lines), "* 时限数字为系统默认，非校规。不列提问内容。")


CHAPTER = Chapter("consultations", fetch, write)
