"""Recall 误报告知: whoever was told of a matter that was a false alarm is told so, once, in one short notice.

By mail to those who were mailed, by the group's robot where the group was told; nobody signs it, nobody is telephoned.
Where the matter is opened again, the same people and the group hear that as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from escalation import people
from escalation.incident import Actor
from escalation.notice import ERRANDS, GROUP, NoticeKind, attempts, deliveries, is_owed, notices, ways
from escalation.notice.addressee import Addressee, gather
from escalation.notice.issue import Letterhead, issue, issue_group
from escalation.people import Role

WHOLE = (NoticeKind.FIRST, NoticeKind.RAISED, NoticeKind.DANGER, NoticeKind.REOPENED, NoticeKind.REKINDLED)
"""Kinds that say the whole matter to whom the procedure names."""
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
        .where(notices.c.incident_id == incident.id, notices.c.kind.not_in(sorted(ERRANDS)), _perhaps_left())
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


def take_back(conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime, reason: str) -> None:
    """The matter was opened again: everybody who was told of it is told so."""
    step = f"reopen:{now.isoformat()}"
    tell_again(conn, letterhead, incident, now, NoticeKind.REOPENED, step, f"事件重新打开：{reason}")


def tell_again(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime, kind: NoticeKind, step: str, words: str
) -> None:
    """The matter is on again: everybody who had its first notice, heard that it was a false alarm or still owes a
    signature (handed the matter by telephone alone, say) is told, to sign.

    So is the group, where it was told of the matter; for somebody who can no longer be reached the duty desk is told.
    """
    own = notices.c.incident_id == incident.id
    heard = select(notices.c.addressee).where(own, notices.c.kind == NoticeKind.DISMISSED)
    told = conn.execute(
        select(notices)
        .where(own, notices.c.needs_signature)
        .where(notices.c.kind.in_(WHOLE) | notices.c.addressee.in_(heard) | is_owed())
        .order_by(notices.c.id)
    ).all()
    again = []
    for one in {row.addressee: row for row in reversed(told)}.values():
        holder = people.person(conn, incident.school, one.addressee)
        if holder is None or not holder.reachable_by(letterhead.channels):
            again += [
                Addressee(person, Role.MONITOR, ("值班台",), (), one.basis, f"“{one.office}”已无可联系人员，请转达")
                for person in people.desk(conn, incident.school, now, letterhead.channels)[:1]
            ]
        else:
            again.append(Addressee(holder, one.role, (one.office,), (), one.basis, words))
    everyone = gather(again)
    issue(conn, letterhead, incident, everyone, kind, step, now)
    if conn.execute(select(notices.c.id).where(own, notices.c.addressee == GROUP).limit(1)).first():
        issue_group(conn, letterhead, incident, everyone, kind, step, now)


def _perhaps_left() -> ColumnElement[bool]:
    """The condition on `deliveries` for one that left, by its attempts and not by what it is now: one whose outcome is
    unknown may be waiting, withdrawn or dead. An attempt without an outcome is in a sender's hands, or died with it."""
    of_this = attempts.c.delivery_id == deliveries.c.id
    told = select(func.count()).select_from(attempts).where(of_this)
    return or_(
        select(attempts.c.id).where(of_this, attempts.c.outcome.in_(REACHED)).exists(),
        deliveries.c.attempts > told.scalar_subquery(),
    )
