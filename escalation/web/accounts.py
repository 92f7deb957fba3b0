"""账号 · 覆盖: what we see and what not, by unit. Unit leaders and keepers see their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, select

from escalation import alteration
from escalation.alteration.compare import KIND_WORDS
from escalation.people import Role, offices, people
from escalation.web.account_changes import READERS
from escalation.web.coverage_view import DAY, Line, Unit, units_of
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.page import show
from stream.coverage import Lamp

router = APIRouter()
SEES_ALL = (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR)
FILTERS = {"": "全部", "blind": "盲", "late": "迟", "on": "看全", "off": "已停用"}
Looker = Annotated[Visitor, Depends(Only(*SEES_ALL, Role.UNIT_LEADER, Role.KEEPER))]


def _leaders(conn: Connection, school: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    rows = conn.execute(
        select(offices.c.scope, people.c.name)
        .join(people, (people.c.school == offices.c.school) & (people.c.id == offices.c.person_id))
        .where(offices.c.school == school, offices.c.role == Role.UNIT_LEADER, people.c.active)
        .order_by(offices.c.rank, people.c.id)
    )
    for row in rows:
        found[row.scope].append(row.name)
    return {scope: tuple(names) for scope, names in found.items()}


def _own(units: tuple[Unit, ...], visitor: Visitor) -> tuple[Unit, ...]:
    if visitor.has(*SEES_ALL):
        return units
    scope = visitor.scope

    def mine(line: Line) -> bool:
        return line.account.unit in scope.units or line.account.id in scope.accounts

    return _kept(units, [line for unit in units for line in unit.lines if mine(line)])


def _kept(units: tuple[Unit, ...], lines: list[Line]) -> tuple[Unit, ...]:
    wanted = {line.account.id for line in lines}
    kept = (replace(unit, lines=tuple(line for line in unit.lines if line.account.id in wanted)) for unit in units)
    return tuple(unit for unit in kept if unit.lines)


@router.get("/accounts")
@router.get("/coverage")
def page(request: Request, visitor: Looker, lamp: str = "", unit: str = "") -> HTMLResponse:
    """The page; `lamp` and `unit` filter it."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        units = _own(units_of(conn, desk.school, visitor.now, _leaders(conn, desk.school)), visitor)
        changed = alteration.waiting(conn, desk.school)
    every = [line for one in units for line in one.lines]
    count = Counter(line.lamp for line in every)
    lamp = lamp if lamp in FILTERS else ""
    wanted = [line for line in every if lamp in ("", line.lamp) and unit in ("", line.account.unit)]
    blind = [line for line in every if line.lamp is Lamp.BLIND]
    return show(
        request, visitor, "accounts.html", units=_kept(units, wanted), count=count, total=len(every), blind=blind,
        lamp=lamp, unit=unit, names=sorted({line.account.unit for line in every}), filters=FILTERS,
        since=visitor.now - DAY, changed=changed, kind_words=KIND_WORDS,
        changes=sum(len(changed.get(line.account.id, ())) for line in every),
        reads_changes=visitor.has(*READERS),
    )  # fmt: skip
