"""Who read the card of a version, when and how; a receipt per person, written once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Row, Table, select

from escalation import people
from escalation.deed import write_down
from escalation.incident import Actor
from escalation.incident.state import IllegalStep
from escalation.voice.state import STATEMENT, StatementState
from escalation.voice.statement import statement_of
from stream.store import insert_new, metadata
from stream.store.types import Moment, Word

readings = Table(
    "readings",
    metadata,
    Column("statement_id", ForeignKey("statements.id"), primary_key=True, autoincrement=False),
    Column("person_id", Word(64), primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("via", Word(32), nullable=False),
)


def mark(conn: Connection, statement_id: int, actor: Actor, now: datetime, via: str) -> bool:
    """This person has read the card of a released version; False where they had before."""
    found, row = statement_of(conn, statement_id)
    if StatementState(found.state) is not StatementState.RELEASED:
        words = STATEMENT.state_words[StatementState(found.state)]
        raise IllegalStep(f"这一版口径{words}，请看最新一版。未作任何更改。")
    new = insert_new(
        conn, readings, [{"statement_id": statement_id, "person_id": actor.id, "at": now, "via": via}]
    )  # fmt: skip
    if new:
        write_down(conn, row, actor, "statement_read", now, n=found.n, via=via)
    return bool(new)


def readers(conn: Connection, statement_id: int) -> set[str]:
    """Who has read it."""
    return set(conn.execute(select(readings.c.person_id).where(readings.c.statement_id == statement_id)).scalars())


def readings_of(conn: Connection, school: str, statement_id: int) -> Sequence[Row[Any]]:
    """Who has read it, with names, the first first."""
    return conn.execute(
        select(readings, people.people.c.name)
        .join(people.people, people.people.c.id == readings.c.person_id)
        .where(readings.c.statement_id == statement_id, people.people.c.school == school)
        .order_by(readings.c.at, readings.c.person_id)
    ).all()
