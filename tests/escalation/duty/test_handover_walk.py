"""The hand-over walked over a real store: each deed whole, refused, or cut off; no step but those of its table."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from escalation.duty import handover, handover_sheet
from escalation.duty.handover import handovers
from escalation.duty.handover_state import DONE, HANDOVER, State
from escalation.incident import Actor
from tests.escalation.duty.test_handover import IN, OUT, OUTSIDER, night, office, the_one
from tests.escalation.office import Office
from tests.escalation.walk import take
from tests.stream.said import SCHOOL

__all__ = ["office"]
SEEDS = [pytest.param(seed, marks=[pytest.mark.long] if seed else [], id=f"walk-{seed}") for seed in range(6)]
USUAL = (
    ("take", IN), ("write", OUTSIDER), ("write", OUT), ("take", OUT), ("take", IN), ("wait", OUT), ("write", OUT),
    ("take", OUTSIDER), ("take", IN), ("take", IN), ("write", OUT),
)  # fmt: skip
"""Too early, by a stranger, by the writer himself, over a changed sheet, and once more; among it the course."""


def _write(conn: Connection, office: Office, by: Actor) -> None:
    handover.write(conn, SCHOOL, by, office.now, the_one(office).id, f"第 {office.now:%H:%M} 次写")


def _take(conn: Connection, office: Office, by: Actor) -> None:
    row: Any = the_one(office)
    handover.take(conn, SCHOOL, by, office.now, row.id, handover_sheet.digest(row.sheet, row.words))


DEEDS = {"write": _write, "take": _take}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_deed_is_whole_or_nothing(office: Office, seed: int) -> None:
    night(office)
    office.later(hours=7, minutes=31)
    done, chance = set[str](), random.Random(seed)
    by_chance = [(chance.choice([*DEEDS, "wait"]), chance.choice([OUT, IN, OUTSIDER])) for _ in range(4)]
    for what, by in [*by_chance, *USUAL] if seed else USUAL:
        office.now += timedelta(minutes=1)
        was = State(the_one(office).state)
        if what == "wait":
            office.later(minutes=30)
            continue
        if not take(office.store, lambda conn, what=what, by=by: DEEDS[what](conn, office, by)):  # type: ignore[misc]
            assert State(the_one(office).state) is was
            continue
        done.add(what)
        now = State(the_one(office).state)
        assert now in {step.to for step in HANDOVER.steps[was].values()}, f"{what}: {was} 到 {now}"
    assert done == set(DEEDS)
    assert State(the_one(office).state) in DONE
    assert len(office.rows(handovers)) == 1
