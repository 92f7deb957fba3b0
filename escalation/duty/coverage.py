"""Coverage of the desk: holes 空档 of the coming 30 days. Pure over spans; a figure of ours unless the pack cites one.

JY 第十三条 and ZG 第十四条 demand watching around the clock: there a roster with a hole is refused. Elsewhere a hole is
only said (系统默认，非校规).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from escalation import people
from escalation.clock_words import hours
from escalation.duty import absence, proxy
from escalation.duty.absence import Absence
from escalation.people import shifts

AHEAD = timedelta(days=30)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn at the desk in which somebody answers: the person of the shift, or who stands in."""

    person: str
    starts_at: datetime
    ends_at: datetime
    leads: bool = False


def holes(covered: Iterable[Span], starts: datetime, ends: datetime) -> list[Span]:
    """The parts of starts..ends that no span covers, the earliest first."""
    found: list[Span] = []
    at = starts
    for begin, end in sorted(covered):
        if begin >= ends:
            break
        if begin > at:
            found.append((at, begin))
        at = max(at, end)
    if at < ends:
        found.append((at, ends))
    return found


def answered(
    turns: Iterable[Turn], away: Sequence[Absence], gone: dict[str, datetime], stands_in: set[int]
) -> list[Span]:
    """The spans in which somebody is at the desk: each turn without the time its person is away or gone.

    `stands_in`: ids of absences whose substitute answers meanwhile.
    """
    found: list[Span] = []
    for turn in turns:
        if turn.leads:
            continue
        end = min(turn.ends_at, gone.get(turn.person, turn.ends_at))
        if end <= turn.starts_at:
            continue
        out = [(one.starts_at, one.ends_at) for one in away if one.person == turn.person and one.id not in stands_in]
        found += holes(out, turn.starts_at, end)
    return found


_PERSON = people.people
_TURNS = (
    select(shifts)
    .join(_PERSON, (_PERSON.c.school == shifts.c.school) & (_PERSON.c.id == shifts.c.person_id))
    .where(shifts.c.school == bindparam("house"))
    .where(shifts.c.starts_at < bindparam("until"), shifts.c.ends_at > bindparam("since"))
    .order_by(shifts.c.starts_at, shifts.c.id)
)
_TURNS_NOW = _TURNS.where(_PERSON.c.active)


def turns(conn: Connection, school: str, starts: datetime, ends: datetime, *, former: bool = False) -> list[Turn]:
    """The shifts that touch this span, of people who work here; `former`: of those who worked here, too."""
    rows = conn.execute(_TURNS if former else _TURNS_NOW, {"house": school, "since": starts, "until": ends})
    return [Turn(row.person_id, row.starts_at, row.ends_at, row.leads) for row in rows]


def holes_ahead(
    conn: Connection, school: str, now: datetime, planned: Sequence[Turn] | None = None, ahead: timedelta = AHEAD
) -> list[Span]:
    """The holes of the coming days, with the shifts of the store or with those planned instead of them."""
    until = now + ahead
    found = turns(conn, school, now, until) if planned is None else list(planned)
    away = absence.between(conn, school, now, until)
    served = answered(found, away, absence.leaving(conn, school), _covered_for(conn, school, away))
    return holes(served, now, until)


def _covered_for(conn: Connection, school: str, away: Sequence[Absence]) -> set[int]:
    """The absences whose substitute is there: known, here, with a contact, and not away in the same time."""
    known = {one.id: one for one in people.everyone(conn, school)} if away else {}
    found: set[int] = set()
    for one in away:
        same = {
            other.person: other for other in away if other.starts_at < one.ends_at and other.ends_at > one.starts_at
        }
        if proxy.stand_in(one.person, same | {one.person: one}, known.get, tuple(people.CONTACTS)) is not None:
            found.add(one.id)
    return found


def say(gaps: Sequence[Span], now: datetime, most: int = 10) -> str:
    """The holes in words: `11月25日 08:00 至 20:00；另有 3 处`."""
    said = "；".join(hours(begin, end, now) for begin, end in gaps[:most])
    return said + (f"；另有 {len(gaps) - most} 处" if len(gaps) > most else "")
