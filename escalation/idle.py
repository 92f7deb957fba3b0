"""Idle 签后无人办理: somebody signed at a grave level, and then nobody did anything about the matter.

The signature's clock opens again: a reminder at once, then the pack's ladder for whoever signed. It is answered by an
act and not by a signature; what counts as an act is said in `escalation/incident/acting.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people
from escalation.duty import proxy
from escalation.duty.proxy import Acting
from escalation.incident import EntryKind, incidents, log
from escalation.incident.acting import acted_since
from escalation.incident.state import OPEN, State
from escalation.ladder import Silence, bring_up, name_of
from escalation.notice import NoticeKind, is_owed, notices
from escalation.notice.addressee import acting_as
from escalation.notice.calling import call
from escalation.notice.issue import Letterhead, issue
from escalation.notice.withdrawal import ANSWERED_BY_AN_ACT
from escalation.procedure import Act, say_span, thaw
from escalation.silence import hushed, keep_quiet
from escalation.timer import Timer, TimerKind, TimerState, set_timers, timers

TO_BE_HANDLED = frozenset(
    {
        NoticeKind.FIRST, NoticeKind.RAISED, NoticeKind.DANGER, NoticeKind.REOPENED, NoticeKind.REKINDLED,
        NoticeKind.ASSIGNED, NoticeKind.HANDED_ON, NoticeKind.ESCALATED,
    }
)  # fmt: skip
"""Kinds of notices that ask for an act. A 情况报告 is read and signed, no more; the others are not signed at all."""


def start(conn: Connection, incident: Row[Any], notice: Row[Any], now: datetime) -> None:
    """The clock after a signature, where the frozen pack has one at this level; one a person, the newest counts."""
    clock = thaw(incident.frozen["pack"]).grade(incident.level).idle
    if clock is None or notice.kind not in TO_BE_HANDLED or State(incident.state) not in OPEN:
        return
    stop(conn, incident.id, notice.addressee, now)
    set_timers(conn, [{
        "school": incident.school, "incident_id": incident.id, "notice_id": notice.id, "kind": TimerKind.IDLE,
        "name": f"idle:{notice.id}", "words": "签后办理", "source": clock.source, "article": clock.article,
        "set_at": now, "due_at": now + clock.after, "data": {"since": now.isoformat()},
    }])  # fmt: skip


def stop(conn: Connection, incident_id: int, person_id: str, now: datetime) -> None:
    """Stop what runs after a person's earlier signatures."""
    own = select(notices.c.id).where(notices.c.incident_id == incident_id, notices.c.addressee == person_id)
    conn.execute(
        update(timers)
        .where(timers.c.kind == TimerKind.IDLE, timers.c.state == TimerState.SET, timers.c.notice_id.in_(own))
        .values(state=TimerState.STOPPED, ended_at=now)
    )


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Nobody acted since the signature: open its clock again, or go one rung on. Whoever has to sign anew is left to
    the ladder of that notice."""
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    notice = conn.execute(select(notices).where(notices.c.id == clock.notice_id)).one()
    pack = thaw(incident.frozen["pack"])
    span = pack.grade(incident.level).idle
    if State(incident.state) not in OPEN or span is None or _owes(conn, notice):
        return
    if acted_since(conn, incident.id, datetime.fromisoformat(clock.data["since"])):
        return
    silence = Silence(letterhead, incident, notice, clock, now)
    words = f"{say_span(span.after)}内无人办理"
    if "act" not in clock.data:
        _open_again(conn, silence, words, span.label)
    elif clock.data["act"] == Act.PHONE:
        call(conn, _chased(conn, notice), clock.name, now)
    else:
        reason = f"{name_of(conn, notice)}（{notice.office}）已签收 {notice.number}，此后{words}"
        bring_up(conn, silence, "签收后无人办理", reason, dial=_chased(conn, notice))


def _open_again(conn: Connection, silence: Silence, words: str, label: str) -> None:
    incident, notice, clock, now = silence.incident, silence.notice, silence.clock, silence.now
    log(conn, incident.id, now, EntryKind.DEADLINE, f"{name_of(conn, notice)} 签收后{words}，重新计时", label)
    who = _acts_now(conn, silence)
    if who is None:
        return
    signer = "您" if who.person.id == notice.addressee else name_of(conn, notice)
    office = proxy.office_of(notice.office) if who.absent is not None else notice.office
    said = f"{signer}已签收 {notice.number}，此后{words}"
    one = acting_as(who, notice.role, office, (), notice.basis, said)
    quiet = hushed(conn, incident, now)
    if quiet is None:
        issue(conn, silence.letterhead, incident, [one], NoticeKind.CHASED, _step(notice), now)
    else:
        keep_quiet(conn, quiet, _step(notice), f"催办 {who.person.name} 因静默未发", now)
    steps = thaw(incident.frozen["pack"]).ladder.steps(incident.level)
    set_timers(conn, [
        {
            "school": incident.school, "incident_id": incident.id, "notice_id": notice.id, "kind": TimerKind.IDLE,
            "name": f"{clock.name}:{n}", "words": rung.act, "source": rung.clock.source, "article": rung.clock.article,
            "set_at": now, "due_at": now + rung.clock.after,
            "data": {"since": clock.data["since"], "act": rung.act, "role": rung.role},
        }
        for n, rung in enumerate(steps) if rung.act is not Act.REMIND
    ])  # fmt: skip


def _acts_now(conn: Connection, silence: Silence) -> Acting | None:
    """Who is asked for the signer: the signer, who stands in, or who holds the office now."""
    incident, notice = silence.incident, silence.notice
    signer = people.person(conn, notice.school, notice.addressee)
    held = people.holders(conn, notice.school, notice.role, unit=incident.unit, account_id=incident.account_id)
    first = [signer] if signer is not None else []
    return people.acting(conn, notice.school, first, silence.now, silence.letterhead.channels) or people.acting(
        conn, notice.school, held, silence.now, silence.letterhead.channels
    )


def _step(notice: Row[Any]) -> str:
    return f"{ANSWERED_BY_AN_ACT}{notice.id}"


def _chased(conn: Connection, notice: Row[Any]) -> Row[Any]:
    """The reminder that opened the clock again: its words are what is said on the telephone."""
    found = conn.execute(
        select(notices).where(
            notices.c.incident_id == notice.incident_id, notices.c.step == _step(notice),
        )
    ).first()  # fmt: skip
    return notice if found is None else found


def _owes(conn: Connection, notice: Row[Any]) -> bool:
    own = (notices.c.incident_id == notice.incident_id) & (notices.c.addressee == notice.addressee)
    return conn.execute(select(notices.c.id).where(own, is_owed()).limit(1)).first() is not None
