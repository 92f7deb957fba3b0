"""Facts 事实: what a statement may rest on. Each has a source, and somebody who confirmed it, or it is not publishable.

Nothing is edited: a wrong fact is taken back with a reason, and a new one entered (JY 15, LG 15, NX 17, NX 19 item 6).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, insert, select, update

from escalation.deed import incident_of, must_be_open, must_fit, write_down
from escalation.incident import Actor, EntryKind, log
from escalation.incident.state import IllegalStep
from escalation.people import Role
from escalation.voice.state import WRITERS
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

TEXT_MOST, SOURCE_MOST, WHY_MOST = 500, 200, 200

facts = Table(
    "statement_facts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment(), nullable=False),
    Column("by", Word(100), nullable=False),
    Column("confirmed_at", Moment()),
    Column("confirmed_by", Text),
    Column("registered_by", Word(100)),
    Column("retracted_at", Moment()),
    Column("retracted_by", Word(100)),
    Column("retracted_why", Text),
    Index(None, "incident_id"),
)


def add(
    conn: Connection, incident_id: int, actor: Actor, now: datetime, *, text: str, source: str, confirmed_by: str = ""
) -> int:
    """Enter a fact with its source; `confirmed_by`: who confirmed it and how, empty: unconfirmed, not publishable."""
    row = incident_of(conn, incident_id)
    _must_write(actor)
    must_be_open(row, "登记事实")
    text, source = must_fit(text, TEXT_MOST, "事实"), must_fit(source, SOURCE_MOST, "来源")
    confirmed_by = must_fit(confirmed_by, SOURCE_MOST, "核实人")
    if not text or not source:
        raise IllegalStep("每一条事实都要写明内容和来源。未作任何更改。")
    sure = {"confirmed_at": now, "confirmed_by": confirmed_by, "registered_by": actor.name} if confirmed_by else {}
    made = conn.execute(
        insert(facts)
        .values(incident_id=incident_id, text=text, source=source, at=now, by=actor.name, **sure)
        .returning(facts.c.id)
    ).scalar_one()
    state = f"{confirmed_by} 核实" if confirmed_by else "未核实，不得发布"
    log(conn, incident_id, now, EntryKind.PERSON, "登记事实", f"{text}（来源：{source}；{state}）", actor=actor.name)
    write_down(conn, row, actor, "fact", now, fact=made, text=text, source=source, confirmed_by=confirmed_by)
    return int(made)


def confirm(conn: Connection, fact_id: int, actor: Actor, now: datetime, confirmed_by: str) -> None:
    """Record who confirmed a fact, once."""
    found, row = _of(conn, fact_id)
    _must_write(actor)
    confirmed_by = must_fit(confirmed_by, SOURCE_MOST, "核实人")
    if not confirmed_by:
        raise IllegalStep("请写明由谁核实、怎样核实。未作任何更改。")
    moved = conn.execute(
        update(facts)
        .where(facts.c.id == fact_id, facts.c.confirmed_at.is_(None), facts.c.retracted_at.is_(None))
        .values(confirmed_at=now, confirmed_by=confirmed_by, registered_by=actor.name)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一条已核实或已撤销。未作任何更改。")
    log(conn, row.id, now, EntryKind.PERSON, f"事实已核实：{found.text}", confirmed_by, actor=actor.name)
    write_down(conn, row, actor, "fact_confirm", now, fact=fact_id, confirmed_by=confirmed_by)


def retract(conn: Connection, fact_id: int, actor: Actor, now: datetime, why: str) -> None:
    """Take a fact back, with the reason; what rests on it cannot go to the approver any more."""
    found, row = _of(conn, fact_id)
    _must_write(actor)
    why = must_fit(why, WHY_MOST, "撤销的理由")
    if not why:
        raise IllegalStep("请写明撤销的理由。未作任何更改。")
    moved = conn.execute(
        update(facts)
        .where(facts.c.id == fact_id, facts.c.retracted_at.is_(None))
        .values(retracted_at=now, retracted_by=actor.name, retracted_why=why)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一条已经撤销。未作任何更改。")
    log(conn, row.id, now, EntryKind.PERSON, f"事实撤销：{found.text}", why, actor=actor.name)
    write_down(conn, row, actor, "fact_retract", now, fact=fact_id, why=why)


def facts_of(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    """Every fact of an incident, the oldest first."""
    return conn.execute(select(facts).where(facts.c.incident_id == incident_id).order_by(facts.c.id)).all()


def unfit(conn: Connection, incident_id: int, ids: Collection[int]) -> list[str]:
    """Of the facts that a statement rests on, those that may not be published, as words."""
    known = {row.id: row for row in facts_of(conn, incident_id)}
    lost = [str(one) for one in ids if one not in known]
    bad = [known[one] for one in ids if one in known]
    return [f"第 {one} 号事实不属于这一事件" for one in lost] + [
        f"“{row.text}”{'已撤销' if row.retracted_at else '未核实，不得发布'}"
        for row in bad
        if row.retracted_at or not row.confirmed_at
    ]


def _of(conn: Connection, fact_id: int) -> tuple[Row[Any], Row[Any]]:
    incident_id = conn.execute(select(facts.c.incident_id).where(facts.c.id == fact_id)).scalar()
    if incident_id is None:
        raise IllegalStep("没有这一条事实。未作任何更改。")
    row = incident_of(conn, incident_id)
    return conn.execute(select(facts).where(facts.c.id == fact_id)).one(), row


def _must_write(actor: Actor) -> None:
    if actor.roles is None or not actor.roles & (WRITERS | {Role.MONITOR}):
        raise IllegalStep("您的角色不能登记事实，请联系宣传部。未作任何更改。")
