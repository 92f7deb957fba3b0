"""What the machine decided and sent, as rows of the audit: the last statements of its transaction.

A decision of the machine is what it wrote into an incident's log: opened, raised, told, brought up, put off. One row
per incident and transaction, with those headings. A delivery is a row of its own when a channel took it or gave it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from escalation import audit
from escalation.incident import MACHINE, EntryKind, entries, incidents

_NEWEST = select(func.coalesce(func.max(entries.c.id), 0))
_DECIDED = (
    select(incidents.c.school, incidents.c.number, incidents.c.level, entries.c.heading, entries.c.article)
    .join(incidents, incidents.c.id == entries.c.incident_id)
    .where(entries.c.id > bindparam("since"), entries.c.at == bindparam("now"), entries.c.actor == MACHINE.name)
    .where(entries.c.kind != EntryKind.DELIVERY)
    .order_by(incidents.c.id, entries.c.id)
)
DECIDED, DELIVERED = "machine.decide", "machine.deliver"


def mark(conn: Connection) -> int:
    """The newest line of all logs, taken at the beginning of a transaction."""
    return int(conn.execute(_NEWEST).scalar_one())


def decided(conn: Connection, since: int, now: datetime) -> None:
    """Write down what the machine decided after `mark`; deliveries have rows of their own."""
    rows = conn.execute(_DECIDED, {"since": since, "now": now}).all()
    told: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        said = f"{row.heading}（{row.article}）" if row.article else str(row.heading)
        told.setdefault((row.school, row.number, row.level), []).append(said)
    for (school, number, level), said_of in told.items():
        detail = {"level": level, "decided": said_of}
        audit.record(conn, school=school, now=now, actor=MACHINE.id, action=DECIDED, subject=number, detail=detail)


def delivered(conn: Connection, school: str, number: str, now: datetime, detail: Mapping[str, Any]) -> None:
    """Write down the end of one delivery: which channel, which try, what it answered. No address, no text."""
    audit.record(conn, school=school, now=now, actor=MACHINE.id, action=DELIVERED, subject=number, detail=dict(detail))
