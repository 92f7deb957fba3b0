"""Receipts 送 阅 签: sent, opened, signed. Opening is not signing; signing stops that person's clock and no other's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, update

from escalation import audit, idle, timer
from escalation.deed import incident_of
from escalation.incident import EntryKind, advance, log
from escalation.incident.state import Event, State
from escalation.notice import is_owed, notices
from escalation.people import person
from escalation.remark import LATE, SIGNED
from stream.kill_point import reach


class Signed(StrEnum):
    """What became of an attempt to sign."""

    NOW = "now"
    ALREADY = "already"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of those who must sign have signed; `settled`: for how many somebody else settled 代为了结."""

    signed: int
    needed: int
    settled: int = 0

    @property
    def complete(self) -> bool:
        """Whether nobody is waited for; an incident that nobody must sign is never complete."""
        return self.needed > 0 and self.signed + self.settled == self.needed


def tally(conn: Connection, incident_id: int) -> Tally:
    """Count the signatures of one incident, per addressee: signed is who has no notice left to sign.

    Whoever was told anew counts once: a signature answers the superseded notices before it as well.
    """
    owed = func.sum(case((is_owed(), 1), else_=0)).label("owed")
    settled = func.sum(case((notices.c.settled_at.is_not(None) & notices.c.signed_at.is_(None), 1), else_=0))
    rows = conn.execute(
        select(notices.c.addressee, owed, settled.label("settled"))
        .where(notices.c.incident_id == incident_id, notices.c.needs_signature)
        .group_by(notices.c.addressee)
    ).all()
    over = [row for row in rows if not row.owed]
    return Tally(sum(not row.settled for row in over), len(rows), sum(bool(row.settled) for row in over))


def mark_opened(conn: Connection, notice_id: int, now: datetime) -> None:
    """Note the first time that the link was opened."""
    conn.execute(update(notices).where(notices.c.id == notice_id, notices.c.opened_at.is_(None)).values(opened_at=now))


def sign(
    conn: Connection, notice_id: int, person_id: str, now: datetime, *, via: str, remark: str = "", ip: str = ""
) -> Signed:
    """Sign one notice for the person it is addressed to. Nobody can sign another's: UNKNOWN changes nothing.

    It answers what the person has not signed of this incident up to this notice, which is the newest that was shown,
    and what was sent to them besides; a later one that has not left yet stays to be sent and signed. Their clocks stop,
    and no other's.
    """
    own = select(notices).where(notices.c.id == notice_id, notices.c.addressee == person_id, notices.c.needs_signature)
    found = conn.execute(own).first()
    if found is None or found.incident_id is None:  # a letter has a receipt of its own (`notice/letter.py`)
        return Signed.UNKNOWN
    incident = incident_of(conn, found.incident_id)
    row = conn.execute(own).one()
    if row.incident_id != incident.id:  # merged while we waited for it
        incident = incident_of(conn, row.incident_id)
    moved = conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.signed_at.is_(None))
        .values(signed_at=now, signed_by=person_id, signed_via=via, remark=remark or None, opened_at=_opened(row, now))
    )
    if moved.rowcount != 1:
        return Signed.ALREADY
    timer.stop(conn, now, notice_id=notice_id)
    _sign_others(conn, row, now, via)
    idle.start(conn, incident, row, now)
    signer = person(conn, row.school, person_id)
    name = signer.name if signer else person_id
    late = row.sign_by is not None and now > row.sign_by
    text = "；".join(part for part in (LATE if late else "", remark) if part)
    log(conn, row.incident_id, now, EntryKind.RECEIPT, f"{name}{SIGNED}", text, actor=name, article=row.basis)
    note_complete(conn, incident, now)
    audit.record(
        conn, school=row.school, now=now, actor=person_id, action="notice.sign", subject=row.number,
        detail={"via": via, "late": late}, ip=ip,
    )  # fmt: skip
    reach("web.signed_before_commit")
    return Signed.NOW


def note_complete(conn: Connection, incident: Row[Any], now: datetime) -> None:
    """Take the step 全部签收 where nobody is waited for any more; a matter confirmed before is then 核实中."""
    counted = tally(conn, incident.id)
    if State(incident.state) is not State.NOTIFIED or not counted.complete:
        return
    advance(conn, incident.id, Event.SIGNED_BY_ALL, None)
    settled = f"（{counted.settled} 人由他人代为了结，未签）" if counted.settled else ""
    log(conn, incident.id, now, EntryKind.MACHINE, f"全部签收{settled}")
    if incident.confirmed_at is not None:
        advance(conn, incident.id, Event.ASSESS, None)


def _sign_others(conn: Connection, row: Row[Any], now: datetime, via: str) -> None:
    own = (notices.c.incident_id == row.incident_id) & (notices.c.addressee == row.addressee)
    left = own & notices.c.needs_signature & notices.c.signed_at.is_(None)
    left &= (notices.c.id <= row.id) | notices.c.sent_at.is_not(None)
    for other in conn.execute(select(notices.c.id).where(left)).scalars().all():
        timer.stop(conn, now, notice_id=other)
    conn.execute(update(notices).where(left).values(signed_at=now, signed_by=row.addressee, signed_via=via))


def _opened(row: Row[tuple[object, ...]], now: datetime) -> datetime:
    opened: datetime | None = row.opened_at
    return opened or now
