"""The trend of the week: 168 hours of comments, what is usual, and a flag where an incident was opened. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.clock_words import SHANGHAI
from escalation.heading import brief
from escalation.report.picks import tabled
from escalation.report.rows import HourRow, IncidentRow, WeekRows
from escalation.report.week import HOURS, Week

FLAGS = 8
LABEL = 7
LANES = 3
KNOWN_DAYS = 3
"""Fewer days than this say nothing about what is usual."""
HOURS_PER_LETTER = 3.6
HOURS_PER_FLAG = 6.5
"""How wide a letter of a label and a flag are drawn, in hours of the axis (568 px for 168 hours, 12 px a letter)."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, counted from Monday 00:00. `low`, `high`: what is usual at this hour of the day, None where unknown."""

    index: int
    lines: int
    negative: int
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Flag:
    """An incident on the time axis: where, how grave, in which lane, on which side its name stands."""

    hour: float
    level: int
    label: str
    lane: int
    leftward: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day in figures, for the table behind the chart."""

    at: datetime
    lines: int
    negative: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Everything that is drawn. `until`: hours of the week that are over; `usual_days`: days behind the usual range.

    `running`: the hour after those has begun; it is drawn as far as it is, and the caption says so.
    """

    week: Week
    hours: tuple[Hour, ...]
    flags: tuple[Flag, ...]
    days: tuple[Day, ...]
    until: int
    usual_days: int
    peak: Hour | None
    running: bool = False

    @property
    def drawn(self) -> int:
        """So many hours of the week are drawn."""
        return self.until + self.running


def trend_of(rows: WeekRows, now: datetime) -> Trend:
    """The trend as it can be drawn at `now`."""
    lines, negative = _by_index(rows.hours, rows.week), _by_index(rows.hours, rows.week, negative=True)
    usual, known = usual_range(rows.usual, rows.week)
    until = max(0, min(HOURS, int((now - rows.week.starts) / timedelta(hours=1))))
    hours = tuple(Hour(n, lines[n], negative[n], *(usual[n % 24] if usual else (None, None))) for n in range(HOURS))
    peak = max(hours, key=lambda hour: (hour.lines, -hour.index))
    days = tuple(
        Day(
            rows.week.starts + timedelta(days=day),
            sum(hour.lines for hour in hours[day * 24 : day * 24 + 24]),
            sum(hour.negative for hour in hours[day * 24 : day * 24 + 24]),
        )
        for day in range(7)
    )
    running = until < HOURS and now >= rows.week.starts
    flags = flags_of(tabled(rows), rows.week)
    return Trend(rows.week, hours, flags, days, until, known, peak if peak.lines else None, running)


def _by_index(hours: Iterable[HourRow], week: Week, *, negative: bool = False) -> list[int]:
    counted = [0] * HOURS
    for row in hours:
        index = int((row.at - week.starts) / timedelta(hours=1))
        if 0 <= index < HOURS:
            counted[index] += row.negative if negative else row.lines
    return counted


def usual_range(before: Iterable[HourRow], week: Week) -> tuple[list[tuple[int, int]], int]:
    """For each hour of the day the second-lowest and second-highest count of the days known before the week.

    With fewer than seven days lowest and highest are taken; with fewer than KNOWN_DAYS nothing is called usual.
    """
    counted: dict[datetime, int] = defaultdict(int)
    for row in before:
        counted[row.at] += row.lines
    if not counted:
        return [], 0
    first = min(counted).astimezone(SHANGHAI).date()
    days = (week.monday - first).days
    if days < KNOWN_DAYS:
        return [], days
    out = []
    for hour in range(24):
        seen = sorted(counted[week.starts + timedelta(hours=hour, days=-day)] for day in range(1, days + 1))
        trim = 1 if days >= 7 else 0
        out.append((seen[trim], seen[-1 - trim]))
    return out, days


def flags_of(found: list[IncidentRow], week: Week) -> tuple[Flag, ...]:
    """At most FLAGS flags, the gravest first, each in the lowest lane where its name does not cover another's."""
    ends: list[list[tuple[float, float]]] = [[] for _ in range(LANES)]
    flags = []
    for one in sorted(found[:FLAGS], key=lambda one: (one.opened_at, one.level)):
        hour = (one.opened_at - week.starts) / timedelta(hours=1)
        label = brief(one.title, LABEL)
        width = HOURS_PER_FLAG + HOURS_PER_LETTER * len(label)
        leftward = hour + width > HOURS
        taken = (hour - width + HOURS_PER_FLAG, hour + HOURS_PER_FLAG) if leftward else (hour, hour + width)
        lane = next((n for n in range(LANES) if all(taken[1] < a or b < taken[0] for a, b in ends[n])), None)
        if lane is None:
            continue
        ends[lane].append(taken)
        flags.append(Flag(round(hour, 2), one.level, label, lane, leftward))
    return tuple(flags)
