"""A delivery that left, and whose record failed: its end is kept bare, so it is never sent again; the rest follows.

An alert rings for each (`record:<delivery>`); what else belongs to its record (log, clocks, next ways) is tried again
at every look, also by a process started later, until it can be written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from escalation import alert
from escalation.channels import Message, Outcome
from escalation.notice import DeliveryState, deliveries, notices
from escalation.notice.outbox import Taken, Verdict, settle
from stream.store import Store, StoreUnavailable

CAUSE = "record:"
WORDS = "通知 {number} 的送达结果登记失败（{error}），结果已保存，不会重复发送。请联系系统管理员；系统将继续补登。"
ENDS = (DeliveryState.ACCEPTED, DeliveryState.DEAD)


def note(
    store: Store, school: str, taken: Taken, outcome: Outcome, verdict: Verdict, error: Exception, now: datetime
) -> None:
    """Keep the end of a delivery, and of those that left with it, where its whole record failed by `error`."""
    failed = type(error).__name__
    logging.getLogger(__name__).error("通知 %s 的送达结果登记失败：%s", taken.message.notice, failed)

    def keep(conn: Connection) -> None:
        for one in taken.everything:
            if settle(conn, one, outcome, verdict, now):
                alert.ring(conn, school, f"{CAUSE}{one.id}", WORDS.format(number=one.message.notice, error=failed), now)

    store.run(keep)


def rings(conn: Connection, school: str, delivery_id: int) -> bool:
    """Whether the record of a delivery is still to be written."""
    return any(one.cause == f"{CAUSE}{delivery_id}" for one in alert.ringing(conn, school))


def hush(conn: Connection, school: str, delivery_id: int, now: datetime) -> None:
    """The record of a delivery is written."""
    alert.hush(conn, school, f"{CAUSE}{delivery_id}", now)


def rest(conn: Connection, school: str) -> list[tuple[Taken, Verdict]]:
    """Deliveries at their end of which the whole record is still to be written, as they left."""
    rings = [one.cause.removeprefix(CAUSE) for one in alert.ringing(conn, school) if one.cause.startswith(CAUSE)]
    if not rings:
        return []
    rows = conn.execute(
        select(deliveries, notices.c.number)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .where(deliveries.c.id.in_([int(one) for one in rings]), deliveries.c.state.in_(ENDS))
        .order_by(deliveries.c.id)
    ).all()
    found = []
    for row in rows:
        message = Message(
            notice=row.number, delivery_id=f"{row.number}.{row.id}", to=row.address, level=row.level,
            subject=row.subject, text=row.text, html=row.html, url=row.url, attempt=row.attempts,
        )  # fmt: skip
        taken = Taken(row.id, row.notice_id, row.channel, row.attempts, row.give_up_at, message)
        found.append((taken, Verdict(DeliveryState(row.state), None, row.vendor_id, row.reason)))
    return found


def attempt(store: Store, taken: Taken, record: Callable[[Connection], None]) -> None:
    """Try the record of one delivery again; where it fails once more the alert goes on and the others follow."""
    try:
        store.run(record)
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 (one record must not stop the others, nor the deliveries)
        failed = type(error).__name__
        logging.getLogger(__name__).error("通知 %s 的送达结果补登失败：%s", taken.message.notice, failed)
