"""The verdict as the incident's page shows it: what holds, who said so when, and what may be said now. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation.incident import LEVELS
from escalation.incident.state import DESK, OPEN, State
from escalation.people import Role, person
from escalation.procedure import thaw
from escalation.verdict import DEVELOPED, MISJUDGED, Verdict, may_judge, newest, words

LEVEL_CAUSES: Mapping[str, str] = {MISJUDGED: "系统初判级别不当", DEVELOPED: "事态有了变化"}
CHOICES: Mapping[Verdict, str] = {
    Verdict.CONFIRMED: "属实，级别恰当",
    Verdict.WRONG_LEVEL: "属实，级别不当",
    Verdict.FALSE_ALARM: "误报",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What the panel shows. `words` is empty where nothing was said; `choices` where this person may say nothing."""

    words: str
    who: str
    at: datetime | None
    reason: str
    by_hand: bool
    waits: bool
    choices: Mapping[Verdict, str]
    levels: Mapping[int, str]


def said_of(conn: Connection, row: Row[Any], roles: Collection[Role]) -> Said:
    """The verdict on an incident, for a person of these roles."""
    found = newest(conn, [row.id]).get(row.id)
    may = may_judge(row) if set(roles) & DESK else ()
    named = f"{LEVELS[found.right_level]}级" if found is not None and found.right_level else ""
    told = words(Verdict(found.verdict), row.level_by_machine, found.right_level, found.reason) if found else ""
    return Said(
        words=told, who=_name(conn, row.school, found.person_id) if found else "", at=found.at if found else None,
        reason=found.reason if found and (named or found.verdict == Verdict.WITHDRAWN) else "",
        by_hand=bool(row.frozen.get("by_hand")),
        waits=State(row.state) in OPEN and row.confirmed_at is None,
        choices={one: CHOICES[one] for one in may},
        levels={
            one.number: f"{LEVELS[one.number]}级 {one.name}"
            for one in thaw(row.frozen["pack"]).level if one.number != row.level_by_machine
        },
    )  # fmt: skip


def _name(conn: Connection, school: str, person_id: str) -> str:
    known = person(conn, school, person_id)
    return known.name if known else person_id
