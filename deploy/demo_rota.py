"""The demo's rota: a day and a night shift, two monitors in turn, the 带班领导 by the week.

The first change of shift comes within the demo's first half hour, so that whoever tries it out meets a hand-over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from deploy.roster import ShiftRow
from escalation.clock_words import SHANGHAI

MONITORS = ("P08", "P11")
LEADS = ("P09", "P02")
CHANGES = (time(8), time(20))
SOON, ROUND = timedelta(minutes=20), 600
"""The first change: the next full ten minutes (600 s) at least so long after the start."""
AHEAD, BLOCK = timedelta(days=46), timedelta(days=15)
WEEK = timedelta(days=7)
SHORTEST = timedelta(hours=1)


def shifts(start: datetime, now: datetime) -> list[ShiftRow]:
    """Every shift from before `start` until at least 46 days after `now`: for half a month the same at each start."""
    until = start + BLOCK + AHEAD
    while until < now + AHEAD:
        until += BLOCK
    first = datetime.fromtimestamp(-(-(start + SOON).timestamp() // ROUND) * ROUND, SHANGHAI)
    clock = list(_changes(start - timedelta(days=1), until))
    before = max(at for at in clock if at <= start)
    ends = [first, *(at for at in clock if at >= first + SHORTEST)]
    begins = [before, *ends[:-1]]
    monitors = [
        ShiftRow(person=MONITORS[n % 2], starts_at=one, ends_at=other)
        for n, (one, other) in enumerate(zip(begins, ends, strict=True))
    ]
    return monitors + list(_leading(before, ends[-1]))


def _changes(starts: datetime, ends: datetime) -> Iterator[datetime]:
    """Every 8:00 and 20:00 in Beijing from `starts` up to the first one after `ends`."""
    day = starts.astimezone(SHANGHAI).date()
    while True:
        for at in (datetime.combine(day, one, SHANGHAI) for one in CHANGES):
            if at >= starts:
                yield at
            if at > ends:
                return
        day += timedelta(days=1)


def _leading(starts: datetime, ends: datetime) -> Iterator[ShiftRow]:
    at, number = starts, 0
    while at < ends:
        yield ShiftRow(person=LEADS[number % 2], starts_at=at, ends_at=min(at + WEEK, ends), leads=True)
        at, number = at + WEEK, number + 1


def written(start: datetime, now: datetime) -> str:
    """The same as tables of the settings file."""
    return "\n".join(
        f'[[shifts]]\nperson = "{one.person}"\nstarts_at = {one.starts_at.isoformat()}\n'
        f"ends_at = {one.ends_at.isoformat()}" + ("\nleads = true" if one.leads else "")
        for one in shifts(start, now)
    )
