"""The clocks of a task: one for its deadline, one that asks again until it is answered. Both are rows of `timers`.

A deadline that lapses is told upward once; being late is a flag of the task and no state. Nothing is asked for ever:
after the pack's number of reminders past the deadline the desk is told once, and no further reminder leaves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people, timer
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.notice.issue import Letterhead
from escalation.people import Person
from escalation.procedure import Clock, Pack, Source, thaw
from escalation.task import TaskKind, tasks
from escalation.task.state import UNANSWERED
from escalation.task.telling import again, name_of, tell_above, tell_holder, tell_unanswered
from escalation.timer import Timer, TimerKind

DUE, REMIND = "due", "remind"


def due_of(pack: Pack, level: int, kind: TaskKind) -> Clock | None:
    """By when a task of this kind is answered, as the pack says at this level; None where nothing says so."""
    grade = pack.grade(level)
    if kind is TaskKind.FACTS:
        return grade.facts
    if kind is TaskKind.PUBLIC_ANSWER:
        return grade.first_answer
    found: Clock | None = getattr(pack.task, kind).due
    return found


def start(conn: Connection, incident: Row[Any], task: Row[Any], now: datetime) -> None:
    """Set both clocks of the round that begins now."""
    rows = [_remind(incident, task, 1, 0, now)]
    if task.due_at is not None:
        ruled = task.source == Source.RULE
        rows.append(_row(task, DUE, f"任务“{name_of(task)}”", task.due_at, now) | {
            "name": f"task:{task.id}:{DUE}:{task.round}",
            "source": Source.RULE if ruled else Source.DEFAULT, "article": task.clock_article,
        })  # fmt: skip
    timer.set_timers(conn, rows)


def stop(conn: Connection, task: Row[Any], now: datetime) -> None:
    """Nothing of this task runs any more."""
    mine = timer.timers.c.name.startswith(f"task:{task.id}:", autoescape=True)
    conn.execute(
        update(timer.timers)
        .where(timer.timers.c.school == task.school, timer.timers.c.kind == TimerKind.TASK, mine)
        .where(timer.timers.c.state == timer.TimerState.SET)
        .values(state=timer.TimerState.STOPPED, ended_at=now)
    )


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Remind the holder, or note that the deadline lapsed and tell upward; an answered task demands nothing."""
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    task = again(conn, int(clock.data["task"]))
    if State(incident.state) not in OPEN or task.state not in UNANSWERED:
        return
    if clock.data["act"] == REMIND:
        _ask_again(conn, letterhead, incident, task, clock, now)
    else:
        _overdue(conn, letterhead, incident, task, now)


def _ask_again(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], clock: Timer, now: datetime
) -> None:
    n, late = int(clock.data["n"]), int(clock.data.get("late", 0))
    late += task.due_at is None or task.due_at <= now
    is_last = late >= thaw(incident.frozen["pack"]).task.reminders.times
    why = f"任务“{name_of(task)}”尚未答复（第 {n} 次提醒{'，此后不再自动提醒' if is_last else ''}）"
    who = tell_holder(conn, letterhead, incident, task, f"remind:{task.round}:{n}", why, now)
    name, said = _holder(conn, task), f"第 {n} 次"
    if who is not None and who.absent is not None:
        name = name if who.alone else f"{who.person.name}（代{name}）"
        said = f"{said}；{who.why}"
    log(conn, incident.id, now, EntryKind.NOTICE, f"提醒 {name} 办理“{name_of(task)}”", said)
    if is_last:
        _give_up(conn, letterhead, incident, task, n, now)
    else:
        timer.set_timers(conn, [_remind(incident, task, n + 1, late, now)])


def _give_up(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], n: int, now: datetime
) -> None:
    """The last reminder left: the desk is told once, or the next role where no deadline told them before."""
    label = thaw(incident.frozen["pack"]).task.reminders.label
    if task.overdue_at is None:
        role, who = _above(conn, letterhead, incident, task, now)
    else:
        role, who = people.Role.MONITOR, _serving(conn, letterhead, task, now)
    words = f"{_holder(conn, task)} 的任务“{name_of(task)}”提醒 {n} 次仍未答复，不再自动提醒"
    told = f"，告知 {who.name}" if who is not None else "，没有可再告知的人员"
    log(conn, incident.id, now, EntryKind.DEADLINE, words + told, label)
    if who is not None:
        tell_unanswered(conn, letterhead, incident, task, who, role, n, now)


def _overdue(conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], now: datetime) -> None:
    first = task.overdue_at is None
    conn.execute(update(tasks).where(tasks.c.id == task.id).values(overdue_at=task.overdue_at or now))
    name = _holder(conn, task)
    log(conn, incident.id, now, EntryKind.DEADLINE, f"{name} 的任务“{name_of(task)}”逾期未答复")
    role, above = _above(conn, letterhead, incident, task, now)
    if first and above is not None:
        tell_above(conn, letterhead, incident, task, above, role, now)
        log(conn, incident.id, now, EntryKind.NOTICE, f"任务逾期，告知 {above.name}", Source.DEFAULT.label)


def _above(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], now: datetime
) -> tuple[str, Person | None]:
    """Who hears of an overdue task: the next role of the chain, else the duty desk; on trial the desk alone."""
    role = thaw(incident.frozen["pack"]).ladder.next_role(task.role) or ""
    if role and not incident.trial:
        held = people.holders(conn, task.school, role, unit=incident.unit, account_id=incident.account_id)
        for who in people.all_acting(conn, task.school, held, now, letterhead.channels):
            if who.person.id != task.person_id:
                return role, who.person
    return people.Role.MONITOR, _serving(conn, letterhead, task, now)


def _serving(conn: Connection, letterhead: Letterhead, task: Row[Any], now: datetime) -> Person | None:
    """Who of the duty desk is there and is not the holder."""
    serving = people.desk(conn, task.school, now, letterhead.channels)
    return next((one for one in serving if one.id != task.person_id), None)


def _holder(conn: Connection, task: Row[Any]) -> str:
    found = people.person(conn, task.school, task.person_id)
    return found.name if found else str(task.person_id)


def _remind(incident: Row[Any], task: Row[Any], n: int, late: int, now: datetime) -> dict[str, Any]:
    """`n`: which reminder it will be; `late`: how many have left since the deadline."""
    clock: Clock = getattr(thaw(incident.frozen["pack"]).task, task.kind).remind
    row = _row(task, REMIND, f"任务“{name_of(task)}”提醒", now + clock.after, now)
    return row | {
        "name": f"task:{task.id}:{REMIND}:{task.round}:{n}", "source": clock.source, "article": clock.article,
        "data": row["data"] | {"n": n, "late": late},
    }  # fmt: skip


def _row(task: Row[Any], act: str, words: str, due_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "school": task.school, "incident_id": task.incident_id, "kind": TimerKind.TASK, "words": words,
        "set_at": now, "due_at": due_at, "data": {"task": task.id, "act": act},
    }  # fmt: skip


def span_of(task: Row[Any]) -> timedelta | None:
    """How long an answer may take from when the task is set or returned."""
    return None if task.span is None else timedelta(seconds=task.span)
