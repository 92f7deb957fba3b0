"""Told: every notice of an incident with its way: to whom, by what, when it was written, sent, opened and signed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from escalation.notice import attempts, deliveries, notices
from escalation.people import people


@dataclass(frozen=True, slots=True)
class Sending:
    """One delivery of a notice, without its address and its words; `tried`: its attempts, the oldest first."""

    channel: str
    state: str
    queued_at: datetime
    next_at: datetime
    accepted_at: datetime | None
    reason: str
    tried: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One notice. `row`: its row with `name` of the addressee and `signer`, None where the roster knows none."""

    row: Row[Any]
    sendings: tuple[Sending, ...]


def told(conn: Connection, incident_id: int) -> tuple[Told, ...]:
    """The notices of an incident in the order in which they were written."""
    signer = people.alias("signer")
    rows: list[Row[Any]] = list(conn.execute(
        select(
            notices.c.id, notices.c.number, notices.c.kind, notices.c.office, notices.c.basis, notices.c.addressee,
            notices.c.reason, notices.c.needs_signature, notices.c.sign_by, notices.c.created_at, notices.c.late,
            notices.c.sent_at, notices.c.opened_at, notices.c.signed_at, notices.c.superseded_by, notices.c.settled_at,
            notices.c.settled_why, people.c.name, signer.c.name.label("signer"),
        )
        .select_from(
            notices.outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
            .outerjoin(signer, and_(signer.c.school == notices.c.school, signer.c.id == notices.c.signed_by))
        )
        .where(notices.c.incident_id == incident_id)
        .order_by(notices.c.id)
    ))  # fmt: skip
    sendings = _sendings(conn, incident_id)
    return tuple(Told(row, tuple(sendings[row.id])) for row in rows)


def _sendings(conn: Connection, incident_id: int) -> dict[int, list[Sending]]:
    of_incident = select(notices.c.id).where(notices.c.incident_id == incident_id)
    mine = deliveries.c.notice_id.in_(of_incident)
    tried: dict[int, list[Row[Any]]] = defaultdict(list)
    for one in conn.execute(
        select(attempts).join(deliveries, deliveries.c.id == attempts.c.delivery_id).where(mine).order_by(attempts.c.n)
    ):
        tried[one.delivery_id].append(one)
    found: dict[int, list[Sending]] = defaultdict(list)
    wanted = select(
        deliveries.c.id, deliveries.c.notice_id, deliveries.c.channel, deliveries.c.state, deliveries.c.created_at,
        deliveries.c.next_at, deliveries.c.accepted_at, deliveries.c.reason,
    )  # fmt: skip
    for row in conn.execute(wanted.where(mine).order_by(deliveries.c.id)):
        found[row.notice_id].append(
            Sending(
                row.channel, row.state, row.created_at, row.next_at, row.accepted_at, row.reason, tuple(tried[row.id])
            )
        )
    return found
