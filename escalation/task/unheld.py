"""A task that a clause demands and nobody can be given, since neither the office nor the duty desk has anybody.

The incident goes its way all the same; an alert that cannot be silenced names the task until a person has set it, or
the incident is over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN
from escalation.task import KIND_WORDS, TaskKind, tasks

CAUSE = "unheld:"
WORDS = (
    "“{office}”没有可联系的人员，值班台也无人可代收，{number} 的任务“{task}”没有布置。"
    "请在人员表中补上并重新导入，再由值班员布置。"
)


def ring(conn: Connection, incident: Row[Any], kind: TaskKind, office: str, article: str, now: datetime) -> None:
    """Ring for a task that could not be set, and write it into the incident's log, once."""
    words = WORDS.format(office=office, task=KIND_WORDS[kind], number=incident.number)
    if alert.ring(conn, incident.school, f"{CAUSE}{incident.number}:{kind}", words, now):
        log(conn, incident.id, now, EntryKind.NOTICE, f"任务“{KIND_WORDS[kind]}”无人可办", words, article=article)


def look(conn: Connection, school: str, now: datetime) -> None:
    """End the alerts of tasks that have been set meanwhile, or whose incident is over."""
    for one in alert.ringing(conn, school):
        if not one.cause.startswith(CAUSE):
            continue
        number, _, kind = one.cause.removeprefix(CAUSE).partition(":")
        row = conn.execute(
            select(incidents.c.id, incidents.c.state).where(incidents.c.school == school, incidents.c.number == number)
        ).first()
        if row is None or row.state not in OPEN or _is_set(conn, row.id, kind):
            alert.hush(conn, school, one.cause, now)


def _is_set(conn: Connection, incident_id: int, kind: str) -> bool:
    asked = select(tasks.c.id).where(tasks.c.incident_id == incident_id, tasks.c.kind == kind)
    return conn.execute(asked.limit(1)).first() is not None
