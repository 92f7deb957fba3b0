"""Merged with a graver incident, one follows its level at once: clocks, waiting messages, and whom it had told alone.

Un-merging gives its clocks the times back that they had; what has left stays told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from escalation.incident import EntryKind, log
from escalation.notice import GROUP, DeliveryState, NoticeKind, deliveries, notices
from escalation.notice.held import held
from escalation.notice.issue import Letterhead, issue
from escalation.notice.outbox import GIVE_UP_AFTER
from escalation.procedure import Trigger, thaw
from escalation.reset import reset
from escalation.telling import round_of
from escalation.timer import TimerState, timers


def follow(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], merged: str, moved: Collection[int], now: datetime
) -> dict[str, Any]:
    """Set the clocks by the new level, let what waited for it leave, and tell whom only this incident had told.

    `incident`: its row as it now is; `merged`: the number of the graver one, `moved`: the notices that came with it.
    Gives what `give_back` needs.
    """
    pack = thaw(incident.frozen["pack"])
    clocks = conn.execute(select(timers).where(timers.c.incident_id == incident.id)).all()
    signs = conn.execute(select(notices.c.id, notices.c.sign_by).where(notices.c.incident_id == incident.id)).all()
    if said := reset(conn, incident, pack, now):
        log(conn, incident.id, now, EntryKind.MACHINE, "时限按新级别重算", "；".join(said))
    here = timers.c.incident_id == incident.id
    made = set(conn.execute(select(timers.c.id).where(here)).scalars()) - {row.id for row in clocks}
    _hurry(conn, letterhead, incident, now)
    _tell(conn, letterhead, incident, merged, moved, now)
    return {
        "made": sorted(made),
        "clocks": [[row.id, row.due_at.isoformat(), row.source, row.article] for row in clocks],
        "signs": [[row.id, row.sign_by.isoformat()] for row in signs if row.sign_by is not None],
    }


def give_back(conn: Connection, kept: dict[str, Any]) -> None:
    """The clocks that still run are due as they were; those that only the graver level had set are gone."""
    conn.execute(delete(timers).where(timers.c.id.in_(kept["made"]), timers.c.state == TimerState.SET))
    for timer_id, due, source, article in kept["clocks"]:
        own = (timers.c.id == timer_id) & (timers.c.state == TimerState.SET)
        conn.execute(
            update(timers).where(own).values(due_at=datetime.fromisoformat(due), source=source, article=article)
        )
    for notice_id, due in kept["signs"]:
        own = (notices.c.id == notice_id) & notices.c.signed_at.is_(None) & notices.c.settled_at.is_(None)
        conn.execute(update(notices).where(own).values(sign_by=datetime.fromisoformat(due)))


def _hurry(conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime) -> None:
    """What no quiet hours hold back any more at this level leaves now."""
    pack = thaw(incident.frozen["pack"])
    for group in (False, True):
        if held(conn, incident, pack, letterhead, now, group=group) is not None:
            continue
        whose = notices.c.addressee == GROUP if group else notices.c.addressee != GROUP
        ours = select(notices.c.id).where(notices.c.incident_id == incident.id, whose)
        conn.execute(
            update(deliveries)
            .where(deliveries.c.notice_id.in_(ours), deliveries.c.state == DeliveryState.WAITING)
            .where(deliveries.c.attempts == 0, deliveries.c.next_at > now)
            .values(next_at=now, give_up_at=now + GIVE_UP_AFTER, level=incident.level, reason="")
        )


def _tell(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], merged: str, moved: Collection[int], now: datetime
) -> None:
    rows = conn.execute(select(notices.c.id, notices.c.addressee).where(notices.c.incident_id == incident.id)).all()
    graver = {row.addressee for row in rows if row.id in moved}
    alone = {row.addressee for row in rows} - graver
    pack = thaw(incident.frozen["pack"])
    recipients = pack.who([Trigger(one) for one in incident.triggers], incident.level, care=incident.care).recipients
    told = round_of(conn, letterhead, incident, recipients, now)
    raised = [one for one in told.addressees if one.person.id in alone]
    issue(conn, letterhead, incident, raised, NoticeKind.RAISED, f"merge:{merged}:{now:%Y%m%d%H%M%S}", now)
