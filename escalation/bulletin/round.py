"""Whom a bulletin goes to: the offices that the frozen pack names for the matter, whoever was told of it so far, and
leaders of the school whom no clause names and the writer adds.

Nobody named or told can be left out. The writer is not told of what they wrote themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.duty import proxy
from escalation.notice import ERRANDS, GROUP, NoticeKind, notices
from escalation.notice.addressee import Addressee, acting_as, gather
from escalation.notice.issue import Letterhead
from escalation.people import Role
from escalation.procedure import Source, Trigger, thaw
from escalation.telling import round_of

LEADERS = (Role.SCHOOL_LEADER, "related_leaders")
TOLD = "此前已收到本事件通知"
CHOSEN = "由填报人决定报送，校规未规定"
QUIET = sorted({NoticeKind.REMINDER, NoticeKind.CHASED, NoticeKind.DISMISSED, *ERRANDS})
"""Kinds by which nobody was told of the matter itself: who has an errand alone may not read it, so hears no report."""


def due(conn: Connection, letterhead: Letterhead, incident: Row[Any], writer: str, now: datetime) -> list[Addressee]:
    """Who gets every bulletin of this incident now: named by the pack, or told before and still reachable."""
    pack = thaw(incident.frozen["pack"])
    answer = pack.who([Trigger(one) for one in incident.triggers], incident.level)
    named = round_of(conn, letterhead, incident, answer.recipients, now).addressees
    rows = conn.execute(
        select(notices)
        .where(notices.c.incident_id == incident.id, notices.c.addressee != GROUP, notices.c.kind.not_in(QUIET))
        .order_by(notices.c.id)
    ).all()
    known = {one.person.id for one in named}
    told = []
    for row in {row.addressee: row for row in reversed(rows)}.values():
        person = people.person(conn, incident.school, row.addressee)
        who = people.acting(conn, incident.school, [person], now, letterhead.channels) if person is not None else None
        if who is not None and who.person.id not in known:
            told.append(acting_as(who, row.role, proxy.office_of(row.office), (), row.basis, TOLD))
    return [one for one in gather([*named, *reversed(told)]) if one.person.id != writer]


def by_choice(conn: Connection, letterhead: Letterhead, incident: Row[Any], due_to: Collection[str]) -> list[Addressee]:
    """Leaders of the school who may be added: reachable, and not told anyway. None on trial."""
    found = [
        Addressee(person, role, (people.office_in(thaw(incident.frozen["pack"]), role),), (), Source.NONE.label, CHOSEN)
        for role in (() if incident.trial else LEADERS)
        for person in people.holders(conn, incident.school, role)
        if person.reachable_by(letterhead.channels) and person.id not in due_to
    ]
    return list(gather(found))
