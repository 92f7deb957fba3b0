"""The notices of two incidents that are merged: which of two stands, and which are waited for again afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import timer
from escalation.notice import DeliveryState, NoticeKind, deliveries, is_owed, notices
from escalation.notice.clocking import rung_rows, rungs_set
from escalation.notice.due import receipt_of, rungs_of
from escalation.procedure import thaw
from escalation.recall import WHOLE
from escalation.timer import TimerKind, TimerState, timers

STILL_SENT = timedelta(hours=1)
"""A message that was held back by the merging and is needed again may leave for at least so long."""


def supersede(conn: Connection, from_id: int, to_id: int) -> list[tuple[int, str]]:
    """Where somebody has to sign for both, the notice due first stands; gives (superseded, by which number)."""
    whole = notices.c.kind.in_(WHOLE)
    rows = conn.execute(
        select(notices).where(notices.c.incident_id.in_([from_id, to_id]), is_owed(), whole).order_by(notices.c.id)
    ).all()
    newest: dict[str, dict[int, Row[Any]]] = {}
    for one in rows:
        newest.setdefault(one.addressee, {})[one.incident_id] = one
    superseded = []
    for pair in newest.values():
        if len(pair) == 2:
            first, second = sorted(pair.values(), key=lambda one: (one.sign_by, one.incident_id != to_id))
            conn.execute(update(notices).where(notices.c.id == second.id).values(superseded_by=first.number))
            superseded.append((second.id, first.number))
    return superseded


def restore(conn: Connection, superseded: Sequence[Sequence[Any]], now: datetime) -> list[int]:
    """Notices that stood back for another are waited for again, unless they were signed; gives those.

    Where a later notice of the same incident has replaced that other one, it stands for them all.
    """
    back = []
    for notice_id, number in superseded:
        own = (notices.c.id == notice_id) & (notices.c.superseded_by == number) & notices.c.signed_at.is_(None)
        later = _replaced_by(conn, notice_id, number)
        if conn.execute(update(notices).where(own).values(superseded_by=later)).rowcount == 1 and later is None:
            back.append(int(notice_id))
            _send_again(conn, notice_id, now)
    return back


def _replaced_by(conn: Connection, notice_id: int, number: str) -> str | None:
    """The number of the notice of this one's incident that has replaced the one it stood back for."""
    own = conn.execute(select(notices).where(notices.c.id == notice_id)).one()
    stood = conn.execute(
        select(notices.c.superseded_by).where(notices.c.school == own.school, notices.c.number == number)
    ).scalar()
    here = (notices.c.school == own.school) & (notices.c.incident_id == own.incident_id) & (notices.c.number == stood)
    return conn.execute(select(notices.c.number).where(here)).scalar()


def _send_again(conn: Connection, notice_id: int, now: datetime) -> None:
    held = (deliveries.c.notice_id == notice_id) & (deliveries.c.state == DeliveryState.WITHDRAWN)
    conn.execute(
        update(deliveries).where(held, deliveries.c.accepted_at.is_(None))
        .values(state=DeliveryState.WAITING, next_at=now, give_up_at=now + STILL_SENT, reason="")
    )  # fmt: skip


def stop_replaced(conn: Connection, superseded: Sequence[Sequence[Any]], now: datetime) -> None:
    """No clock runs for what a later notice stands for."""
    ids = [int(one) for one, _ in superseded]
    gone = select(notices.c.id).where(notices.c.id.in_(ids), notices.c.superseded_by.is_not(None))
    for one in conn.execute(gone).scalars().all():
        timer.stop(conn, now, notice_id=one)


def stand_again(conn: Connection, incident: Row[Any], other_id: int, now: datetime) -> None:
    """What came back, and stands back for a notice that stayed behind, is waited for again, its clocks from now on."""
    later = notices.alias()
    behind = select(later.c.number).where(later.c.incident_id == other_id, later.c.school == incident.school)
    rows = conn.execute(
        select(notices)
        .where(notices.c.incident_id == incident.id, notices.c.signed_at.is_(None), notices.c.settled_at.is_(None))
        .where(notices.c.superseded_by.in_(behind))
        .order_by(notices.c.id)
    ).all()
    for row in rows:
        conn.execute(update(notices).where(notices.c.id == row.id).values(superseded_by=None))
        _send_again(conn, row.id, now)
        if row.needs_signature:
            _run_anew(conn, incident, row, now)


def _run_anew(conn: Connection, incident: Row[Any], notice: Row[Any], now: datetime) -> None:
    """The signature's clock of a notice and the ladder, by the frozen pack, as if it were written now."""
    pack, kind = thaw(incident.frozen["pack"]), NoticeKind(notice.kind)
    clock = receipt_of(pack.grade(incident.level), kind)
    if clock is None:
        return
    timer.stop(conn, now, notice_id=notice.id)
    due = now + clock.after
    conn.execute(update(notices).where(notices.c.id == notice.id).values(sign_by=due))
    conn.execute(
        update(timers).where(timers.c.notice_id == notice.id, timers.c.kind == TimerKind.SIGN)
        .values(state=TimerState.SET, set_at=now, due_at=due, ended_at=None, source=clock.source, article=clock.article)
    )  # fmt: skip
    rungs = [
        (str(n), step, now + step.clock.after)
        for n, step in enumerate(rungs_of(pack, incident.level, kind), rungs_set(conn, notice.id))
    ]
    timer.set_timers(conn, rung_rows(incident, notice.id, rungs, now))
