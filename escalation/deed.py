"""A deed: what every act of a person on an incident begins with (which incident, who may, is it open) and its audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from escalation import audit
from escalation.incident import Actor, incidents
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.people import Role

DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
UNKNOWN = "没有这一事件，可能链接有误。未作任何更改。"
_ONE = incidents.c.id == bindparam("one")
_HELD = select(incidents).where(_ONE).with_for_update(key_share=True)
_BARE = [column for column in incidents.c if column.name not in ("frozen", "reasons")]
_HELD_BARE = select(*_BARE).where(_ONE).with_for_update(key_share=True)


def incident_of(conn: Connection, incident_id: int) -> Row[Any]:
    """The incident's row, held until the transaction ends: the first statement of every deed, before it looks at
    anything else, so that two deeds, or a deed and the watch, take turns. Raises IllegalStep where there is none.

    Every transaction takes its rows in this order: the incident, what belongs to it, the audit last. (`FOR NO KEY
    UPDATE`, so that a log line of another transaction, which only refers to the incident, need not wait; SQLite has one
    writer anyway.)
    """
    row = conn.execute(_HELD, {"one": incident_id}).first()
    if row is None:
        raise IllegalStep(UNKNOWN)
    return row


def hold_incident(conn: Connection, incident_id: int) -> Row[Any]:
    """As `incident_of`, without `frozen` and `reasons`: for who only needs the incident held, or its state and number.

    Raises IllegalStep where there is none.
    """
    row = conn.execute(_HELD_BARE, {"one": incident_id}).first()
    if row is None:
        raise IllegalStep(UNKNOWN)
    return row


def write_down(conn: Connection, row: Row[Any], actor: Actor, action: str, now: datetime, **detail: Any) -> None:
    """The audit row of a deed on this incident. Raises IllegalStep where it is archived: nothing is added to that."""
    must_not_be_archived(row)
    audit.record(
        conn, school=row.school, now=now, actor=actor.id, action=f"incident.{action}", subject=row.number,
        detail=detail, ip=actor.ip,
    )  # fmt: skip


def must_be(actor: Actor, allowed: frozenset[Role], what: str) -> None:
    """Raises IllegalStep where the actor holds none of these roles; the machine may."""
    if actor.roles is not None and not actor.roles & allowed:
        raise IllegalStep(f"您的角色不能{what}，请联系宣传部。未作任何更改。")


def must_be_open(row: Row[Any], what: str) -> None:
    """Raises IllegalStep where the incident has ended."""
    if State(row.state) not in OPEN:
        raise IllegalStep(f"事件已经了结，不能{what}；需要时请先重新打开。未作任何更改。")


def must_not_be_archived(row: Row[Any]) -> None:
    """Raises IllegalStep where the incident is archived."""
    if State(row.state) is State.ARCHIVED:
        raise IllegalStep(f"{row.number} 已归档，记录不再更改；需要继续处理的，请另立接续事件。未作任何更改。")


def must_fit(text: str, most: int, what: str) -> str:
    """The text without blanks around it. Raises IllegalStep where it is longer than can be kept; nothing is cut."""
    text = text.strip()
    if len(text) > most:
        raise IllegalStep(f"“{what}”至多 {most} 字，现为 {len(text)} 字。未作任何更改，请删减后再试。")
    return text
