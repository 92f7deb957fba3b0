"""The chapter on tasks 任务: what was set and done in the week, and what is open at its end (未结任务), by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from escalation.incident import incidents
from escalation.people import people
from escalation.procedure import Source
from escalation.report import picks, words
from escalation.report.chapter import Chapter, Written
from escalation.report.folded import NOTHING
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from escalation.task import KIND_WORDS, TaskKind, tasks
from escalation.task.state import STATE_WORDS, TaskState

HEAD = ("任务", "事件", "办理人", "布置", "应答复", "答复", "状态", "依据")


@dataclass(frozen=True, slots=True)
class Set:
    """One task of an incident that was not over before the week, set before its end."""

    id: int
    incident_id: int
    kind: TaskKind
    person: str
    office: str
    state: TaskState
    set_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    article: str
    default: bool


@dataclass(frozen=True, slots=True)
class KindLine:
    """One line of the table by kind; the figures are keys of the chapter's lists."""

    title: str
    key: str


def fetch(conn: Connection, school: str, week: Week) -> tuple[Set, ...]:
    """The tasks set before the week's end and not ended before its start."""
    lasting = or_(tasks.c.ended_at.is_(None), tasks.c.ended_at >= week.starts)
    rows = conn.execute(
        select(tasks, people.c.name)
        .join(incidents, incidents.c.id == tasks.c.incident_id)
        .outerjoin(people, and_(people.c.school == tasks.c.school, people.c.id == tasks.c.person_id))
        .where(tasks.c.school == school, tasks.c.set_at < week.ends, lasting)
        .order_by(tasks.c.set_at, tasks.c.id)
    )
    return tuple(
        Set(
            row.id, row.incident_id, TaskKind(row.kind), row.name or row.person_id, row.office, TaskState(row.state),
            row.set_at, row.due_at, row.answered_at, row.ended_at, row.article, row.source == Source.DEFAULT,
        )
        for row in rows
    )  # fmt: skip


def write(found: Sequence[Set], rows: WeekRows, now: datetime) -> Written:
    """The chapter of one week; what is open or overdue is so at the week's end, or now where that has not come."""
    held = picks.by_id(rows)
    own = [one for one in found if one.incident_id in held]
    end = min(now, rows.week.ends)
    left = [one for one in own if one.ended_at is None or one.ended_at >= end]
    lists = {
        "set": _list("本周布置的任务", rows, [one for one in own if rows.week.holds(one.set_at)]),
        "done": _list(
            "本周办结的任务", rows,
            [one for one in own if rows.week.holds(one.ended_at) and one.state is TaskState.CONFIRMED],
        ),
        "withdrawn": _list(
            "本周撤销的任务", rows,
            [one for one in own if rows.week.holds(one.ended_at) and one.state is TaskState.WITHDRAWN],
        ),
        "open": _list("未结任务", rows, left),
        "waiting": _list("已答复、待确认的任务", rows, [one for one in left if _answered(one, end)]),
        "overdue": _list("逾期未答复的任务", rows, [one for one in left if _overdue(one, end)]),
    }  # fmt: skip
    lines = []
    for kind, title in KIND_WORDS.items():
        mine = [one for one in left if one.kind is kind]
        if mine:
            lists[f"open-{kind}"] = _list(f"未结任务：{title}", rows, mine)
            lists[f"overdue-{kind}"] = _list(f"逾期未答复：{title}", rows, [one for one in mine if _overdue(one, end)])
            lines.append(KindLine(title, kind))
    starred = any(one.default for one in left)
    return Written(lists, {"kinds": lines, "starred": starred}, frozenset({"set", "done", "withdrawn"}))


def _answered(one: Set, end: datetime) -> bool:
    return one.answered_at is not None and one.answered_at < end and one.state is not TaskState.RETURNED


def _overdue(one: Set, end: datetime) -> bool:
    return one.due_at is not None and one.due_at < end and not _answered(one, end)


def _list(title: str, rows: WeekRows, found: Sequence[Set]) -> Items:
    held = picks.by_id(rows)
    lines = []
    for one in found:
        case = held[one.incident_id]
        lines.append(
            (
                Cell(KIND_WORDS[one.kind]),
                Cell(picks.title_of(case), "" if case.care else f"/incidents/{case.number}"),
                Cell(NOTHING if case.care else f"{one.person}（{one.office}）"),
                Cell(words.day_time(one.set_at)),
                Cell(f"{words.month_day_time(one.due_at)}{'*' if one.default else ''}" if one.due_at else "未定"),
                Cell(words.month_day_time(one.answered_at) if one.answered_at else "—"),
                Cell(STATE_WORDS[one.state]),
                Cell(one.article or Source.NONE.label),
            )
        )
    return Items(title, HEAD, tuple(lines), len(lines))


CHAPTER = Chapter("tasks", fetch, write)
