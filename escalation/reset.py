"""Clocks set anew 时限重算: the level, or the procedure, of an open incident changed, and its clocks follow the pack.

One rule for all of them: the span of the pack from when the clock began. Where that is earlier than what people were
told before, the new span runs from now, so that nobody is late by a decision made now; it never comes later than before
by becoming stricter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import timer
from escalation.bulletin import BulletinKind, bulletins_of
from escalation.bulletin.clock import FIRST_REPORT, start_follow_up, stop_follow_up
from escalation.notice import NoticeKind, is_owed, notices
from escalation.notice.clocking import duties_of, rung_rows, rungs_set, set_duty_clocks
from escalation.notice.due import receipt_of, rungs_of
from escalation.procedure import Clock, Pack, Step
from escalation.timer import TimerKind, TimerState, timers


def due_anew(began: datetime, before: datetime, span: timedelta, now: datetime) -> datetime:
    """When a clock that began then and was due `before` is due under the new span. Pure."""
    whole = began + span
    return whole if whole >= before else min(before, now + span)


def reset(conn: Connection, incident: Row[Any], pack: Pack, now: datetime) -> list[str]:
    """Set the duties, the clock to the next 续报, signatures and ladders of an incident by this pack at its level.

    Gives what changed, in words.

    `incident` is its row as it now is. Duties the level does not ask for any more end, done by nobody; new
    ones, and those that it asks for again, begin now.
    """
    said = _duties(conn, incident, pack, now)
    written = bulletins_of(conn, incident.id)
    said += _first_report(conn, incident, written, now)
    said += _follow_up(conn, incident, pack, written, now)
    return said + _signatures(conn, incident, pack, now)


def _duties(conn: Connection, incident: Row[Any], pack: Pack, now: datetime) -> list[str]:
    asked: dict[str, Clock] = {name: clock for name, _, clock in duties_of(pack, incident)}
    said = []
    for row in timer.undone(conn, incident.id):
        clock = asked.get(row.name)
        if clock is None:
            timer.drop(conn, row, now)
            said.append(f"{row.words}不再要求")
            continue
        due = due_anew(row.set_at, row.due_at, clock.after, now)
        if due == row.due_at:
            continue
        values: dict[str, Any] = {"due_at": due, "source": clock.source, "article": clock.article}
        if row.state == TimerState.FIRED and due > now:
            values |= {"state": TimerState.SET, "ended_at": None}
        conn.execute(update(timers).where(timers.c.id == row.id).values(**values))
        said.append(f"{row.words}时限重算")
    set_duty_clocks(conn, incident, now)
    return said


def _first_report(conn: Connection, incident: Row[Any], written: Sequence[Row[Any]], now: datetime) -> list[str]:
    """A 首报 that left before the level asked for one is one: there is no second, and nothing else stops its clock."""
    left = any(one.kind == BulletinKind.FIRST and one.left_at is not None for one in written)
    return ["首报此前已送出"] if left and timer.fulfil(conn, incident.id, FIRST_REPORT, now) else []


def _follow_up(
    conn: Connection, incident: Row[Any], pack: Pack, written: Sequence[Row[Any]], now: datetime
) -> list[str]:
    """The clock to the next 续报: it ends with a level that asks for none, and begins once something was reported."""
    span = pack.grade(incident.level).follow_up
    running = (timers.c.incident_id == incident.id) & (timers.c.kind == TimerKind.FOLLOW)
    row = conn.execute(select(timers).where(running, timers.c.state == TimerState.SET)).first()
    if row is None:
        if span is None or not written or _concluded(incident, written[-1]):
            return []
        start_follow_up(conn, incident, now)
        return ["续报开始计时"]
    if span is None:
        stop_follow_up(conn, incident.id, now)
        return ["续报不再要求"]
    due = due_anew(row.set_at, row.due_at, span.after, now)
    if due == row.due_at:
        return []
    values = {"due_at": due, "source": span.source, "article": span.article}
    conn.execute(update(timers).where(timers.c.id == row.id).values(**values))
    return ["续报时限重算"]


def _concluded(incident: Row[Any], last: Row[Any]) -> bool:
    """Whether the newest bulletin is a 终报 of the matter as it now goes on."""
    resumed = incident.resumed_at
    return bool(last.kind == BulletinKind.FINAL and (resumed is None or last.written_at >= resumed))


def _signatures(conn: Connection, incident: Row[Any], pack: Pack, now: datetime) -> list[str]:
    """Whoever has not signed yet: the deadline and what follows on silence."""
    grade = pack.grade(incident.level)
    owed = conn.execute(select(notices).where(notices.c.incident_id == incident.id, is_owed())).all()
    moved = 0
    for one in owed:
        kind = NoticeKind(one.kind)
        clock = receipt_of(grade, kind)
        if clock is None:
            continue
        due = due_anew(one.created_at, one.sign_by, clock.after, now)
        if due != one.sign_by:
            conn.execute(update(notices).where(notices.c.id == one.id).values(sign_by=due))
            moved += 1
        own = (timers.c.notice_id == one.id) & (timers.c.kind == TimerKind.SIGN)
        conn.execute(
            update(timers).where(own, timers.c.state == TimerState.SET)
            .values(due_at=due, source=clock.source, article=clock.article)
        )  # fmt: skip
        _rungs(conn, incident, one, rungs_of(pack, incident.level, kind), now)
    return [f"{moved} 份未签通知的签收时限重算"] if moved else []


def _rungs(conn: Connection, incident: Row[Any], notice: Row[Any], steps: Sequence[Step], now: datetime) -> None:
    """The rungs of the ladder that have not come yet are those of the new level; what was done is not done again."""
    rows = conn.execute(
        select(timers)
        .where(timers.c.notice_id == notice.id, timers.c.kind == TimerKind.RUNG, timers.c.name.startswith("rung:"))
    ).all()  # fmt: skip
    ahead = sorted((row for row in rows if row.state == TimerState.SET), key=lambda row: row.due_at)
    done = [_what(row) for row in rows if row.state == TimerState.FIRED]
    for row in ahead:
        timer.stop_named(conn, incident.id, row.name, now)
    used, fresh = rungs_set(conn, notice.id), list[tuple[str, Step, datetime]]()
    for step in steps:
        what = (str(step.act), step.role)
        if what in done:
            done.remove(what)
            continue
        old = next((row for row in ahead if _what(row) == what), None)
        before = notice.created_at + step.clock.after
        if old is not None:
            ahead.remove(old)
            before = old.due_at
        due = due_anew(notice.created_at, before, step.clock.after, now)
        fresh.append((str(used + len(fresh)), step, max(due, now)))
    timer.set_timers(conn, rung_rows(incident, notice.id, fresh, now))


def _what(row: Row[Any]) -> tuple[str, str]:
    return str(row.data.get("act")), str(row.data.get("role"))
