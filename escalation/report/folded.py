"""Care cases in the weekly report: counted, and nothing that would tell of whom, where or by whose hand.

Everybody who is signed in reads the report (research/platforms.md §16 and design.md §8: nobody is identified).
"""

from __future__ import annotations

import re
from dataclasses import replace

from escalation.report.rows import WeekRows

CASE = "一件关爱个案"
NOTHING = "—"
"""Stands for a number, a unit or a person that is not told."""


def folded(rows: WeekRows) -> WeekRows:
    """The rows without number, unit and people of care cases. Pure; counts and times stay as they are."""
    care = {one.id: one.number for one in rows.incidents if one.care}
    if not care:
        return rows
    numbers = re.compile("|".join(map(re.escape, care.values())))
    return replace(
        rows,
        incidents=tuple(
            replace(one, number=NOTHING, unit=NOTHING) if one.id in care else one for one in rows.incidents
        ),
        notices=tuple(
            replace(one, number=NOTHING, person=NOTHING, office=NOTHING, unit="") if one.incident_id in care else one
            for one in rows.notices
        ),
        deliveries=tuple(
            replace(one, notice=NOTHING, person=NOTHING, office="") if one.incident_id in care else one
            for one in rows.deliveries
        ),
        alerts=tuple(replace(one, words=numbers.sub(CASE, one.words)) for one in rows.alerts),
    )  # fmt: skip
