"""The alert budget 误报上限: how many false alarms a shift bears, and which border of opening would have kept it.

Pure. Shifts begin at 08:00 and 20:00 in Shanghai, whatever the rota says: a school without a rota has a budget too.
What opens on one line (grave, or the school's own post) opens at any border, so no border silences it; of everything
else the highest risk that it ever reached says from which border on it would not have opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from escalation.clock_words import SHANGHAI
from stream.border import LEAST, MOST, OPEN_AT

SHIFT_HOURS, DAY_BEGINS = 12, 8
FEWEST = 10
"""Verdicts below which no other border is advised."""


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter of the past. `points`: the most it ever had; `opened`: at the border of then, or on one line (`alone`).

    `false`: a person said so. `real`: a person said so, or opened it by hand. Neither: nobody said anything.
    """

    at: datetime
    points: float
    opened: bool
    alone: bool = False
    false: bool = False
    real: bool = False


Shift = tuple[date, bool]
"""The Shanghai day on which it begins, and whether it is the night's."""


def shift_of(at: datetime) -> Shift:
    """The shift that a moment belongs to; the night's belongs to the day on which it began."""
    local = at.astimezone(SHANGHAI) - timedelta(hours=DAY_BEGINS)
    return local.date(), local.hour >= SHIFT_HOURS


@dataclass(frozen=True, slots=True)
class Load:
    """What the shifts of a period bore: incidents opened, false alarms, how many shifts were over the budget."""

    shifts: int
    opened: int
    most_opened: int
    false: int
    most_false: int
    over: int


def load(past: Iterable[Matter], since: datetime, until: datetime, per_shift: int) -> Load:
    """Counted by shift, those in which nothing opened among them."""
    mine = [one for one in past if one.opened]
    opened = Counter(shift_of(one.at) for one in mine)
    false = Counter(shift_of(one.at) for one in mine if one.false)
    shifts = max(1, -(-(until - since) // timedelta(hours=SHIFT_HOURS)))
    return Load(
        shifts, len(mine), max(opened.values(), default=0), false.total(), max(false.values(), default=0),
        sum(many > per_shift for many in false.values()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Border:
    """The lowest border of `LEAST..MOST` that would have kept the budget in every shift.

    `kept`: whether it would; not even `MOST` does where false is what opens on one line. `spared`: false alarms that
    would not have opened; `lost`: real ones that would not; `more`: what did not open then and would now, of which
    nobody has said anything and which therefore counts as false.
    """

    open_at: float
    kept: bool
    spared: int
    lost: int
    more: int


def border(past: Sequence[Matter], per_shift: int, now_at: float = OPEN_AT) -> Border:
    """See `Border`. `now_at`: the border of today; `spared`, `lost` and `more` are told against it."""
    steps = sorted({LEAST, MOST, *(min(MOST, one.points + 1) for one in past if one.points + 1 >= LEAST)})
    at = next((step for step in steps if _keeps(past, per_shift, step)), MOST)
    fallen = [one for one in past if one.opened and not one.alone and one.points < at]
    return Border(
        at, _keeps(past, per_shift, at), sum(one.false for one in fallen), sum(one.real for one in fallen),
        sum(not one.opened and not one.real and now_at > one.points >= at for one in past),
    )  # fmt: skip


def _keeps(past: Sequence[Matter], per_shift: int, at: float) -> bool:
    false = Counter(
        shift_of(one.at)
        for one in past
        if (one.opened and one.alone and one.false)
        or (not one.alone and one.points >= at and (one.false or not (one.opened or one.real)))
    )
    return max(false.values(), default=0) <= per_shift
