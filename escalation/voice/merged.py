"""The standing holds of an incident that is merged: they go over as they are, with whom they reach and their clocks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from escalation.timer import TimerKind, timers
from escalation.voice.hold import holds, standing_of

CLOCK = "hold:"


def go_over(conn: Connection, from_id: int, to_id: int) -> list[int]:
    """Let the standing holds go over; gives their ids. Nobody has to confirm again."""
    found = [int(row.id) for row in standing_of(conn, from_id)]
    _move(conn, found, from_id, to_id)
    return found


def come_back(conn: Connection, hold_ids: Sequence[int], row_id: int, to_id: int) -> None:
    """Give the holds back, ended or not."""
    _move(conn, hold_ids, to_id, row_id)


def _move(conn: Connection, hold_ids: Sequence[int], from_id: int, to_id: int) -> None:
    for one in hold_ids:
        conn.execute(update(holds).where(holds.c.id == one, holds.c.incident_id == from_id).values(incident_id=to_id))
        named = timers.c.name.startswith(f"{CLOCK}{one}:", autoescape=True)
        conn.execute(update(timers).where(timers.c.kind == TimerKind.VOICE, named).values(incident_id=to_id))
