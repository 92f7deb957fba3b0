"""The open tasks of two incidents that are merged: they go over as they are, with clocks, link and turns.

Where the same clause asked the same person for the same, about one account and post, in both, the task of the one that
goes over is put aside: nobody is reminded twice of one thing. Un-merging gives all of them back, as far as nobody has
ended them since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, or_, select, update

from escalation.incident import incidents
from escalation.task import OF, corrections, tasks
from escalation.task.state import TaskState
from escalation.timer import TimerKind, timers

ENDED = (TaskState.CONFIRMED, TaskState.WITHDRAWN)
CLOCKS = (TimerKind.TASK, TimerKind.CORRECTION)


def go_over(conn: Connection, from_id: int, to_id: int, now: datetime) -> list[dict[str, Any]]:
    """Let the open tasks go over; gives each one's id, its state and key before, and whether it was put aside.

    One that only shares the key of another (ended, of somebody else, of another account or post) goes over under a
    further key.
    """
    homes = {row.id: row for row in conn.execute(select(incidents).where(incidents.c.id.in_([from_id, to_id]))).all()}
    theirs = {row.key: row for row in conn.execute(select(tasks).where(tasks.c.incident_id == to_id)).all()}
    open_here = select(tasks).where(tasks.c.incident_id == from_id, tasks.c.state.not_in(ENDED)).order_by(tasks.c.id)
    kept = []
    for row in conn.execute(open_here).all():
        same = theirs.get(row.key)
        aside = (
            same is not None and same.state not in ENDED and _about(same, homes[to_id]) == _about(row, homes[from_id])
        )
        key = row.key if same is None else f"{row.id}~{row.key}"[:100]
        values: dict[str, Any] = {"state": TaskState.WITHDRAWN, "ended_at": now}
        if not aside:
            values = {"incident_id": to_id, "key": key, "data": {OF: _origin(row, homes[from_id])} | row.data}
        conn.execute(update(tasks).where(tasks.c.id == row.id).values(**values))
        if not aside:
            _follow(conn, row.id, to_id)
        kept.append({"id": row.id, "state": row.state, "aside": aside, "key": row.key, "of": OF in row.data})
    return kept


def _origin(task: Row[Any], home: Row[Any]) -> dict[str, Any]:
    """Account and post that a task is about: those of the incident in which it was set."""
    found: dict[str, Any] = task.data.get(OF) or {"account": home.account_id, "post": home.opening_post_id}
    return found


def _about(task: Row[Any], home: Row[Any]) -> tuple[Any, ...]:
    return task.person_id, _origin(task, home)


def come_back(conn: Connection, kept: Sequence[dict[str, Any]], row_id: int, to_id: int, merged_at: datetime) -> None:
    """Give the tasks back; what was put aside is asked for again."""
    for one in kept:
        own = tasks.c.id == one["id"]
        if one["aside"]:
            aside = (tasks.c.state == TaskState.WITHDRAWN) & (tasks.c.ended_at == merged_at)
            conn.execute(update(tasks).where(own, aside).values(state=one["state"], ended_at=None))
            continue
        there = conn.execute(select(tasks.c.data).where(own, tasks.c.incident_id == to_id)).scalar()
        if there is not None:
            data = there if one["of"] else {name: value for name, value in there.items() if name != OF}
            conn.execute(update(tasks).where(own).values(incident_id=row_id, key=one["key"], data=data))
            _follow(conn, one["id"], row_id)


def _follow(conn: Connection, task_id: int, to_id: int) -> None:
    """Clocks and corrections stand where their task stands."""
    moved = update(corrections).where(corrections.c.task_id == task_id).values(incident_id=to_id)
    named = [f"task:{task_id}:", *(f"correction:{one}:" for one in _ids(conn, moved))]
    of_it = or_(*(timers.c.name.startswith(name, autoescape=True) for name in named))
    conn.execute(update(timers).where(timers.c.kind.in_(CLOCKS), of_it).values(incident_id=to_id))


def _ids(conn: Connection, moved: Update) -> list[int]:
    return list(conn.execute(moved.returning(corrections.c.id)).scalars())
