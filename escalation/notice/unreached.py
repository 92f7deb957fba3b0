"""A notice that reached nobody: its alert `delivery:<id>` rings until a person was told otherwise, or need not be.

It ends with the recorded call (`escalation/telephone.py`); and here, at every look, once the notice is signed, settled
or replaced, its matter is over, another channel has brought it, or the group's channel takes messages again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert
from escalation.alert import Alert
from escalation.notice import GROUP, DeliveryState, deliveries
from escalation.notice.outbox import with_notice
from escalation.notice.withdrawal import why_gone

CAUSE = "delivery:"
PHONED = "已生成电话通知任务，请立即拨打并登记结果。"
NO_WAY = "没有其他通道，名册中也没有电话号码，无法生成电话任务。请立即当面转达，并在人员表中补上联系方式后重新导入。"


def look(conn: Connection, school: str, now: datetime) -> None:
    """End the alerts of deliveries about which nobody has to do anything any more."""
    for one in alert.ringing(conn, school):
        number = one.cause.removeprefix(CAUSE)
        if number == one.cause:
            continue
        row = conn.execute(with_notice().where(deliveries.c.id == int(number), deliveries.c.school == school)).first()
        if row is None or why_gone(conn, row) or _was_brought(conn, row, one):
            alert.hush(conn, school, one.cause, now)


def _was_brought(conn: Connection, row: Row[Any], ringing: Alert) -> bool:
    taken = deliveries.c.state == DeliveryState.ACCEPTED
    if row.addressee == GROUP:
        same = (deliveries.c.school == row.school) & (deliveries.c.channel == row.channel)
        same &= (deliveries.c.address == row.address) & (deliveries.c.accepted_at > ringing.opened_at)
    else:
        same = deliveries.c.notice_id == row.notice_id
    return conn.execute(select(deliveries.c.id).where(taken, same).limit(1)).first() is not None
