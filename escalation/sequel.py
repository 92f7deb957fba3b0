"""Sequel 接续: a matter comes up again after the time in which its incident could be opened again.

It becomes a new incident with its own number, decided by the pack of today, tied to the ended one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from escalation import archive
from escalation.belonging import kinds_told
from escalation.clock_words import second
from escalation.deed import DESK, incident_of, must_be, must_fit, write_down
from escalation.incident import Actor, EntryKind, incidents, log, open_keys
from escalation.incident.state import IllegalStep, State
from escalation.opening import Ground, Hand, Matter, Origin, open_from
from escalation.procedure import Trigger
from escalation.tie import TieKind, tie

REASON_MOST = 300
AFTER = frozenset({State.CLOSED, State.ARCHIVED})


def follow(conn: Connection, ground: Ground, incident_id: int, actor: Actor, now: datetime, reason: str) -> str:
    """Open a new incident that follows this ended one; gives its number. Inside the window: reopen instead.

    One at a time: while the last one that followed is open, or the one it was merged into, that one has the matter.
    """
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "另立接续事件")
    reason = must_fit(reason, REASON_MOST, "理由")
    if not reason:
        raise IllegalStep("另立接续事件须写明理由。未作任何更改。")
    if State(row.state) not in AFTER:
        raise IllegalStep("事件尚未销号，请在本事件上处理。未作任何更改。")
    until = row.closed_at + archive.window_of(row)
    if State(row.state) is State.CLOSED and now <= until:
        raise IllegalStep(f"{second(until)} 前可以重新打开本事件，请用“重新打开”。未作任何更改。")
    own_key = f"again|{row.number}"
    has_it = select(incidents.c.number).join(open_keys, open_keys.c.incident_id == incidents.c.id)
    known = conn.execute(has_it.where(open_keys.c.school == row.school, open_keys.c.key == own_key)).scalar()
    if known is not None:
        raise IllegalStep(f"接续事件 {known} 已经另立，请在该事件上处理。未作任何更改。")
    kept = list(row.frozen.get("keys_at_end", row.frozen.get("keys", [])))
    owned = set(conn.execute(
        select(open_keys.c.key).where(open_keys.c.school == row.school, open_keys.c.key.in_(kept))
    ).scalars())  # fmt: skip
    matter = Matter(
        title=row.title, theme=row.theme, level=row.level, risk=row.risk,
        reasons=({"name": "接续事件", "share": 100, "sentence": f"{actor.name}：{reason}", "article": ""},),
        keys=(own_key, *(key for key in kept if key not in owned)),
        grave=row.level <= 2, enough=True, care=row.care, member_ids=(row.opening_post_id,),
        first_post_id=row.first_post_id, unit=row.unit, account=row.frozen.get("account", {}),
        dangers=kinds_told(row.dangers),
        facts=(f"接续 {row.number}（{second(row.closed_at)} 了结）",),
    )  # fmt: skip
    origin = Origin(
        row.school, row.account_id, row.thread_id, row.opening_post_id, now,
        tuple(Trigger(one) for one in row.triggers),
    )  # fmt: skip
    of_row = replace(ground, rehearsal=row.rehearsal)
    new_id = open_from(conn, of_row, matter, origin, now, hand=Hand(actor.id, actor.name, reason))
    new = conn.execute(select(incidents).where(incidents.c.id == new_id)).one()
    tie(conn, new, row, TieKind.AGAIN, actor, now, reason, {})
    log(conn, new_id, now, EntryKind.PERSON, f"接续 {row.number}", reason, actor=actor.name)
    write_down(conn, new, actor, "follow", now, after=row.number, reason=reason)
    return str(new.number)
