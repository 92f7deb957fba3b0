"""Paper 文书: what permits, submissions, findings on own posts and account changes share: a number, a course, standing.

A paper belongs to one account of the book. Its course, letters and clocks hang on its docket (`permit:17`); every deed
of a person is in the audit too.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, select, update

from escalation import audit, numbering
from escalation.duty import absence, proxy
from escalation.duty.absence import Absence
from escalation.incident import MACHINE, Actor, EntryKind
from escalation.notice import docket
from escalation.people import CONTACTS, Person, Role, offices, people, person
from escalation.state_table import IllegalStep
from stream.account import Account, book

NUMBER_LOCK = 730_044
"""Key of the advisory lock under which PostgreSQL's writers number papers."""
TEXT_MOST, SUBJECT_MOST, WHY_MOST = 20_000, 60, 500
AT_ONCE = timedelta(minutes=1)


class Noun(StrEnum):
    """The kinds of paper."""

    PERMIT = "permit"
    SUBMISSION = "submission"
    BREACH = "breach"
    ALTERATION = "alteration"


PREFIX = {Noun.PERMIT: "SQ", Noun.SUBMISSION: "SS", Noun.BREACH: "HD", Noun.ALTERATION: "BD"}
NAME = {Noun.PERMIT: "授权申请", Noun.SUBMISSION: "送审单", Noun.BREACH: "核对单", Noun.ALTERATION: "变动单"}
PAGE = {
    Noun.PERMIT: "permits", Noun.SUBMISSION: "submissions", Noun.BREACH: "own-posts",
    Noun.ALTERATION: "account-changes",
}  # fmt: skip


class Moved(IllegalStep):
    """Somebody else was quicker."""


def digest(text: str) -> str:
    """The fingerprint 指纹 of a text: SHA-256 of it as it was handed in, without blanks around it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def next_number(conn: Connection, table: Table, noun: Noun, school: str, now: datetime) -> str:
    """`SQ-2026-0007`, counted per school, kind of paper and Shanghai year."""
    return numbering.next_number(conn, table, PREFIX[noun], school, now, lock=NUMBER_LOCK)


def matter_of(noun: Noun, paper_id: int) -> str:
    """The docket of a paper: its letters, its clocks and its course hang there."""
    return f"{noun}:{paper_id}"


def enter(conn: Connection, noun: Noun, school: str, paper_id: int, number: str, now: datetime) -> None:
    """Open the docket of a new paper, under the paper's own number."""
    docket.enter(conn, school, matter_of(noun, paper_id), now, f"/{PAGE[noun]}/{number}", number=number)


def must_be_new(
    conn: Connection, noun: Noun, account: Account, text: str, by: Column[Any], at: Column[Any], now: datetime
) -> None:
    """Raises Moved where this very text was handed in for this account within the last minute: two pressed at once.

    `by`, `at`: the columns of the papers that say who did, and when.
    """
    table = by.table
    same = select(table.c.number, by).where(
        table.c.school == account.school, table.c.account_id == account.id, table.c.text_hash == digest(text),
        at > now - AT_ONCE,
    )  # fmt: skip
    known = conn.execute(same.limit(1)).first()
    if known is not None:
        who = person(conn, account.school, known[1])
        named = who.name if who else known[1]
        raise Moved(f"同一账号的同一文稿，{named}刚交了{NAME[noun]} {known[0]}。未作任何更改。")


def held(conn: Connection, table: Table, noun: Noun, school: str, number: str) -> Row[Any]:
    """The paper's row, held until the transaction ends: the first statement of every deed on it. Docket, then paper."""
    own = (table.c.school == school) & (table.c.number == number)
    paper_id = conn.execute(select(table.c.id).where(own)).scalar()
    if paper_id is None:
        raise IllegalStep(f"没有这份{NAME[noun]}，可能链接有误。未作任何更改。")
    docket.hold(conn, school, matter_of(noun, paper_id))
    return conn.execute(select(table).where(own).with_for_update()).one()


def move(conn: Connection, table: Table, row: Row[Any], **values: Any) -> None:
    """Set columns of a paper that still stands as it was read. Raises Moved."""
    moved = conn.execute(update(table).where(table.c.id == row.id, table.c.state == row.state).values(**values))
    if moved.rowcount != 1:
        raise Moved("这份文书刚被他人办理，请刷新后再看。未作任何更改。")


def note(
    conn: Connection, noun: Noun, school: str, paper_id: int, now: datetime, heading: str, text: str = "",
    actor: str = "",
) -> None:  # fmt: skip
    """One line of a paper's course, a person's where one is named."""
    kind = EntryKind.PERSON if actor else EntryKind.MACHINE
    matter = matter_of(noun, paper_id)
    docket.line(conn, school, matter, now, kind, heading, text, actor=actor or MACHINE.name)


def course_of(conn: Connection, noun: Noun, school: str, paper_id: int) -> list[Row[Any]]:
    """The course of a paper with its letters, the newest line first."""
    return docket.lines_of(conn, school, matter_of(noun, paper_id))[::-1]


def write_down(
    conn: Connection, noun: Noun, school: str, number: str, actor: Actor, action: str, now: datetime, **detail: Any
) -> None:
    """The audit row of a deed on a paper; the last statement of the deed."""
    audit.record(
        conn, school=school, now=now, actor=actor.id, action=f"{noun}.{action}", subject=number, detail=detail,
        ip=actor.ip,
    )  # fmt: skip


def place_of(conn: Connection, school: str, account_id: str) -> Account:
    """The account of the book. Raises IllegalStep where it is not there or not in use."""
    found = book(conn, school).get(account_id)
    if found is None or not found.active:
        raise IllegalStep("没有这个在用的账号，请从列表中选择。未作任何更改。")
    return found


def accounts_of(conn: Connection, school: str, actor: Actor) -> list[Account]:
    """The accounts for which this person may ask: the keeper's own, those of the unit they lead; 宣传部: all."""
    known = [one for one in book(conn, school).values() if one.active]
    if actor.roles is None or Role.PUBLICITY in actor.roles:
        return known
    scopes = {
        (row.role, row.scope)
        for row in conn.execute(
            select(offices.c.role, offices.c.scope).where(offices.c.school == school, offices.c.person_id == actor.id)
        )
    }
    return [one for one in known if (Role.KEEPER, one.id) in scopes or (Role.UNIT_LEADER, one.unit) in scopes]


def holders_of(conn: Connection, school: str, role: str, unit: str, now: datetime) -> list[Person]:
    """Who holds an office of the pack for this unit, or for the whole school, asked first first; active ones only.

    An office may be entered for one unit or for the school as a whole. Whoever is away is followed by their substitute.
    """
    return holders_by_unit(conn, school, role, [unit], now)[unit]


def holders_by_unit(
    conn: Connection, school: str, role: str, units: Iterable[str], now: datetime
) -> dict[str, list[Person]]:
    """As `holders_of`, for many units at once."""
    wanted = dict.fromkeys(units)
    if not role:
        return {unit: [] for unit in wanted}
    held = _holders(conn, school, role, [*wanted, ""])
    away = absence.away(conn, school, now)
    return {
        unit: _with_substitutes(conn, school, [one for one, scope in held if scope in (unit, "")], away)
        for unit in wanted
    }


def _holders(conn: Connection, school: str, role: str, scopes: Sequence[str]) -> list[tuple[Person, str]]:
    query = (
        select(people, offices.c.scope)
        .join(offices, (offices.c.school == people.c.school) & (offices.c.person_id == people.c.id))
        .where(offices.c.school == school, offices.c.role == role, people.c.active)
        .order_by((offices.c.scope == "").asc(), offices.c.rank, people.c.id)
    )
    rows = conn.execute(query.where(offices.c.scope.in_(list(scopes))))
    return [(Person(**{name: row._mapping[name] for name in Person.__slots__}), row.scope) for row in rows]


def _with_substitutes(
    conn: Connection, school: str, held: Sequence[Person], away: Mapping[str, Absence]
) -> list[Person]:
    found: dict[str, Person] = {}
    for one in held:
        found.setdefault(one.id, one)
        if one.id in away:
            other = proxy.stand_in(one.id, away, lambda who: person(conn, school, who), CONTACTS)
            if other is not None:
                found.setdefault(other.id, other)
    return list(found.values())


def scopes_of(conn: Connection, school: str, person_id: str, now: datetime) -> Callable[[str, str], bool]:
    """Whether this person holds a role for a unit, as `holds` says it: asked once for as many roles and units as a list
    has."""
    away = absence.away(conn, school, now)
    rows = conn.execute(
        select(offices.c.role, offices.c.scope, offices.c.person_id)
        .join(people, (offices.c.school == people.c.school) & (offices.c.person_id == people.c.id))
        .where(offices.c.school == school, people.c.active, offices.c.person_id.in_([person_id, *away]))
    ).all()
    mine = {person_id} | {
        one for one in away
        if (other := proxy.stand_in(one, away, lambda who: person(conn, school, who), CONTACTS)) is not None
        and other.id == person_id
    }  # fmt: skip
    held = {(row.role, row.scope) for row in rows if row.person_id in mine}
    return lambda role, unit: bool(role) and not held.isdisjoint({(role, unit), (role, "")})


def holds(conn: Connection, school: str, role: str, unit: str, person_id: str, now: datetime) -> bool:
    """Whether this person holds the office for the unit or the school, or stands in for who does."""
    return any(one.id == person_id for one in holders_of(conn, school, role, unit, now))


def clean(text: str) -> str:
    """What somebody typed without blanks around it and without what no database keeps: control signs, half letters."""
    return "".join(one for one in text if one in "\n\r\t" or unicodedata.category(one) not in ("Cc", "Cs")).strip()


def must_say(text: str, most: int, what: str) -> str:
    """The text without blanks around it. Raises IllegalStep where it is empty or too long; nothing is cut."""
    said = clean(text)
    if not said:
        raise IllegalStep(f"请填写“{what}”。未作任何更改。")
    if len(said) > most:
        raise IllegalStep(f"“{what}”至多 {most:,} 字，现为 {len(said):,} 字。未作任何更改，请删减后再试。")
    return said


def holds_exactly(conn: Connection, school: str, role: str, scope: str, person_id: str) -> bool:
    """Whether this person holds an office of exactly this scope (an account's keeper, a unit's head)."""
    return (
        conn.execute(
            select(offices.c.person_id).where(
                offices.c.school == school, offices.c.role == role, offices.c.scope == scope,
                offices.c.person_id == person_id,
            )
        ).first()
        is not None
    )  # fmt: skip
