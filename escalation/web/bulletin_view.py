"""情况报告 as pages show them: what was sent, with its receipts, and which one may be written next. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.bulletin import BULLETIN_WORDS, BulletinKind, bulletins_of, title_of
from escalation.bulletin.state import BULLETINS, series_after
from escalation.incident.state import OPEN, State
from escalation.notice import DeliveryState, deliveries, notices
from escalation.people import Role


@dataclass(frozen=True, slots=True)
class Sent:
    """One report as the list shows it. `signed` of `asked`; `trouble`: to how many it could not be brought."""

    row: Row[Any]
    title: str
    writer: str
    asked: int
    signed: int
    trouble: int


def sent_of(conn: Connection, incident: Row[Any]) -> list[Sent]:
    """Every report of an incident with its receipts, the newest first."""
    found = bulletins_of(conn, incident.id)
    names = {one.person_id: people.person(conn, incident.school, one.person_id) for one in found}
    made = []
    for row in found:
        own = conn.execute(select(notices).where(notices.c.bulletin_id == row.id)).all()
        dead = select(deliveries.c.notice_id).where(
            deliveries.c.notice_id.in_([one.id for one in own]), deliveries.c.state == DeliveryState.DEAD
        )
        lost = set(conn.execute(dead).scalars()) - {one.id for one in own if one.sent_at}
        who = names[row.person_id]
        title = title_of(row.kind, row.number) + (f"，并入前 {row.of}" if row.of != incident.number else "")
        made.append(
            Sent(
                row, title, who.name if who else row.person_id,
                sum(one.needs_signature for one in own), sum(one.signed_at is not None for one in own), len(lost),
            )
        )  # fmt: skip
    return made[::-1]


def next_kinds(conn: Connection, incident: Row[Any], roles: frozenset[Role]) -> list[BulletinKind]:
    """Which reports this person may write now."""
    if State(incident.state) not in OPEN:
        return []
    at = series_after([one.kind for one in bulletins_of(conn, incident.id)])
    return [kind for kind in BulletinKind if BULLETINS.may(at, kind, roles)]


def next_words(conn: Connection, incident: Row[Any], roles: frozenset[Role]) -> list[str]:
    """The same in words, for the button."""
    return [BULLETIN_WORDS[one] for one in next_kinds(conn, incident, roles)]
