"""The trial 试运行: an incident on trial is told to the duty desk and to nobody else, whatever the notice is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.notice import notices
from escalation.notice.addressee import TRIAL_REASON, Addressee, gather
from escalation.people import Role
from escalation.procedure import Source


def desk_only(
    conn: Connection, incident: Row[Any], addressees: Iterable[Addressee], channels: Collection[str], now: datetime
) -> tuple[Addressee, ...]:
    """The same addressees; on trial the desk of now in place of each who is not of the desk, and the reason.

    Of the desk is who serves there now, and who was told of this incident there (a later notice to them is about that
    one). `channels`: those that are set up. Nobody is told where nobody of the desk can be reached.
    """
    if not incident.trial:
        return tuple(addressees)
    serving = people.desk(conn, incident.school, now, channels)
    at_desk = {one.id for one in serving} | _told_there(conn, incident.id)
    found: list[Addressee] = []
    for one in addressees:
        if one.person.id in at_desk:
            found.append(one)
            continue
        reason = f"{one.reason}；{TRIAL_REASON}" if one.reason else TRIAL_REASON
        found += [
            Addressee(person, Role.MONITOR, ("值班台",), one.grounds, Source.DEFAULT.label, reason, one.office)
            for person in serving
        ]
    return gather(found)


def _told_there(conn: Connection, incident_id: int) -> set[str]:
    wanted = (notices.c.incident_id == incident_id) & (notices.c.role == Role.MONITOR)
    return set(conn.execute(select(notices.c.addressee).where(wanted)).scalars())
