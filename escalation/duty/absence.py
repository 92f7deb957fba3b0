"""Absence 请假·出差: a span in which a person does not act, and the substitute 代理人 who does. Rows only.

Who left for good 离任 is a row of `departures`, with the moment from which it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, Index, Row, Table, Text, bindparam, select

from stream.store import metadata
from stream.store.types import Moment, Serial, Word


class AbsenceKind(StrEnum):
    """Why somebody is away."""

    LEAVE = "leave"
    TRIP = "trip"


ABSENCE_WORDS = {AbsenceKind.LEAVE: "请假", AbsenceKind.TRIP: "出差"}

absences = Table(
    "absences",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("starts_at", Moment(), nullable=False),
    Column("ends_at", Moment(), nullable=False),
    Column("substitute_id", Word(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("entered_by", Word(64), nullable=False),
    Column("entered_at", Moment(), nullable=False),
    Column("cancelled_at", Moment()),
    Column("cancelled_by", Word(64)),
    Column("begun_at", Moment()),
    Index(None, "school", "ends_at"),
)
"""`substitute_id` is empty where nobody stands in; `begun_at`: when what waited for the person was handed on."""

departures = Table(
    "departures",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("leaves_at", Moment(), nullable=False),
    Column("note", Text, nullable=False),
    Column("entered_by", Word(64), nullable=False),
    Column("entered_at", Moment(), nullable=False),
    Column("done_at", Moment()),
)
"""Who leaves or left the school or its offices; `done_at`: when it took effect."""


@dataclass(frozen=True, slots=True)
class Absence:
    """One span away. `substitute` is a person's id, empty where there is none."""

    id: int
    person: str
    kind: AbsenceKind
    starts_at: datetime
    ends_at: datetime
    substitute: str
    note: str = ""
    entered_by: str = ""

    @property
    def word(self) -> str:
        """请假 or 出差."""
        return ABSENCE_WORDS[self.kind]

    def covers(self, at: datetime) -> bool:
        """Whether the person is away at this moment; the last one is no longer part of it."""
        return self.starts_at <= at < self.ends_at


_VALID = (absences.c.school == bindparam("house"), absences.c.cancelled_at.is_(None))
_AWAY = (
    select(absences)
    .where(*_VALID, absences.c.starts_at <= bindparam("now"), absences.c.ends_at > bindparam("now"))
    .order_by(absences.c.id)
)
_BETWEEN = (
    select(absences)
    .where(*_VALID, absences.c.starts_at < bindparam("until"), absences.c.ends_at > bindparam("since"))
    .order_by(absences.c.starts_at, absences.c.id)
)


def between(conn: Connection, school: str, starts: datetime, ends: datetime) -> list[Absence]:
    """Every absence that touches this span, the earliest first; cancelled ones are none."""
    rows = conn.execute(_BETWEEN, {"house": school, "since": starts, "until": ends})
    return [_absence(row) for row in rows]


def _absence(row: Row[tuple[object, ...]]) -> Absence:
    return Absence(
        row.id, row.person_id, AbsenceKind(row.kind), row.starts_at, row.ends_at, row.substitute_id, row.note,
        row.entered_by,
    )  # fmt: skip


def away(conn: Connection, school: str, now: datetime) -> dict[str, Absence]:
    """Who is away now, by person."""
    rows = conn.execute(_AWAY, {"house": school, "now": now})
    return {row.person_id: _absence(row) for row in rows}


def gone(conn: Connection, school: str) -> frozenset[str]:
    """Who left: the departure took effect."""
    rows = conn.execute(
        select(departures.c.person_id).where(departures.c.school == school, departures.c.done_at.is_not(None))
    )
    return frozenset(rows.scalars())


def leaving(conn: Connection, school: str) -> dict[str, datetime]:
    """From when on each person who leaves or left is gone."""
    rows = conn.execute(select(departures).where(departures.c.school == school))
    return {row.person_id: row.leaves_at for row in rows}
