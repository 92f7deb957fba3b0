"""交办: a matter is handed to a unit of the roster, or to a colleague; who it is handed to gets a notice to sign."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people, reignition
from escalation.deed import incident_of, must_fit, write_down
from escalation.duty.proxy import Acting
from escalation.incident import Actor, EntryKind, advance, entries, incidents, log
from escalation.incident.state import Event, IllegalStep, State
from escalation.notice import NoticeKind, notices
from escalation.notice.addressee import TRIAL_REASON, VACANT_REASON, Addressee, acting_as
from escalation.notice.issue import Letterhead, issue
from escalation.people import HANDLER, Person, Role
from escalation.procedure import Source

MOST = 300
AT_ONCE = timedelta(minutes=10)
"""So long the same words of two persons are one and the same handing over."""
LEADER = "承办单位负责人"


def assign(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, unit: str, note: str = ""
) -> None:
    """Hand the matter to a unit of the roster; its leader is told, with what is required. No leader: the duty desk."""
    row = incident_of(conn, incident_id)
    unit, note = unit.strip(), must_fit(note, MOST, "要求")
    known = people.units(conn, row.school)
    if not unit:
        raise IllegalStep("请选择交办给哪个单位。未作任何更改。")
    if unit not in known:
        raise IllegalStep(f"名册中没有单位“{unit[:40]}”。可选：{'、'.join(known)}。未作任何更改。")
    _not_said_already(conn, row, actor, now, unit, note)
    advance(conn, incident_id, Event.ASSIGN, actor.roles)
    reignition.break_off(conn, incident_id, now)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(assignee=unit))
    log(conn, incident_id, now, EntryKind.PERSON, f"交办 {unit}", note, actor=actor.name)
    words = f"{actor.name} 交{unit}办理" + (f"，要求：{note}" if note else "")
    told = [replace(one, asked=note) for one in _of_unit(conn, letterhead, row, unit, words, now)]
    issue(conn, letterhead, incident_of(conn, incident_id), told, NoticeKind.ASSIGNED, _step(words, now), now)
    write_down(conn, row, actor, "assign", now, unit=unit, note=note)


def _not_said_already(conn: Connection, row: Row[Any], actor: Actor, now: datetime, unit: str, note: str) -> None:
    """Two who hand it to one unit at once: its leader is told once, the second is told who was first."""
    if row.assignee != unit or State(row.state) is not State.HANDLING:
        return
    last = conn.execute(
        select(entries.c.actor, entries.c.heading, entries.c.text)
        .where(entries.c.incident_id == row.id, entries.c.at > now - AT_ONCE)
        .where(entries.c.heading.startswith("交办 ", autoescape=True))
        .order_by(entries.c.id.desc()).limit(1)
    ).first()  # fmt: skip
    if last is not None and (last.heading, last.text) == (f"交办 {unit}", note) and last.actor != actor.name:
        raise IllegalStep(f"{last.actor}已交办给{unit}，要求相同；有新的要求请写明，须催促的请用催签。未作任何更改。")


def hand_over(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, to: Person
) -> None:
    """交给谁办理: the signer hands the work to a colleague and stays responsible; the colleague is told."""
    row = incident_of(conn, incident_id)
    words = f"交 {to.name}（{to.title}）办理，签收人仍为第一责任人"
    log(conn, incident_id, now, EntryKind.PERSON, "交办", words, actor=actor.name)
    write_down(conn, row, actor, "hand_over", now, person=to.id)
    if row.trial:
        return
    reason = f"{actor.name} 交您办理，签收人仍为第一责任人"
    known = conn.execute(
        select(notices.c.role, notices.c.office)
        .where(notices.c.incident_id == incident_id, notices.c.addressee == to.id, notices.c.needs_signature)
        .order_by(notices.c.id)
        .limit(1)
    ).first()
    role, office = (known.role, known.office) if known else (HANDLER, people.title_of(HANDLER))
    who = people.acting(conn, row.school, [to], now, letterhead.channels) or Acting(to)
    if who.absent is not None:
        log(conn, incident_id, now, EntryKind.NOTICE, f"交办通知发 {who.person.name}", who.why)
    one = acting_as(who, role, office, (), Source.DEFAULT.label, reason)
    issue(conn, letterhead, row, [one], NoticeKind.ASSIGNED, _step(reason, now), now)


def _step(words: str, now: datetime) -> str:
    """The same words again within the same minute (a double click) are the same step."""
    return f"assign:{hashlib.sha256(words.encode()).hexdigest()[:12]}:{now:%Y%m%d%H%M}"


def _of_unit(
    conn: Connection, letterhead: Letterhead, row: Row[Any], unit: str, words: str, now: datetime
) -> list[Addressee]:
    """The unit's leader; on trial, or where nobody there can be reached, the duty desk instead."""
    label = Source.DEFAULT.label
    held = people.holders(conn, row.school, Role.UNIT_LEADER, unit=unit)
    leader = people.acting(conn, row.school, held, now, letterhead.channels)
    if leader is not None and not row.trial:
        return [acting_as(leader, Role.UNIT_LEADER, LEADER, (), label, words)]
    office = f"{unit}{LEADER}"
    why = TRIAL_REASON if row.trial else VACANT_REASON.format(office=office)
    return [
        Addressee(one, Role.MONITOR, ("值班台",), (), label, f"{words}。{why}", acts_for=office)
        for one in people.desk(conn, row.school, now, letterhead.channels)
    ]
