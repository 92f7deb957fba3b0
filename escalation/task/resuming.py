"""Resuming: an ended matter is opened again, and with it every task that its end withdrew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import audit
from escalation.incident import MACHINE, EntryKind, log
from escalation.notice.issue import Letterhead
from escalation.task import tasks, turns
from escalation.task.clock import span_of, start
from escalation.task.setting import heard_just_now
from escalation.task.state import TASK, TaskEvent, TaskState
from escalation.task.telling import again, name_of, tell_holder


def resume(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], ended_at: datetime | None, now: datetime
) -> list[str]:
    """Ask again for what was withdrawn by the end of the matter at `ended_at`, for its whole span; gives their names.

    The holder is told, except where a clause demands it and this transaction told them of the reopening: that notice
    asks for the same. What a person had withdrawn before stays withdrawn. `incident` is held and open again.
    """
    by_end = (tasks.c.incident_id == incident.id) & (tasks.c.state == TaskState.WITHDRAWN)
    found = conn.execute(select(tasks).where(by_end, tasks.c.ended_at == ended_at).order_by(tasks.c.id)).all()
    for task in found:
        _resume(conn, letterhead, incident, task, now)
    return [name_of(task) for task in found]


def _resume(conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], now: datetime) -> None:
    span = span_of(task)
    conn.execute(
        update(tasks)
        .where(tasks.c.id == task.id)
        .values(
            state=TASK.step(TaskState(task.state), TaskEvent.RESUME, None), round=task.round + 1, ended_at=None,
            due_at=now + span if span else None, overdue_at=None, answered_at=None, answered_by=None,
        )
    )  # fmt: skip
    said = f"任务“{name_of(task)}”随事件重新打开，请继续办理"
    conn.execute(turns.insert().values(
        task_id=task.id, at=now, person_id=MACHINE.id, name=MACHINE.name, event=TaskEvent.RESUME, text=said, url="",
    ))  # fmt: skip
    fresh = again(conn, task.id)
    start(conn, incident, fresh, now)
    log(conn, incident.id, now, EntryKind.MACHINE, f"任务“{name_of(task)}”随事件重新打开", "", article=task.article)
    if task.set_by != MACHINE.id or not heard_just_now(conn, incident, task.person_id, now):
        tell_holder(conn, letterhead, incident, fresh, f"resumed:{fresh.round}", said, now)
    audit.record(
        conn, school=incident.school, now=now, actor=MACHINE.id, action=f"task.{TaskEvent.RESUME}",
        subject=incident.number, detail={"task": task.id, "kind": task.kind, "round": fresh.round},
    )  # fmt: skip
