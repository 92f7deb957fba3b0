"""涉事单位: which unit an incident is about. The register only knows whose account the words stood under
(账号主办单位); a person of the desk says which unit it concerns.

Both stay: `incidents.unit` is the account's, by which the articles' 单位领导 was found and by which the decision is
rebuilt; `incidents.concerned` is what a person said. Saying it tells nobody and takes nobody off: the page offers 交办.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, update

from escalation import people
from escalation.deed import DESK, incident_of, must_be, must_fit, write_down
from escalation.incident import Actor, EntryKind, incidents, log
from escalation.incident.state import IllegalStep, State

WHY_MOST = 300
HOST, CONCERNED = "账号主办单位", "涉事单位"
FINAL = frozenset({State.ARCHIVED, State.MERGED, State.FALSE_ALARM})
"""States in which nothing is corrected any more: the record is sealed, or speaks of another incident, or of none."""


def unit_of(row: Any) -> str:
    """The unit to show: the one a person named, else the account's."""
    return str(row.concerned or row.unit)


def kind_of(row: Any) -> str:
    """What that unit is: 涉事单位 only where a person said so."""
    return CONCERNED if row.concerned else HOST


def shown() -> ColumnElement[str]:
    """`unit_of` as a column."""
    return func.coalesce(incidents.c.concerned, incidents.c.unit)


def correct(conn: Connection, incident_id: int, actor: Actor, now: datetime, unit: str, why: str) -> None:
    """The desk says which unit of the roster an incident concerns, and why. Tells nobody. Raises IllegalStep."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "更正涉事单位")
    if (state := State(row.state)) in FINAL:
        ended = {State.ARCHIVED: "已归档", State.MERGED: "已并入另一事件", State.FALSE_ALARM: "已记为误报"}[state]
        raise IllegalStep(f"{row.number} {ended}，不能更正涉事单位。未作任何更改。")
    unit, why = unit.strip(), must_fit(why, WHY_MOST, "理由")
    known = people.units(conn, row.school)
    if not unit:
        raise IllegalStep("请选择涉事单位。未作任何更改。")
    if unit not in known:
        raise IllegalStep(f"名册中没有单位“{unit[:40]}”。可选：{'、'.join(known)}。未作任何更改。")
    if unit == row.concerned:
        raise IllegalStep(f"涉事单位已是“{unit}”，不必更正。未作任何更改。")
    if not why:
        raise IllegalStep("更正涉事单位须写明理由。未作任何更改。")
    before = f"{kind_of(row)}“{unit_of(row)}”"
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(concerned=unit))
    log(conn, incident_id, now, EntryKind.PERSON, f"涉事单位更正为“{unit}”（原为{before}）", why, actor=actor.name)
    write_down(conn, row, actor, "concerned", now, before=row.concerned or "", host=row.unit, after=unit, why=why)
