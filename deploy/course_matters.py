"""What a rehearsal led to besides incidents: findings on the school's own posts 核对单, and consultations 咨询."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from escalation import breach, paper
from escalation.breach import breaches
from escalation.consultation import consultations, matter_of
from escalation.consultation.clock import basis_of
from escalation.consultation.state import STATE_WORDS, State
from escalation.incident import incidents
from escalation.notice.docket import dockets
from escalation.paper import Noun
from stream.account import book

OVERDUE = "逾期未答复"


@dataclass(frozen=True, slots=True)
class Found:
    """A finding on a post of the school's own account; a person decides what it was. Times are aware UTC.

    `incident`: the one that it opened or joined, `held`: whose hold it broke; empty where there is none.
    """

    at: datetime
    number: str
    kind: str
    account: str
    post: str
    basis: str
    why: str
    incident: str = ""
    held: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an official account, by which clause to be answered until when, and how it ended."""

    at: datetime
    number: str
    account: str
    post: str
    basis: str
    end: str
    due_at: datetime | None = None
    window_until: datetime | None = None


def found(conn: Connection, school: str) -> tuple[Found, ...]:
    """Every finding, in the order in which they were made."""
    accounts = book(conn, school)
    numbers = {row.id: row.number for row in conn.execute(select(incidents.c.id, incidents.c.number))}
    rows = conn.execute(select(breaches).where(breaches.c.school == school).order_by(breaches.c.id))
    return tuple(
        Found(
            row.found_at, row.number, breach.KIND_WORDS[breach.Kind(row.kind)], accounts[row.account_id].name,
            row.post_id, row.basis, row.why, numbers.get(row.incident_id, ""), numbers.get(row.held_incident_id, ""),
        )
        for row in rows
    )  # fmt: skip


def asked(conn: Connection, school: str) -> tuple[Asked, ...]:
    """Every consultation, in the order in which they were found."""
    accounts, about = book(conn, school), numbers(conn, school)
    rows = conn.execute(select(consultations).where(consultations.c.school == school).order_by(consultations.c.id))
    return tuple(
        Asked(
            row.first_asked_at, about[matter_of(row.id)], accounts[row.account_id].name, row.post_id, basis_of(row),
            OVERDUE if row.overdue_at is not None else STATE_WORDS[State(row.state)], row.due_at, row.window_until,
        )
        for row in rows
    )  # fmt: skip


def numbers(conn: Connection, school: str) -> Mapping[str, str]:
    """The number of each matter that is no incident: a paper's own, else its docket's."""
    known = {row.matter: row.number for row in conn.execute(select(dockets).where(dockets.c.school == school))}
    rows = conn.execute(select(breaches.c.id, breaches.c.number).where(breaches.c.school == school))
    return known | {paper.matter_of(Noun.BREACH, row.id): row.number for row in rows}
