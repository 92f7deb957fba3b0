"""The phone tasks of an incident or a letter: what a call came to, when to dial again, which nobody needs any more.

Each is one transaction with its log line and audit row, or nothing and a sentence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from escalation import alert, audit, people, timer
from escalation.bulletin import clock as bulletin_clock
from escalation.channels.phone import OUTCOMES
from escalation.deed import DESK, incident_of, must_be, must_be_open, write_down
from escalation.incident import Actor, EntryKind
from escalation.incident.state import IllegalStep
from escalation.notice import DeliveryState, calls, deliveries, is_owed, notices, same_matter, unreached
from escalation.notice.calling import AGAIN, call, open_call
from escalation.notice.docket import hold_of, is_open, tell
from escalation.procedure import Act, Source, thaw
from escalation.timer import TimerKind

REACHED = frozenset(meaning.title for meaning in OUTCOMES.values() if meaning.reached)
"""Outcomes of a call after which the addressee knows."""
WORTH_DIALLING = frozenset(meaning.title for meaning in OUTCOMES.values() if meaning.again)
"""Outcomes after which the number is dialled again."""
LETTER_PAUSE = timedelta(minutes=30)
"""How long to wait before dialling again about a letter, which no pack speaks of (系统默认，非校规)."""


def record_call(conn: Connection, call_id: int, actor: Actor, now: datetime, outcome: str, remark: str = "") -> None:
    """A named person records what became of a phone task; recorded once, the same record sent twice counts once.

    Nobody reached (无人接听, 占线 ...) and still not signed: the next try comes due after the pack's first span.
    """
    must_be(actor, DESK, "登记电话通知")
    row = _task(conn, call_id)
    matter = hold_of(conn, row)
    moved = conn.execute(
        update(calls)
        .where(calls.c.id == call_id, calls.c.outcome.is_(None))
        .values(outcome=outcome, remark=remark or None, recorded_by=actor.id, recorded_at=now)
    )
    if moved.rowcount != 1:
        stands = _task(conn, call_id)
        if (stands.outcome, stands.remark or "", stands.recorded_by) == (outcome, remark, actor.id):
            return
        raise IllegalStep("这一电话任务已有人登记。未作任何更改。")
    hush(conn, same_matter(row), row.person_id, now)
    tell(
        conn, row, now, EntryKind.CHASE, f"电话通知 {_name(conn, row)}：{outcome}", remark,
        actor=actor.name,
    )  # fmt: skip
    if outcome in REACHED:
        bulletin_clock.left(conn, conn.execute(select(notices).where(notices.c.id == row.notice_id)).one(), now)
    if outcome in WORTH_DIALLING and is_open(matter):
        _dial_later(conn, matter, row, now)
    if row.incident_id is not None:
        write_down(conn, matter, actor, "call", now, person=row.person_id, outcome=outcome)
    else:
        audit.record(
            conn, school=row.school, now=now, actor=actor.id, action="letter.call", subject=matter.number,
            detail={"person": row.person_id, "outcome": outcome}, ip=actor.ip,
        )  # fmt: skip


def call_again(conn: Connection, call_id: int, actor: Actor, now: datetime) -> None:
    """再拨: a new task for the same person at once, after a call that was recorded."""
    must_be(actor, DESK, "再拨电话")
    row = _task(conn, call_id)
    if row.incident_id is None:
        raise IllegalStep("函的电话任务到时自动再拨，不另设再拨。未作任何更改。")
    incident = incident_of(conn, row.incident_id)
    must_be_open(incident, "再拨电话")
    if open_call(conn, row, row.person_id):
        raise IllegalStep(f"{_name(conn, row)} 已有一个待拨电话，请在该任务上登记。未作任何更改。")
    timer.stop_named(conn, row.incident_id, f"{AGAIN}{call_id}", now)
    notice = _owed(conn, row) or conn.execute(select(notices).where(notices.c.id == row.notice_id)).one()
    call(conn, notice, f"{AGAIN}{call_id}", now)
    write_down(conn, incident, actor, "call_again", now, person=row.person_id)


def call_off(
    conn: Connection, row: Row[Any], actor: Actor, now: datetime, words: str, person_id: str | None = None
) -> None:
    """End the open phone tasks of an incident, or one person's, with these words: nobody needs them any more."""
    mine = select(notices.c.id).where(notices.c.incident_id == row.id)
    wanted = calls.c.notice_id.in_(mine) & calls.c.outcome.is_(None)
    if person_id is not None:
        wanted &= calls.c.person_id == person_id
    ended = conn.execute(
        update(calls)
        .where(wanted)
        .values(outcome=words, recorded_by=actor.id, recorded_at=now)
        .returning(calls.c.person_id)
    ).scalars()
    for one in sorted(set(ended.all())):
        hush(conn, notices.c.incident_id == row.id, one, now)


def hush(conn: Connection, theirs: ColumnElement[bool], person_id: str, now: datetime) -> None:
    """The alerts of deliveries that reached nobody end with the phone task they left; `theirs`: of which notices."""
    dead = conn.execute(
        select(deliveries.c.id, deliveries.c.school)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .where(theirs, notices.c.addressee == person_id)
        .where(deliveries.c.state == DeliveryState.DEAD)
    ).all()
    for row in dead:
        alert.hush(conn, row.school, f"{unreached.CAUSE}{row.id}", now)


def _task(conn: Connection, call_id: int) -> Row[Any]:
    row = conn.execute(
        select(calls, notices.c.incident_id, notices.c.matter)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(calls.c.id == call_id)
    ).first()
    if row is None:
        raise IllegalStep("没有这一电话任务。未作任何更改。")
    return row


def _name(conn: Connection, row: Row[Any]) -> str:
    found = people.person(conn, row.school, row.person_id)
    return found.name if found else str(row.person_id)


def _owed(conn: Connection, row: Row[Any]) -> Row[Any] | None:
    """The newest notice that this person has still to sign."""
    return conn.execute(
        select(notices)
        .where(same_matter(row), notices.c.addressee == row.person_id, is_owed())
        .order_by(notices.c.id.desc())
        .limit(1)
    ).first()


def _dial_later(conn: Connection, incident: Row[Any], row: Row[Any], now: datetime) -> None:
    if row.incident_id is None:
        timer.set_timers(conn, [{
            "school": row.school, "matter": row.matter, "notice_id": row.notice_id, "kind": TimerKind.LETTER,
            "name": f"{AGAIN}{row.id}", "words": Act.PHONE, "source": Source.DEFAULT, "set_at": now,
            "due_at": now + LETTER_PAUSE, "data": {AGAIN: True},
        }])  # fmt: skip
        return
    notice = _owed(conn, row)
    if notice is None:
        return
    span = pause(incident_of(conn, incident.id))
    timer.set_timers(conn, [{
        "school": incident.school, "incident_id": incident.id, "notice_id": notice.id, "kind": TimerKind.RUNG,
        "name": f"{AGAIN}{row.id}", "words": Act.PHONE, "source": Source.DEFAULT, "set_at": now,
        "due_at": now + span, "data": {"act": Act.PHONE, "role": "", AGAIN: True},
    }])  # fmt: skip


def pause(incident: Row[Any]) -> timedelta:
    """How long to wait before dialling again: the span after which the frozen pack first reminds at this level."""
    pack = thaw(incident.frozen["pack"])
    steps = pack.ladder.steps(incident.level)
    return steps[0].clock.after if steps else pack.grade(incident.level).sign.after
