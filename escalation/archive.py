"""Archive 归档, the end of the course: the record of a closed matter as one package, its fingerprint, no more deeds.

The package is the whole record of the incident (`record`); its SHA-256 stands in the store, the log's last line and the
audit. It is kept as it was, whatever is purged later.

A person of the 宣传部 archives, or the machine does when the time in which the matter may be opened again is over.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, func, select, update

from escalation import audit, timer
from escalation.deed import incident_of, write_down
from escalation.incident import MACHINE, Actor, EntryKind, advance, log
from escalation.incident.state import Event, IllegalStep, State
from escalation.measure import deciding
from escalation.notice import DeliveryState, deliveries, notices
from escalation.notice.issue import Letterhead
from escalation.people import Role
from escalation.procedure import thaw
from escalation.record import canonical, fingerprint, package
from escalation.timer import Timer, TimerKind, TimerState, timers
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

TAKERS = (Role.PUBLICITY, Role.SCHOOL_LEADER)
"""Who may take an archived package out."""
AGAIN_AFTER = timedelta(hours=1)
"""How long the machine waits where a message is still on its way or a measure is not decided."""
WAITS = "waits"
"""Where the clock keeps, in its data, what it waited for last: the log says it once."""

archives = Table(
    "archives",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("by", Word(100), nullable=False),
    Column("sha256", Word(64), nullable=False),
    Column("package", Text, nullable=False),
    Index("uq_archives_incident", "incident_id", unique=True),
)


def window_of(row: Row[Any]) -> timedelta:
    """How long after closing a matter may be opened again: the frozen pack's watch."""
    return thaw(row.frozen["pack"]).grade(row.level).watch.after


def arm(conn: Connection, row: Row[Any], now: datetime) -> None:
    """Set the clock after which the machine archives a matter closed now."""
    clock = thaw(row.frozen["pack"]).grade(row.level).watch
    before = select(func.count()).select_from(timers)
    count = conn.execute(before.where(timers.c.incident_id == row.id, timers.c.kind == TimerKind.ARCHIVE)).scalar_one()
    timer.set_timers(conn, [{
        "school": row.school, "incident_id": row.id, "kind": TimerKind.ARCHIVE, "name": f"archive:{count + 1}",
        "words": "归档", "source": clock.source, "article": clock.article, "set_at": now, "due_at": now + clock.after,
    }])  # fmt: skip


def archive(conn: Connection, incident_id: int, actor: Actor, now: datetime) -> str:
    """Archive a closed matter; gives the fingerprint of its package. Refused while `waits_for` names a reason."""
    row = incident_of(conn, incident_id)
    advance(conn, incident_id, Event.ARCHIVE, actor.roles)
    if waits := waits_for(conn, incident_id):
        raise IllegalStep(f"{'；'.join(waits)}；办完后再归档。未作任何更改。")
    timer.stop(conn, now, incident_id=incident_id)
    kind = EntryKind.MACHINE if actor.roles is None else EntryKind.PERSON
    log(conn, incident_id, now, kind, "归档", "全部记录已封存，不再更改", actor=actor.name)
    text = canonical(package(conn, incident_of(conn, incident_id)))
    print_of = fingerprint(text)
    conn.execute(archives.insert().values(incident_id=incident_id, at=now, by=actor.id, sha256=print_of, package=text))
    write_down(conn, row, actor, "archive", now, sha256=print_of)
    return print_of


def waits_for(conn: Connection, incident_id: int) -> list[str]:
    """Why a closed matter may not be archived yet, in Chinese: nothing could be done about these afterwards."""
    sending = ["还有通知正在发送"] if _in_the_air(conn, incident_id) else []
    return [*sending, *deciding.undecided(conn, incident_id)]


def _in_the_air(conn: Connection, incident_id: int) -> bool:
    waiting = [DeliveryState.WAITING, DeliveryState.SENDING]
    found = select(deliveries.c.id).join(notices, notices.c.id == deliveries.c.notice_id)
    found = found.where(notices.c.incident_id == incident_id, deliveries.c.state.in_(waiting)).limit(1)
    return conn.execute(found).first() is not None


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The time in which it may be opened again is over: the machine archives, or tries again where it cannot yet."""
    del letterhead
    row = incident_of(conn, timer.incident_id_of(clock))
    if State(row.state) is not State.CLOSED:
        return
    if waits := "；".join(waits_for(conn, row.id)):
        if clock.data.get(WAITS) != waits:
            log(conn, row.id, now, EntryKind.DEADLINE, "到期未归档", waits)
        later = {"state": TimerState.SET, "ended_at": None, "due_at": now + AGAIN_AFTER}
        conn.execute(update(timers).where(timers.c.id == clock.id).values(**later, data=clock.data | {WAITS: waits}))
        return
    archive(conn, row.id, MACHINE, now)


def archived(conn: Connection, incident_id: int) -> Row[Any] | None:
    """The package of an archived incident; None where it is not archived."""
    return conn.execute(select(archives).where(archives.c.incident_id == incident_id)).first()


def export(conn: Connection, row: Row[Any], actor: Actor, now: datetime, form: str) -> Row[Any]:
    """The package for download; who took it, and in which form, is in the audit. Raises IllegalStep without one."""
    found = archived(conn, row.id)
    if found is None:
        raise IllegalStep("事件还没有归档，没有可下载的档案。未作任何更改。")
    audit.record(
        conn, school=row.school, now=now, actor=actor.id, action="archive.export", subject=row.number,
        detail={"form": form, "sha256": found.sha256}, ip=actor.ip,
    )  # fmt: skip
    return found


def read(text: str) -> dict[str, Any]:
    """A package again, as data."""
    found: dict[str, Any] = json.loads(text)
    return found
