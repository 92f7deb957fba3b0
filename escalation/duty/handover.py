"""The hand-over 交接班: at each change of shift the outgoing write a sheet, and the incoming read it and take it over.

Named, timed, audited. Nobody is kept from acting meanwhile: alarms go to whoever the rota names. What nobody takes over
in time is reminded, then told to the 带班领导 (`overdue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Row, Table, Text, func, or_, select, update

from escalation import alert, audit, people
from escalation.clock_words import moment
from escalation.duty import absence, handover_sheet, proxy
from escalation.duty.handover_state import DONE, HANDOVER, Event, State
from escalation.incident import Actor
from escalation.notice import docket
from escalation.people import Role
from escalation.state_table import IllegalStep
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word

handovers = Table(
    "handovers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("nth", Integer, nullable=False, default=0),
    Column("replaces", Integer),
    Column("outgoing", Json, nullable=False),
    Column("incoming", Json, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("sheet", Json, nullable=False),
    Column("words", Text, nullable=False),
    Column("written_by", Word(64)),
    Column("written_at", Moment()),
    Column("read_by", Word(64)),
    Column("read_at", Moment()),
    Column("taken_by", Word(64)),
    Column("taken_at", Moment()),
    Column("remark", Text),
    Column("due_at", Moment(), nullable=False),
    Column("reminded_at", Moment()),
    Column("told_at", Moment()),
    Column("moved_at", Moment()),
    Index("uq_handovers_at", "school", "at", "nth", unique=True),
)
"""`nth`: how many hand-overs of this moment were overtaken by another rota; `replaces`: the one, taken over already,
that this one does again as the rota was changed; `moved_at`: when that happened."""
AHEAD = timedelta(minutes=30)
"""So long before the change of shift the sheet can be written."""
CAUSE = "handover:"
TAKE_OVER, TELL_LEAD, ASKED = "take_over", "tell_lead", "asked"
"""Names of its clocks; the last one only where a changed rota asks for it anew."""
WORDS_MOST, REMARK_MOST = 2_000, 300
NOT_YET = "还没有到交接时间（{at}）。未作任何更改。"
CHANGED = "交接单在您阅读之后有更新。未作任何更改，请重新阅读后再接班。"


def stand_in(away: Mapping[str, absence.Absence], find: proxy.Find, person: str) -> str:
    """The substitute where the person is away and one is there, else the person."""
    found = proxy.stand_in(person, away, find, tuple(people.CONTACTS)) if person in away else None
    return found.id if found is not None else person


def acting(conn: Connection, school: str, ids: Iterable[str], now: datetime) -> list[str]:
    """Who serves now for each of these: a substitute, where one is away."""
    away = absence.away(conn, school, now)
    return list(dict.fromkeys(stand_in(away, lambda one: people.person(conn, school, one), each) for each in ids))


def serves(conn: Connection, row: Row[Any], person_id: str, now: datetime) -> bool:
    """Whether somebody is of this hand-over: outgoing, incoming, or the substitute of one of them who is away."""
    named = (*row.outgoing, *row.incoming)
    return person_id in named or person_id in acting(conn, row.school, named, now)


def matter_of(number: int) -> str:
    """What a hand-over's clocks and letters belong to."""
    return f"handover:{number}"


def end(conn: Connection, school: str, number: int, now: datetime) -> None:
    """Its clocks stop, reminders that have not left do not leave, its alert is quiet."""
    docket.end(conn, school, matter_of(number), now)
    alert.hush(conn, school, CAUSE + str(number), now)


def held(conn: Connection, school: str, number: int) -> Row[Any]:
    """One hand-over, held until the transaction ends, after its docket. Raises IllegalStep."""
    docket.hold(conn, school, matter_of(number))
    row = conn.execute(
        select(handovers).where(handovers.c.school == school, handovers.c.id == number).with_for_update()
    ).first()
    if row is None:
        raise IllegalStep("没有这一次交接班，可能链接有误。未作任何更改。")
    return row


def _roles(conn: Connection, actor: Actor, row: Row[Any], now: datetime) -> frozenset[Role] | None:
    """The actor's roles; whom the rota puts at the desk, or who stands in, is a monitor here as well."""
    if actor.roles is None or not serves(conn, row, actor.id, now):
        return actor.roles
    return actor.roles | {Role.MONITOR}


def seal_of(row: Row[Any]) -> str:
    """Who wrote the sheet that is on a page, and when; empty where nobody has."""
    return f"{row.written_by} {row.written_at.isoformat()}" if row.written_at else ""


def write(conn: Connection, school: str, actor: Actor, now: datetime, number: int, words: str, seen: str = "") -> None:
    """交班: fill the sheet from the store and add what the outgoing want to say. Raises IllegalStep.

    `seen` is the seal of what was on the page: of two who write at once the second is shown the first's words before.
    """
    row = held(conn, school, number)
    state = HANDOVER.step(State(row.state), Event.WRITE, _roles(conn, actor, row, now))
    if seen != seal_of(row):
        name, at = _name(conn, school, row.written_by or ""), moment(row.written_at or now, now)
        raise IllegalStep(f"{name}已于 {at} 写过交接单，请先看过再写，您填的仍在下面。未作任何更改。")
    if len(words) > WORDS_MOST:
        raise IllegalStep(f"“交班说明”至多 {WORDS_MOST} 字，现为 {len(words)} 字。未作任何更改，请删减后再试。")
    values = {
        "state": state, "sheet": handover_sheet.fill(conn, school, now), "words": words, "written_by": actor.id,
        "written_at": now, "read_by": None, "read_at": None,
    }  # fmt: skip
    conn.execute(update(handovers).where(handovers.c.id == number).values(**values))
    _written(conn, school, actor, now, "write", row, words=words)


def read(conn: Connection, school: str, actor: Actor, now: datetime, number: int) -> Row[Any]:
    """What the incoming read: the written sheet, or (nobody wrote one) one filled now and kept. Raises IllegalStep."""
    row = held(conn, school, number)
    if State(row.state) is State.OPEN and row.at <= now and not row.sheet:
        conn.execute(
            update(handovers).where(handovers.c.id == number).values(sheet=handover_sheet.fill(conn, school, now))
        )
        row = held(conn, school, number)
    if State(row.state) not in DONE and row.sheet and row.written_by != actor.id:
        conn.execute(update(handovers).where(handovers.c.id == number).values(read_by=actor.id, read_at=now))
    return row


def take(conn: Connection, school: str, actor: Actor, now: datetime, number: int, seen: str, remark: str = "") -> None:
    """接班: take over what was read; `seen` is the fingerprint of the sheet on the page. Raises IllegalStep.

    By somebody of the desk who did not write the sheet, from the change of shift on; the first one counts.
    """
    row = held(conn, school, number)
    if State(row.state) is State.TAKEN:
        raise IllegalStep(f"{_name(conn, school, row.taken_by)}已于 {moment(row.taken_at, now)} 接班。未作任何更改。")
    state = HANDOVER.step(State(row.state), Event.TAKE, _roles(conn, actor, row, now))
    if now < row.at - AHEAD:
        raise IllegalStep(NOT_YET.format(at=moment(row.at, now)))
    if State(row.state) is State.OPEN and now < row.at:
        raise IllegalStep("交班人还没有写交接单，到点后可以直接接班。未作任何更改。")
    if row.written_by == actor.id:
        raise IllegalStep("接班须由接班人办理，不能由写交接单的本人接班。未作任何更改。")
    if actor.id in row.outgoing and actor.id not in row.incoming:
        raise IllegalStep("接班须由接班人办理，不能由交班的本人接班。未作任何更改。")
    if not row.sheet or seen != handover_sheet.digest(row.sheet, row.words):
        raise IllegalStep(CHANGED)
    if len(remark) > REMARK_MOST:
        raise IllegalStep(f"“接班说明”至多 {REMARK_MOST} 字，现为 {len(remark)} 字。未作任何更改。")
    conn.execute(
        update(handovers)
        .where(handovers.c.id == number)
        .values(state=state, taken_by=actor.id, taken_at=now, remark=remark or None)
    )
    end(conn, school, number, now)
    _written(conn, school, actor, now, "take", row, unwritten=row.written_by is None, remark=remark)


def _name(conn: Connection, school: str, person_id: str) -> str:
    found = people.person(conn, school, person_id)
    return found.name if found else person_id


def _written(
    conn: Connection, school: str, actor: Actor, now: datetime, what: str, row: Row[Any], **detail: Any
) -> None:
    audit.record(
        conn, school=school, now=now, actor=actor.id, action=f"duty.handover.{what}", subject=str(row.id),
        detail={"at": row.at.isoformat()} | detail, ip=actor.ip,
    )  # fmt: skip


def current(conn: Connection, school: str, now: datetime) -> Row[Any] | None:
    """The hand-over that is to be dealt with: the newest that came and is not taken over, else one about to come."""
    rows = conn.execute(
        select(handovers)
        .where(handovers.c.school == school, handovers.c.at <= now + AHEAD)
        .where(handovers.c.state.not_in([State.VOID, State.MOVED]))
        .order_by(handovers.c.at.desc(), handovers.c.nth.desc()).limit(2)
    ).all()  # fmt: skip
    came = [row for row in rows if row.at <= now]
    if came and State(came[0].state) is not State.TAKEN:
        return came[0]
    return next((row for row in rows if row.at > now), came[0] if came else None)


def has_desk(conn: Connection, school: str, now: datetime) -> tuple[str, datetime] | None:
    """Who took the desk over last, and when; None before the first hand-over, and where the rota was changed since."""
    row = conn.execute(
        select(handovers.c.taken_by, handovers.c.taken_at)
        .where(handovers.c.school == school, handovers.c.state == State.TAKEN, handovers.c.taken_at <= now)
        .order_by(handovers.c.at.desc(), handovers.c.nth.desc()).limit(1)
    ).first()  # fmt: skip
    moved = select(func.max(handovers.c.moved_at)).where(handovers.c.school == school)
    overtaken = conn.execute(moved).scalar_one()
    if row is None or (overtaken is not None and overtaken > row.taken_at):
        return None
    return row.taken_by, row.taken_at


def newest(conn: Connection, school: str, limit: int = 30) -> list[Row[Any]]:
    """The hand-over log, the newest first; of what is void only the sheets that somebody wrote."""
    shown = or_(handovers.c.state != State.VOID, handovers.c.written_at.is_not(None))
    return list(
        conn.execute(
            select(handovers).where(handovers.c.school == school, shown)
            .order_by(handovers.c.at.desc(), handovers.c.nth.desc()).limit(limit)
        )
    )  # fmt: skip
