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
from escalation.notice import NoticeKind, is_owed, notices
from escalation.notice.clocking import duties_of, rung_rows, set_duty_clocks
from escalation.notice.due import receipt_of, rungs_of
from escalation.procedure import Clock, Pack, Step
from escalation.timer import TimerKind, TimerState, timers


def due_anew(began: datetime, before: datetime, span: timedelta, now: datetime) -> datetime:
    """When a clock that began then and was due `before` is due under the new span. Pure."""
    whole = began + span
    return whole if whole >= before else min(before, now + span)


def reset(conn: Connection, incident: Row[Any], pack: Pack, now: datetime) -> list[str]:
    """Set the duties, signatures and ladders of an incident by this pack at its level; gives what changed, in words.

    `incident` is its row as it now is. Duties the level does not ask for any more end, done by nobody; new
    ones, and those that it asks for again, begin now.
    """
    said = _duties(conn, incident, pack, now)
    return said + _signatures(conn, incident, pack, now)


def _duties(conn: Connection, incident: Row[Any], pack: Pack, now: datetime) -> list[str]:
    asked: dict[str, Clock] = {name: clock for name, _, clock in duties_of(pack, incident.level)}
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
    fresh = []
    for n, step in enumerate(steps):
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
        fresh.append((f"{now:%Y%m%d%H%M%S}:{n}", step, max(due, now)))
    timer.set_timers(conn, rung_rows(incident, notice.id, fresh, now))


def _what(row: Row[Any]) -> tuple[str, str]:
    return str(row.data.get("act")), str(row.data.get("role"))
