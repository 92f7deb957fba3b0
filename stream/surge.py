"""Surge: does more come in than this account sees at such an hour? Pure figures over hourly counts; no opinion.

Two baselines of the same hour of day on days of the same kind, and the higher one counts:

* **season**: what the last BASELINE saw, so that one quiet week does not make ordinary traffic a storm;
* **lately**: what the last LATELY such days saw, so that an account that has become livelier is taken as it is.

Kinds are working days and days of rest (weekends and the State Council's holidays, swapped working days heeded), each
in term and in the vacations, all in Asia/Shanghai. What is not yet known is taken from a prior that the days seen
replace. No single hour counts for more than OUTLIER times the usual one, so that last week's storm does not become
what is normal. A surge alone is never an incident (a congratulation wave is one); it only adds weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from statistics import median
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays, workdays

SHANGHAI = ZoneInfo("Asia/Shanghai")
PRIOR_PER_HOUR = {0: 0.3, 1: 0.1, 2: 0.05, 3: 0.05, 4: 0.05, 5: 0.05, 6: 0.3, 7: 1.0, 8: 1.5, 9: 1.5, 10: 1.5, 11: 2.0}
PRIOR_PER_HOUR |= {
    12: 2.5,
    13: 2.0,
    14: 1.5,
    15: 1.5,
    16: 1.5,
    17: 2.0,
    18: 2.5,
    19: 2.5,
    20: 2.5,
    21: 2.5,
    22: 2.0,
    23: 1.0,
}
"""Lines an unknown account is taken to see in an hour of the day. Default of this project, not a school's rule."""
PRIOR_DAYS = 3.0
"""Days of the same kind after which what was seen outweighs the prior."""
SEEN_LEAST = 4
"""Lines below which nothing is called a surge, however quiet the hour."""
OUTLIER = 4.0
"""No hour counts for more than so many times the median of its like, or than eight times the prior."""
LATELY = 5
"""Days of the same kind that tell what an account has come to; fewer tell nothing yet."""
VACATIONS = (((1, 15), (2, 25)), ((7, 10), (8, 28)))
"""First and last (month, day) of the winter and the summer vacation. Default of this project, not a school's rule."""
BESIDE = ((timedelta(hours=-1), 0.5), (timedelta(), 1.0), (timedelta(hours=1), 0.5))
"""How much an hour and its neighbours count."""
BASELINE = timedelta(days=84)
"""How far back the days of the same kind are looked at: past a vacation to the term before it."""
READ_BACK = BASELINE + timedelta(days=30)
"""Older hours are of no use for a line that comes now, nor for one that comes a month late."""
TIMES = 6.0
"""Times the expectation that count as a full surge (score 1)."""
SCARCE, MANY_TIMES = 0.045, 10
"""Below so many lines an hour is said to see hardly any; from so many times on the sentence gives whole ones."""


@dataclass(frozen=True)
class Surge:
    """`ratio` = seen / expected lines of the hour; `score` 0..1; `sentence` in Chinese for the why-panel."""

    ratio: float
    expected: float
    seen: int
    score: float
    sentence: str


def day_kind(at: datetime) -> str:
    """`workday` or `rest`, and with `vacation ` before it outside term; in Shanghai. `at`: aware."""
    return _kind_of(at.astimezone(SHANGHAI).date())


@lru_cache(maxsize=1024)
def _kind_of(day: date) -> str:
    rests = day in holidays or (day.weekday() >= 5 and day not in workdays)
    away = any(first <= (day.month, day.day) <= last for first, last in VACATIONS)
    return ("vacation " if away else "") + ("rest" if rests else "workday")


def hour_start(at: datetime) -> datetime:
    """The full hour that an aware instant lies in, in its own zone."""
    return at.replace(minute=0, second=0, microsecond=0)


def expected(hourly: Mapping[datetime, int], now: datetime, watched_since: datetime) -> float:
    """Lines to expect in the hour before `now`: the higher of `season` and `lately`.

    `hourly`: counts by aware full hour, hours without lines may be missing; the last hour before `now` is not read.
    """
    local = hour_start(now.astimezone(SHANGHAI) - timedelta(minutes=30))
    days = alike(local, watched_since.astimezone(SHANGHAI))
    return max(season(hourly, days, PRIOR_PER_HOUR[local.hour]), lately(hourly, days))


@lru_cache(maxsize=1024)
def alike(hour: datetime, first: datetime) -> tuple[datetime, ...]:
    """The same hour on the days of the same kind before, the latest first: since `first`, and within BASELINE."""
    kind, since = day_kind(hour), max(first, hour - BASELINE)
    back = (hour - timedelta(days=days) for days in range(1, BASELINE.days + 1))
    return tuple(day for day in back if day >= since and _kind_of(day.date()) == kind)


def season(hourly: Mapping[datetime, int], days: Sequence[datetime], prior: float) -> float:
    """What an hour sees on these days; the hours beside it count half. `prior`: of the hour, for PRIOR_DAYS days."""
    counted = [(share, hourly.get(day + shift, 0)) for day in days for shift, share in BESIDE]
    middle = median([lines for _, lines in counted]) if counted else 0.0
    most = max(8 * max(prior, 1.0), OUTLIER * middle)
    seen = prior * PRIOR_DAYS + sum(share * min(lines, most) for share, lines in counted)
    return seen / (PRIOR_DAYS + sum(share for share, _ in counted))


def lately(hourly: Mapping[datetime, int], days: Sequence[datetime]) -> float:
    """The middle one of what the hour saw on the last LATELY of these days; 0 where there are fewer."""
    return median([hourly.get(day, 0) for day in days[:LATELY]]) if len(days) >= LATELY else 0.0


def surge(
    hourly: Mapping[datetime, int], seen: int, now: datetime, watched_since: datetime, what: str = "本账号"
) -> Surge:
    """How far the lines of the last 60 minutes (`seen`) stand above what was to be expected.

    The score is 0 up to what chance allows (Poisson, three standard deviations) and 1 at TIMES the expectation.
    Raises ValueError for a naive time or a negative count.
    """
    if now.tzinfo is None or watched_since.tzinfo is None:
        raise ValueError("涌量：时间须带时区")
    if seen < 0:
        raise ValueError("涌量：条数不能为负")
    base = expected(hourly, now, watched_since)
    ratio = seen / base
    floor = max(float(SEEN_LEAST), base + 3 * math.sqrt(base))
    top = max(floor + 1, TIMES * base)
    score = min(1.0, max(0.0, (seen - floor) / (top - floor))) if seen >= floor else 0.0
    if seen >= floor:
        score = max(score, 0.1)
    usual = _usual(base, ratio, now) if score else "在平常范围内"
    return Surge(ratio, base, seen, score, f"{what}近一小时 {seen} 条，{usual}")


def _usual(base: float, ratio: float, now: datetime) -> str:
    """What the hour is used to, and how many times that is; of hardly anything no multiple is named."""
    hour = now.astimezone(SHANGHAI).hour
    if base < SCARCE:
        return f"平常 {hour} 时几乎没有"
    lines = f"{base:.1f}" if base >= 1 else f"{base:.2f}"  # 0.05 is not 0.1 when it is divided by
    return f"平常 {hour} 时约 {lines} 条，为 {ratio:.{0 if ratio >= MANY_TIMES else 1}f} 倍"


CALM = Surge(0.0, 1.0, 0, 0.0, "")
"""No figures at hand: nothing is added."""
