"""Account changes 账号变动 in the part on accounts and coverage: what the platform showed otherwise than the book.

A change belongs to the week in which it was first seen; what was still waiting at its end is listed besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from escalation.alteration import alterations
from escalation.alteration.compare import KIND_WORDS, Kind
from escalation.alteration.state import STATE_WORDS, State
from escalation.report import words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from stream.platform import platform_name

HEAD = ("编号", "账号", "主办单位", "变动", "原来", "现在", "看到", "期限", "状态", "依据")
NO_DEADLINE = "校规未规定"


@dataclass(frozen=True, slots=True)
class Changed:
    """One change, seen in the week or waiting since before. `inside`: it was first seen in the week."""

    number: str
    account: str
    unit: str
    kind: Kind
    before: str
    after: str
    seen_at: datetime
    due_at: datetime | None
    state: State
    basis: str
    inside: bool


def fetch(conn: Connection, school: str, week: Week) -> tuple[Changed, ...]:
    """What was seen in the week, and what was seen before and is still waiting."""
    inside = alterations.c.seen_at >= week.starts
    rows = conn.execute(
        select(alterations)
        .where(alterations.c.school == school, alterations.c.seen_at < week.ends)
        .where(or_(inside, alterations.c.state == State.SEEN))
        .order_by(alterations.c.seen_at, alterations.c.id)
    )
    return tuple(
        Changed(
            row.number, f"{row.registered}（{platform_name(row.platform)}）", row.unit, Kind(row.kind), row.before,
            row.after, row.seen_at, row.due_at, State(row.state), row.basis, row.seen_at >= week.starts,
        )
        for row in rows
    )  # fmt: skip


def write(rows: Sequence[Changed], week_rows: WeekRows, now: datetime) -> Written:
    """The lists."""
    del week_rows, now
    lists = {
        "seen": _listed("本周看到的账号变动", [one for one in rows if one.inside]),
        "waiting": _listed("尚待处理的账号变动", [one for one in rows if one.state is State.SEEN]),
    } | {
        str(kind): _listed(KIND_WORDS[kind], [one for one in rows if one.inside and one.kind is kind]) for kind in Kind
    }
    return Written(lists, {"rows": rows, "words": KIND_WORDS, "states": STATE_WORDS}, frozenset({"seen"}))


def _listed(title: str, rows: Sequence[Changed]) -> Items:
    lines = tuple(
        (
            Cell(one.number, f"/account-changes/{one.number}"), Cell(one.account), Cell(one.unit),
            Cell(KIND_WORDS[one.kind]), Cell(one.before), Cell(one.after), Cell(words.day_time(one.seen_at)),
            Cell(words.day_time(one.due_at) if one.due_at else NO_DEADLINE), Cell(STATE_WORDS[one.state]),
            Cell(one.basis),
        )
        for one in rows
    )  # fmt: skip
    return Items(title, HEAD, lines, len(rows))


CHAPTER = Chapter("alterations", fetch, write)
