"""Measures as shown on the incident's page: to the 宣传部 and school leaders alone. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from escalation import people
from escalation.incident import Actor
from escalation.incident.state import OPEN, State
from escalation.measure import KIND_WORDS, MeasureKind, deciding, evidence, proposing
from escalation.measure.state import LEAD, SECOND, STATES, TABLES
from escalation.procedure import thaw


@dataclass(frozen=True, slots=True)
class Shown:
    """One measure as shown, with the steps that this person may take: (event, word, whether words are a must)."""

    row: Row[Any]
    kind: str
    state: str
    proposed_by: str
    decided_by: str
    steps: tuple[tuple[str, str, bool], ...]
    may_export: bool


def block(conn: Connection, incident: Row[Any], actor: Actor) -> dict[str, Any]:
    """What the incident's page shows of measures: to the 宣传部 and school leaders alone."""
    roles = actor.roles or frozenset()
    if not roles & SECOND:
        return {"measures": [], "may_propose": False}
    names = {one.id: one.name for one in people.everyone(conn, incident.school)}
    pack = thaw(incident.frozen["pack"])
    return {
        "measures": [
            _shown(row, actor, names) for row in deciding.measures_of(conn, incident.id, private=True)
        ],
        "may_propose": bool(roles & LEAD), "powers": proposing.powers(pack), "grades": proposing.grades(pack),
        "ended": State(incident.state) not in OPEN, "staff": sorted(names.items(), key=lambda one: one[1]),
    }  # fmt: skip


def _shown(row: Row[Any], actor: Actor, names: dict[str, str]) -> Shown:
    kind = MeasureKind(row.kind)
    table = TABLES[kind]
    steps = tuple(
        (str(event), table.event_words[event], str(event) in deciding.MUST_SAY)
        for event in table.steps[STATES[kind](row.state)]
        if deciding.may(row, str(event), actor)
    )
    return Shown(
        row, KIND_WORDS[kind], table.state_words[STATES[kind](row.state)], names.get(row.proposed_by, row.proposed_by),
        names.get(row.decided_by or "", row.decided_by or ""), steps,
        kind is MeasureKind.REFERRAL and row.state in evidence.READY,
    )  # fmt: skip
