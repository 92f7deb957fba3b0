"""Telling: one round in which everybody whom the articles name is told at once, by person and by group.

An office that nobody reachable holds rings an alert and stands in the log, whatever the occasion: a notice never goes
to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert
from escalation.incident import EntryKind, log
from escalation.notice import NoticeKind, notices
from escalation.notice.addressee import Addressee, Round, address
from escalation.notice.issue import Letterhead, issue, issue_group
from escalation.notice.vacancy import ALERT, CAUSE
from escalation.procedure import Recipient


def round_of(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], recipients: Sequence[Recipient], now: datetime
) -> Round:
    """The persons behind the offices, for this incident's unit and account, by the channels that are set up."""
    return address(
        conn, incident.school, recipients, unit=incident.unit, account_id=incident.account_id, trial=incident.trial,
        now=now, channels=letterhead.channels,
    )  # fmt: skip


def tell(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], told: Round, kind: NoticeKind, step: str,
    now: datetime,
) -> None:  # fmt: skip
    """Tell a round, once per step: its persons, the groups (none on trial), and the desk of every vacant office."""
    issue(conn, letterhead, incident, told.addressees, kind, step, now)
    if not incident.trial:
        issue_group(conn, letterhead, incident, told.addressees, kind, step, now)
    for office in told.vacant:
        words = ALERT.format(office=office, number=incident.number)
        alert.ring(conn, incident.school, CAUSE + office, words, now)
        log(conn, incident.id, now, EntryKind.NOTICE, f"“{office}”无可联系人员", "通知已改发值班台")


def not_yet_told(conn: Connection, incident_id: int, recipients: Sequence[Recipient], told: Round) -> Round:
    """Of a round, the persons who were not told yet in every office that names them now, and the offices newly vacant.

    Told in an office means: some notice of this incident to this person gives one of the office's names as its ground.
    """
    role_of = {name: one.role for one in recipients for name in one.names}
    rows = conn.execute(select(notices.c.addressee, notices.c.grounds).where(notices.c.incident_id == incident_id))
    heard = {(row.addressee, role_of.get(ground["office"], "")) for row in rows for ground in row.grounds}

    def owed(one: Addressee) -> set[str]:
        return {role for ground in one.grounds if (one.person.id, role := role_of[ground.office]) not in heard}

    fresh = tuple(one for one in told.addressees if owed(one))
    now_told = {role for one in fresh for role in owed(one)}
    settled = {role for _, role in heard} - now_told
    return Round(fresh, tuple(office for office in told.vacant if role_of[office] not in settled))
