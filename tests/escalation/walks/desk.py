"""The hand-over of the desk from one shift to the next."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from escalation.audit import audit_log
from escalation.duty import handover, handover_sheet
from escalation.duty.handover import handovers
from escalation.duty.handover_state import DONE, HANDOVER
from escalation.people import Role
from escalation.state_table import IllegalStep
from tests.escalation.duty.test_changed_rota import LEAD, imports
from tests.escalation.duty.test_handover import IN, OUT, OUTSIDER, night
from tests.escalation.papers import DEPUTY, school
from tests.escalation.station import Station
from tests.escalation.walk import Press
from tests.escalation.walks.noun import NOTHING, Happens, Noun, rows_of, wait
from tests.stream.said import SCHOOL


def _soon_eight(s: Station) -> None:
    """Half an hour before the monitor leaves the desk to the keeper."""
    school(s, "JY")
    night(s.office)
    s.office.later(hours=7, minutes=31)


def _write(s: Station, row: Any) -> Press:
    words, seen = f"第 {s.office.now:%H:%M} 次写", handover.seal_of(row) if row is not NOTHING else ""
    return lambda c, by: handover.write(c, SCHOOL, by, s.office.now, row.id, words, seen)


def _take(s: Station, row: Any) -> Press:
    """Opened and read by the incoming before."""
    seen = ""
    if row is not NOTHING:
        row = s.office.store.run(lambda c: handover.read(c, SCHOOL, IN, s.office.now, row.id))
        seen = handover_sheet.digest(row.sheet, row.words)
    return lambda c, by: handover.take(c, SCHOOL, by, s.office.now, row.id, seen)


def _rota(*turns: tuple[str, float, float]) -> Happens:
    """The rota is changed, hours from now on; what that means for the hand-overs follows within a minute."""

    def change(s: Station) -> None:
        with suppress(IllegalStep):
            imports(s.office, *turns)
        s.office.later(minutes=1)

    return change


HANDOVERS = Noun(
    HANDOVER, _soon_eight, rows_of(handovers),
    {"write": _write, "take": _take},
    (
        ("take", IN), ("write", OUTSIDER), ("write", OUT), ("take", OUT), ("write", LEAD), ("take", OUTSIDER),
        ("take", IN), ("take", IN), ("write", OUT), ("the lead comes", IN), ("write", OUT), ("take", LEAD),
        ("the keeper comes", IN), ("nobody comes", IN), ("the lead comes", IN), ("wait", IN), ("take", LEAD),
        ("take", DEPUTY),
    ),
    {"write": LEAD, "take": LEAD},
    {
        "wait": wait(minutes=30), "the lead comes": _rota(("monitor", 0, 0.4), ("lead", 0.4, 12)),
        "the keeper comes": _rota(("monitor", 0, 0.4), ("keeper", 0.4, 12)), "nobody comes": _rota(("monitor", 0, 60)),
    },
    also=frozenset({Role.MONITOR}),
    rests=DONE,
    log=audit_log,
    clock="handover:{}", ticks=frozenset({*HANDOVER.steps} - DONE),
)  # fmt: skip
"""Too early, by a stranger, by the writer himself, and once more; the rota is changed before and after it was taken."""
NOUNS = (HANDOVERS,)
