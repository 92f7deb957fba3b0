"""Vacancy 无可联系人员: who stands in for somebody whom nothing reaches, no channel set up and no telephone.

The addressing looks for another holder of the office first; here is what remains for every notice, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation import alert
from escalation.incident import EntryKind, log
from escalation.notice.addressee import VACANT_REASON, Addressee, gather
from escalation.notice.docket import tell
from escalation.people import Role, desk
from escalation.procedure import Source

CAUSE = "vacant:"
ALERT = "“{office}”没有可联系的人员，{number} 的通知已改发值班台。请在人员表中补上并重新导入。"
NO_NUMBER = "{name}（{office}）在名册中没有号码，{number} 无法电话通知。请当面转达，并在人员表中补上号码后重新导入。"


def stand_in(
    conn: Connection, incident: Row[Any], addressees: Iterable[Addressee], channels: Collection[str], now: datetime
) -> tuple[Addressee, ...]:
    """The same addressees, the duty desk in place of each whom nothing reaches; rings and logs each such office.

    `channels`: those that are set up. Where nobody of the desk can be reached either, the addressee stays.
    """
    found: list[Addressee] = []
    for one in addressees:
        serving = [] if one.person.reachable_by(channels) else desk(conn, incident.school, now, channels)
        if not serving:
            found.append(one)
            continue
        reason = "；".join(part for part in (VACANT_REASON.format(office=one.office), one.reason) if part)
        found += [
            Addressee(person, Role.MONITOR, ("值班台",), one.grounds, Source.DEFAULT.label, reason, one.office)
            for person in serving
        ]
        words = ALERT.format(office=one.office, number=incident.number)
        if alert.ring(conn, incident.school, CAUSE + one.office, words, now):
            log(conn, incident.id, now, EntryKind.NOTICE, f"“{one.office}”无可联系人员", "通知已改发值班台")
    return gather(found)


def look_again(conn: Connection, school: str, now: datetime) -> None:
    """The roster has changed: what rang for want of somebody is quiet until a notice misses somebody again."""
    for one in alert.ringing(conn, school):
        if one.cause.startswith(CAUSE):
            alert.hush(conn, school, one.cause, now)


def ring_no_number(conn: Connection, notice: Row[Any], name: str, now: datetime) -> None:
    """Nobody can be telephoned without a number: the duty desk hears so, and tells them in person."""
    words = NO_NUMBER.format(name=name, office=notice.office, number=notice.number)
    if alert.ring(conn, notice.school, CAUSE + (notice.office or notice.addressee), words, now):
        tell(conn, notice, now, EntryKind.DEADLINE, f"{name} 没有电话号码", "请值班员当面转达")
