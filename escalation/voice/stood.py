"""What was held at an instant: a post is held against the holds of its own time, also where it is read later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from escalation.incident import incidents
from escalation.voice.hold import hold_subjects, holds
from escalation.voice.state import HoldState
from escalation.voice.subject import Subject, read


@dataclass(frozen=True, slots=True)
class Stood:
    """A hold with its subject as it was then. `since`: when this subject came into force."""

    id: int
    incident_id: int
    number: str
    n: int
    subject: Subject
    basis: str
    begun_at: datetime
    since: datetime


def holds_at(conn: Connection, school: str, at: datetime) -> list[Stood]:
    """Every hold of the school that stood at this instant, with its subject of then, the oldest first.

    One that has ended since is among them: a post of that time is often read later. One that fell with a false alarm
    never held anything.
    """
    stood = or_(
        holds.c.state == HoldState.STANDING,
        and_(holds.c.state.in_((HoldState.RELEASED, HoldState.LIFTED)), holds.c.ended_at > at),
    )
    newest = (
        select(hold_subjects.c.hold_id, func.max(hold_subjects.c.n).label("n"))
        .where(hold_subjects.c.at <= at)
        .group_by(hold_subjects.c.hold_id)
        .subquery()
    )
    rows = conn.execute(
        select(holds, incidents.c.number, hold_subjects.c.n, hold_subjects.c.subject, hold_subjects.c.at)
        .join(incidents, incidents.c.id == holds.c.incident_id)
        .join(newest, newest.c.hold_id == holds.c.id)
        .join(hold_subjects, (hold_subjects.c.hold_id == newest.c.hold_id) & (hold_subjects.c.n == newest.c.n))
        .where(holds.c.school == school, stood, holds.c.begun_at <= at)
        .order_by(holds.c.id)
    )
    return [
        Stood(r.id, r.incident_id, r.number, r.n, read(r.subject), r.basis, r.begun_at, r.at) for r in rows
    ]  # fmt: skip
