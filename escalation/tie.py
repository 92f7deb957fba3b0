"""Ties between incidents 关联: one was merged into another, split off it, or opened again after its time.

A tie keeps what is needed to take it back (`data`), and once it was taken back who did so. Rows are never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, or_, select, update

from escalation.incident import Actor, incidents
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word


class TieKind(StrEnum):
    """What an incident is to the other one."""

    MERGED = "merged"
    SPLIT = "split"
    AGAIN = "again"


FROM_WORDS = {TieKind.MERGED: "已并入", TieKind.SPLIT: "拆自", TieKind.AGAIN: "接续"}
TO_WORDS = {TieKind.MERGED: "并入了", TieKind.SPLIT: "拆出了", TieKind.AGAIN: "后续另立"}

ties = Table(
    "ties",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("other_id", ForeignKey("incidents.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("by", Word(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("undone_at", Moment()),
    Column("undone_by", Word(100)),
    Column("undone_why", Text),
    Index(None, "incident_id"),
    Index(None, "other_id"),
)


def tie(
    conn: Connection, row: Row[Any], other: Row[Any], kind: TieKind, actor: Actor, now: datetime, reason: str,
    data: dict[str, Any],
) -> None:  # fmt: skip
    """Tie an incident to another one."""
    conn.execute(
        ties.insert().values(
            school=row.school, kind=kind, incident_id=row.id, other_id=other.id, at=now, by=actor.id, reason=reason,
            data=data,
        )
    )  # fmt: skip


def standing(conn: Connection, incident_id: int, kind: TieKind) -> Row[Any] | None:
    """The newest tie of this kind that was not taken back."""
    return conn.execute(
        select(ties)
        .where(ties.c.incident_id == incident_id, ties.c.kind == kind, ties.c.undone_at.is_(None))
        .order_by(ties.c.id.desc())
        .limit(1)
    ).first()


def taken_in(conn: Connection, incident_id: int) -> list[int]:
    """The incident and all that are merged into it now, directly or by way of another one."""
    found, look = [incident_id], [incident_id]
    while look:
        mine = (ties.c.other_id == look.pop()) & (ties.c.kind == TieKind.MERGED) & ties.c.undone_at.is_(None)
        new = conn.execute(select(ties.c.incident_id).where(mine, ties.c.incident_id.not_in(found))).scalars().all()
        found += new
        look += new
    return found


def undo(conn: Connection, tie_id: int, actor: Actor, now: datetime, why: str) -> None:
    """Mark a tie as taken back."""
    conn.execute(update(ties).where(ties.c.id == tie_id).values(undone_at=now, undone_by=actor.id, undone_why=why))


def ties_of(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    """Every tie of an incident, either way, with the other end's number, title, state and care mark; oldest first."""
    end = incidents.alias()
    return conn.execute(
        select(
            ties, end.c.number, end.c.title, end.c.state, end.c.care, (ties.c.incident_id == incident_id).label("own")
        )
        .join(
            end,
            or_(
                (ties.c.incident_id == incident_id) & (end.c.id == ties.c.other_id),
                (ties.c.other_id == incident_id) & (end.c.id == ties.c.incident_id),
            ),
        )
        .order_by(ties.c.id)
    ).all()
