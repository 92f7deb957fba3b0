"""Recall 误报告知: whoever was told of a matter that was a false alarm is told so, once, in one short notice.

By mail to those who were mailed, by the group's robot where the group was told; nobody signs it, nobody is telephoned.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation import people
from escalation.incident import Actor
from escalation.notice import GROUP, DeliveryState, NoticeKind, deliveries, notices, ways
from escalation.notice.addressee import Addressee
from escalation.notice.issue import Letterhead, issue, issue_group

LEFT = (DeliveryState.ACCEPTED, DeliveryState.SENDING)


def tell(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], actor: Actor, now: datetime, reason: str
) -> None:
    """Tell everybody to whom a message left, except who dismissed it; `reason` is the false alarm's."""
    step = f"dismiss:{now.isoformat()}"
    rows = conn.execute(
        select(notices.c.addressee, func.min(notices.c.id).label("first"))
        .join(deliveries, deliveries.c.notice_id == notices.c.id)
        .where(notices.c.incident_id == incident.id, deliveries.c.state.in_(LEFT))
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
