"""Calendar 工作日: which days are worked. The State Council's arrangement is there from the start (`arrangement`); what
somebody of the school entered, by hand or by file, wins over it day by day.

A year that neither knows is said to be unknown and asked for (`untold`). Until then quiet hours go by the weekday, and
no rota is placed by working days of that year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlalchemy import Boolean, Column, Connection, Date, Table, bindparam, delete, select

from escalation.duty import arrangement
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
    """A holiday, or a weekend day that is worked instead. `arranged`: by the library, not entered by the school."""

    day: date
    working: bool
    name: str = ""
    arranged: bool = False

    @property
    def source(self) -> str:
        """Where it comes from, for whoever reads the page."""
        return arrangement.SOURCE if self.arranged else "本校登记"


Days = Mapping[date, SpecialDay]


@cache
def arranged() -> Days:
    """Every day of the State Council's arrangement that the library has."""
    return {day: SpecialDay(day, working, name, arranged=True) for day, working, name in arrangement.days()}


def enter(conn: Connection, school: str, days: Sequence[SpecialDay]) -> None:
    """Enter special days, or bring them up to date; others stay."""
    if days:
        put(conn, special_days, [
            {"school": school, "day": one.day, "working": one.working, "name": one.name} for one in days
        ])  # fmt: skip


def forget(conn: Connection, school: str, day: date) -> bool:
    """Take back what the school entered for a day; False where it had entered nothing."""
    gone = delete(special_days).where(special_days.c.school == school, special_days.c.day == day)
    return conn.execute(gone).rowcount == 1


_SPECIAL = select(special_days).where(special_days.c.school == bindparam("house")).order_by(special_days.c.day)


def read(conn: Connection, school: str) -> dict[date, SpecialDay]:
    """Every special day: as arranged, and over it as the school entered it."""
    rows = conn.execute(_SPECIAL, {"house": school})
    return {**arranged(), **{row.day: SpecialDay(row.day, row.working, row.name) for row in rows}}


def works(day: date, special: Days) -> bool:
    """Whether this day is worked."""
    known = special.get(day)
    return known.working if known is not None else day.weekday() < 5


def untold(year: int, special: Days) -> tuple[str, ...]:
    """The statutory holidays of a year whose days off nobody has said; none where the library has the year."""
    known = [one for day, one in special.items() if day.year == year]
    if any(one.arranged for one in known):
        return ()
    off = [one.name for one in known if not one.working]
    return tuple(
        holiday for holiday, words in arrangement.STATUTORY.items()
        if not any(word in name for name in off for word in words)
    )  # fmt: skip


def say_untold(year: int, names: Sequence[str]) -> str:
    """The same in words: `2027 年的放假安排还不知道（程序库 … 有 2004 至 2026 年），尚缺元旦、春节`."""
    first, last = arrangement.YEARS
    return (
        f"{year} 年的放假安排还不知道（程序库 {arrangement.LIBRARY} 有 {first} 至 {last} 年），"
        f"尚缺{'、'.join(names)}"
    )  # fmt: skip


def span(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    at = first
    while at <= last:
        yield at
        at += timedelta(days=1)
