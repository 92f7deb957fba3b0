"""Handing on: whoever holds a task leaves, and whoever acts for the office now holds it from then on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import audit
from escalation.incident import Actor, EntryKind, incidents, log
from escalation.incident.state import OPEN
from escalation.notice.issue import Letterhead
from escalation.people import Person
from escalation.state_table import IllegalStep
from escalation.task import tasks, turns
from escalation.task.setting import To, held_by
from escalation.task.state import OPEN_TASKS, UNANSWERED
from escalation.task.telling import again, call_back, name_of, tell_holder

MOVED = "moved"
"""The turn of a task that another person holds from then on."""


def held_in(conn: Connection, school: str, persons: Collection[str]) -> set[int]:
    """The open incidents in which these persons hold an open task."""
    theirs = (tasks.c.school == school) & tasks.c.person_id.in_(sorted(persons))
    found = (
        select(tasks.c.incident_id)
        .join(incidents, incidents.c.id == tasks.c.incident_id)
        .where(theirs, tasks.c.state.in_(sorted(OPEN_TASKS)), incidents.c.state.in_(sorted(OPEN)))
        .distinct()
    )
    return set(conn.execute(found).scalars())


def hand_on(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], leaver: Person, word: str, actor: Actor, now: datetime
) -> None:
    """Give the leaver's open tasks of this incident, which is held, to who acts for their offices, else to the duty
    desk; deadlines stay. Where nobody at all can be asked they stay, and the log says so. `word`: 离任."""
    mine = (tasks.c.incident_id == incident.id) & (tasks.c.person_id == leaver.id)
    open_ones = mine & tasks.c.state.in_(sorted(OPEN_TASKS))
    for task in conn.execute(select(tasks).where(open_ones).order_by(tasks.c.id)).all():
        try:
            held = held_by(conn, letterhead, incident, To(str(task.role), unit=task.unit), now)
        except IllegalStep as nobody:
            heading = f"{leaver.name}{word}，任务“{name_of(task)}”无人可接"
            log(conn, incident.id, now, EntryKind.NOTICE, heading, str(nobody))
            continue
        values = {"person_id": held.person.id, "role": held.role, "office": held.office, "acts_for": held.acts_for}
        conn.execute(update(tasks).where(tasks.c.id == task.id).values(**values))
        call_back(conn, task, "任务已改由他人办理，不再发送", now)
        said = f"{leaver.name}{word}，任务“{name_of(task)}”改由 {held.person.name}（{held.office}）办理"
        conn.execute(turns.insert().values(
            task_id=task.id, at=now, person_id=actor.id, name=actor.name, event=MOVED, text=said, url="",
        ))  # fmt: skip
        log(conn, incident.id, now, EntryKind.NOTICE, said, "", article=task.article)
        if task.state in UNANSWERED:
            tell_holder(conn, letterhead, incident, again(conn, task.id), f"{MOVED}:{leaver.id}"[:40], said, now)
        audit.record(
            conn, school=incident.school, now=now, actor=actor.id, action=f"task.{MOVED}", subject=incident.number,
            detail={"task": task.id, "from": leaver.id, "to": held.person.id},
        )  # fmt: skip
