"""Withdrawal 撤回: a delivery whose reason is gone before it left does not leave any more, and the log says why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from escalation.incident import EntryKind
from escalation.incident.acting import acted_since
from escalation.incident.state import OPEN, STATE_WORDS, State
from escalation.notice import GROUP, DeliveryState, NoticeKind, deliveries, is_owed, notices
from escalation.notice.docket import tell
from escalation.notice.outbox import with_notice

ENDED = "事件已了结（{state}），不再发送"
OVER = "此事已办结，不再发送"
REVIVED = "事件已重新打开，不再发送误报告知"
REPLACED = "已由通知 {number} 取代，不再发送"
SIGNED = "收件人已签收，不再发送"
SETTLED = "已代为了结，不再发送"
ANSWERED = "收件人已签收，不必再催"
HANDLED = "已有人办理，不必再催"
ANSWERED_BY_AN_ACT = "idle:"
"""How the step of a notice begins whose reason is gone once somebody handles the matter."""
PERHAPS = "；此前一次发送的结果不明，对方可能已收到"


def why_gone(conn: Connection, row: Row[Any]) -> str:
    """Why nobody needs this delivery any more, as a Chinese sentence; empty where it is needed.

    `row`: the delivery with its notice as `outbox.with_notice` gives it. A letter written before its docket ended is
    not needed any more.
    """
    if row.incident_id is None:
        ended = row.docket_ended_at is not None and row.written_at < row.docket_ended_at
        return OVER if ended else SIGNED if row.signed_at is not None else ""
    state = State(row.incident_state)
    if row.kind == NoticeKind.DISMISSED:
        return REVIVED if state in OPEN else ""
    if row.kind == NoticeKind.VOICE:
        return ""
    if state not in OPEN:
        return ENDED.format(state=STATE_WORDS[state])
    if row.superseded_by is not None:
        return REPLACED.format(number=row.superseded_by)
    if row.signed_at is not None:
        return SIGNED
    if row.settled_at is not None:
        return SETTLED
    if row.kind == NoticeKind.REMINDER and not _owes(conn, row.incident_id, row.addressee):
        return ANSWERED
    if row.step.startswith(ANSWERED_BY_AN_ACT) and acted_since(conn, row.incident_id, row.created_at):
        return HANDLED
    return ""


def _owes(conn: Connection, incident_id: int, person_id: str) -> bool:
    return (
        conn.execute(
            select(notices.c.id)
            .where(notices.c.incident_id == incident_id, notices.c.addressee == person_id)
            .where(is_owed())
            .limit(1)
        ).first()
        is not None
    )


def ended(conn: Connection, incident: Row[Any], now: datetime) -> tuple[int, int]:
    """The incident is over: what waits to leave does not leave; gives how many persons are not told any more, and of
    these how many heard nothing of it at all.

    `incident`: its row as it is now. A message that a sender has in hand is judged when it comes back.
    """
    if State(incident.state) in OPEN:
        return 0, 0
    rows = conn.execute(
        with_notice()
        .where(notices.c.incident_id == incident.id, deliveries.c.state == DeliveryState.WAITING)
        .order_by(deliveries.c.id)
    ).all()
    gone: set[str] = set()
    for row in rows:
        why = why_gone(conn, row)
        if why and withdraw(conn, row, why, now):
            gone.add(row.addressee)
    heard = select(notices.c.addressee).where(
        notices.c.incident_id == incident.id, or_(notices.c.sent_at.is_not(None), notices.c.opened_at.is_not(None))
    )  # fmt: skip
    gone.discard(GROUP)
    return len(gone), len(gone - set(conn.execute(heard).scalars()))


def withdraw(conn: Connection, row: Row[Any], why: str, now: datetime) -> bool:
    """End a delivery as withdrawn; False where a sender has it in hand meanwhile."""
    why += PERHAPS if row.state == DeliveryState.SENDING else ""
    moved = conn.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id, deliveries.c.attempts == row.attempts, deliveries.c.state == row.state)
        .values(state=DeliveryState.WITHDRAWN, reason=why, taken_until=None)
    )
    if moved.rowcount != 1:
        return False
    tell(conn, row, now, EntryKind.DELIVERY, f"{row.number} 不再发送", why)
    return True
