"""What the notify role does for the desk every half minute: departures and absences that came, hand-overs and their
clocks. Each part is a transaction of its own; repeating any of them changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert, audit, people
from escalation.clock_words import moment
from escalation.duty import departing, handover
from escalation.duty.handover import State, handovers
from escalation.notice.issue import Letterhead
from escalation.procedure.desk_duty import DeskDuty
from stream.store import Store

CAUSE = "handover:"
OVERDUE = (
    "{at} 的交接班还没有人接班（交班 {outgoing}，接班 {incoming}）。{written}请接班人打开“值守”页的交接单，阅读后接班。"
)
TOLD = "已报带班领导{leads}。"


def look(store: Store, letterhead: Letterhead, desk: DeskDuty, now: datetime) -> None:
    """Do all that is due now. Raises StoreUnavailable."""
    with store.read() as conn:
        came = departing.due(conn, letterhead.school, now)
    if came:
        store.run(lambda conn: departing.take_effect(conn, letterhead, now))
    store.run(lambda conn: _hand_overs(conn, letterhead.school, desk, now))


def _hand_overs(conn: Connection, school: str, desk: DeskDuty, now: datetime) -> None:
    handover.open_due(conn, school, desk, now)
    for row in handover.overdue(conn, school, now):
        _late(conn, row, now)
    ended = select(handovers.c.id).where(handovers.c.school == school, handovers.c.state.in_([State.TAKEN, State.VOID]))
    ringing = {one.cause.removeprefix(CAUSE) for one in alert.ringing(conn, school) if one.cause.startswith(CAUSE)}
    for number in conn.execute(ended.where(handovers.c.id.in_([int(one) for one in ringing]))).scalars().all():
        alert.hush(conn, school, f"{CAUSE}{number}", now)


def _late(conn: Connection, row: Row[Any], now: datetime) -> None:
    """Remind the incoming; later the 带班领导 is told. Both at once where the service was off meanwhile."""
    school, told = row.school, row.tell_at <= now
    leads = people.leading(conn, school, now)
    names = "、".join(one.name for one in leads)
    outgoing, incoming = (_names(conn, school, one) for one in (row.outgoing, row.incoming))
    written = "" if row.written_at else "交班人也没有写交接单。"
    words = OVERDUE.format(at=moment(row.at, now), outgoing=outgoing, incoming=incoming, written=written)
    words += TOLD.format(leads=f" {names}" if names else "") if told else ""
    alert.ring(conn, school, f"{CAUSE}{row.id}", words, now)
    handover.mark(conn, row.id, now, told=told)
    audit.record(
        conn, school=school, now=now, actor="machine", action="duty.handover.overdue", subject=str(row.id),
        detail={"told": [one.id for one in leads] if told else []},
    )  # fmt: skip


def _names(conn: Connection, school: str, persons: list[str]) -> str:
    found = [people.person(conn, school, one) for one in persons]
    return "、".join(one.name for one in found if one is not None) or "未排"
