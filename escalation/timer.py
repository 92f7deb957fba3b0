"""Timers: rows, never memory. A timer that came due while the machine was off fires once and says that it is late.

A timer belongs to an incident (`incident_id`) or to a matter that is none (`matter`, such as `consultation:17`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    update,
)

from stream.store import add_new, metadata
from stream.store.types import Json, Moment, Serial, Word


class TimerKind(StrEnum):
    """What a timer is for; `rung` numbers the rung of a ladder, `idle` runs after a signature, `follow` to the 续报."""

    SIGN = "sign"
    RUNG = "rung"
    DUTY = "duty"
    LETTER = "letter"
    HANDOVER = "handover"
    WATCH = "watch"
    ARCHIVE = "archive"
    PERMIT = "permit"
    VOICE = "voice"
    CONSULTATION = "consultation"
    DIGEST = "digest"
    TASK = "task"
    CORRECTION = "correction"
    IDLE = "idle"
    FOLLOW = "follow"
    ALTERATION = "alteration"
    VALIDITY = "validity"


class TimerState(StrEnum):
    """Set, fired (its effects are written), or stopped by an answer in time."""

    SET = "set"
    FIRED = "fired"
    STOPPED = "stopped"


WAS_DUE = "was_due"
"""Where a clock that was put off keeps, in its data, when it ran out."""

ENDED = "ended"
"""Where a duty's clock that nobody answered keeps, in its data, the state in which its incident ended."""

NO_LONGER = "no_longer"
"""Where a duty's clock keeps, in its data, that the level no longer asked for it; nobody did it."""

timers = Table(
    "timers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id")),
    Column("matter", Word(100)),
    Column("notice_id", Integer),
    Column("kind", Word(16), nullable=False),
    Column("name", Word(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("source", Word(16), nullable=False),
    Column("article", Text, nullable=False),
    Column("set_at", Moment(), nullable=False),
    Column("due_at", Moment(), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("ended_at", Moment()),
    Column("data", Json, nullable=False),
    CheckConstraint("(incident_id IS NULL) <> (matter IS NULL)", name="ck_timers_matter"),
    Index("uq_timers_name", "incident_id", "kind", "name", unique=True),
    Index("uq_timers_matter", "school", "matter", "kind", "name", unique=True),
    Index(None, "state", "due_at"),
)


@dataclass(frozen=True, slots=True)
class Timer:
    """One clock of an incident or of a `matter`: when it is due, by which rule, and what follows.

    `was_due` is when it ran out; it differs from `due_at`, the next try, where its effects failed before.
    """

    id: int
    school: str
    incident_id: int | None
    matter: str | None
    notice_id: int | None
    kind: TimerKind
    name: str
    words: str
    due_at: datetime
    was_due: datetime
    data: dict[str, Any]


def incident_id_of(clock: Timer) -> int:
    """The incident that a clock belongs to. Raises ValueError for the clock of a matter that is none."""
    if clock.incident_id is None:
        raise ValueError(f"时钟 {clock.id} 不属于事件")
    return clock.incident_id


def set_timers(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Set clocks; one that exists under its name is left as it is, so a repeated step changes nothing.

    Each row names either `incident_id` or `matter`.
    """
    defaults: dict[str, Any] = {
        "incident_id": None, "matter": None, "notice_id": None, "state": TimerState.SET, "ended_at": None, "data": {},
        "article": "",
    }  # fmt: skip
    whole = [defaults | row for row in rows]
    add_new(conn, timers, [row for row in whole if row["matter"] is None], key=["incident_id", "kind", "name"])
    apart = [row for row in whole if row["matter"] is not None]
    add_new(conn, timers, apart, key=["school", "matter", "kind", "name"])


def stop(conn: Connection, now: datetime, *, notice_id: int | None = None, incident_id: int | None = None) -> None:
    """Stop the clocks of one notice (that person's and no other's) or of a whole incident."""
    which = timers.c.notice_id == notice_id if notice_id is not None else timers.c.incident_id == incident_id
    conn.execute(
        update(timers).where(which, timers.c.state == TimerState.SET).values(state=TimerState.STOPPED, ended_at=now)
    )


def stop_named(conn: Connection, incident_id: int, name: str, now: datetime) -> None:
    """Stop one clock of an incident by its name, where it runs."""
    conn.execute(
        update(timers)
        .where(timers.c.incident_id == incident_id, timers.c.name == name, timers.c.state == TimerState.SET)
        .values(state=TimerState.STOPPED, ended_at=now)
    )


def stop_begun(conn: Connection, incident_id: int, begins: str, now: datetime) -> None:
    """Stop the clocks of an incident whose name begins so."""
    which = (timers.c.incident_id == incident_id) & timers.c.name.startswith(begins, autoescape=True)
    conn.execute(
        update(timers).where(which, timers.c.state == TimerState.SET).values(state=TimerState.STOPPED, ended_at=now)
    )


def stop_matter(conn: Connection, school: str, matter: str, now: datetime, begins: str = "") -> None:
    """Stop the clocks that run on a matter that is no incident: all, or those whose name begins so."""
    which = (timers.c.school == school) & (timers.c.matter == matter) & (timers.c.state == TimerState.SET)
    if begins:
        which &= timers.c.name.startswith(begins, autoescape=True)
    conn.execute(update(timers).where(which).values(state=TimerState.STOPPED, ended_at=now))


def running(conn: Connection, incident_id: int, kind: TimerKind, prefix: str) -> list[str]:
    """The names of an incident's clocks of a kind that run and begin with `prefix`."""
    return list(
        conn.execute(
            select(timers.c.name)
            .where(timers.c.incident_id == incident_id, timers.c.kind == kind, timers.c.state == TimerState.SET)
            .where(timers.c.name.startswith(prefix, autoescape=True))
            .order_by(timers.c.id)
        ).scalars()
    )


def count_matter(conn: Connection, school: str, matter: str, begins: str) -> int:
    """How many clocks whose name begins so a matter ever had."""
    own = (timers.c.school == school) & (timers.c.matter == matter)
    wanted = select(func.count()).select_from(timers).where(own, timers.c.name.startswith(begins, autoescape=True))
    return int(conn.execute(wanted).scalar_one())


def fulfil(conn: Connection, incident_id: int, name: str, now: datetime) -> bool:
    """Stop one of the incident's own clocks because what it asks for was done, also late; False where it was before."""
    moved = conn.execute(
        update(timers)
        .where(timers.c.incident_id == incident_id, timers.c.kind == TimerKind.DUTY, timers.c.name == name)
        .where(timers.c.state != TimerState.STOPPED)
        .values(state=TimerState.STOPPED, ended_at=now)
    )
    return moved.rowcount == 1


def drop(conn: Connection, one: Row[Any], now: datetime) -> None:
    """Stop a duty that the level no longer asks for (不再要求). It counts as done by nobody."""
    values = {"state": TimerState.STOPPED, "ended_at": now, "data": one.data | {NO_LONGER: True}}
    conn.execute(update(timers).where(timers.c.id == one.id).values(**values))


def ask_again(conn: Connection, incident_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Set running, as these rows say, the duties that were dropped before; every other clock stays as it is."""
    asked = {row["name"]: row for row in rows}
    own = (timers.c.incident_id == incident_id) & (timers.c.kind == TimerKind.DUTY)
    stopped = own & (timers.c.state == TimerState.STOPPED) & timers.c.name.in_(sorted(asked))
    for known in conn.execute(select(timers.c.id, timers.c.name, timers.c.data).where(stopped)).all():
        if NO_LONGER in known.data:
            fresh = {"state": TimerState.SET, "ended_at": None, "data": {}} | asked[known.name]
            conn.execute(update(timers).where(timers.c.id == known.id).values(**fresh))


def was_done(state: str, data: Mapping[str, Any]) -> bool:
    """Whether a duty's clock with this state and data stopped because somebody did what it asks for. Pure."""
    return state == TimerState.STOPPED and ENDED not in data and NO_LONGER not in data


def undone(conn: Connection, incident_id: int) -> list[Row[Any]]:
    """The incident's own clocks that nobody has answered yet, running or lapsed, the earliest first."""
    return list(
        conn.execute(
            select(timers)
            .where(timers.c.incident_id == incident_id, timers.c.kind == TimerKind.DUTY)
            .where(timers.c.state != TimerState.STOPPED)
            .order_by(timers.c.due_at, timers.c.id)
        )
    )


def end(conn: Connection, incident_id: int, now: datetime, how: str) -> list[str]:
    """Stop every clock of an incident that ended; `how` is its state. Gives the words of the duties nobody did."""
    left = undone(conn, incident_id)
    for row in left:
        conn.execute(
            update(timers)
            .where(timers.c.id == row.id)
            .values(state=TimerState.STOPPED, ended_at=now, data=row.data | {ENDED: how})
        )
    stop(conn, now, incident_id=incident_id)
    return [row.words for row in left]


def run_again(conn: Connection, incident_id: int, spans: Mapping[str, timedelta], now: datetime) -> list[str]:
    """Let the duties that were undone at the incident's end run anew, each for its whole span; gives their words."""
    rows = conn.execute(
        select(timers)
        .where(timers.c.incident_id == incident_id, timers.c.kind == TimerKind.DUTY)
        .where(timers.c.state == TimerState.STOPPED, timers.c.name.in_(sorted(spans)))
        .order_by(timers.c.id)
    ).all()
    again = [row for row in rows if ENDED in row.data]
    for row in again:
        values = {"state": TimerState.SET, "set_at": now, "due_at": now + spans[row.name], "ended_at": None, "data": {}}
        conn.execute(update(timers).where(timers.c.id == row.id).values(**values))
    return [row.words for row in again]


def restart(conn: Connection, incident_id: int, name: str, now: datetime, due_at: datetime) -> None:
    """Let a duty that nobody did run anew; one that was done keeps its row under a further name, so a new one fits."""
    own = (timers.c.incident_id == incident_id) & (timers.c.kind == TimerKind.DUTY)
    row = conn.execute(select(timers).where(own, timers.c.name == name)).first()
    if row is None:
        return
    if was_done(row.state, row.data):
        rounds = select(func.count()).select_from(timers).where(own, timers.c.name.startswith(f"{name}:"))
        values: dict[str, Any] = {"name": f"{name}:{conn.execute(rounds).scalar_one() + 1}"}
    else:
        values = {"state": TimerState.SET, "set_at": now, "due_at": due_at, "ended_at": None, "data": {}}
    conn.execute(update(timers).where(timers.c.id == row.id).values(**values))


_DUE = (
    select(timers)
    .where(timers.c.state == TimerState.SET, timers.c.due_at <= bindparam("now"))
    .where(timers.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(timers.c.due_at, timers.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(timers)
    .where(timers.c.id == bindparam("one"), timers.c.state == TimerState.SET, timers.c.due_at <= bindparam("now"))
    .values(state=TimerState.FIRED, ended_at=bindparam("now"))
)
_BELONGS = select(timers.c.incident_id).where(timers.c.id == bindparam("one"))


def due(
    conn: Connection, now: datetime, limit: int = 50, kinds: Collection[TimerKind] = tuple(TimerKind)
) -> list[Timer]:
    """Clocks of these kinds that have run out, the oldest first."""
    rows = conn.execute(_DUE, {"now": now, "kinds": sorted(kinds), "most": limit})
    return [
        Timer(
            row.id, row.school, row.incident_id, row.matter, row.notice_id, TimerKind(row.kind), row.name, row.words,
            row.due_at,
            datetime.fromisoformat(row.data[WAS_DUE]) if WAS_DUE in row.data else row.due_at, dict(row.data),
        )
        for row in rows
    ]  # fmt: skip


def claim(conn: Connection, timer_id: int, now: datetime) -> bool:
    """Mark one as fired; False where another worker was quicker, or somebody set it later meanwhile.

    Its effects belong to the same transaction.
    """
    return conn.execute(_CLAIM, {"one": timer_id, "now": now}).rowcount == 1


def has_moved(conn: Connection, one: Timer) -> bool:
    """Whether a clock belongs to another incident by now than when it was read (merged, or taken back)."""
    return conn.execute(_BELONGS, {"one": one.id}).scalar() != one.incident_id


def is_set(conn: Connection, timer_id: int) -> bool:
    """Whether a clock still runs."""
    row = conn.execute(select(timers.c.id).where(timers.c.id == timer_id, timers.c.state == TimerState.SET)).first()
    return row is not None


def put_off(conn: Connection, one: Timer, until: datetime) -> None:
    """Let a clock whose effects failed come due again later; `due_at` on pages is then the time of the next try."""
    conn.execute(
        update(timers)
        .where(timers.c.id == one.id, timers.c.state == TimerState.SET)
        .values(due_at=until, data=one.data | {WAS_DUE: one.was_due.isoformat()})
    )
