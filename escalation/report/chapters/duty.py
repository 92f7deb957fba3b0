"""The chapter on duty 值守: hand-overs of the week, what nobody served of the past week, who left without a successor.

Gaps are those of the rota as it stands: what was served by whom is the log of hand-overs, and both are lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from escalation.duty import absence, coverage
from escalation.duty.absence import ABSENCE_WORDS, AbsenceKind
from escalation.duty.handover import handovers
from escalation.duty.handover_state import HANDOVER, State
from escalation.people import people
from escalation.report import words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week

HEAD = ("换班", "交班", "接班", "状态", "交接单", "接班时间", "经过")


@dataclass(frozen=True, slots=True)
class HandOver:
    """One change of shift of the week, by names. `due_at`: by when it was to be taken over."""

    id: int
    at: datetime
    outgoing: str
    incoming: str
    state: State
    due_at: datetime
    written_at: datetime | None
    written_by: str
    taken_at: datetime | None
    taken_by: str
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gone:
    """An absence that touched the week; `substitute` empty where nobody stood in."""

    name: str
    kind: AbsenceKind
    starts_at: datetime
    ends_at: datetime
    substitute: str


@dataclass(frozen=True, slots=True)
class Duty:
    """The chapter's rows. `gaps`: what nobody served of the week, by the rota; None where the school keeps none."""

    hand_overs: tuple[HandOver, ...] = ()
    gone: tuple[Gone, ...] = ()
    gaps: tuple[tuple[datetime, datetime], ...] | None = None


def fetch(conn: Connection, school: str, week: Week) -> Duty:
    """What the store says of the week."""
    everybody = conn.execute(select(people.c.id, people.c.name).where(people.c.school == school))
    names = {row.id: row.name for row in everybody}
    rows = conn.execute(
        select(handovers).where(handovers.c.school == school, handovers.c.state != State.VOID)
        .where(handovers.c.at >= week.starts, handovers.c.at < week.ends).order_by(handovers.c.at)
    )  # fmt: skip
    kept = coverage.turns(conn, school, week.starts, week.ends, former=True)
    gaps = coverage.holes_ahead(conn, school, week.starts, kept, week.ends - week.starts) if kept else None
    return Duty(
        hand_overs=tuple(
            HandOver(
                row.id, row.at, _said(names, row.outgoing), _said(names, row.incoming), State(row.state), row.due_at,
                row.written_at, names.get(row.written_by, ""), row.taken_at, names.get(row.taken_by, ""), row.told_at,
            )
            for row in rows
        ),
        gone=tuple(
            Gone(names.get(one.person, one.person), one.kind, one.starts_at, one.ends_at, names.get(one.substitute, ""))
            for one in absence.between(conn, school, week.starts, week.ends)
        ),
        gaps=tuple(gaps) if gaps is not None else None,
    )  # fmt: skip


def _said(names: Mapping[str, str], ids: Sequence[str]) -> str:
    return "、".join(names.get(one, one) for one in ids) or "未排"


def write(rows: Duty, week_rows: WeekRows, now: datetime) -> Written:
    """The lists and what is said about them."""
    del week_rows
    due = [one for one in rows.hand_overs if one.at <= now]
    taken = [one for one in due if one.taken_at is not None]
    lists = {
        "changes": _hand_overs("本周换班", due),
        "in-time": _hand_overs("按时接班", [one for one in taken if _in_time(one)]),
        "late": _hand_overs("逾时后接班", [one for one in taken if not _in_time(one)]),
        "waiting": _hand_overs("未接班", [one for one in due if one.taken_at is None]),
        "unwritten": _hand_overs("交班人未写交接单", [one for one in due if one.written_at is None]),
        "told": _hand_overs("逾时已报带班领导", [one for one in due if one.told_at is not None]),
        "gaps": _gaps([one for one in rows.gaps or () if one[0] < now], now),
        "gone": _gone("请假与出差", rows.gone),
        "alone": _gone("没有代理人", [one for one in rows.gone if not one.substitute]),
    }
    return Written(lists, {"kept": rows.gaps is not None})


def _in_time(one: HandOver) -> bool:
    return one.taken_at is not None and one.taken_at <= one.due_at


def _hand_overs(title: str, found: Sequence[HandOver]) -> Items:
    lines = tuple(
        (
            Cell(words.month_day_time(one.at), f"/duty/handover/{one.id}"), Cell(one.outgoing), Cell(one.incoming),
            Cell(HANDOVER.state_words[one.state]),
            Cell(f"{one.written_by} {words.month_day_time(one.written_at)}" if one.written_at else "未写"),
            Cell(words.month_day_time(one.taken_at) if one.taken_at else "—"),
            Cell(f"{one.taken_by}接班" if one.taken_by else "已报带班领导" if one.told_at else "—"),
        )
        for one in found
    )  # fmt: skip
    return Items(title, HEAD, lines, len(lines), "接班时限为系统默认，非校规。")


def _gaps(found: Sequence[tuple[datetime, datetime]], now: datetime) -> Items:
    lines = tuple(
        (Cell(words.month_day_time(begins)), Cell(words.month_day_time(min(ends, now))),
         Cell(words.span(min(ends, now) - begins)))
        for begins, ends in found
    )  # fmt: skip
    return Items("值班空档", ("自", "至", "时长"), lines, len(lines), "空档内的通知由全体值班员接收。")


def _gone(title: str, found: Sequence[Gone]) -> Items:
    lines = tuple(
        (Cell(one.name), Cell(ABSENCE_WORDS[one.kind]), Cell(words.month_day_time(one.starts_at)),
         Cell(words.month_day_time(one.ends_at)), Cell(one.substitute or "没有"))
        for one in found
    )  # fmt: skip
    return Items(title, ("姓名", "事项", "自", "至", "代理人"), lines, len(lines), "")


CHAPTER = Chapter("duty", fetch, write)
