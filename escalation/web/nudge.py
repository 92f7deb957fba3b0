"""催签 by hand just after an automatic one: the page says so, so that nobody is written to twice within seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select

from escalation.notice import NoticeKind, is_owed, notices
from escalation.people import people

LATELY = timedelta(minutes=2)


def nudged(conn: Connection, incident_id: int, now: datetime) -> str:
    """Who of those that have not signed was reminded within two minutes, in words; empty where nobody was."""
    owing = select(notices.c.addressee).where(notices.c.incident_id == incident_id, is_owed())
    rows = conn.execute(
        select(notices.c.created_at, notices.c.addressee, people.c.name)
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(notices.c.incident_id == incident_id, notices.c.kind == NoticeKind.REMINDER)
        .where(notices.c.created_at > now - LATELY, notices.c.created_at <= now, notices.c.addressee.in_(owing))
        .order_by(notices.c.id)
    ).all()
    if not rows:
        return ""
    seconds = int((now - max(row.created_at for row in rows)).total_seconds())
    names = "、".join(dict.fromkeys(row.name or row.addressee for row in rows))
    return f"{seconds} 秒前刚催签过 {names}"
