"""People: who holds which office, so that an article's words become a person with a working contact.

Offices are held per scope: the whole school (scope ""), a unit (its name) or an account (its id, for keepers).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Select, Table, bindparam, select

from escalation.duty import absence, proxy
from escalation.duty.proxy import Acting
from stream.store import metadata, put
from stream.store.types import Moment, Serial, Word

if TYPE_CHECKING:
    from escalation.procedure import Pack


class Role(StrEnum):
    """The roles that packs, pages and rosters speak of."""

    KEEPER = "keeper"
    UNIT_LEADER = "unit_leader"
    PUBLICITY = "publicity"
    SCHOOL_LEADER = "school_leader"
    MONITOR = "monitor"
    ADMINISTRATOR = "administrator"
    CARE = "care"


DUTY_LEAD, HANDLER = "duty_lead", "handler"
WORKERS = frozenset({Role.KEEPER, Role.MONITOR, Role.CARE, HANDLER})
"""Who does the work of a matter; whoever else is told of it leads and may give orders (批示、交办)."""
"""Roles of a notice that are no role of a user: the 带班领导, and whoever was handed a matter by a colleague."""

TITLES = {
    Role.KEEPER: "官方新媒体管理人员",
    Role.UNIT_LEADER: "单位党政主要负责人",
    Role.PUBLICITY: "宣传部",
    Role.SCHOOL_LEADER: "主管校领导",
    Role.MONITOR: "值班员",
    Role.ADMINISTRATOR: "系统管理员",
    Role.CARE: "关爱联系人",
}


CONTACTS = {"wecom_app": "wecom", "mail": "email", "sms": "mobile"}
"""The personal channels, and which contact of the roster each uses."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the school as the roster knows them. Empty contact fields mean: not given."""

    school: str
    id: str
    name: str
    title: str
    unit: str
    email: str = ""
    mobile: str = ""
    wecom: str = ""
    active: bool = True

    @property
    def reachable(self) -> bool:
        """Whether there is any contact a notice could use, were every channel set up."""
        return self.reachable_by(CONTACTS)

    def contact(self, channel: str) -> str:
        """Where a personal channel finds the person; empty where the roster does not say, or for another channel."""
        return str(getattr(self, CONTACTS[channel])) if channel in CONTACTS else ""

    def reachable_by(self, channels: Collection[str]) -> bool:
        """Whether a notice finds the person: on one of these channels, which are set up, or by telephone."""
        return self.active and bool(self.mobile or any(self.contact(one) for one in channels))


people = Table(
    "people",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("id", Word(64), primary_key=True),
    Column("name", Word(64), nullable=False),
    Column("title", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("email", Word(254), nullable=False),
    Column("mobile", Word(32), nullable=False),
    Column("wecom", Word(64), nullable=False, default=""),
    Column("active", Boolean, nullable=False),
)

offices = Table(
    "offices",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("role", Word(32), primary_key=True),
    Column("scope", Word(100), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("rank", Integer, nullable=False),
)

shifts = Table(
    "shifts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("starts_at", Moment(), nullable=False),
    Column("ends_at", Moment(), nullable=False),
    Column("leads", Boolean, nullable=False),
    Index("uq_shifts_place", "school", "person_id", "starts_at", unique=True),
)


@dataclass(frozen=True, slots=True)
class Held:
    """One office held by one person; `rank` 0 is asked first. `role`: one of ours or a pack's own office key."""

    role: str
    scope: str
    person_id: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    """A turn at the desk; `leads` marks the 带班领导."""

    person: Person
    starts_at: datetime
    ends_at: datetime
    leads: bool


def enter(conn: Connection, persons: Sequence[Person], held: Sequence[Held]) -> None:
    """Enter people and the offices they hold, or bring them up to date."""
    put(conn, people, [{name: getattr(person, name) for name in Person.__slots__} for person in persons])
    school = persons[0].school if persons else ""
    put(
        conn,
        offices,
        [{"school": school, "role": h.role, "scope": h.scope, "person_id": h.person_id, "rank": h.rank} for h in held],
    )


_WHOLE = [people.c[name] for name in Person.__slots__]
_ONE = select(*_WHOLE).where(people.c.school == bindparam("house"), people.c.id == bindparam("who"))
_ALL = select(*_WHOLE).where(people.c.school == bindparam("house")).order_by(people.c.id)
_HOLDERS = (
    select(*_WHOLE)
    .join(offices, (offices.c.school == people.c.school) & (offices.c.person_id == people.c.id))
    .where(offices.c.school == bindparam("house"), offices.c.role == bindparam("holds"), people.c.active)
    .where(offices.c.scope == bindparam("over"))
    .order_by(offices.c.rank, people.c.id)
)
_ON_DUTY = (
    select(*_WHOLE, shifts.c.starts_at, shifts.c.ends_at, shifts.c.leads)
    .join(shifts, (shifts.c.school == people.c.school) & (shifts.c.person_id == people.c.id))
    .where(shifts.c.school == bindparam("house"), people.c.active)
    .where(shifts.c.starts_at <= bindparam("now"), shifts.c.ends_at > bindparam("now"))
    .order_by(shifts.c.leads, shifts.c.starts_at)
)


def _persons(conn: Connection, statement: Select[Any], values: Mapping[str, object]) -> list[Person]:
    return [Person(*row) for row in conn.execute(statement, values)]


def person(conn: Connection, school: str, person_id: str) -> Person | None:
    """One person, or None."""
    found = _persons(conn, _ONE, {"house": school, "who": person_id})
    return found[0] if found else None


def everyone(conn: Connection, school: str) -> list[Person]:
    """Every person of the roster, by id."""
    return _persons(conn, _ALL, {"house": school})


def units(conn: Connection, school: str) -> list[str]:
    """The units of the roster: where active people belong, and which have a leader."""
    belong = conn.execute(select(people.c.unit).where(people.c.school == school, people.c.active).distinct()).scalars()
    led = conn.execute(
        select(offices.c.scope).where(offices.c.school == school, offices.c.role == Role.UNIT_LEADER).distinct()
    ).scalars()
    return sorted({unit for unit in (*belong, *led) if unit})


def leads(conn: Connection, school: str, person_id: str, now: datetime) -> bool:
    """Whether this person is the duty lead 带班领导: by office, or by the shift that runs."""
    held = conn.execute(
        select(offices.c.person_id)
        .where(offices.c.school == school, offices.c.role == DUTY_LEAD, offices.c.person_id == person_id)
        .limit(1)
    ).first()
    return held is not None or any(one.leads and one.person.id == person_id for one in on_duty(conn, school, now))


def holders(conn: Connection, school: str, role: str, *, unit: str = "", account_id: str = "") -> list[Person]:
    """Who holds a role for this unit and account, asked first first; only active people."""
    scope = account_id if role == Role.KEEPER else unit if role == Role.UNIT_LEADER else ""
    return _persons(conn, _HOLDERS, {"house": school, "holds": role, "over": scope})


def all_holders(conn: Connection, school: str) -> dict[tuple[str, str], list[Person]]:
    """Who holds each office, by (role, scope), as `holders` gives them; offices that nobody holds are out."""
    held: dict[tuple[str, str], list[Person]] = {}
    for row in conn.execute(
        select(people, offices.c.role, offices.c.scope)
        .join(offices, (offices.c.school == people.c.school) & (offices.c.person_id == people.c.id))
        .where(offices.c.school == school, people.c.active)
        .order_by(offices.c.rank, people.c.id)
    ):
        one = Person(**{name: row._mapping[name] for name in Person.__slots__})
        held.setdefault((row.role, row.scope), []).append(one)
    return held


def on_duty(conn: Connection, school: str, now: datetime) -> list[Shift]:
    """Who is on at `now`: the monitors first, then the 带班领导."""
    rows = conn.execute(_ON_DUTY, {"house": school, "now": now})
    return [Shift(Person(*row[: len(_WHOLE)]), row.starts_at, row.ends_at, row.leads) for row in rows]


def leading(conn: Connection, school: str, now: datetime) -> list[Person]:
    """The 带班领导 of this moment: by shift, else who holds the office."""
    by_shift = [one.person for one in on_duty(conn, school, now) if one.leads]
    return by_shift or holders(conn, school, DUTY_LEAD)


def acting(
    conn: Connection, school: str, held: Sequence[Person], now: datetime, channels: Collection[str] = tuple(CONTACTS)
) -> Acting | None:
    """Who acts for an office of these holders now: one who is there, or a substitute; see `duty.proxy`."""
    return proxy.acting(held, absence.away(conn, school, now), lambda one: person(conn, school, one), channels, now)


def all_acting(
    conn: Connection, school: str, held: Sequence[Person], now: datetime, channels: Collection[str] = tuple(CONTACTS)
) -> list[Acting]:
    """Who acts now where every one of these holders is to be told; see `duty.proxy.everybody`."""
    return proxy.everybody(held, absence.away(conn, school, now), lambda one: person(conn, school, one), channels, now)


def stood_in_for(
    conn: Connection, school: str, person_id: str, now: datetime, channels: Collection[str] = tuple(CONTACTS)
) -> list[str]:
    """Whom this person stands in for now: ids of those who are away and whose substitute answers to this id."""
    gone = absence.away(conn, school, now)
    found = {one: proxy.stand_in(one, gone, lambda who: person(conn, school, who), channels) for one in gone}
    return [one for one, other in found.items() if other is not None and other.id == person_id]


def desk(conn: Connection, school: str, now: datetime, channels: Collection[str] = tuple(CONTACTS)) -> list[Person]:
    """Who answers at the duty desk: those on duty, else every monitor, else the publicity office. Never nobody's.

    Somebody whom none of `channels` and no telephone reaches answers for nobody, and is passed over; for who is away
    the substitute answers. Where everybody is away, being away excuses nobody.
    """
    gone = absence.away(conn, school, now)
    serving = [shift.person for shift in on_duty(conn, school, now) if not shift.leads]
    others = (holders(conn, school, role) for role in (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR))
    groups = [serving, *others]

    def there(person_: Person) -> Person | None:
        if person_.id in gone:
            return proxy.stand_in(person_.id, gone, lambda one: person(conn, school, one), channels)
        return person_ if person_.reachable_by(channels) else None

    present = ({one.id: one for found in group if (one := there(found))} for group in groups)
    anybody = ({one.id: one for one in group if one.reachable_by(channels)} for group in groups)
    return next((list(found.values()) for found in chain(present, anybody) if found), [])


def office_in(pack: Pack, role: str) -> str:
    """An office under the school's own name, as its rules write it; the plain title where they do not name it."""
    return pack.offices[role].words[0] if role in pack.offices else title_of(role)


def title_of(role: str) -> str:
    """The plain Chinese title of a role; a pack's own role is shown by its key."""
    return (
        TITLES[Role(role)]
        if role in set(Role)
        else {DUTY_LEAD: "带班领导", HANDLER: "承办人", "related_leaders": "学校相关领导"}.get(role, role)
    )
