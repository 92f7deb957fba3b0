"""The ladder: what follows when somebody does not sign, as the pack frozen with the incident says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.notice import NoticeKind, notices
from escalation.notice.addressee import Addressee, gather
from escalation.notice.calling import AGAIN, call
from escalation.notice.issue import Letterhead, issue
from escalation.procedure import Act, Source, thaw
from escalation.timer import Timer, TimerKind


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Do what a clock that ran out demands; a clock of an incident that ended demands nothing."""
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    if State(incident.state) not in OPEN:
        return
    if clock.kind is TimerKind.DUTY:
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{clock.words}逾期", _lateness(clock, now))
        return
    notice = conn.execute(select(notices).where(notices.c.id == clock.notice_id)).one()
    if notice.signed_at is not None:
        return
    if notice.sent_at is None and AGAIN not in clock.data:
        _unsent(conn, notice, clock, now)
        return
    if clock.kind is TimerKind.SIGN:
        who = _name(conn, notice)
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{who} 逾期未签收 {notice.number}", _lateness(clock, now))
        return
    ACTS[Act(clock.data["act"])](conn, Silence(letterhead, incident, notice, clock, now))


def _unsent(conn: Connection, notice: Row[Any], clock: Timer, now: datetime) -> None:
    """Nobody is blamed for a notice that no channel has taken: the duty desk telephones instead."""
    if clock.kind is TimerKind.SIGN:
        who = _name(conn, notice)
        words = f"给 {who} 的通知 {notice.number} 尚未送出"
        log(conn, notice.incident_id, now, EntryKind.DEADLINE, words, "请值班员电话转达并登记")
        call(conn, notice, "unsent", now)


def _lateness(clock: Timer, now: datetime) -> str:
    minutes = int((now - clock.was_due).total_seconds() // 60)
    return f"时钟到期后 {minutes} 分钟才处理" if minutes >= 2 else ""


def _name(conn: Connection, notice: Row[Any]) -> str:
    found = people.person(conn, notice.school, notice.addressee)
    return found.name if found else str(notice.addressee)


@dataclass(frozen=True, slots=True)
class Silence:
    """A notice that was not signed, the incident it belongs to, and the clock that ran out."""

    letterhead: Letterhead
    incident: Row[Any]
    notice: Row[Any]
    clock: Timer
    now: datetime


def _remind(conn: Connection, silence: Silence) -> None:
    notice = silence.notice
    person = people.person(conn, notice.school, notice.addressee)
    if person is None:
        return
    one = Addressee(person, notice.role, (notice.office,), (), notice.basis, "期限过半仍未签收")
    step = f"remind:{notice.id}:{silence.clock.name}"
    issue(conn, silence.letterhead, silence.incident, [one], NoticeKind.REMINDER, step, silence.now, original=notice.id)


def _phone(conn: Connection, silence: Silence) -> None:
    call(conn, silence.notice, silence.clock.name, silence.now)


def _tell(conn: Connection, silence: Silence) -> None:
    """Bring the silence to the next role of the chain, else to the desk; at its top the duty desk telephones."""
    incident, notice, clock, now = silence.incident, silence.notice, silence.clock, silence.now
    ladder = thaw(incident.frozen["pack"]).ladder
    role = clock.data.get("role") or ladder.next_role(notice.role)
    silent = _name(conn, notice)
    if role is None or incident.trial:
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{silent} 未签收，已到最高一级", "请值班员电话催办并登记")
        call(conn, notice, clock.name, now)
        return
    heard = _told_of_silence(conn, incident.id) | {notice.addressee}
    above = people.holders(conn, notice.school, role, unit=incident.unit, account_id=incident.account_id)
    reachable = [person for person in above if person.reachable and person.id not in heard][:1]
    if not reachable and notice.kind != NoticeKind.ESCALATED:
        role = people.Role.MONITOR
        reachable = [p for p in people.desk(conn, notice.school, now) if p.reachable and p.id not in heard][:1]
    if not reachable:
        log(
            conn, incident.id, now, EntryKind.DEADLINE, f"{silent} 未签收，没有可再转告的人员", "请值班员电话催办并登记"
        )
        call(conn, notice, clock.name, now)
        return
    reason = f"{silent}（{notice.office}）未在期限内签收 {notice.number}"
    told = gather(
        Addressee(person, role, (people.title_of(role),), (), Source.DEFAULT.label, reason) for person in reachable
    )
    step = f"tell:{notice.id}:{clock.name}"
    issue(conn, silence.letterhead, incident, told, NoticeKind.ESCALATED, step, now)
    names = "、".join(one.person.name for one in told)
    log(conn, incident.id, now, EntryKind.DEADLINE, f"{silent} 未签收，转告 {names}", Source.DEFAULT.label)


def _told_of_silence(conn: Connection, incident_id: int) -> set[str]:
    """Who was already told that somebody is silent: nobody is told of silence twice, so a ladder always ends."""
    return set(
        conn.execute(
            select(notices.c.addressee).where(
                notices.c.incident_id == incident_id, notices.c.kind == NoticeKind.ESCALATED
            )
        ).scalars()
    )


ACTS = {Act.REMIND: _remind, Act.PHONE: _phone, Act.TELL: _tell}
