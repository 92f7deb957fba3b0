"""The bulletin 情况报告: 首报 · 续报 · 终报, written by a person, numbered within its incident, never edited.

Where incidents were merged their bulletins are one series, and the next one has the number after the highest.

The first one is the 首报; a 终报 ends the series until something new is reported (续报) or the matter is opened again.
What it says is kept as written; the figures are the service's own, each with its source and time, and are counted when
the bulletin is written. It leaves as a notice (`NoticeKind.REPORT`) to whom the frozen pack names and whoever was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, select

from escalation.incident import incidents
from escalation.tie import taken_in
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word


class BulletinKind(StrEnum):
    """Which of the series a bulletin is."""

    FIRST = "first"
    FOLLOW = "follow"
    FINAL = "final"


BULLETIN_WORDS = {BulletinKind.FIRST: "首报", BulletinKind.FOLLOW: "续报", BulletinKind.FINAL: "终报"}

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("written_at", Moment(), nullable=False),
    Column("facts", Text, nullable=False),
    Column("figures", Json, nullable=False),
    Column("done", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("told", Json, nullable=False),
    Column("left_at", Moment()),
    Index("uq_bulletins_number", "incident_id", "number", unique=True),
)
"""`told`: who it was addressed to, as it was then (person, name, office, basis, by_choice). `left_at`: when the first
channel took it, or the first telephone call reached one of them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a bulletin: what is counted, how many, where it comes from. `source` names place and time."""

    name: str
    value: str
    source: str

    @property
    def line(self) -> str:
        """`说到此事 12 条（本系统采集 …，截至 16:42）`."""
        return f"{self.name} {self.value}（{self.source}）"


def step_of(number: int) -> str:
    """The step of the notices that carry a bulletin."""
    return f"report:{number}"


def title_of(kind: str, number: int) -> str:
    """`续报（情况报告第 2 号）`."""
    return f"{BULLETIN_WORDS[BulletinKind(kind)]}（情况报告第 {number} 号）"


def since_last(number: int) -> str:
    """The line that stands in the form after bulletin `number`; what comes after it a person writes."""
    return f"情况报告第 {number} 号之后："


def bulletins_of(conn: Connection, incident_id: int) -> list[Row[Any]]:
    """Every bulletin of an incident and of what is merged into it, the first one first; `of` is its incident's number.

    They are one series: what was reported of either was reported of the one matter.
    """
    found = (
        select(bulletins, incidents.c.number.label("of"))
        .join(incidents, incidents.c.id == bulletins.c.incident_id)
        .where(bulletins.c.incident_id.in_(taken_in(conn, incident_id)))
        .order_by(bulletins.c.written_at, bulletins.c.id)
    )
    return list(conn.execute(found))


def last_number(written: Sequence[Row[Any]]) -> int:
    """The highest number of these bulletins, 0 where there is none; the next one has the number after it."""
    return max((one.number for one in written), default=0)
