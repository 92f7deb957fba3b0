"""试运行: a new installation opens incidents but tells only the duty desk, until an administrator ends it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, Table, select, update

from escalation import audit
from stream.store import insert_new, metadata
from stream.store.types import Moment, Word

trials = Table(
    "trials",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("began_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Column("ended_by", Word(64)),
)


def begin(conn: Connection, school: str, now: datetime) -> None:
    """Begin the trial of a school that never had one; changes nothing later."""
    insert_new(conn, trials, [{"school": school, "began_at": now, "ended_at": None, "ended_by": None}])


def on_trial(conn: Connection, school: str) -> bool:
    """Whether notices still go to the duty desk only."""
    row = conn.execute(select(trials.c.ended_at).where(trials.c.school == school)).first()
    return row is not None and row.ended_at is None


def end(conn: Connection, school: str, now: datetime, actor: str) -> bool:
    """End it, by a named administrator; from now on everybody whom the rules name is told. False: it had ended."""
    moved = conn.execute(
        update(trials)
        .where(trials.c.school == school, trials.c.ended_at.is_(None))
        .values(ended_at=now, ended_by=actor)
    )
    if moved.rowcount != 1:
        return False
    audit.record(conn, school=school, now=now, actor=actor, action="trial.end", subject=school)
    return True
