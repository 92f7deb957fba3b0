"""Calendar 工作日: which days are worked. Saturdays and Sundays are free; the school enters 节假日 and 调休 by day.

The State Council publishes a year's swapped days only weeks before it begins, so nothing here guesses them: what the
school entered decides, and a day without an entry is by its weekday alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Boolean, Column, Connection, Date, Table, select

from stream.store import metadata, put
from stream.store.types import Word

special_days = Table(
    "special_days",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("working", Boolean, nullable=False),
    Column("name", Word(32), nullable=False),
)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A holiday, or a weekend day that is worked instead."""

    day: date
    working: bool
    name: str = ""


Days = Mapping[date, SpecialDay]


def enter(conn: Connection, school: str, days: Sequence[SpecialDay]) -> None:
    """Enter special days, or bring them up to date; others stay."""
    if days:
        put(conn, special_days, [
            {"school": school, "day": one.day, "working": one.working, "name": one.name} for one in days
        ])  # fmt: skip


def read(conn: Connection, school: str) -> dict[date, SpecialDay]:
    """Every special day that the school entered."""
    rows = conn.execute(select(special_days).where(special_days.c.school == school).order_by(special_days.c.day))
    return {row.day: SpecialDay(row.day, row.working, row.name) for row in rows}


def works(day: date, special: Days) -> bool:
    """Whether this day is worked."""
    known = special.get(day)
    return known.working if known is not None else day.weekday() < 5


def span(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    at = first
    while at <= last:
        yield at
        at += timedelta(days=1)
