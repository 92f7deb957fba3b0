"""Recall 误报告知: whoever was told of a matter that was a false alarm is told so, once, in one short notice.

By mail to those who were mailed, by the group's robot where the group was told; nobody signs it, nobody is telephoned.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from escalation import people
from escalation.incident import Actor
from escalation.notice import GROUP, NoticeKind, attempts, deliveries, notices, ways
from escalation.notice.addressee import Addressee
from escalation.notice.issue import Letterhead, issue, issue_group

REACHED = ("accepted", "partial", "unknown")
"""Outcomes of an attempt after which somebody has, or may have, the alarm (`outbox.OUTCOME_WORDS`)."""


def tell(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], actor: Actor, now: datetime, reason: str
) -> None:
    """Tell everybody whom a message has or may have reached, except who dismissed it; `reason` is the false alarm's."""
    step = f"dismiss:{now.isoformat()}"
    rows = conn.execute(
        select(notices.c.addressee, func.min(notices.c.id).label("first"))
        .join(deliveries, deliveries.c.notice_id == notices.c.id)
        .where(notices.c.incident_id == incident.id, _perhaps_left())
        .group_by(notices.c.addressee)
        .order_by(func.min(notices.c.id))
    ).all()
    for row in rows:
        if row.addressee == GROUP:
            issue_group(conn, letterhead, incident, (), NoticeKind.DISMISSED, step, now)
            continue
        holder = people.person(conn, incident.school, row.addressee)
        if holder is None or not ways.has_way(holder, letterhead.channels) or holder.id == actor.id:
            continue
        first = conn.execute(select(notices).where(notices.c.id == row.first)).one()
        one = Addressee(holder, first.role, (first.office,), (), first.basis, f"已由值班台核对后记为误报（{reason}）")
        issue(conn, letterhead, incident, [one], NoticeKind.DISMISSED, step, now, original=first.id)


def _perhaps_left() -> ColumnElement[bool]:
    """The condition on `deliveries` for one that left, by its attempts and not by what it is now: one whose outcome is
    unknown may be waiting, withdrawn or dead. An attempt without an outcome is in a sender's hands, or died with it."""
    of_this = attempts.c.delivery_id == deliveries.c.id
    told = select(func.count()).select_from(attempts).where(of_this)
    return or_(
        select(attempts.c.id).where(of_this, attempts.c.outcome.in_(REACHED)).exists(),
        deliveries.c.attempts > told.scalar_subquery(),
    )
