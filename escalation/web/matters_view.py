"""On an incident's page: what it is (情形), what a person may add, and the findings on own posts that hang on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from escalation import circumstance
from escalation.breach import KIND_WORDS, STATE_WORDS, breaches
from escalation.procedure import Trigger


@dataclass(frozen=True, slots=True)
class Matters:
    """`now`: the words of what it is; `more`: what may be added, by value; `findings`: papers on own posts."""

    now: tuple[str, ...]
    more: Mapping[str, str]
    findings: Sequence[Row[Any]]
    kind_words: Mapping[str, str]
    state_words: Mapping[str, str]


def matters_of(conn: Connection, row: Row[Any]) -> Matters:
    """What the block shows of this incident."""
    known = {Trigger(one) for one in row.triggers}
    beside = or_(breaches.c.incident_id == row.id, breaches.c.held_incident_id == row.id)
    return Matters(
        now=tuple(circumstance.WORDS[one] for one in circumstance.WORDS if one in known),
        more={} if row.care else {one: words for one, words in circumstance.WORDS.items() if one not in known},
        findings=conn.execute(select(breaches).where(beside).order_by(breaches.c.id)).all(),
        kind_words={str(kind): words for kind, words in KIND_WORDS.items()},
        state_words={str(state): words for state, words in STATE_WORDS.items()},
    )
