"""Loose ends 未了事项: what of an incident is still open, so that it may not be closed (销号) yet.

Every noun that can hold up closing gives one function `open_of(conn, incident_id) -> list[str]` (Chinese phrases
without a mark at the end, with the cure where it is not plain) and stands in the table below. Reads only.

Duties nobody did (首报 ...) are no loose end: closing asks why they were not done, and keeps the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import breach, people, recap, reignition
from escalation.bulletin import clock as bulletin_clock
from escalation.measure import deciding
from escalation.notice import calls, is_owed, notices
from escalation.task import deeds
from escalation.voice import hold, relay, statement

OpenOf = Callable[[Connection, int], list[str]]


def waited_for(conn: Connection, incident_id: int) -> list[Row[Any, Any, Any]]:
    """Whose signature is waited for: one row each (addressee, name, office), as told last."""
    rows = conn.execute(
        select(notices.c.addressee, notices.c.office, people.people.c.name)
        .outerjoin(
            people.people,
            (people.people.c.school == notices.c.school) & (people.people.c.id == notices.c.addressee),
        )
        .where(notices.c.incident_id == incident_id, is_owed())
        .order_by(notices.c.id)
    ).all()
    last = {row.addressee: n for n, row in enumerate(rows)}
    return [rows[n] for n in sorted(last.values())]


def unsigned(conn: Connection, incident_id: int) -> list[str]:
    """Notices that are neither signed nor settled."""
    rows = waited_for(conn, incident_id)
    if not rows:
        return []
    names = "、".join(f"{row.name or row.addressee}（{row.office}）" for row in rows)
    return [f"{len(rows)} 人未签收：{names}；本人无法签收的，宣传部或带班领导可代为了结"]


def unrecorded_calls(conn: Connection, incident_id: int) -> list[str]:
    """Phone tasks whose outcome nobody has recorded."""
    rows = conn.execute(
        select(calls.c.id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(notices.c.incident_id == incident_id, calls.c.outcome.is_(None))
    ).all()
    return [f"{len(rows)} 个电话通知未登记结果"] if rows else []


PASS_ON: tuple[OpenOf, ...] = (
    unsigned, unrecorded_calls, reignition.open_of, recap.open_of, bulletin_clock.open_of, deeds.open_of,
    hold.open_of,
)  # fmt: skip
"""What goes over with an incident that is merged into another."""
OF_OTHERS: tuple[OpenOf, ...] = (breach.open_of, deciding.open_of, statement.open_of, relay.open_of)
"""What hangs on one incident and has to be finished there: it holds up merging as well as closing."""


def loose_ends(conn: Connection, incident_id: int) -> list[str]:
    """Everything that is still open, in Chinese; empty where the incident may be closed."""
    return [words for open_of in (*PASS_ON, *OF_OTHERS) for words in open_of(conn, incident_id)]


def own_business(conn: Connection, incident_id: int) -> list[str]:
    """What has to be finished before the incident may be merged into another."""
    return [words for open_of in OF_OTHERS for words in open_of(conn, incident_id)]
