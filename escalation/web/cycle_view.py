"""What the incident's page offers of the full cycle: the acts possible now, and what is still open. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from escalation import recap, reignition
from escalation.deed import DESK
from escalation.incident.state import INCIDENT, OPEN, Event, State
from escalation.loose_end import loose_ends
from escalation.people import Role

MEASURE_ROWS = 3


@dataclass(frozen=True, slots=True)
class Cycle:
    """The acts of the cycle on one incident. `may` are events of the state table that this person may cause now."""

    may: frozenset[Event]
    loose: Sequence[str]
    watch: Row[Any] | None
    recap: Row[Any] | None
    recap_needed: bool
    may_recap: bool
    measures: Sequence[dict[str, str]]


def cycle_of(conn: Connection, row: Row[Any], roles: Collection[Role]) -> Cycle:
    """What holds of this incident for somebody with these roles."""
    state = State(row.state)
    written = recap.newest(conn, row.id)
    kept = list(written.measures) if written else []
    blank = [{"what": "", "owner": "", "until": ""}] * max(1, MEASURE_ROWS - len(kept))
    return Cycle(
        may=frozenset(event for event in Event if INCIDENT.may(state, event, roles)),
        loose=loose_ends(conn, row.id) if state in OPEN else (),
        watch=reignition.running(conn, row.id) if state is State.WATCHING else None,
        recap=written,
        recap_needed=row.level <= recap.REQUIRED_TO,
        may_recap=bool(DESK & set(roles)) and state in OPEN | {State.CLOSED},
        measures=[*kept, *blank],
    )
