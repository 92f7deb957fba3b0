"""Surge: does more come in than this account sees at such an hour? Pure figures over hourly counts; no opinion.

The baseline knows nights and weekends (Asia/Shanghai) and new accounts: what is not yet known is taken from a prior
that the days seen replace. A surge alone is never an incident (a congratulation wave is one); it only adds weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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
BASELINE = timedelta(days=56)
"""How far back the days of the same kind are looked at."""
READ_BACK = BASELINE + timedelta(days=30)
"""Older hours are of no use for a line that comes now, nor for one that comes a month late."""
TIMES = 6.0
"""Times the expectation that count as a full surge (score 1)."""


@dataclass(frozen=True)
class Surge:
    """`ratio` = seen / expected lines of the hour; `score` 0..1; `sentence` in Chinese for the why-panel."""

    ratio: float
    expected: float
    seen: int
    score: float
    sentence: str


def day_kind(at: datetime) -> str:
    """`weekend` or `weekday`, in Shanghai. `at`: aware."""
    return "weekend" if at.astimezone(SHANGHAI).weekday() >= 5 else "weekday"


def hour_start(at: datetime) -> datetime:
    """The full hour that an aware instant lies in, in its own zone."""
    return at.replace(minute=0, second=0, microsecond=0)


def expected(hourly: Mapping[datetime, int], now: datetime, watched_since: datetime) -> float:
    """Lines to expect in the hour before `now`.

    `hourly`: counts by aware full hour, hours without lines may be missing; the last hour before `now` is not read.
    The same hour of day and its neighbours (half weight) on days of the same kind count since `watched_since`; each
    hour is capped at eight times the prior, so that last week's storm does not become what is normal.
    """
    local = hour_start(now.astimezone(SHANGHAI) - timedelta(minutes=30))
    prior = PRIOR_PER_HOUR[local.hour]
    seen, weight = prior * PRIOR_DAYS, PRIOR_DAYS
    day, first = local - timedelta(days=1), watched_since.astimezone(SHANGHAI)
    while day >= first and day >= local - BASELINE:
        if day_kind(day) == day_kind(local):
            for shift, share in ((-1, 0.5), (0, 1.0), (1, 0.5)):
                cap = 8 * max(prior, 1.0)
                seen += share * min(hourly.get(day + timedelta(hours=shift), 0), cap)
                weight += share
        day -= timedelta(days=1)
    return seen / weight


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
    hour = now.astimezone(SHANGHAI).hour
    usual = f"{base:.1f}" if base >= 1 else f"{base:.2f}"  # 0.05 is not 0.1 when it is divided by
    sentence = f"{what}近一小时 {seen} 条，平常 {hour} 时约 {usual} 条，为 {ratio:.1f} 倍"
    return Surge(ratio, base, seen, score, sentence if score else f"{what}近一小时 {seen} 条，在平常范围内")


CALM = Surge(0.0, 1.0, 0, 0.0, "")
"""No figures at hand: nothing is added."""
