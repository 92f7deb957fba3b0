"""The sheet of a hand-over 交接单: what stands open at that moment, read from the store and kept with the hand-over.

No comment text stands in it; a care case is a number without a title.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from escalation import alert, finding, silence
from escalation.concerned import shown
from escalation.consultation import consultations, matter_of
from escalation.consultation.state import WAITING
from escalation.incident import EntryKind, entries, incidents
from escalation.incident.state import OPEN, STATE_WORDS, State
from escalation.notice import calls, is_owed, notices
from escalation.notice.docket import dockets
from escalation.people import WORKERS, people
from escalation.remark import ORDER
from escalation.task import KIND_WORDS, TaskKind, tasks
from escalation.task.state import OPEN_TASKS, TaskState
from escalation.task.state import STATE_WORDS as TASK_WORDS
from escalation.timer import TimerKind, TimerState, timers
from escalation.voice import hold
from escalation.voice.hold import holds
from escalation.voice.overdue import unconfirmed
from escalation.voice.state import HoldState
from escalation.voice.subject import read
from stream.account import book
from stream.coverage import Lamp, sights

Sheet = dict[str, Any]
"""How the log's line of a 批示 begins that was written after signing."""
SHIFT = timedelta(hours=12)
"""How far ahead the sheet looks for questions that fall due."""
PARTS = (
    "incidents", "clocks", "orders", "unsigned", "calls", "tasks", "holds", "questions", "blind", "alerts", "silences",
    "findings",
)  # fmt: skip
"""The parts of a sheet, in the order of the page."""


def fill(conn: Connection, school: str, now: datetime) -> Sheet:
    """What is open now; times are ISO texts, so that the sheet rests as plain JSON."""
    return {
        "filled_at": now.isoformat(),
        "incidents": _incidents(conn, school),
        "clocks": _clocks(conn, school),
        "orders": _orders(conn, school),
        "unsigned": _unsigned(conn, school),
        "calls": _calls(conn, school),
        "tasks": _tasks(conn, school),
        "holds": _holds(conn, school),
        "questions": _questions(conn, school, now),
        "blind": _blind(conn, school, now),
        "alerts": [one.words for one in alert.ringing(conn, school) if not one.cause.startswith(finding.CAUSE)],
        "silences": [
            {
                "words": row.words,
                "owner": row.owner_name,
                "reason": row.reason,
                "ends_at": row.ends_at.isoformat(),
                "count": row.count,
            }
            for row in silence.running(conn, school, now)
        ],
        "findings": [row.words for row in finding.standing(conn, school)],
    }


def digest(sheet: Sheet, words: str) -> str:
    """The fingerprint of what somebody read, so that nobody takes over another sheet than the one they saw."""
    text = json.dumps([sheet, words], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _open(school: str) -> Any:
    return and_(incidents.c.school == school, incidents.c.state.in_(sorted(OPEN)))


def _incidents(conn: Connection, school: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(
            incidents.c.number, incidents.c.title, incidents.c.level, incidents.c.state, incidents.c.care,
            incidents.c.assignee, shown().label("unit"),
        )
        .where(_open(school)).order_by(incidents.c.level, incidents.c.id)
    )  # fmt: skip
    return [
        {"number": row.number, "title": "" if row.care else row.title, "level": row.level, "care": bool(row.care),
         "state": STATE_WORDS[State(row.state)], "assignee": row.assignee or "", "unit": row.unit}
        for row in rows
    ]  # fmt: skip


def _clocks(conn: Connection, school: str) -> list[dict[str, Any]]:
    """The incidents' own duties that run or ran out undone, and what runs to the next 情况报告 or to the first act."""
    asked = (timers.c.kind == TimerKind.DUTY) & (timers.c.state != TimerState.STOPPED)
    ahead = timers.c.kind.in_((TimerKind.FOLLOW, TimerKind.IDLE)) & (timers.c.state == TimerState.SET)
    rows = conn.execute(
        select(timers.c.words, timers.c.due_at, timers.c.state, incidents.c.number)
        .join(incidents, incidents.c.id == timers.c.incident_id)
        .where(_open(school), or_(asked, ahead))
        .order_by(timers.c.due_at, timers.c.id)
    )
    return [
        {"incident": row.number, "words": row.words, "due_at": row.due_at.isoformat(),
         "late": row.state == TimerState.FIRED}
        for row in rows
    ]  # fmt: skip


def _orders(conn: Connection, school: str) -> list[dict[str, Any]]:
    """What leaders wrote when they signed, or after: word for word, with whom and when; of a care case that there is
    one."""
    remarks = conn.execute(
        select(notices.c.remark, notices.c.signed_at, notices.c.office, people.c.name, notices.c.addressee,
               incidents.c.number, incidents.c.care)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(_open(school), notices.c.remark.is_not(None), notices.c.role.not_in(sorted(WORKERS)))
    )  # fmt: skip
    found = [
        (row.signed_at, row.number, f"{row.name or row.addressee}（{row.office}）", row.remark, bool(row.care))
        for row in remarks
    ]
    later = conn.execute(
        select(entries.c.at, entries.c.actor, entries.c.text, incidents.c.number, incidents.c.care)
        .join(incidents, incidents.c.id == entries.c.incident_id)
        .where(_open(school), entries.c.kind == EntryKind.PERSON, entries.c.text.startswith(f"{ORDER}："))
    )
    found += [(row.at, row.number, row.actor, row.text.removeprefix(f"{ORDER}："), bool(row.care)) for row in later]
    return [
        {"incident": number, "name": who, "words": "见事件日志" if care else words, "since": at.isoformat()}
        for at, number, who, words, care in sorted(found, key=lambda one: one[0])
    ]


def _unsigned(conn: Connection, school: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(notices.c.number, notices.c.office, notices.c.addressee, notices.c.sign_by, people.c.name)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(_open(school), is_owed()).order_by(notices.c.sign_by.nulls_last(), notices.c.id)
    )  # fmt: skip
    return [
        {"number": row.number, "name": row.name or row.addressee, "office": row.office,
         "sign_by": row.sign_by.isoformat() if row.sign_by else ""}
        for row in rows
    ]  # fmt: skip


def _calls(conn: Connection, school: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(calls.c.created_at, calls.c.person_id, notices.c.number, notices.c.office, people.c.name)
        .join(notices, notices.c.id == calls.c.notice_id)
        .outerjoin(people, and_(people.c.school == calls.c.school, people.c.id == calls.c.person_id))
        .where(calls.c.school == school, calls.c.outcome.is_(None)).order_by(calls.c.id)
    )  # fmt: skip
    return [
        {"number": row.number, "name": row.name or row.person_id, "office": row.office,
         "since": row.created_at.isoformat()}
        for row in rows
    ]  # fmt: skip


def _tasks(conn: Connection, school: str) -> list[dict[str, Any]]:
    """What was asked of somebody and is not confirmed as done."""
    rows = conn.execute(
        select(tasks.c.kind, tasks.c.state, tasks.c.due_at, tasks.c.overdue_at, tasks.c.person_id, tasks.c.office,
               incidents.c.number, people.c.name)
        .join(incidents, incidents.c.id == tasks.c.incident_id)
        .outerjoin(people, and_(people.c.school == tasks.c.school, people.c.id == tasks.c.person_id))
        .where(_open(school), tasks.c.state.in_(sorted(OPEN_TASKS))).order_by(tasks.c.due_at.nulls_last(), tasks.c.id)
    )  # fmt: skip
    return [
        {"incident": row.number, "words": KIND_WORDS[TaskKind(row.kind)], "name": row.name or row.person_id,
         "office": row.office, "state": TASK_WORDS[TaskState(row.state)], "late": row.overdue_at is not None,
         "due_at": row.due_at.isoformat() if row.due_at else ""}
        for row in rows
    ]  # fmt: skip


def _holds(conn: Connection, school: str) -> list[dict[str, Any]]:
    """What no account may speak of, and how many have not confirmed that they know."""
    rows = conn.execute(
        select(holds.c.id, incidents.c.number)
        .join(incidents, incidents.c.id == holds.c.incident_id)
        .where(_open(school), holds.c.state == HoldState.STANDING).order_by(holds.c.id)
    ).all()  # fmt: skip
    found = []
    for row in rows:
        stands = hold.current(conn, row.id)
        left = {one.account_id for one in unconfirmed(conn, row.id, stands.n)}
        found.append({"incident": row.number, "words": read(stands.subject).said(), "left": len(left)})
    return found


def _questions(conn: Connection, school: str, now: datetime) -> list[dict[str, Any]]:
    """Questions whose answer is late or falls due within the coming shift."""
    rows = conn.execute(
        select(consultations.c.id, consultations.c.unit, consultations.c.due_at, consultations.c.overdue_at)
        .where(consultations.c.school == school, consultations.c.state.in_(WAITING))
        .where(consultations.c.due_at <= now + SHIFT).order_by(consultations.c.due_at.nulls_last(), consultations.c.id)
    ).all()  # fmt: skip
    own = (dockets.c.school == school) & dockets.c.matter.in_([matter_of(row.id) for row in rows])
    numbers = {row.matter: row.number for row in conn.execute(select(dockets.c.matter, dockets.c.number).where(own))}
    return [
        {"number": numbers[matter_of(row.id)], "unit": row.unit, "due_at": row.due_at.isoformat(),
         "late": row.overdue_at is not None}
        for row in rows if matter_of(row.id) in numbers
    ]  # fmt: skip


def _blind(conn: Connection, school: str, now: datetime) -> list[dict[str, Any]]:
    known = book(conn, school)
    return [
        {"account": known[one.account_id].name, "lamp": "盲" if one.lamp is Lamp.BLIND else "迟", "reason": one.reason}
        for one in sights(conn, school, now)
        if one.lamp in (Lamp.BLIND, Lamp.LATE) and one.account_id in known
    ]
