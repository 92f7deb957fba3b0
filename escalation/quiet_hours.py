"""Quiet hours 静默时段: until when a message of a level waits. Pure; the pack gives levels and hours, Ⅰ never waits.

The duty desk is told at once; whose message waits has a clock from the moment it is sent, and the notice says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from escalation.clock_words import SHANGHAI, moment
from escalation.duty.calendar import SpecialDay, works
from escalation.procedure import Pack
from escalation.procedure.desk_duty import Quiet

WAITS = "静默时段，{at} 发出"
WHY = "静默时段（{starts} 至 {ends}，{label}），{at} 发出，签收时限自发出起算"
FARTHEST = 30
"""Days that are looked ahead for one that is worked."""


def quiet_until(
    pack: Pack, level: int, now: datetime, *, group: bool = False, special: Mapping[date, SpecialDay] | None = None
) -> datetime | None:
    """When a message of this level, written now, leaves; None: at once. `group`: to a work group, `special`: 节假日."""
    found = hours_of(pack, level, now, group=group, special=special)
    return found[1] if found else None


def hours_of(
    pack: Pack, level: int, now: datetime, *, group: bool = False, special: Mapping[date, SpecialDay] | None = None
) -> tuple[Quiet, datetime] | None:
    """The same, with the hours that make it wait; where several do, the ones that end last."""
    level = pack.grade(level).number
    if level == 1:
        return None
    ends = [
        (one, end) for one in pack.quiet
        if level in one.levels and (group or not one.groups)
        and (end := _end(one, now, special or {})) is not None
    ]  # fmt: skip
    return max(ends, key=lambda found: found[1], default=None)


def _end(quiet: Quiet, now: datetime, special: Mapping[date, SpecialDay]) -> datetime | None:
    """The end of the quiet span that `now` lies in; None where it lies in none."""
    starts, ends = quiet.hours
    local = now.astimezone(SHANGHAI)
    day, clock = local.date(), local.time()
    over_night = starts > ends

    def free(one: date) -> bool:
        return quiet.days_off and not works(one, special)

    if free(day) or (clock >= starts and (over_night or clock < ends)):
        at = day + timedelta(days=1) if over_night or free(day) else day
    elif clock < ends and over_night:
        at = day
    else:
        return None
    for _ in range(FARTHEST):
        if not free(at):
            break
        at += timedelta(days=1)
    return datetime.combine(at, ends, tzinfo=SHANGHAI).astimezone(now.tzinfo)


def waits(at: datetime, now: datetime) -> str:
    """`静默时段，11月22日 07:00 发出`."""
    return WAITS.format(at=moment(at, now))


def why(quiet: Quiet, at: datetime, now: datetime) -> str:
    """The same for the notice itself, with the hours, their source and what follows for the clock."""
    return WHY.format(starts=quiet.starts, ends=quiet.ends, label=quiet.label, at=moment(at, now))
