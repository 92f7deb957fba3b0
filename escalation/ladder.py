"""The ladder: what follows when somebody does not sign, as the pack frozen with the incident says: a reminder, a call,
then the next role above, and in the end 主管校领导. Above 主管校领导 there is nobody: the duty desk telephones again.

Told is whom a channel or a telephone call reached: their silence is brought up rung by rung. A notice that reached its
addressee in no way blames nobody; at its last rung it goes up as 未能送达, so that no notice ends with nobody told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from escalation import people
from escalation.duty.proxy import Acting
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.notice import NoticeKind, calls, is_owed, notices
from escalation.notice.addressee import Addressee, acting_as
from escalation.notice.calling import AGAIN, call
from escalation.notice.issue import Letterhead, issue
from escalation.procedure import Act, Source, thaw
from escalation.silence import hushed, keep_quiet
from escalation.telephone import REACHED
from escalation.timer import Timer, TimerKind, TimerState, timers

UNSIGNED = "未签收"
_INCIDENT = select(incidents).where(incidents.c.id == bindparam("one"))
_NOTICE = select(notices).where(notices.c.id == bindparam("one"))


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Do what a clock that ran out demands; a clock of an incident that ended demands nothing."""
    incident = conn.execute(_INCIDENT, {"one": clock.incident_id}).one()
    if State(incident.state) not in OPEN:
        return
    if clock.kind is TimerKind.DUTY:
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{clock.words}逾期", _lateness(clock, now))
        return
    notice = conn.execute(_NOTICE, {"one": clock.notice_id}).one()
    if notice.signed_at is not None:
        return
    silence = Silence(letterhead, incident, notice, clock, now)
    if AGAIN not in clock.data and not is_told(conn, notice):
        _untold(conn, silence)
        return
    if clock.kind is TimerKind.SIGN:
        who = name_of(conn, notice)
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{who} 逾期未签收 {notice.number}", _lateness(clock, now))
        return
    ACTS[Act(clock.data["act"])](conn, silence)


def is_told(conn: Connection, notice: Row[Any]) -> bool:
    """Whether the addressee knows of a notice: a channel took it, or a call since it was written reached them."""
    if notice.sent_at is not None:
        return True
    reached = conn.execute(
        select(calls.c.id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(notices.c.incident_id == notice.incident_id, calls.c.person_id == notice.addressee)
        .where(calls.c.outcome.in_(REACHED), calls.c.recorded_at >= notice.created_at)
        .limit(1)
    ).first()
    return reached is not None


def _untold(conn: Connection, silence: Silence) -> None:
    """Nobody is blamed for a notice that reached them in no way: the duty desk telephones, and in the end tells on."""
    notice, clock, now = silence.notice, silence.clock, silence.now
    if clock.kind is TimerKind.SIGN:
        who = name_of(conn, notice)
        words = f"给 {who} 的通知 {notice.number} 尚未送出"
        log(conn, notice.incident_id, now, EntryKind.DEADLINE, words, "请值班员电话转达并登记")
        call(conn, notice, "unsent", now)
    elif _is_last(conn, clock):
        _tell(conn, silence, untold=True)


def _is_last(conn: Connection, clock: Timer) -> bool:
    """Whether no further rung of this notice's ladder is to come."""
    further = conn.execute(
        select(timers.c.id)
        .where(timers.c.notice_id == clock.notice_id, timers.c.kind == TimerKind.RUNG, timers.c.id != clock.id)
        .where(timers.c.state == TimerState.SET, timers.c.name.startswith("rung:"))
        .limit(1)
    ).first()
    return further is None


def _lateness(clock: Timer, now: datetime) -> str:
    minutes = int((now - clock.was_due).total_seconds() // 60)
    return f"时钟到期后 {minutes} 分钟才处理" if minutes >= 2 else ""


def name_of(conn: Connection, notice: Row[Any]) -> str:
    """The name of a notice's addressee."""
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
    quiet = hushed(conn, silence.incident, silence.now)
    if quiet is not None:
        words = f"催签 {person.name} {notice.number} 因静默未发"
        log(conn, notice.incident_id, silence.now, EntryKind.CHASE, words, f"{quiet.owner_name}：{quiet.reason}")
        keep_quiet(conn, quiet, step, words, silence.now)
        return
    issue(conn, silence.letterhead, silence.incident, [one], NoticeKind.REMINDER, step, silence.now, original=notice.id)


def _phone(conn: Connection, silence: Silence) -> None:
    call(conn, silence.notice, silence.clock.name, silence.now)


def _tell(conn: Connection, silence: Silence, *, untold: bool = False) -> None:
    """Bring the silence to the next role of the chain, else to the desk; at its top the duty desk telephones.

    `untold`: it is no silence, for the notice reached its addressee in no way; it is brought up in those words.
    """
    notice = silence.notice
    who = f"{name_of(conn, notice)}（{notice.office}）"
    if untold:
        reason = f"{notice.number} 未能送达 {who}，请设法转告"
        bring_up(conn, silence, "未能送达", reason, untold=True)
        return
    bring_up(conn, silence, UNSIGNED, f"{who}未在期限内签收 {notice.number}")


def bring_up(
    conn: Connection, silence: Silence, what: str, reason: str, *, untold: bool = False, dial: Row[Any] | None = None
) -> None:
    """Tell the next role of the chain, in the words of `reason`; where nobody is left, the duty desk telephones about
    `dial`, else about the notice itself."""
    incident, notice, clock, now = silence.incident, silence.notice, silence.clock, silence.now
    words = f"{name_of(conn, notice)} {what}"
    role, who = _next_above(conn, silence, untold=untold)
    if who is None:
        why = "上级已得知或没有可再转告的人员" if role else "已到最高一级"
        log(conn, incident.id, now, EntryKind.DEADLINE, f"{words}，{why}", "请值班员电话催办并登记")
        call(conn, notice if dial is None else dial, clock.name, now)
        return
    reason += _others_silent(conn, silence, who.person.id) if what == UNSIGNED else ""
    office = people.office_in(thaw(incident.frozen["pack"]), role)
    one = acting_as(who, role, office, (), Source.DEFAULT.label, reason)
    step = f"tell:{notice.id}:{clock.name}"
    issue(conn, silence.letterhead, incident, [one], NoticeKind.ESCALATED, step, now)
    log(conn, incident.id, now, EntryKind.DEADLINE, f"{words}，转告 {who.person.name}", Source.DEFAULT.label)


def _others_silent(conn: Connection, silence: Silence, told: str) -> str:
    """Who else is silent by now, but for who is `told`: nobody is told of silence twice, so they hear of all."""
    rows = conn.execute(
        select(notices)
        .where(notices.c.incident_id == silence.incident.id, is_owed(), notices.c.kind != NoticeKind.ESCALATED)
        .where(notices.c.sign_by <= silence.now, notices.c.addressee.not_in([silence.notice.addressee, told]))
        .order_by(notices.c.id)
    ).all()
    names = dict.fromkeys(f"{name_of(conn, row)}（{row.office}）" for row in rows if is_told(conn, row))
    return f"；同时逾期未签的还有 {'、'.join(names)}" if names else ""


def _next_above(conn: Connection, silence: Silence, *, untold: bool) -> tuple[str, Acting | None]:
    """Under which role whom to tell; without a person where nobody is left, without a role at the top of the chain.

    What reached nobody goes one role up before it goes where the rung points: the rungs between told nobody.
    """
    incident, notice = silence.incident, silence.notice
    above = thaw(incident.frozen["pack"]).ladder.next_role(notice.role)
    named = silence.clock.data.get("role")
    roles = [role for role in ((above, named) if untold else (named or above,)) if role]
    if not roles or incident.trial or notice.role == roles[0]:
        return "", None
    told = _told_of_silence(conn, incident.id)
    heard, served = told | {notice.addressee}, False
    for role in roles:
        found = people.holders(conn, notice.school, role, unit=incident.unit, account_id=incident.account_id)
        while (who := people.acting(conn, notice.school, found, silence.now, silence.letterhead.channels)) is not None:
            if who.person.id not in heard:
                return role, who
            served = served or who.person.id in told
            passed = {who.person.id, who.absent.id if who.absent else ""}
            found = [one for one in found if one.id not in passed]
    if notice.kind != NoticeKind.ESCALATED and not served:
        for person in people.desk(conn, notice.school, silence.now, silence.letterhead.channels):
            if person.id not in heard:
                return people.Role.MONITOR, Acting(person)
    return roles[-1], None


def _told_of_silence(conn: Connection, incident_id: int) -> set[str]:
    """Who was already told that somebody is silent: nobody is told of silence twice, so a ladder always ends."""
    return set(
        conn.execute(
            select(notices.c.addressee).where(
                notices.c.incident_id == incident_id, notices.c.kind == NoticeKind.ESCALATED
            )
        ).scalars()
    )


ACTS: dict[Act, Callable[[Connection, Silence], None]] = {Act.REMIND: _remind, Act.PHONE: _phone, Act.TELL: _tell}
