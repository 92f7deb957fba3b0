"""Whether the school submits here 启用: on paper it is left off, and nothing is held against anybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Table, select

from escalation import audit
from escalation.incident import Actor
from escalation.people import Role
from escalation.procedure import Pack
from escalation.state_table import IllegalStep
from stream.store import metadata, put
from stream.store.types import Moment, Word

switches = Table(
    "submission_switch",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("in_use", Boolean, nullable=False),
    Column("since", Moment(), nullable=False),
    Column("by", Word(64), nullable=False),
)


def in_use_since(conn: Connection, school: str) -> datetime | None:
    """From when on posts are held against submissions; None where the school does not use them (未启用)."""
    row = conn.execute(select(switches).where(switches.c.school == school)).first()
    return row.since if row is not None and row.in_use else None


def switch(conn: Connection, pack: Pack, school: str, actor: Actor, now: datetime, *, on: bool) -> None:
    """Begin or end the use of submissions: the 宣传部's act; posts published before the beginning are left alone."""
    if actor.roles is not None and not actor.roles & {Role.PUBLICITY, Role.ADMINISTRATOR}:
        raise IllegalStep("启用或停用送审单由宣传部或系统管理员办理。未作任何更改。")
    if on and not pack.submission:
        raise IllegalStep("本校规程没有要求逐篇送审（校规未规定），不需要启用。未作任何更改。")
    if (in_use_since(conn, school) is not None) == on:
        raise IllegalStep(f"送审单已经{'启用' if on else '停用'}，不必再办。未作任何更改。")
    put(conn, switches, [{"school": school, "in_use": on, "since": now, "by": actor.id}])
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="submission.switch", subject=school,
        detail={"in_use": on}, ip=actor.ip,
    )  # fmt: skip
