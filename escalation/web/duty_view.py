"""What the page 值守 shows: the month day by day, who is away, the holes of the coming days. From the store only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.clock_words import SHANGHAI
from escalation.duty import absence, calendar, coverage
from escalation.duty.absence import Absence
from escalation.duty.calendar import SpecialDay
from escalation.duty.coverage import AHEAD, Span
from escalation.people import Shift, people, shifts

WHOLE_DAY = "全天"
HOLE = "空 {hours}"
ASKED = timedelta(days=60)
"""So long ahead a year is asked for whose holidays nobody knows."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One shift as a day shows it. `absent`: the person is away then; `stands_in`: who answers instead, if anybody."""

    id: int
    hours: str
    name: str
    leads: bool
    absent: str = ""
    stands_in: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the month; `special` names a holiday or 调休, `source` whose word that is; `holes`: nobody serves."""

    day: date
    inside: bool
    today: bool
    past: bool
    working: bool
    special: str
    source: str
    slots: tuple[Slot, ...]
    holes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DaysOff:
    """A holiday or swapped working day as the list shows it; days in a row of one arrangement are one line."""

    one: SpecialDay
    last: date
    many: int = 1


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month, Monday first, with the months before and after as `2026-12`.

    `days`: its holidays and swapped working days; `untold`: of which years, this month's and those of the coming 60
    days, nobody knows the days off, in words.
    """

    title: str
    weeks: tuple[tuple[Cell, ...], ...]
    before: str
    after: str
    days: tuple[DaysOff, ...]
    untold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """An absence as the page lists it."""

    one: Absence
    name: str
    substitute: str
    now: bool
    mine: bool


def month_of(conn: Connection, school: str, first: date, now: datetime) -> Month:
    """The month that `first` begins."""
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    monday, sunday = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
    rows = _shifts(conn, school, _at(monday), _at(sunday + timedelta(days=1)))
    special = calendar.read(conn, school)
    away = absence.between(conn, school, _at(monday), _at(sunday + timedelta(days=1)))
    names = _names(conn, school)
    starts, ends = max(now, _at(first)), min(_at(last + timedelta(days=1)), now + AHEAD)
    gaps = coverage.holes_ahead(conn, school, starts, ahead=ends - starts) if ends > starts else []
    today = now.astimezone(SHANGHAI).date()

    def cell(day: date) -> Cell:
        known = special.get(day)
        return Cell(
            day=day, inside=first <= day <= last, today=day == today, past=day < today,
            working=calendar.works(day, special), special=_word(known), source=known.source if known else "",
            slots=tuple(_slot(row, day, away, names) for row in rows if _shown(row, day)),
            holes=tuple(HOLE.format(hours=_within(gap, day)) for gap in gaps if _touches(gap, day)),
        )  # fmt: skip

    days = [cell(day) for day in calendar.span(monday, sunday)]
    weeks = tuple(tuple(days[n : n + 7]) for n in range(0, len(days), 7))
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    return Month(
        f"{first.year}年{first.month}月", weeks, f"{before:%Y-%m}", f"{after:%Y-%m}",
        tuple(days_off(special[day] for day in sorted(special) if first <= day <= last)),
        tuple(untold(special, (first.year, today.year, (today + ASKED).year))),
    )  # fmt: skip


def days_off(days: Iterable[SpecialDay]) -> list[DaysOff]:
    """Special days in their order; those in a row that the arrangement has under one name are one line."""
    found: list[DaysOff] = []
    for day in days:
        before = found[-1] if found else None
        same = before is not None and replace(before.one, day=day.day) == day and day.arranged
        if before is not None and same and day.day - before.last == timedelta(days=1):
            found[-1] = DaysOff(before.one, day.day, before.many + 1)
        else:
            found.append(DaysOff(day, day.day))
    return found


def untold(special: calendar.Days, years: Iterable[int]) -> Iterator[str]:
    """What is asked for: the years of these whose days off nobody knows."""
    for year in sorted(set(years)):
        if names := calendar.untold(year, special):
            yield calendar.say_untold(year, names)


def _word(known: SpecialDay | None) -> str:
    return (known.name or ("班" if known.working else "休")) if known else ""


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _shifts(conn: Connection, school: str, starts: datetime, ends: datetime) -> list[Row[Any]]:
    rows = conn.execute(
        select(shifts, people.c.name)
        .join(people, (people.c.school == shifts.c.school) & (people.c.id == shifts.c.person_id))
        .where(shifts.c.school == school, shifts.c.starts_at < ends, shifts.c.ends_at > starts, people.c.active)
        .order_by(shifts.c.leads, shifts.c.starts_at, shifts.c.id)
    )
    return list(rows)


def _names(conn: Connection, school: str) -> dict[str, str]:
    return {
        row.id: row.name for row in conn.execute(select(people.c.id, people.c.name).where(people.c.school == school))
    }


def _shown(row: Row[Any], day: date) -> bool:
    """On the day it begins, and on every day that it fills."""
    begins, ends = row.starts_at.astimezone(SHANGHAI), row.ends_at
    return bool(begins.date() == day or (begins.date() < day and ends >= _at(day + timedelta(days=1))))


def _slot(row: Row[Any], day: date, away: Sequence[Absence], names: Mapping[str, str]) -> Slot:
    begun, over = max(row.starts_at, _at(day)), min(row.ends_at, _at(day + timedelta(days=1)))
    own = (one for one in away if one.person == row.person_id)
    out = next((one for one in own if one.starts_at < over and one.ends_at > begun), None)
    begins, ends = row.starts_at.astimezone(SHANGHAI), row.ends_at.astimezone(SHANGHAI)
    whole = begins.date() < day or (begins == _at(day) and ends >= _at(day + timedelta(days=1)))
    until = f"{'次日' if ends.date() > day else ''}{ends:%H:%M}"
    text = WHOLE_DAY if whole else f"{begins:%H:%M}–{until}"
    return Slot(
        row.id, text, row.name, row.leads, out.word if out else "", names.get(out.substitute, "") if out else ""
    )


def _touches(gap: Span, day: date) -> bool:
    return gap[0] < _at(day + timedelta(days=1)) and gap[1] > _at(day)


def _within(gap: Span, day: date) -> str:
    begins, ends = max(gap[0], _at(day)), min(gap[1], _at(day + timedelta(days=1)))
    if begins == _at(day) and ends == _at(day + timedelta(days=1)):
        return WHOLE_DAY
    until = "24:00" if ends == _at(day + timedelta(days=1)) else f"{ends.astimezone(SHANGHAI):%H:%M}"
    return f"{begins.astimezone(SHANGHAI):%H:%M}–{until}"


def away_list(conn: Connection, school: str, person_id: str, now: datetime) -> list[Away]:
    """Who is away now and in the coming three months, the earliest first."""
    names = _names(conn, school)
    return [
        Away(
            one,
            names.get(one.person, one.person),
            names.get(one.substitute, ""),
            one.covers(now),
            one.person == person_id,
        )
        for one in absence.between(conn, school, now, now + timedelta(days=92))
    ]  # fmt: skip


def at_desk(conn: Connection, school: str, serving: Sequence[Shift], now: datetime, *, leads: bool) -> list[str]:
    """Who is on by name; for who is away the substitute with both names, or that they are away."""
    away = absence.away(conn, school, now)
    names = _names(conn, school) if away else {}
    found = []
    for one in serving:
        out = away.get(one.person.id)
        if one.leads is leads:
            instead = names.get(out.substitute, "") if out else ""
            said = f"{instead}（代{one.person.name}）" if instead else f"{one.person.name}（{out.word}）" if out else ""
            found.append(said or one.person.name)
    return found
