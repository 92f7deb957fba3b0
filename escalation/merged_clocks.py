"""The clocks of two incidents that are merged: those of the notices go over, of two equal duties the stricter runs on.

What stops by the merging is remembered as it was, so that un-merging can set it running again at its old time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation.incident.state import State
from escalation.timer import ENDED, TimerKind, TimerState, timers


def go_over_clocks(
    conn: Connection, from_id: int, to_id: int, superseded: Sequence[int], now: datetime
) -> list[dict[str, Any]]:
    """Let the clocks of an incident go over to another; gives each one's place and state before."""
    rows = conn.execute(select(timers).where(timers.c.incident_id.in_([from_id, to_id])).order_by(timers.c.id)).all()
    kept = [_as_it_was(row) for row in rows]
    theirs = {row.name: row for row in rows if row.incident_id == to_id and row.kind == TimerKind.DUTY}
    for row in rows:
        if row.notice_id in superseded:
            _stop(conn, row, now)
        if row.incident_id != from_id:
            continue
        if row.notice_id is not None:
            _move(conn, row.id, to_id, row.name)
        elif row.kind == TimerKind.DUTY:
            _duty(conn, row, theirs.get(row.name), to_id, now)
        else:
            _stop(conn, row, now)
    return kept


def give_back_clocks(conn: Connection, kept: Sequence[dict[str, Any]], row_id: int, merged_at: datetime) -> None:
    """Every clock stands where it stood; one that only the merging stopped runs again to its old time.

    Clocks that notices gained meanwhile come back with them.
    """
    for one in kept:
        _move(conn, one["id"], None, f"~{one['id']}")
    for one in kept:
        name = _free_name(conn, one)
        _move(conn, one["id"], one["incident_id"], name)
        if name != one["name"]:
            continue  # a newer clock of the same duty runs, or was answered, in its place
        stopped = (timers.c.state == TimerState.STOPPED) & (timers.c.ended_at == merged_at)
        own = timers.c.id == one["id"]
        ended = datetime.fromisoformat(one["ended_at"]) if one["ended_at"] else None
        was = {"state": one["state"], "data": one["data"], "ended_at": ended}
        conn.execute(update(timers).where(own, stopped).values(**was))
    known = {one["notice_id"] for one in kept if one["incident_id"] == row_id and one["notice_id"] is not None}
    if known:
        conn.execute(update(timers).where(timers.c.notice_id.in_(sorted(known))).values(incident_id=row_id))


def _free_name(conn: Connection, one: dict[str, Any]) -> str:
    """The name a clock had, or with a further number where a newer clock has taken it meanwhile."""
    kind = select(timers.c.kind).where(timers.c.id == one["id"]).scalar_subquery()
    there = (timers.c.incident_id == one["incident_id"]) & (timers.c.kind == kind) & (timers.c.id != one["id"])
    taken = set(conn.execute(select(timers.c.name).where(there)).scalars())
    name, n = str(one["name"]), 0
    while name in taken:
        n += 1
        name = f"{one['name']}:{n}"
    return name


def _as_it_was(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id, "incident_id": row.incident_id, "notice_id": row.notice_id, "name": row.name,
        "state": row.state, "data": row.data, "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }  # fmt: skip


def _duty(conn: Connection, row: Row[Any], other: Row[Any] | None, to_id: int, now: datetime) -> None:
    """One deadline of the kind runs on in the other incident: the one nobody has met yet, and of two the earlier."""
    if other is None:
        _move(conn, row.id, to_id, row.name)
        return
    wins = _open(row) and (not _open(other) or row.due_at < other.due_at)
    _stop(conn, other if wins else row, now)
    if wins:
        _move(conn, other.id, None, f"~{other.id}")
        _move(conn, row.id, to_id, row.name)
        _move(conn, other.id, row.incident_id, row.name)


def _open(row: Row[Any]) -> bool:
    return bool(row.state != TimerState.STOPPED)


def _stop(conn: Connection, row: Row[Any], now: datetime) -> None:
    """End a clock by the merging, whatever of it was still open."""
    own = (timers.c.id == row.id) & (timers.c.state != TimerState.STOPPED)
    data = row.data | ({ENDED: State.MERGED.value} if row.kind == TimerKind.DUTY else {})
    conn.execute(update(timers).where(own).values(state=TimerState.STOPPED, ended_at=now, data=data))


def _move(conn: Connection, timer_id: int, to_id: int | None, name: str) -> None:
    values: dict[str, Any] = {"name": name} | ({"incident_id": to_id} if to_id is not None else {})
    conn.execute(update(timers).where(timers.c.id == timer_id).values(**values))
